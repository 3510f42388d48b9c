"""Waiting with a limit in wall time, also where the machine is suspended meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import Any

#: How long a wait goes on before the clock is looked at (seconds).
_STEP_S = 1.0

#: A clock that is never set and goes on in a suspend. The one of the event loop stands still
#: there: on Linux CLOCK_MONOTONIC does, on macOS what Python calls monotonic. On Windows,
#: which has neither of these names, that one goes on.
_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def now() -> float:
    """Give the time in seconds, from an arbitrary moment on."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


async def wait_for_all(
    futures: Collection[asyncio.Future[Any]], timeout_s: float | None
) -> set[asyncio.Future[Any]]:
    """Wait until all are done, or the time is over; give those that are not done then.

    Parameters
    ----------
    futures
        What to wait for; it is not cancelled, whatever happens.
    timeout_s
        Seconds to wait; None waits without limit.
    """
    if not futures:
        return set()
    until = None if timeout_s is None else now() + timeout_s
    waiting = asyncio.ensure_future(asyncio.wait(futures))
    try:
        while not waiting.done():
            left = _STEP_S if until is None else until - now()
            if left <= 0:
                break
            await asyncio.wait({waiting}, timeout=min(left, _STEP_S))
    finally:
        waiting.cancel()
    return {future for future in futures if not future.done()}
