"""What a kernel session still has to write besides runs: answers of the service, and panels."""

from __future__ import annotations

import collections
import threading
from typing import Any

from oqc_notebook.archive.durable import write_files
from oqc_notebook.archive.sidecar import Sidecar, json_of

#: Answers that are kept until there is a run, and so an archive; the newest ones.
_MOST = 1000


class Notes:
    """Answers and panels, from any thread, until they are written.

    Parameters
    ----------
    sidecar
        Where to.
    session
        The kernel session.
    """

    def __init__(self, sidecar: Sidecar, session: str) -> None:
        self._sidecar = sidecar
        self._session = session
        self._lock = threading.Lock()
        self._answers: collections.deque[str] = collections.deque(maxlen=_MOST)
        self._panels: dict[int, dict[str, Any]] = {}

    def add_answer(self, line: str) -> None:
        """Note an answer, which is added to its file."""
        with self._lock:
            self._answers.append(line)

    def keep_panel(self, number: int, content: dict[str, Any]) -> None:
        """Note what a panel shows now, which replaces what it showed before."""
        with self._lock:
            self._panels[number] = content

    @property
    def has_news(self) -> bool:
        """Whether there is something to write."""
        return bool(self._answers or self._panels)

    def write(self) -> None:
        """Write what there is.

        Raises
        ------
        OSError
            If that fails; it is tried again the next time.
        """
        with self._lock:
            lines, panels = list(self._answers), self._panels
            self._answers.clear()
            self._panels = {}
        try:
            if panels:
                self._sidecar.require()
            folder = self._sidecar.panels / self._session
            write_files({folder / f"{n:04d}.json": json_of(panel) for n, panel in panels.items()})
            panels = {}
            if lines:
                self._sidecar.sessions.mkdir(exist_ok=True)
                with self._sidecar.answers_file(self._session).open("ab") as file:
                    file.write("".join(lines).encode(errors="replace"))
        except OSError:
            with self._lock:
                self._answers.extendleft(reversed(lines))
                self._panels = panels | self._panels
            raise
