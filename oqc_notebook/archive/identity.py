"""Whose archive a folder is, and finding one again whose notebook was renamed."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from oqc_notebook.archive.cells import mark_of, now
from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.formats import ArchiveFile, CellMark
from oqc_notebook.archive.locking import locked
from oqc_notebook.archive.sidecar import Sidecar, json_of

#: What is not worth a version's history: it is made again, or lives as long as a kernel.
_IGNORED = "index.json\n*.lock\n.*.tmp\n"

#: How many cells an archive remembers its notebook by, the newest ones.
_MOST_CELLS = 500

#: What an archive says of itself when it is first written to, in a saved output.
_SAID = re.compile(r"Results are archived in ([^\n/]+\.oqc)/ next to this notebook\.")


class NotebookFile:
    """What the file of a notebook tells; nothing if it cannot be read.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        #: Its code cells that are not empty.
        self.cells: list[CellMark] = []
        #: The archive that an output in it names.
        self.archive: str | None = None
        try:
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                self._read(cell)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass

    def _read(self, cell: dict[str, Any]) -> None:
        source = _text(cell["source"])
        if cell["cell_type"] != "code" or not source.strip():
            return
        id_ = cell.get("id")
        self.cells.append(
            CellMark(id=id_ if isinstance(id_, str) else None, sha256=mark_of(source))
        )
        for output in cell.get("outputs", []):
            if match := _SAID.search(_text(output.get("text", ""))):
                self.archive = match[1]


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def begin(sidecar: Sidecar, notebook: Path | None) -> str:
    """Make the folder an archive of this notebook, if it is not that already; give its id.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    sidecar.folder.mkdir(exist_ok=True)
    with locked(sidecar.lock_file):
        file = sidecar.read(sidecar.archive_file, ArchiveFile)
        if file is None:
            _set_aside(sidecar.archive_file)
            file = ArchiveFile(oqc_archive=1, id=secrets.token_hex(8), created=now())
            ignore = sidecar.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text(_IGNORED)
        before = file.model_copy(deep=True)
        if notebook is not None:
            file.notebook = notebook.name
            file.cells = _together(file.cells, NotebookFile(notebook).cells)
        if file != before or not sidecar.archive_file.exists():
            write_files({sidecar.archive_file: json_of(file.model_dump(mode="json"))})
        return file.id


def _set_aside(path: Path) -> None:
    """Keep a file that is damaged, or somebody else's, under another name."""
    if path.exists() and path.stat().st_size:
        path.replace(path.with_name(f"{path.name}.damaged"))


def add_cells(sidecar: Sidecar, cells: Iterable[CellMark]) -> None:
    """Remember the notebook by more cells.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    with locked(sidecar.lock_file):
        file = sidecar.read(sidecar.archive_file, ArchiveFile)
        if file is not None:
            together = _together(file.cells, cells)
            if together != file.cells:
                file.cells = together
                write_files({sidecar.archive_file: json_of(file.model_dump(mode="json"))})


def _together(known: list[CellMark], more: Iterable[CellMark]) -> list[CellMark]:
    cells = {(cell.id, cell.sha256): cell for cell in known}
    for cell in more:
        cells.setdefault((cell.id, cell.sha256), cell)
    return list(cells.values())[-_MOST_CELLS:]


def look_alike(notebook: Path) -> Path | None:
    """Find the archive that a notebook had before it was renamed.

    That is one in the same folder which knows at least half of the cells, by id or by
    source, and whose notebook is gone, or is another one that has got the name since. Copies
    find none: their original is still there.
    """
    cells = NotebookFile(notebook).cells
    best, most = None, 0
    for folder in sorted(notebook.parent.glob("*.oqc")):
        sidecar = Sidecar(folder)
        file = sidecar.read(sidecar.archive_file, ArchiveFile)
        if file is None or not file.notebook:
            continue
        original = NotebookFile(folder.parent / file.notebook).cells
        if _ids(cells) & _ids(original) or 2 * _known(cells, original) >= len(cells):
            continue
        known = _known(cells, file.cells)
        if 2 * known >= len(cells) and known > most:
            best, most = folder, known
    return best


def _ids(cells: list[CellMark]) -> set[str]:
    return {cell.id for cell in cells if cell.id}


def _known(cells: list[CellMark], among: list[CellMark]) -> int:
    """Count the cells that are among others, by id or by source."""
    ids, sources = _ids(among), {cell.sha256 for cell in among}
    return sum(cell.id in ids or cell.sha256 in sources for cell in cells)


def is_anothers(sidecar: Sidecar, notebook: Path, running: CellMark) -> bool:
    """Tell whether an archive is of another notebook that had the name of this one before.

    Then it knows no cell of this one. Many a notebook begins with the same cell, the running one.
    """
    file = sidecar.read(sidecar.archive_file, ArchiveFile)
    if file is None or running.id is None or notebook.suffix != ".ipynb":
        return False
    cells = [c for c in NotebookFile(notebook).cells if c.sha256 != running.sha256]
    ids = _ids(file.cells)
    return bool(ids) and running.id not in ids and not _known(cells, file.cells)


def left_behind(notebook: Path) -> str | None:
    """Give the name of the archive that a notebook's outputs speak of and that is not there."""
    said = NotebookFile(notebook).archive
    return said if said and not (notebook.parent / said).exists() else None


def adopt(folder: str | Path, notebook: str | Path | None = None) -> Path:
    """Take over the archive of a notebook that was renamed.

    Its folder gets the name that belongs to this notebook. If there is one already,
    everything is moved into it; nothing that is there is replaced. A kernel that records
    in it, and calls this, goes on there.

    Parameters
    ----------
    folder
        The archive's folder, such as ``"bell.oqc"``: relative to the notebook's folder.
    notebook
        The notebook; by default this one.

    Returns
    -------
    Path
        Where the archive is now.

    Raises
    ------
    FileNotFoundError
        If there is no such archive, or it is not known which notebook this is.
    OSError
        If something cannot be moved.
    """
    from oqc_notebook.archive.attaching import leaving
    from oqc_notebook.archive.where import notebook_place

    place = notebook_place(notebook)
    old = Sidecar(place.folder.parent / Path(folder).expanduser())
    if old.read(old.archive_file, ArchiveFile) is None:
        raise FileNotFoundError(f"There is no archive at {str(old.folder)!r}.")
    if old.folder != place.folder:
        arrived = leaving(old.folder)
        if place.folder.exists():
            _move_into(old.folder, place.folder)
        else:
            old.folder.rename(place.folder)
        arrived(place.folder, place.path)
    begin(Sidecar(place.folder), place.path)
    return place.folder


def _move_into(old: Path, new: Path) -> None:
    """Move all files, except those that are there already; saved ones then get a number."""
    known = Sidecar(old).read(old / "archive.json", ArchiveFile)
    for path in sorted(path for path in old.rglob("*") if path.is_file()):
        target = new / path.relative_to(old)
        if target.exists() and path.parent == old / "saved":
            numbers = (target.with_stem(f"{target.stem}-{i}") for i in range(2, 10_000))
            target = next(free for free in numbers if not free.exists())
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        elif target.read_bytes() == path.read_bytes():  # a calibration that both have
            path.unlink()
    if known is not None:
        add_cells(Sidecar(new), known.cells)
    for name in ("archive.json", "index.json", ".gitignore", ".lock", ".claims.lock"):
        (old / name).unlink(missing_ok=True)
    for left in sorted(old.rglob("*"), reverse=True):
        if left.is_dir() and not any(left.iterdir()):
            left.rmdir()
    if not any(old.iterdir()):
        old.rmdir()
