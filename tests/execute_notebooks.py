"""Execute the guide's notebooks and keep their outputs: ``python -m tests.execute_notebooks``.

They are executed in a copy, against the local QPU, so that what they save does not
land in the repository; the copy's folder is written as ``/home/you/notebooks``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def execute(path: Path) -> str:
    """Execute a notebook where it lies; give its text with the outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        # the widgets' states hold the panels' scripts; the twins are what stays
        store_widget_state=False,
    )
    client.execute(env=os.environ | {"OQC_NOTEBOOK_PATH": str(path)})
    for cell in notebook.cells:
        cell.get("metadata", {}).pop("execution", None)
    return nbformat.writes(notebook).replace(str(path.parent), "/home/you/notebooks") + "\n"


def main() -> None:
    """Execute those that are named, or all."""
    names = sys.argv[1:] or sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            copy = Path(folder) / name
            shutil.copyfile(NOTEBOOKS / name, copy)
            text = execute(copy)
            (NOTEBOOKS / name).write_text(text, encoding="utf-8")
            print(f"{name}: {len(text) / 1024:.0f} KB")


if __name__ == "__main__":
    main()
