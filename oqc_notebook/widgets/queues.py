"""How long the queues of QPUs are: asked now and then, while somebody looks at a job that waits."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.qpu_facts import answered, coarse, count_of, seconds_until, to_come

#: The least time between two questions about a QPU (seconds).
INTERVAL_S = 10.0

#: Tasks in one question.
_MAX_TASKS = 100

#: Called with what is known of the queue; None if nothing is.
Tell = Callable[[Facts | None], None]

_of_session: weakref.WeakKeyDictionary[OqcSdk, Queues] = weakref.WeakKeyDictionary()


def queues_of(sdk: OqcSdk) -> Queues:
    """Give what watches the queues for a session."""
    return _of_session.setdefault(sdk, Queues(sdk))


class Queues:
    """Asks about each QPU at most every 10 s, and only while there is somebody to tell.

    Parameters
    ----------
    sdk
        The session.
    """

    def __init__(self, sdk: OqcSdk) -> None:
        self._sdk = weakref.ref(sdk)
        self._lookers: dict[Tell, Job | CompositeJob] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._asked = -INTERVAL_S
        self._is_asking = False

    def look(self, runnable: Job | CompositeJob, tell: Tell) -> None:
        """Tell somebody about the queue of what waits of a job or composite, until it is over."""
        connection = runnable._members()[0]._live_connection()
        if connection is not None:
            connection.in_loop(self._look, runnable, tell)

    def leave(self, tell: Tell) -> None:
        """Tell somebody no longer."""
        self._lookers.pop(tell, None)

    def _look(self, runnable: Job | CompositeJob, tell: Tell) -> None:
        self._lookers[tell] = runnable
        self._ask_when_due()

    def _ask_when_due(self) -> None:
        if self._timer is None and not self._is_asking:
            loop = asyncio.get_running_loop()
            due_in = max(0.0, self._asked + INTERVAL_S - loop.time())
            self._timer = loop.call_later(due_in, self._start)

    def _start(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        self._asked = loop.time()
        self._is_asking = True
        task = loop.create_task(self._ask_all())
        task.add_done_callback(self._asked_all)

    def _asked_all(self, task: asyncio.Task[None]) -> None:
        self._is_asking = False
        if not task.cancelled() and task.exception() is None and self._lookers:
            self._ask_when_due()

    async def _ask_all(self) -> None:
        by_qpu: dict[str, dict[Tell, Job]] = {}
        for tell, runnable in list(self._lookers.items()):
            job = waiting_of(runnable)
            if job is None:
                self.leave(tell)
                tell(None)
            else:
                by_qpu.setdefault(job.qpu_id, {})[tell] = job
        await asyncio.gather(*(self._ask(qpu_id, jobs) for qpu_id, jobs in by_qpu.items()))

    async def _ask(self, qpu_id: str, jobs: dict[Tell, Job]) -> None:
        sdk = self._sdk()
        if sdk is None or sdk._connection is None:
            return
        service = sdk._connection.service
        tasks = list(dict.fromkeys(str(job.task_id) for job in jobs.values()))[:_MAX_TASKS]
        waits, window = await asyncio.gather(
            answered(service.task_wait_times(qpu_id, tasks)), answered(service.next_window(qpu_id))
        )
        known = {str(wait.get("task_id")): wait for wait in waits or () if isinstance(wait, dict)}
        opens = to_come(window)
        for tell, job in jobs.items():
            wait = known.get(str(job.task_id), {})
            facts = {
                "ahead": count_of(wait.get("tasks_before")),
                "wait_s": coarse(seconds_until(wait.get("estimated_completion_time"))),
                "window": opens,
            }
            tell(facts if any(fact is not None for fact in facts.values()) else None)


def waiting_of(runnable: Job | CompositeJob) -> Job | None:
    """Give the job that waits in a queue; of a composite the first one."""
    return next(
        (job for job in runnable._members() if job.state is JobState.SUBMITTED and job.task_id),
        None,
    )
