"""Calling a session's coroutines from any loop or thread.

A session belongs to the event loop that it was opened on, because its HTTP
client, locks and timers do. A public coroutine that is awaited elsewhere goes
over to that loop and waits for the answer in short steps, so that an interrupt
of the caller is felt at once.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from oqc_notebook.sdk.errors import SessionError

P = ParamSpec("P")
T = TypeVar("T")

#: How long a caller waits before it looks whether it was interrupted (seconds).
STEP_S = 0.1


async def on_loop(
    loop: asyncio.AbstractEventLoop,
    function: Callable[P, Coroutine[Any, Any, T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Await ``function(*args, **kwargs)`` on `loop`, from whichever loop this runs on.

    A caller that is cancelled cancels that one wait; what the wait was for, a
    submission or a job on the server, goes on.
    """
    if asyncio.get_running_loop() is loop:
        return await function(*args, **kwargs)
    if not loop.is_running():
        raise SessionError(
            "The event loop that this session was opened on is not running, so nothing can be "
            "awaited there. Open the session with oqc_notebook.connect(), which keeps a loop of "
            "its own."
        )
    distant = asyncio.run_coroutine_threadsafe(function(*args, **kwargs), loop)
    near = asyncio.wrap_future(distant)
    # awaiting `near` directly would make an interrupt wait for the answer
    try:
        while not near.done():
            await asyncio.wait({near}, timeout=STEP_S)
    except BaseException:
        near.cancel()
        raise
    return near.result()


def wait_in_steps(future: concurrent.futures.Future[T]) -> T:
    """Wait for a future in a thread without a loop, so that Ctrl-C ends the wait at once."""
    while True:
        try:
            return future.result(STEP_S)
        except TimeoutError:
            if future.done():  # the awaited call itself timed out
                raise
        except BaseException:
            future.cancel()
            raise
