"""What a kernel session still has to write besides runs: answers of the service, and panels."""

from __future__ import annotations

import collections
import threading
from pathlib import Path
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
        self._panels: dict[Path, dict[str, Any]] = {}

    def add_answer(self, line: str) -> None:
        """Note an answer, which is added to its file."""
        with self._lock:
            self._answers.append(line)

    def keep_panel(self, number: int, content: dict[str, Any]) -> None:
        """Note what a panel shows now, which replaces what it showed before."""
        path = self._sidecar.panels / self._session / f"{number:04d}.json"
        with self._lock:
            self._panels[path] = content

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
            write_files({path: json_of(content) for path, content in panels.items()})
            panels = {}
            if lines:
                with self._sidecar.answers_file(self._session).open("ab") as file:
                    file.write("".join(lines).encode(errors="replace"))
        except OSError:
            with self._lock:
                self._answers.extendleft(reversed(lines))
                self._panels = panels | self._panels
            raise
