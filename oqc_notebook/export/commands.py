"""What the command line does with archives: each gives the exit status."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from oqc_notebook.export.bundle import sidecar_of
from oqc_notebook.export.comparing import diff
from oqc_notebook.export.exporting import export_notebook
from oqc_notebook.export.extracting import extract


def export_file(notebook: Path, path: Path | None, redact: bool) -> int:
    """``oqc-notebook export``: make one file of a notebook and its archive."""
    try:
        print(export_notebook(notebook, path, redact=redact))
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook export: {_why(exc)}", file=sys.stderr)
        return 1
    return 0


def extract_file(file: Path, folder: Path | None) -> int:
    """``oqc-notebook extract``: put a notebook and its archive on the disk."""
    try:
        notebook = extract(file, folder)
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook extract: {_why(exc)}", file=sys.stderr)
        return 1
    print(f"The notebook is {notebook}")
    if not notebook.with_name(sidecar_of(notebook.name)).is_dir():
        print("without an archive: the file holds none.")
        return 0
    print("and its archive next to it. To check that it still gives what it shows, offline:")
    name = shlex.quote(notebook.name)
    print(f"  pytest --nbval --nbval-current-env {name}   (in {notebook.parent})")
    return 0


def compare_files(a: Path, b: Path) -> int:
    """``oqc-notebook diff``: compare two archives."""
    try:
        found = diff(a, b)
    except (OSError, ValueError) as exc:
        print(f"oqc-notebook diff: {_why(exc)}", file=sys.stderr)
        return 2
    print(found)
    return int(found.differs)


def _why(exc: OSError | ValueError) -> str:
    """Give the reason of a failure without the number that systems have for it."""
    if isinstance(exc, OSError) and exc.filename is not None and exc.strerror:
        return f"{exc.filename}: {exc.strerror}"
    return str(exc)
