"""What the tests of the archive need: kernels of a notebook, and what lies next to it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import nbformat

from tests.support import EXACT, LocalQpu
from tests.support_kernel import Cell, Kernel

CONNECT = f"%oqc_connect --qpu {EXACT} --as sdk"


def make_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook with code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)
    return path


class NotebookKernel(Kernel):
    """A kernel of a notebook, connected to a service.

    Parameters
    ----------
    notebook
        The notebook; it is made if it is not there.
    url, token
        The service.
    """

    def __init__(self, notebook: Path, url: str, token: str) -> None:
        if not notebook.exists():
            make_notebook(notebook)
        env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_URL": url}
        super().__init__(cwd=str(notebook.parent), env={**env, "OQC_AUTH_TOKEN": token})
        self.token = token
        self.ok("%load_ext oqc_notebook", CONNECT)

    def ok(self, *sources: str) -> list[Cell]:
        """Run cells, none of which may fail."""
        cells = self.run(*sources)
        assert [cell.status for cell in cells] == ["ok"] * len(cells), cells
        return cells

    def told(self, source: str) -> Any:
        """Run a cell that prints JSON in its last line, and give that."""
        return json.loads(self.ok(f"import json\n{source}")[0].text.splitlines()[-1])

    def kill(self) -> None:
        """Kill it with SIGKILL, and wait for its end."""
        provisioner: Any = self.manager.provisioner
        os.kill(provisioner.pid, signal.SIGKILL)
        self.dies()

    def dies(self) -> None:
        """Wait until it has been killed."""
        provisioner: Any = self.manager.provisioner
        assert provisioner.process.wait(timeout=30) == -signal.SIGKILL


def kernel_of(notebook: Path, qpu: LocalQpu) -> NotebookKernel:
    """A kernel of a notebook, connected to a local QPU."""
    return NotebookKernel(notebook, qpu.url, qpu.token)


def read(path: Path) -> Any:
    """What a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def names_in(folder: Path, pattern: str = "**/*") -> list[str]:
    """The files of an archive, sorted, from its folder on."""
    return sorted(x.relative_to(folder).as_posix() for x in folder.glob(pattern) if x.is_file())


def runs_in(folder: Path) -> list[Any]:
    """What the files of archived runs of jobs hold, in the order in which they were archived."""
    files = sorted(folder.glob("runs/*/*.json"))
    return [read(file) for file in files if not file.name.endswith("-composite.json")]
