"""What the children of a composite come to together, kept up to date child by child."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from oqc_notebook.sdk import CompositeJob, Job, JobState
from oqc_notebook.sdk.frames import is_simulated
from oqc_notebook.sdk.states import ENDED, overall

#: The order in which tallies and progress bars name the states.
STATE_ORDER = (
    "COMPLETED",
    "RUNNING",
    "SUBMITTED",
    "CREATED",
    "UNKNOWN",
    "CANCELLED",
    "FAILED",
)


class Standing(NamedTuple):
    """How a child stands, as far as its composite is concerned."""

    state: JobState
    qpu: str
    #: What can be said of it, of the words of :meth:`Tally.number`.
    marks: tuple[str, ...]
    began: datetime | None
    ended: datetime | None
    #: Which run and which output these are, to tell them from those of another run.
    run: object
    output: object


class Tally:
    """Sums over the children of a composite.

    Taking over how one child stands costs the same whatever the number of children,
    so that a panel of many can follow each change.

    Attributes
    ----------
    results : int
        Grows each time that a child has another result or none any more.
    failures : int
        Grows each time that a run of a child ends in a way that calls for another try.
    """

    def __init__(self) -> None:
        self.results = 0
        self.failures = 0
        self._standings: list[Standing] = []
        self._states: Counter[JobState] = Counter()
        self._qpus: Counter[str] = Counter()
        self._marks: Counter[str] = Counter()
        #: By a child to run again: which failure it was.
        self._failed: dict[int, int] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._times_are_known = True

    def __len__(self) -> int:
        return len(self._standings)

    def put(self, index: int, job: Job) -> None:
        """Take over how a child stands; its index is at most the number of those known."""
        new = standing_of(job)
        old = None
        if index == len(self._standings):
            self._standings.append(new)
        else:
            old = self._standings[index]
            self._standings[index] = new
            self._count(old, -1)
        self._count(new, 1)
        if new.output is not (None if old is None else old.output):
            self.results += 1
        self._note_failure(index, new, old)

    def cut(self, children: int) -> None:
        """Forget the children from an index on."""
        for index in range(children, len(self._standings)):
            self._count(self._standings[index], -1)
            self._failed.pop(index, None)
            self.results += 1
        del self._standings[children:]

    def number(self, mark: str) -> int:
        """Tell how many children are, by a word.

        "simulated", "in flight", "held" (in flight, so that no other run can begin),
        "cancellable", "submitted" (some task of theirs is known), "to run again" (their
        latest run failed or was cancelled).
        """
        return self._marks[mark]

    def to_run_again(self, seen: int) -> list[tuple[int, object]]:
        """Give the children to run again, as index and run.

        Parameters
        ----------
        seen
            The value of ``failures`` up to which they shall have failed.
        """
        failed = sorted(index for index, number in self._failed.items() if number <= seen)
        return [(index, self._standings[index].run) for index in failed]

    @property
    def state(self) -> JobState:
        """Where the children stand together."""
        return overall([state for state, number in self._states.items() if number])

    @property
    def ended(self) -> bool:
        """Whether the latest run of every child has ended."""
        return bool(self) and sum(self._states[state] for state in ENDED) == len(self)

    @property
    def states(self) -> dict[str, int]:
        """How many children are in which state."""
        return {state: n for state in STATE_ORDER if (n := self._states[JobState(state)])}

    @property
    def qpus(self) -> list[str]:
        """The QPUs' names, each once."""
        return [qpu for qpu, number in self._qpus.items() if number]

    @property
    def first_begun(self) -> datetime | None:
        """When the first of the children's latest runs began."""
        self._find_times()
        return self._first

    @property
    def last_begun(self) -> datetime | None:
        """When the last of the children's latest runs began."""
        self._find_times()
        return self._last

    @property
    def last_ended(self) -> datetime | None:
        """When the last of them ended, once all have ended."""
        if not self.ended:
            return None
        return max((s.ended for s in self._standings if s.ended is not None), default=None)

    def _count(self, standing: Standing, by: int) -> None:
        self._states[standing.state] += by
        self._qpus[standing.qpu] += by
        for mark in standing.marks:
            self._marks[mark] += by
        began = standing.began
        if began is None or not self._times_are_known:
            return
        if by < 0:  # only where an extreme goes, all must be looked at
            self._times_are_known = began not in (self._first, self._last)
        else:
            self._first = began if self._first is None else min(self._first, began)
            self._last = began if self._last is None else max(self._last, began)

    def _find_times(self) -> None:
        if not self._times_are_known:
            times = [s.began for s in self._standings if s.began is not None]
            self._first, self._last = min(times, default=None), max(times, default=None)
            self._times_are_known = True

    def _note_failure(self, index: int, new: Standing, old: Standing | None) -> None:
        if "to run again" not in new.marks:
            self._failed.pop(index, None)
        elif index not in self._failed or old is None or old.run is not new.run:
            self.failures += 1
            self._failed[index] = self.failures


def tally_of(composite: CompositeJob) -> Tally:
    """Tally all children of a composite."""
    tally = Tally()
    for index, job in enumerate(composite.jobs):
        tally.put(index, job)
    return tally


def standing_of(job: Job) -> Standing:
    """Give how a child stands."""
    times = {} if job._run is None else job._run.state_times
    in_flight = job.in_flight
    marks = [
        mark
        for mark, holds in (
            ("simulated", is_simulated(job.qpu_id)),
            ("in flight", in_flight),
            ("held", in_flight and not job._gone),
            ("cancellable", in_flight and not job.cancel_requested),
            ("submitted", job.task_id is not None),
            ("to run again", job._failed_run),
        )
        if holds
    ]
    return Standing(
        job.state,
        qpu_name(job),
        tuple(marks),
        times.get("CREATED"),
        end_of(times),
        job._run,
        job._output,
    )


def qpu_name(job: Job) -> str:
    """Give the name of a job's QPU, or its id where the name is not known."""
    return job.qpu_id if job._client is None else job._client.qpu_name(job.qpu_id)


def end_of(times: dict[str, datetime]) -> datetime | None:
    """Give the time at which a run ended, of the times of its states."""
    ends = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
    return next((times[state.value] for state in ends if state.value in times), None)
