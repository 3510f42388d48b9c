"""Doing something often enough, but not too often."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable


class Throttle:
    """Does something at most every so often, and never leaves out the last time.

    It may be called from any thread. What is put off runs later on the event loop
    that the caller runs on; a caller without one is served at once.

    Parameters
    ----------
    interval_s
        The least time between two times (seconds), but for those that are urgent.
    action
        What to do; it is never run by two threads at a time.
    """

    def __init__(self, interval_s: float, action: Callable[[], None]) -> None:
        self._interval_s = interval_s
        self._action = action
        self._lock = threading.RLock()
        self._last = -interval_s
        #: The loop that does it later, while it is put off.
        self._put_off_on: asyncio.AbstractEventLoop | None = None
        self._times = 0

    def __call__(self, *, urgent: bool = False) -> None:
        """Do it now if it is time or urgent, else as soon as it is time."""
        with self._lock:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                loop = None
            due_in = self._last + self._interval_s - time.monotonic()
            if urgent or due_in <= 0 or loop is None:
                self._act()
            # a loop that was closed meanwhile will not do what was put off
            elif self._put_off_on is None or self._put_off_on.is_closed():
                self._put_off_on = loop
                loop.call_later(due_in, self._due, self._times)

    def drop(self) -> None:
        """Leave out what was put off."""
        with self._lock:
            self._put_off_on = None

    def _due(self, times: int) -> None:
        with self._lock:
            # it may have been done meanwhile, and put off anew
            if self._put_off_on is not None and times == self._times:
                self._act()

    def _act(self) -> None:
        self._put_off_on = None
        self._times += 1
        self._last = time.monotonic()
        self._action()
