"""Which jobs belong to a session, and who wants to know when something about it changes."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from oqc_notebook.sdk.running import Runnable

#: What changed: a job was made, or the session was opened, closed, cut off or is back.
Change: TypeAlias = Literal["jobs", "connection"]

SessionObserver: TypeAlias = Callable[[Change], None]

logger = logging.getLogger("oqc_notebook.sdk")


class Registry:
    """The jobs and composites of a session, as long as somebody holds them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: weakref.WeakKeyDictionary[Runnable, None] = weakref.WeakKeyDictionary()
        self._observers: list[SessionObserver] = []

    def add(self, made: Runnable) -> None:
        """Note a job or composite that was made."""
        with self._lock:
            self._jobs.setdefault(made, None)
        self.tell("jobs")

    def jobs(self) -> list[Runnable]:
        """Give the jobs and composites, oldest first, without the children of composites."""
        with self._lock:
            made = list(self._jobs)
        members = {id(job) for one in made for job in one._members() if job is not one}
        return [one for one in made if id(one) not in members]

    def observe(self, callback: SessionObserver) -> Callable[[], None]:
        """Have `callback(change)` called at each change, until what is given back is called."""
        self._observers.append(callback)

        def stop() -> None:
            if callback in self._observers:
                self._observers.remove(callback)

        return stop

    def tell(self, change: Change) -> None:
        """Tell what changed."""
        for callback in list(self._observers):
            try:
                callback(change)
            except Exception:
                logger.exception("An observer of a session failed")
