"""What the command line does with archives: each gives the exit status."""

from __future__ import annotations

import sys
from pathlib import Path

from oqc_notebook.export.comparing import diff
from oqc_notebook.export.exporting import export_notebook
from oqc_notebook.export.extracting import extract


def export_file(notebook: Path, path: Path | None, redact: bool) -> int:
    """``oqc-notebook export``: make one file of a notebook and its archive."""
    try:
        print(export_notebook(notebook, path, redact=redact))
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook export: {exc}", file=sys.stderr)
        return 1
    return 0


def extract_file(file: Path, folder: Path | None) -> int:
    """``oqc-notebook extract``: put a notebook and its archive on the disk."""
    try:
        notebook = extract(file, folder)
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook extract: {exc}", file=sys.stderr)
        return 1
    print(f"The notebook is {notebook}")
    print("and its archive next to it. To check that it still gives what it shows, offline:")
    print(f"  pytest --nbval --nbval-current-env {notebook.name}   (in {notebook.parent})")
    return 0


def compare_files(a: Path, b: Path) -> int:
    """``oqc-notebook diff``: compare two archives."""
    try:
        found = diff(a, b)
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook diff: {exc}", file=sys.stderr)
        return 2
    print(found)
    return int(found.differs)
