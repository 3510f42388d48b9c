"""The children of a composite, as its panel shows them; a job has none."""

from __future__ import annotations

from collections.abc import Iterable

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.static.tally import Tally
from oqc_notebook.widgets.facts import Facts, row_of
from oqc_notebook.widgets.surroundings import cost_of


class Children:
    """The rows of a composite's children, and what the children come to together.

    Changes are taken over child by child: what one costs does not grow with their number.

    Attributes
    ----------
    jobs : list of Job
        The children that were taken over last.
    tally : Tally
        What they come to together.
    """

    def __init__(self, runnable: Job | CompositeJob) -> None:
        self._runnable = runnable
        self._places: dict[Job, list[int]] = {}
        self.jobs: list[Job] = []
        self.tally = Tally()
        #: For which failures the cost was estimated last.
        self._priced = (0, 0)
        self._rerun_cost: Facts | None = None

    @property
    def are_others(self) -> bool:
        """Whether children were added, removed or changed places since they were taken over."""
        return self._listed() != self.jobs

    def take(self, changed: Iterable[Job]) -> dict[int, Facts]:
        """Take over which children there are and how some of them stand.

        Parameters
        ----------
        changed
            Those that changed; the ones that are in another place count as changed.

        Returns
        -------
        dict of int to dict
            The rows of those that changed, by place.
        """
        places = set(self._take_list()) if self.are_others else set()
        places.update(place for job in changed for place in self.places(job))
        rows = {}
        for place in sorted(places):
            job = self.jobs[place]
            with MOMENT:
                self.tally.put(place, job)
                rows[place] = row_of(place, job)
        return rows

    def places(self, job: Job | CompositeJob) -> list[int]:
        """Give the places of a job among the children; a job may have several."""
        return self._places.get(job, []) if isinstance(job, Job) else []

    def to_run_again(self, seen: int) -> list[Job]:
        """Give the children to run again because they failed, and still stand as they did.

        Parameters
        ----------
        seen
            The tally's ``failures`` up to which they shall have failed.
        """
        failed = ((self.jobs[place], run) for place, run in self.tally.to_run_again(seen))
        return [job for job, run in failed if job._run is run and job._failed_run]

    def rerun_cost(self) -> Facts | None:
        """Give what running the failed children again costs, where a QPU has a price."""
        failures = (self.tally.failures, self.tally.number("to run again"))
        if failures != self._priced:
            self._priced = failures
            self._rerun_cost = cost_of(self.to_run_again(self.tally.failures))
        return self._rerun_cost

    def _listed(self) -> list[Job]:
        runnable = self._runnable
        return runnable.jobs if isinstance(runnable, CompositeJob) else []

    def _take_list(self) -> range:
        """Take over which children there are; give the places that are others than before."""
        now = list(self._listed())
        pairs = enumerate(zip(self.jobs, now, strict=False))
        first = next(
            (i for i, (old, new) in pairs if old is not new), min(len(self.jobs), len(now))
        )
        for job in set(self.jobs[first:]):
            before = [place for place in self._places.pop(job) if place < first]
            if before:
                self._places[job] = before
        for place in range(first, len(now)):
            self._places.setdefault(now[place], []).append(place)
        self.tally.cut(first)
        self.jobs = now
        return range(first, len(now))
