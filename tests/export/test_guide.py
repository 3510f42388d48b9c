"""The archive of the guide's notebook 06 is built, restored, put back and re-validated."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import oqc_notebook
from oqc_notebook.export.bundle import collect
from oqc_notebook.export.extracting import extract

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAME = "06_archive_and_share"


def files_but_for_the_index(notebook: Path) -> dict[str, bytes]:
    """The notebook and its archive, without what is made again by itself where it is missing."""
    return {n: c for n, c in collect(notebook).files.items() if not n.endswith("/index.json")}


def test_what_was_shared_gives_the_jobs_back_and_validates(tmp_path: Path) -> None:
    shutil.copyfile(NOTEBOOKS / f"{NAME}.ipynb", tmp_path / f"{NAME}.ipynb")
    shutil.copytree(NOTEBOOKS / f"{NAME}.oqc", tmp_path / f"{NAME}.oqc")
    page = oqc_notebook.export_notebook(tmp_path / f"{NAME}.ipynb").path

    restored = oqc_notebook.restore(page)
    counts = restored["bell"].outputs[0].data["c"]
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    notebook = extract(page, elsewhere)
    assert notebook.read_bytes() == (tmp_path / f"{NAME}.ipynb").read_bytes()
    files = files_but_for_the_index(notebook)
    command = ["-m", "pytest", "-q", "--nbval", "--nbval-current-env", notebook.name]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=notebook.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert files_but_for_the_index(notebook) == files
