"""Folders that are not as a notebook's folder should be: read-only, lent, moved to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.archive.support import make_notebook
from tests.archive.test_notebooks import CELLS, printed, save_outputs
from tests.archive.test_where import Server
from tests.support import LocalQpu, until


@pytest.fixture
def service(local_qpu: LocalQpu, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OQC_NOTEBOOK_PATH", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OQC_URL", local_qpu.url)
    monkeypatch.setenv("OQC_AUTH_TOKEN", local_qpu.token)


def as_somebody_who_may_not_write_everywhere() -> list[str]:
    """The beginning of a command that permissions hold for, also where root runs the tests."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


@pytest.mark.skipif(
    os.name == "nt" or (os.geteuid() == 0 and shutil.which("setpriv") is None),
    reason="needs permissions that hold for whoever runs the tests",
)
@pytest.mark.usefixtures("service")
def test_a_notebook_in_a_read_only_folder_works_with_one_warning(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    notebook = make_notebook(folder / "lab.ipynb", *CELLS, CELLS[-1])
    folder.chmod(0o555)
    try:
        command = ["-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", ".."]
        done = subprocess.run(
            [*as_somebody_who_may_not_write_everywhere(), sys.executable, *command, "lab.ipynb"],
            cwd=folder, env=os.environ | {"OQC_NOTEBOOK_PATH": str(notebook)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    executed = tmp_path / "lab.ipynb"
    assert printed(executed) == "COMPLETED\nCOMPLETED\n"
    cells = nbformat.read(executed, as_version=4).cells
    warnings = [o.text for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    assert warnings == [
        "Results are not archived: lab.oqc cannot be written to (Permission denied). "
        "Work goes on.\n"
    ]
    assert os.listdir(folder) == ["lab.ipynb"]


@pytest.mark.parametrize("lent", ["COLAB_RELEASE_TAG", "BINDER_SERVICE_HOST", None])
@pytest.mark.usefixtures("service")
def test_where_a_machine_is_lent_it_is_said_that_the_folder_is_temporary(
    tmp_path: Path, lent: str | None
) -> None:
    make_notebook(tmp_path / "lab.ipynb", *CELLS)
    (tmp_path / "temporary").mkdir()
    env = os.environ | {"TMPDIR": str(tmp_path / "temporary")}  # the notebook's folder is none
    env |= {"OQC_NOTEBOOK_PATH": str(tmp_path / "lab.ipynb")} | ({lent: "x"} if lent else {})
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=notebook", "--execute", "--inplace", "lab.ipynb"],
        cwd=tmp_path, env=env, capture_output=True, check=True,
    )  # fmt: skip
    said = printed(tmp_path / "lab.ipynb").splitlines()
    warned = ["This folder is temporary: take what you need elsewhere before it goes away."]
    assert said == [
        "Results are archived in lab.oqc/ next to this notebook.",
        *(warned if lent else []),
        "COMPLETED",
    ]


@pytest.mark.usefixtures("service")
def test_a_notebook_that_a_server_moved_says_after_a_restart_that_its_archive_stayed(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    notebook = make_notebook(root / "lab.ipynb", *CELLS)
    server = Server(root, tmp_path / "runtime")
    try:
        session = server.open_notebook("lab.ipynb")
        kernel = f"api/kernels/{session['kernel']['id']}"
        with server.client(session["kernel"]["id"]) as client:
            save_outputs(notebook, client.run(*CELLS))
        moved = {"path": "deep/lab.ipynb", "name": "lab.ipynb"}
        server.ask("PATCH", "api/contents/lab.ipynb", {"path": moved["path"]})
        server.ask("PATCH", f"api/sessions/{session['id']}", moved)
        server.ask("POST", f"{kernel}/restart")
        until(lambda: server.ask("GET", kernel)["execution_state"] == "idle", 60)
        with server.client(session["kernel"]["id"]) as client:
            first, *_, last = client.run(*CELLS)
    finally:
        server.stop()
    assert first.text == (
        "This notebook's archive lab.oqc is not here: the notebook was copied or moved without "
        "it. Move it here, or name it: connect(archive=...). Until then, a new one is begun.\n"
    )
    assert last.text.startswith("Results are archived in lab.oqc/ next to this notebook.\n")
    assert (root / "deep" / "lab.oqc").is_dir()
