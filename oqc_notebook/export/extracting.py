"""Putting an exported notebook and its archive back on the disk, where they go on."""

from __future__ import annotations

import itertools
import secrets
import shutil
from pathlib import Path

from oqc_notebook.export.bundle import Bundle
from oqc_notebook.export.opening import open_archive


def extract(path: str | Path, folder: str | Path | None = None) -> Path:
    """Put the notebook and the archive that a file holds into a folder of their own.

    There the notebook opens as it was, replays and re-validates. What else a crate holds
    stays in it.

    Parameters
    ----------
    path
        An exported page (.html) or a zip file; see :func:`.restore`.
    folder
        A folder that is new or empty; by default one called after the notebook, in the
        working directory, numbered if there is one already.

    Returns
    -------
    Path
        The notebook's file: an absolute path.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no place for the folder.
    FileExistsError
        If there is something in the folder.
    ValueError
        If the file is no archive, is damaged, or holds what no archive holds. Nothing is
        written then.
    """
    bundle = open_archive(path)
    # "..ipynb" names no folder above this one
    called = Path(bundle.notebook).stem.strip(". ") or "notebook"
    chosen = Path(folder or called).absolute()
    if folder is not None and chosen.exists() and (chosen.is_file() or any(chosen.iterdir())):
        raise FileExistsError(f"{str(chosen)!r} is there already; give a new or an empty folder.")
    # whole or not at all: it gets its name when everything is in it
    temporary = chosen.with_name(f".oqc-{secrets.token_hex(12)}")
    temporary.mkdir()
    try:
        unpack(bundle, temporary)
        if folder is None:
            chosen = _free(chosen)
        elif chosen.exists():
            chosen.rmdir()
        temporary.rename(chosen)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return chosen / bundle.notebook


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write the notebook, where there is one, and its archive into a folder."""
    for name, content in bundle.files.items():
        # whatever else a crate holds could be run by those who work in the folder
        if name == bundle.notebook or name.startswith(f"{bundle.sidecar}/"):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _free(folder: Path) -> Path:
    """Give a folder with that name that is not there yet, numbered if need be."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain([folder], numbered) if not each.exists())
