"""Telling apart the cells of a notebook that have the same source.

A run is found again by the source of its cell. Where a notebook has that source more than
once (``await job.execute()``, say), this tells which executions were of the first of these
cells, and which of the second: by the front end's ids of cells, and where there are none,
by the order within a session.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from oqc_notebook.archive.cells import Journal, mark_of
from oqc_notebook.archive.formats import CellFacts, CellMark
from oqc_notebook.archive.identity import NotebookFile
from oqc_notebook.archive.sidecar import Sidecar

#: Executions of cells: the session of each, and which one of that session it is.
Executions: TypeAlias = frozenset[tuple[str, int | None]]


class EqualCells:
    """Knows which archived executions were of which cell, where several have the same source.

    Parameters
    ----------
    sidecar
        The archive.
    notebook
        The notebook's file, if it is known.
    journal
        The cells that this session executes.
    """

    def __init__(self, sidecar: Sidecar, notebook: Path | None, journal: Journal) -> None:
        self.notebook = notebook
        self._sidecar = sidecar
        self._journal = journal
        self._found: dict[int, Executions | None] = {}

    def executions_of(self, number: int | None, cell: CellFacts | None) -> Executions | None:
        """Give the archived executions of the cell that an execution of this session is of.

        None where its source is enough: no other cell has it, or it is not known which
        cells were executed.
        """
        if number is None or cell is None or self.notebook is None:
            return None
        if number not in self._found:
            self._found[number] = self._find(number, cell.sha256, self.notebook)
        return self._found[number]

    def _find(self, number: int, sha256: str, notebook: Path) -> Executions | None:
        ids = [cell.id for cell in NotebookFile(notebook).cells if cell.sha256 == sha256]
        if len(ids) < 2:
            return None
        place = _places(self._journal.marks(number), sha256, ids)[number]
        found = set()
        for path in self._sidecar.files_in(self._sidecar.sessions, "*.cells.jsonl"):
            session = path.name.partition(".")[0]
            places = _places(_lines_of(self._sidecar.content(path)), sha256, ids)
            found |= {(session, n) for n, where in places.items() if where == place}
        return frozenset(found) or None


def _places(
    executed: Iterable[tuple[int, CellMark]], sha256: str, ids: list[str | None]
) -> dict[int, int]:
    """Tell of each execution of a source which of the cells with these ids it was of."""
    places: dict[int, int] = {}
    without_id = 0
    for number, mark in executed:
        if mark.sha256 != sha256:
            continue
        if mark.id is not None and mark.id in ids:
            places[number] = ids.index(mark.id)
        else:
            places[number] = without_id % len(ids)
            without_id += 1
    return places


def _lines_of(content: bytes) -> Iterable[tuple[int, CellMark]]:
    """Read what a session executed; lines that are not as they should be are passed over."""
    for line in content.splitlines():
        try:
            cell = json.loads(line)
            yield int(cell["n"]), CellMark(id=cell.get("id"), sha256=mark_of(cell["source"]))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue
