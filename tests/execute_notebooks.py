"""Execute the guide's notebooks and keep their outputs: ``python -m tests.execute_notebooks``.

They are executed in a copy, against the local QPU, and their archives are kept next to
them, so that ``pytest --nbval notebooks`` replays them. The copy's folder is written as
``/home/you/notebooks``; of this machine, its system is kept, and the packages that the
project runs with.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"

#: What is made again by itself, or by the notebook.
NOT_KEPT = ("index.json", "*.lock", "saved")


def execute(path: Path, temporary: Path) -> str:
    """Execute a notebook where it lies; give its text with the outputs."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []  # they name the archive that is replaced, which would be missed
    nbformat.write(notebook, path)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        # the widgets' states hold the panels' scripts; the twins are what stays
        store_widget_state=False,
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OQC_")}
    # with another folder for what is temporary, the copy's is not called so
    client.execute(env=kept | {"OQC_NOTEBOOK_PATH": str(path), "TMPDIR": str(temporary)})
    for cell in notebook.cells:
        cell.get("metadata", {}).pop("execution", None)
    return nbformat.writes(notebook).replace(str(path.parent), "/home/you/notebooks") + "\n"


def keep_archive(archive: Path) -> int:
    """Replace the archive of a notebook of the guide by this one; give its size in bytes."""
    asked_for = [
        re.split(r"[^\w.-]", requirement)[0].lower()
        for requirement in importlib.metadata.requires("oqc-notebook") or ()
        if not re.search("extra == .(test|dev)", requirement)
    ]
    for path in archive.glob("sessions/*Z-????.json"):
        session = json.loads(path.read_text())
        packages = session["packages"].items()
        session["packages"] = {n: version for n, version in packages if n.lower() in asked_for}
        session["platform"] = f"{platform.system()} ({platform.machine()})"
        path.write_text(json.dumps(session, indent=2, ensure_ascii=False) + "\n")
    target = NOTEBOOKS / archive.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(archive, target, ignore=shutil.ignore_patterns(*NOT_KEPT))
    for path in target.glob("sessions/*.answers.jsonl"):  # they say where a job was saved
        path.write_text(path.read_text().replace(str(archive.parent), "/home/you/notebooks"))
    files = [path for path in target.rglob("*") if path.is_file()]
    for path in files:
        assert str(archive.parent) not in path.read_text(), f"{path} names a folder"
    return sum(path.stat().st_size for path in files)


def main() -> None:
    """Execute those that are named, or all."""
    names = sys.argv[1:] or sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        copies, temporary = Path(folder, "notebooks"), Path(folder, "temporary")
        copies.mkdir()
        temporary.mkdir()
        for name in names:
            copy = copies / name
            shutil.copyfile(NOTEBOOKS / name, copy)
            text = execute(copy, temporary)
            (NOTEBOOKS / name).write_text(text, encoding="utf-8")
            size = keep_archive(copy.with_suffix(".oqc"))
            print(f"{name}: {len(text) / 1024:.0f} KB, its archive {size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
