"""The service behind the API: its QPUs, their queues, and every task it was given."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oqc_notebook.local.clock import stamp
from oqc_notebook.local.errors import ApiError, quote
from oqc_notebook.local.faults import Faults
from oqc_notebook.local.qpus import QPUS, Qpu
from oqc_notebook.local.queue import QpuQueue
from oqc_notebook.local.scenario import Purge, RejectedConfig
from oqc_notebook.local.settings import Settings
from oqc_notebook.local.submissions import optional_text_field, read_submission, text_field
from oqc_notebook.local.tasks import FINAL, State, Submission, Task
from oqc_notebook.local.workers import WorkerPool

if TYPE_CHECKING:
    from oqc_notebook.local.cluster import ClusterPool


class Service:
    """All that one local QPU process knows.

    Parameters
    ----------
    settings
        What it is started with.
    """

    def __init__(self, settings: Settings) -> None:
        self.started_at = time.time()
        self.settings = settings
        self.faults = Faults(settings)
        self._pool = _pool(settings)
        self._queues = {
            qpu.id: QpuQueue(qpu, self._pool, settings, self.faults, self._keep_for_a_while)
            for qpu in QPUS
        }
        self._tasks: dict[str, Task] = {}
        self._work: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work, within a running event loop."""
        self._pool.start()
        for fault in self.settings.scenario:
            self.faults.add(fault)
        self._work = [asyncio.create_task(queue.work()) for queue in self._queues.values()]

    async def close(self) -> None:
        """Stop working and end the simulator processes."""
        for work in self._work:
            work.cancel()
        await self._pool.close()

    def reset(self) -> None:
        """Make everything as it was at the start, without its scenario."""
        for queue in self._queues.values():
            queue.restart()
        self._tasks.clear()
        self.faults.clear()
        self.faults.calls.clear()

    def qpus(self) -> list[Qpu]:
        """Return the QPUs that there are now."""
        return [
            replace(qpu, qubits=self.faults.qubits_of(qpu))
            for qpu in QPUS
            if not self.faults.has_removed(qpu.id)
        ]

    def qpu(self, qpu_id: str) -> Qpu:
        """Return a QPU by its id."""
        qpu = self._queue(qpu_id).qpu
        return replace(qpu, qubits=self.faults.qubits_of(qpu))

    def task(self, task_id: str) -> Task:
        """Return a task by its id."""
        if not self._knows(task_id):
            raise ApiError(404, _unknown_task(task_id))
        return self._tasks[task_id]

    def task_asked_about(self, task_id: str) -> Task:
        """Return a task by its id, unless this is the moment in which it is purged."""
        task = self.task(task_id)
        if self.faults.strike(
            Purge,
            lambda purge: purge.task_id in (None, task.id) and purge.state in (None, task.state),
        ):
            self._purge(task)
        return self.task(task_id)

    def reserve(self, qpu_id: str, count: int, tag: str | None) -> list[str]:
        """Make tasks that can be submitted later; return their ids."""
        qpu = self.qpu(qpu_id)
        tasks = [Task(qpu, tag) for _ in range(count)]
        self._tasks.update((task.id, task) for task in tasks)
        return [task.id for task in tasks]

    def submit(self, items: list[Any], received_at: float) -> list[str]:
        """Submit a batch, all of it or nothing; return the ids in its order.

        Parameters
        ----------
        items
            The entries of the batch, as they were sent.
        received_at
            When they came, in seconds since the epoch.

        Raises
        ------
        ApiError
            If one of them cannot be submitted; its text says which.
        """
        batch: list[tuple[Task, Submission]] = []
        taken: set[str] = set()
        for number, item in enumerate(items, start=1):
            try:
                task, submission = self._read(item)
                if task.id in taken:
                    raise ApiError(400, f"task_id {quote(task.id)} is there twice")
            except ApiError as refusal:
                where = f"task {number} of {len(items)}"
                text = f"Submission rejected: {where}: {refusal.text}"
                raise ApiError(refusal.status, text) from refusal
            taken.add(task.id)
            batch.append((task, submission))
        for task, submission in batch:
            self._tasks[task.id] = task
            self._queues[task.qpu.id].put(task, submission, received_at)
        return [task.id for task, _ in batch]

    def cancel(self, task_ids: list[Any]) -> None:
        """Cancel what has not ended yet among these tasks.

        Raises
        ------
        ApiError
            If an id is not known; the other tasks are cancelled all the same.
        """
        unknown = [task_id for task_id in task_ids if not self._knows(task_id)]
        for task_id in task_ids:
            task = self._tasks.get(task_id) if self._knows(task_id) else None
            if task is not None and task.state not in FINAL:
                self._queues[task.qpu.id].cancel(task)
        if unknown:
            raise ApiError(404, _unknown_task(unknown[0]))

    def summaries(self, start: float | None, end: float | None) -> list[dict[str, Any]]:
        """Return the tasks that were made in a span of time (seconds since the epoch)."""
        return [
            task.summary()
            for task in self._tasks.values()
            if not self.faults.has_removed(task.qpu.id)
            and (start is None or task.created_at >= start)
            and (end is None or task.created_at <= end)
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """Return how each QPU does."""
        now = stamp(time.time())
        return [
            {
                "qpu_id": queue.qpu.id,
                "name": queue.qpu.name,
                "status": "ACTIVE",
                "active": True,
                "tasks_in_queue": queue.length,
                "timestamp": now,
            }
            for queue in (self._queues[qpu.id] for qpu in self.qpus())
        ]

    def item(self, qpu: Qpu, url: str) -> dict[str, Any]:
        """Return the entry of a QPU in the list of QPUs; `url` is the base of its calls."""
        return qpu.item(url, self.started_at, self.settings.profile)

    def features(self, qpu_id: str) -> dict[str, Any]:
        """Return what a QPU can do."""
        return self.qpu(qpu_id).features(self.settings.profile)

    def calibration(self, qpu_id: str) -> dict[str, Any]:
        """Return the calibration of a QPU, which is that of its start ever since."""
        return self.qpu(qpu_id).calibration_document(self.started_at)

    def qpu_wait_time(self, qpu_id: str) -> dict[str, Any]:
        """Estimate when a task that is submitted now would end."""
        queue = self._queue(qpu_id)
        now = time.time()
        return {
            "qpu_id": qpu_id,
            "average_processing_seconds": queue.average_seconds,
            "estimated_availability_time": stamp(now + queue.wait_seconds(queue.length)),
            "tasks_in_queue": queue.length,
            "timestamp": stamp(now),
            "windows": [],
        }

    def task_wait_time(self, task_id: str) -> dict[str, Any]:
        """Estimate when a task ends; one that waits for nothing has no estimate."""
        task = self.task(task_id)
        queue = self._queue(task.qpu.id)
        active = task.state in {State.SUBMITTED, State.RUNNING}
        before = queue.tasks_before(task) if active else 0
        now = time.time()
        return {
            "task_id": task.id,
            "qpu_id": task.qpu.id,
            "status": task.state,
            "tasks_before": before,
            "estimated_completion_time": stamp(now + queue.wait_seconds(before))
            if active
            else None,
            "timestamp": stamp(now),
        }

    def _queue(self, qpu_id: str) -> QpuQueue:
        queue = self._queues.get(qpu_id)
        if queue is None or self.faults.has_removed(qpu_id):
            known = ", ".join(qpu.id for qpu in self.qpus()) or "none"
            raise ApiError(404, f"there is no QPU {quote(qpu_id)} here; there are {known}")
        return queue

    def _knows(self, task_id: Any) -> bool:
        task = self._tasks.get(task_id) if isinstance(task_id, str) else None
        return task is not None and not self.faults.has_removed(task.qpu.id)

    def _keep_for_a_while(self, task: Task) -> None:
        if self.settings.retention is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.settings.paced(self.settings.retention), self._purge, task)

    def _purge(self, task: Task) -> None:
        if task.state not in FINAL:
            self._queues[task.qpu.id].cancel(task)
        self._tasks.pop(task.id, None)

    def _read(self, item: Any) -> tuple[Task, Submission]:
        if not isinstance(item, dict):
            raise ApiError(400, f"it is {quote(item)}; it must be an object")
        qpu = self.qpu(text_field(item, "qpu_id"))
        submission = read_submission(item, qpu)
        rejected = submission.config is not None and self.faults.strike(RejectedConfig)
        if rejected:
            raise ApiError(400, f"config: {rejected.text}")
        task_id = optional_text_field(item, "task_id")
        if task_id is None:
            return Task(qpu), submission
        task = self.task(task_id)
        if task.state != State.CREATED:
            raise ApiError(
                409, f"the id {task_id} was submitted or cancelled before; it is {task.state}"
            )
        if task.qpu.id != qpu.id:
            raise ApiError(400, f"the id {task_id} is reserved for {task.qpu.id}, not {qpu.id}")
        return task, submission


def _pool(settings: Settings) -> WorkerPool | ClusterPool:
    if settings.executor is None:
        return WorkerPool(settings)
    from oqc_notebook.local.cluster import ClusterPool  # of an extra

    return ClusterPool(settings)


def _unknown_task(task_id: Any) -> str:
    try:
        uuid.UUID(task_id)
    except (ValueError, TypeError, AttributeError):
        return f"{quote(task_id)} is not the id of a task"
    return (
        f"task {task_id} is not known here: it was purged, or the local QPU that ran this has ended"
    )
