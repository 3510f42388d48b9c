"""The queue of one QPU: first in, first out.

Several tasks of a QPU may be simulated at once, but they end in the order in which they were
submitted. The latency is waited out beside the simulations: it holds neither a simulator nor the
tasks behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from statistics import fmean
from typing import TYPE_CHECKING, Any

from oqc_notebook.local.faults import Faults
from oqc_notebook.local.qpus import Qpu
from oqc_notebook.local.scenario import WorkerCrash
from oqc_notebook.local.settings import Settings
from oqc_notebook.local.tasks import Outcome, State, Submission, Task, failure
from oqc_notebook.local.workers import Simulator, WorkerError, WorkerPool

if TYPE_CHECKING:
    from oqc_notebook.local.cluster import ClusterPool, Place

_SEED_BITS = 31
_REMEMBERED_RUNS = 50


class QpuQueue:
    """The queue of one QPU.

    Parameters
    ----------
    qpu
        The QPU.
    pool
        The simulator processes, shared with the other queues.
    settings
        Latency and seed.
    faults
        What goes wrong.
    ended
        Called with each task that ends.
    """

    def __init__(
        self,
        qpu: Qpu,
        pool: WorkerPool | ClusterPool,
        settings: Settings,
        faults: Faults,
        ended: Callable[[Task], None],
    ) -> None:
        self.qpu = qpu
        self._pool = pool
        self._settings = settings
        self._latency = settings.paced(settings.latency)
        self._faults = faults
        self._ended = ended
        self._waiting: deque[tuple[Task, float]] = deque()
        self._unfinished: OrderedDict[str, Task] = OrderedDict()
        self._arrival = asyncio.Event()
        self._submitted = 0
        self._simulating: dict[str, Simulator | Place] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED_RUNS)

    def put(self, task: Task, submission: Submission, received_at: float) -> None:
        """Take a reserved task in; its request came at `received_at`, in seconds of the epoch."""
        task.submission = submission
        task.tag = submission.tag if submission.tag is not None else task.tag
        task.seed = self._seed(self._submitted)
        self._submitted += 1
        task.note("SERVER_RECEIVED", received_at)
        task.move(State.SUBMITTED, "SERVER_ENQUEUED")
        self._unfinished[task.id] = task
        self._let_first_end()
        self._waiting.append((task, _now() + self._latency))
        self._arrival.set()

    def cancel(self, task: Task) -> None:
        """Cancel a task at once, whether it is reserved, waits or runs."""
        task.move(State.CANCELLED, "SERVER_CANCELLED")
        self._leave(task)
        task.first_in_line.set()
        simulator = self._simulating.get(task.id)
        if simulator is not None:
            simulator.kill()

    def restart(self) -> None:
        """Forget what was submitted so far, so that the seeds begin anew."""
        for task in list(self._unfinished.values()):
            self.cancel(task)
        self._submitted = 0
        self._seconds.clear()

    @property
    def length(self) -> int:
        """Number of tasks that are submitted and have not ended."""
        return len(self._unfinished)

    @property
    def average_seconds(self) -> float:
        """Time a simulation took lately, in seconds; 0 before the first one."""
        return fmean(self._seconds) if self._seconds else 0.0

    def tasks_before(self, task: Task) -> int:
        """Return how many unfinished tasks were submitted before this one."""
        for index, task_id in enumerate(self._unfinished):
            if task_id == task.id:
                return index
        return 0

    def wait_seconds(self, tasks: int) -> float:
        """Estimate how long a task takes to end that has so many tasks before it."""
        rounds = tasks / self._settings.workers + 1
        return 2 * self._latency + rounds * self.average_seconds

    async def work(self) -> None:
        """Hand tasks to simulators, for as long as the service lives."""
        while True:
            while not self._waiting:
                self._arrival.clear()
                await self._arrival.wait()
            task, seen_until = self._waiting[0]
            await _sleep_until(seen_until)
            if task.state == State.SUBMITTED:
                await self._start(task)
            self._waiting.popleft()

    async def _start(self, task: Task) -> None:
        try:
            simulator = await self._pool.acquire()
        except WorkerError as error:
            self._keep(self._end(task, failure(500, str(error)), _now()))
            return
        if task.state != State.SUBMITTED:  # cancelled meanwhile
            simulator.release()
            return
        task.move(State.RUNNING, "SERVER_DEQUEUED")
        self._simulating[task.id] = simulator
        self._keep(self._run(task, simulator))

    async def _run(self, task: Task, simulator: Simulator | Place) -> None:
        seen_until = _now() + self._latency
        task.note("RECEIVER_STARTED")
        if self._faults.strike(WorkerCrash):
            simulator.kill()
        outcome = await simulator.run(self._request(task))
        task.note("RECEIVER_FINISHED")
        del self._simulating[task.id]
        if outcome.error is None:
            self._seconds.append(outcome.seconds)
        await self._end(task, outcome, seen_until)

    async def _end(self, task: Task, outcome: Outcome, not_before: float) -> None:
        await _sleep_until(not_before)
        await task.first_in_line.wait()
        if task.state != State.CANCELLED:
            task.outcome = outcome
            task.move(State.FAILED if outcome.error else State.COMPLETED, "SERVER_FINISHED")
            self._leave(task)

    def _request(self, task: Task) -> dict[str, Any]:
        submission = task.submission
        assert submission is not None
        return {
            "program": submission.program,
            "shots": submission.shots,
            "results_format": submission.results_format,
            "seed": task.seed,
            "qpu_id": self.qpu.id,
            "qubits": self._faults.qubits_of(self.qpu),
            "profile": self._settings.profile,
        }

    def _leave(self, task: Task) -> None:
        self._unfinished.pop(task.id, None)
        self._let_first_end()
        self._ended(task)

    def _let_first_end(self) -> None:
        first = next(iter(self._unfinished.values()), None)
        if first is not None:
            first.first_in_line.set()

    def _keep(self, run: Coroutine[Any, Any, None]) -> None:
        # The event loop itself holds tasks by weak references only.
        running = asyncio.create_task(run)
        self._runs.add(running)
        running.add_done_callback(self._runs.discard)

    def _seed(self, ordinal: int) -> int:
        """Return the seed of the n-th submission to this QPU."""
        if self._settings.seed is None:
            return secrets.randbits(_SEED_BITS)
        text = f"{self._settings.seed} {self.qpu.id} {ordinal}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> (32 - _SEED_BITS)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _sleep_until(when: float) -> None:
    await asyncio.sleep(max(0.0, when - _now()))
