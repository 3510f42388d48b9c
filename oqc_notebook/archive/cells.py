"""Which cell runs, and which ones a session has executed."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from oqc_notebook.archive.formats import CellFacts, CellMark
from oqc_notebook.archive.redaction import HIDDEN, REMOVED, redacted, without_known


@dataclass(frozen=True)
class Execution:
    """One execution of a cell.

    Attributes
    ----------
    number
        Which one of the session it is, counted from 1.
    cell
        The cell.
    """

    number: int
    cell: CellFacts


@dataclass(frozen=True)
class Line:
    """What the record of a session says of the execution of a cell.

    Attributes
    ----------
    text
        The line, a JSON object.
    mark
        By what the cell is known again.
    """

    text: str
    mark: CellMark


def shell() -> Any:
    """Give IPython's shell, or None; IPython is not imported to find that there is none."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def has_kernel() -> bool:
    """Whether this is the kernel of a notebook, rather than a terminal or a script."""
    return getattr(shell(), "kernel", None) is not None


def name_of(thing: object) -> str | None:
    """Give the name of the user's variable that holds a thing; None if none does."""
    ip = shell()
    main = sys.modules.get("__main__")
    names = vars(main) if ip is None else ip.user_ns
    for name, value in list(names.items()):
        if value is thing and not name.startswith("_"):
            return str(name)
    return None


def now() -> datetime:
    """Give the time in UTC."""
    return datetime.now(UTC)


def mark_of(source: str) -> str:
    """Give what a cell's source is known by: a hash of it without secrets.

    It is the same whether they were taken out here or by an export.
    """
    return hashlib.sha256(redacted(source).replace(REMOVED, HIDDEN).encode()).hexdigest()


class Journal:
    """The cells that a session executes, from now on and as far as is known before.

    Outside of notebooks there are none.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._by_request: dict[str, Execution] = {}
        self._count = 0
        self._lines: list[Line] = []
        self._marks: list[CellMark] = []
        #: Called when another cell begins.
        self.on_news: Callable[[], None] = lambda: None
        if has_kernel():
            self._begin(shell())

    def _begin(self, ip: Any) -> None:
        running = _request(ip)
        earlier = list(getattr(ip.history_manager, "input_hist_raw", [])[1:])
        if running is not None and earlier[-1:] == [running["content"]["code"]]:
            earlier.pop()
        for source in earlier:
            self._note(None, source, None)
        if running is not None:
            self.running()
        ip.events.register("pre_run_cell", self._cell_begins)

    def _cell_begins(self, *_: object) -> None:
        self.running()
        self.on_news()

    def running(self) -> Execution | None:
        """Give the execution that this is called in; None in callbacks and outside of cells.

        A task belongs to the cell that made it, a thread to the cell that runs now.
        """
        ip = shell()
        request = None if ip is None else _request(ip)
        if request is None:
            return None
        with self._lock:
            known = self._by_request.get(request["header"]["msg_id"])
            if known is not None:
                return known
            execution = self._note(_cell_id(request), request["content"]["code"], now().isoformat())
            self._by_request[request["header"]["msg_id"]] = execution
            return execution

    def _note(self, id_: str | None, source: str, at: str | None) -> Execution:
        with self._lock:
            self._count += 1
            cell = CellFacts(id=id_, sha256=mark_of(source), source=redacted(source))
            line = {"n": self._count, "at": at, "id": id_, "source": cell.source}
            said = {name: value for name, value in line.items() if value is not None}
            text = json.dumps(said, ensure_ascii=False) + "\n"
            mark = CellMark(id=id_, sha256=cell.sha256)
            self._lines.append(Line(text, mark))
            self._marks.append(mark)
            return Execution(self._count, cell)

    def marks(self, number: int) -> list[tuple[int, CellMark]]:
        """Give what was executed up to an execution, with the numbers."""
        with self._lock:
            return list(enumerate(self._marks[:number], 1))

    @property
    def has_lines(self) -> bool:
        """Whether there are lines that were not taken yet."""
        return bool(self._lines)

    def take(self) -> list[Line]:
        """Give the lines that were not taken yet."""
        with self._lock:
            lines, self._lines = self._lines, []
            return lines

    def hide_secrets(self) -> None:
        """Take out secrets that have become known since the cells began to run."""
        with self._lock:
            self._lines = [Line(without_known(line.text), line.mark) for line in self._lines]
            for execution in self._by_request.values():
                if execution.cell.source is not None:
                    execution.cell.source = without_known(execution.cell.source)

    def put_back(self, lines: list[Line]) -> None:
        """Take lines back that could not be written."""
        with self._lock:
            self._lines = lines + self._lines


def _request(ip: Any) -> dict[str, Any] | None:
    """Give the request to execute a cell that this is part of, if it is one."""
    try:
        parent: dict[str, Any] = ip.get_parent()
        if parent["header"]["msg_type"] != "execute_request":
            return None
        if not isinstance(parent["content"]["code"], str) or not parent["header"]["msg_id"]:
            return None
    except (AttributeError, LookupError, TypeError):  # no kernel, or no cell
        return None
    return parent


def _cell_id(request: dict[str, Any]) -> str | None:
    """Give the front end's id of a cell; of VS Code's, a URI, the part without the path."""
    id_ = request.get("metadata", {}).get("cellId")
    if not isinstance(id_, str):
        return None
    return urlsplit(id_).fragment or id_
