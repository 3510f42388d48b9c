"""What records the runs of a session as they come about, so that none is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from oqc_notebook.sdk.connection import Connection
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.running import Runnable


class Recorder(Protocol):
    """Is told what becomes of the jobs of a session; a session has at most one.

    It may also give back what it recorded, in place of asking the service again.
    """

    def opening(self, url: str) -> Connection | None:
        """Give what serves a session in place of the service at `url`; None for the service.

        It is called on the loop that the session is opened on.
        """
        ...

    def made(self, runnable: Runnable) -> None:
        """Note that a job or composite was made or loaded, in the thread of whoever did that."""
        ...

    def asked(self, runnable: Runnable, anew: Sequence[Job]) -> None:
        """Note that somebody asked for it to be run or waited for, and who that was.

        It is called in the thread and context of whoever asked, before anything is
        awaited; `anew` are the jobs that a run is now begun of.
        """
        ...

    def served(self, jobs: Sequence[Job]) -> list[Job]:
        """Give jobs of which a run begins the run that is recorded; give those left to submit.

        It is called on the session's loop.
        """
        ...

    async def looked_up(
        self, name: str, arguments: Sequence[Any], ask: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Give the answer to a question: what `ask()` gives, or what is recorded.

        It is called as :meth:`asked` is. `name` and `arguments`, which JSON can hold, say
        what the question is.
        """
        ...

    async def reserved(self, jobs: Sequence[Job]) -> None:
        """Record the task ids that were just reserved.

        They are submitted when this returns, so by then they have to be on the disk.
        What keeps them from being recorded is an OSError or a ValueError.
        """
        ...

    def changed(self, job: Job) -> None:
        """Note that a job changed; on the loop of its session, so nothing may take long here."""
        ...

    def looking(self, runnable: Runnable) -> None:
        """Note that somebody asks for one look at it; called as :meth:`asked` is."""
        ...

    def left(self, runnable: Runnable) -> None:
        """Note that who looked has seen it, or whose time to wait was up; on the session's loop."""
        ...

    async def settled(self) -> None:
        """Wait, within reason, until what has ended is recorded: somebody waited for it."""
        ...

    async def closing(self) -> None:
        """Bring to an end what is under way, within reason: the session is being closed."""
        ...
