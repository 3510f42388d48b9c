"""What the magics know of the notebook: its jobs by name, its session, where to show things."""

from __future__ import annotations

import itertools
import keyword
import weakref
from collections.abc import Iterator
from typing import Any, TypeAlias

from IPython.core.error import UsageError

from oqc_notebook.sdk import CompositeJob, Job, OqcSdk

AnyJob: TypeAlias = Job | CompositeJob


def checked_name(name: str) -> str:
    """Give a name back that a variable can have.

    Raises
    ------
    UsageError
        If none can.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(f"{name!r} cannot be the name of a variable.")
    return name


class Workspace:
    """The user's names, as the magics see them.

    Parameters
    ----------
    ip
        IPython's shell.

    Attributes
    ----------
    session
        The session that ``%oqc_connect`` opened last.
    latest
        The name of the job that a magic made, ran or loaded last.
    """

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.session: OqcSdk | None = None
        self.latest: str | None = None
        #: Names of jobs and sessions, in the order in which they were last bound.
        self._bound: dict[str, weakref.ref[Any]] = {}
        ip.events.register("post_run_cell", lambda *_: self.look())

    @property
    def has_kernel(self) -> bool:
        """Whether there is a front end that shows panels."""
        return getattr(self.ip, "kernel", None) is not None

    def bind(self, name: str, value: Any) -> None:
        """Give the user a name for something."""
        self.ip.user_ns[checked_name(name)] = value

    def free_name(self, name: str) -> str:
        """Give a name that the user has not given to anything: this one, or one with a number."""
        names = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
        return next(free for free in names if free not in self.ip.user_ns)

    def look(self) -> None:
        """Note what was bound since the last look."""
        for name, value in list(self.ip.user_ns.items()):
            # by its type: isinstance() would have proxies of others fetch what they stand for
            if name.startswith("_") or not issubclass(type(value), AnyJob | OqcSdk):
                continue
            known = self._bound.get(name)
            if known is None or known() is not value:
                self._bound.pop(name, None)
                self._bound[name] = weakref.ref(value)

    def jobs(self) -> dict[str, AnyJob]:
        """Give the user's jobs by name, the one bound last at the end."""
        return {name: value for name, value in self._names() if isinstance(value, AnyJob)}

    def job(self, name: str | None) -> tuple[str, AnyJob]:
        """Give the job of a name, or the most recent one.

        Raises
        ------
        UsageError
            If there is no such job.
        """
        jobs = self.jobs()
        if name is not None:
            value = self.ip.user_ns.get(name)
            if isinstance(value, AnyJob):
                return name, value
            known = f" The jobs here: {', '.join(jobs)}." if jobs else ""
            if value is None:
                raise UsageError(f"There is no job called {name!r}.{known}")
            raise UsageError(f"{name!r} is no job: it is of type {type(value).__name__}.{known}")
        if self.latest in jobs:
            return self.latest, jobs[self.latest]
        if not jobs:
            raise UsageError("There is no job yet: make one with %%oqc_job or sdk.create_job().")
        return list(jobs.items())[-1]

    def sessions(self) -> list[OqcSdk]:
        """Give the open sessions: the user's own, the last one bound last, then %oqc_connect's."""
        return [sdk for sdk in self._sessions() if sdk.is_open]

    def latest_session(self) -> OqcSdk | None:
        """Give the last session, whose archive holds what is saved; it may be closed by now."""
        return next(reversed(self.sessions() or self._sessions()), None)

    def open_session(self) -> OqcSdk:
        """Give the session to use: that of %oqc_connect, else the user's own last one.

        Raises
        ------
        UsageError
            If none is open.
        """
        sessions = self.sessions()
        if not sessions:
            raise UsageError("There is no open session: connect with %oqc_connect.")
        return sessions[-1]

    def qpu_ids(self) -> list[str]:
        """Give the ids of the QPUs that the session knows of, without asking the server."""
        for sdk in reversed(self.sessions()):
            if sdk._connection is not None:
                return list(sdk._connection.service.qpu_names)
        return []

    def _sessions(self) -> list[OqcSdk]:
        found = [value for _, value in self._names() if isinstance(value, OqcSdk)]
        return found if self.session is None else [*found, self.session]

    def _names(self) -> Iterator[tuple[str, Any]]:
        self.look()
        for name, known in list(self._bound.items()):
            value = self.ip.user_ns.get(name)
            if value is not None and value is known():
                yield name, value
