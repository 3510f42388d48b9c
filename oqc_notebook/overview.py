"""What a session has: its jobs, and the QPUs of its service, listed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from oqc_notebook import widgets
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.errors import SessionNotOpenError
from oqc_notebook.session import latest_session, run
from oqc_notebook.static.listings import jobs_text, listed_job, qpus_text
from oqc_notebook.widgets.names import in_a_kernel, variables
from oqc_notebook.widgets.qpu_facts import qpu_facts


def jobs(sdk: OqcSdk | None = None) -> Jobs:
    """List the jobs and composites of a session; in a notebook, as a live panel.

    Parameters
    ----------
    sdk
        The session; by default the one that ``connect()`` gave last.

    Returns
    -------
    Jobs
        The list. It is shown as a panel in a notebook and as a table in a terminal, and
        iterates over the jobs that there are now.

    Raises
    ------
    SessionNotOpenError
        If there is no session.
    """
    return Jobs(_session(sdk))


def qpus(sdk: OqcSdk | None = None) -> Qpus:
    """List the QPUs of a session's service; in a notebook, as a panel.

    Parameters
    ----------
    sdk
        The session; by default the one that ``connect()`` gave last.

    Returns
    -------
    Qpus
        The list. It is shown as a panel in a notebook and as a table in a terminal, and
        iterates over what the service says of each QPU.

    Raises
    ------
    SessionError
        If there is no open session, or it cannot reach the server.
    """
    return Qpus(_session(sdk))


class Jobs:
    """The jobs and composites of a session that somebody holds, oldest first.

    Parameters
    ----------
    sdk
        The session.
    """

    def __init__(self, sdk: OqcSdk) -> None:
        self.sdk = sdk

    def __iter__(self) -> Iterator[Job | CompositeJob]:
        return iter(self.sdk.jobs)

    def __len__(self) -> int:
        return len(self.sdk.jobs)

    def __repr__(self) -> str:
        names = variables()
        return jobs_text(self.sdk, [listed_job(job, names.get(id(job))) for job in self])

    def _ipython_display_(self) -> None:
        if in_a_kernel():
            widgets.show_jobs(self.sdk)
        else:
            sys.stdout.write(f"{self!r}\n")


class Qpus:
    """The QPUs of a service, as they stood when they were asked for.

    Parameters
    ----------
    sdk
        The session.
    """

    def __init__(self, sdk: OqcSdk) -> None:
        self.sdk = sdk
        self.facts = run(qpu_facts(sdk))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter([dict(row) for row in self.facts[1]])

    def __len__(self) -> int:
        return len(self.facts[1])

    def __repr__(self) -> str:
        return qpus_text(*self.facts)

    def _ipython_display_(self) -> None:
        if in_a_kernel():
            widgets.show_qpus(self.sdk, self.facts)
        else:
            sys.stdout.write(f"{self!r}\n")


def _session(sdk: OqcSdk | None) -> OqcSdk:
    found = latest_session() if sdk is None else sdk
    if found is None:
        raise SessionNotOpenError(
            "There is no session yet: call oqc_notebook.connect(), or give the session that you "
            "mean."
        )
    return found
