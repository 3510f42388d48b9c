"""Waiting for a job in a magic, so that an interrupt ends the wait and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from IPython.core.error import UsageError

import oqc_notebook
from oqc_notebook.sdk.errors import SessionError


class WaitInterrupted(KeyboardInterrupt):
    """An interrupt ended a wait. IPython shows it as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


@dataclass(frozen=True)
class Waiting:
    """What a magic still has to do once something has come about.

    Attributes
    ----------
    start
        Makes what is waited for.
    finish
        What is done then.
    afterwards
        What to say of the job where the wait ends before it does.
    """

    start: Callable[[], Awaitable[object]]
    finish: Callable[[], None]
    afterwards: str

    def wait(self) -> None:
        """Wait in code that is not async."""
        with self._interrupts_explained():
            oqc_notebook.run(self.start())
        self.finish()

    async def wait_async(self) -> None:
        """Wait and let the kernel go on meanwhile."""
        with self._interrupts_explained():
            await self.start()
        self.finish()

    @contextlib.contextmanager
    def _interrupts_explained(self) -> Iterator[None]:
        try:
            yield
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise WaitInterrupted(self.afterwards) from None
        except SessionError:  # an unreachable server is also a ConnectionError
            raise
        except TimeoutError:
            raise UsageError(f"The time is up. {self.afterwards}") from None
        except TypeError as exc:  # a configuration that cannot be sent
            raise UsageError(str(exc)) from None
