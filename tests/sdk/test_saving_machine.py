"""A save writes what a job holds, whatever was done with it, and kept of it, before."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

from compiler_config.config import CompilerConfig
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.errors import ServerError, SnapshotError
from oqc_notebook.sdk.outputs import JobOutput
from oqc_notebook.sdk.persistence import file_content
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy
from oqc_notebook.sdk.sealing import KeptText
from oqc_notebook.sdk.snapshot_text import write_down
from tests.sdk.test_snapshots import answered, from_file, new_job, submitted

#: Some of them are equal and written in different ways; the last one cannot be written.
VALUES = [1, 1.0, True, 0.0, -0.0, float("nan"), None, [1], {"1": 1}, (1,)]
READABLE = ["data", "timings", "metadata"] * 3 + ["compiler_config", "state_times"]
TIMINGS = [None, {"a": 1}, {"a": [True]}]
GIVEN_TO_OUTPUTS: dict[str, Any] = {"data": VALUES, "timings": TIMINGS, "program": ["a", "c"]}
GIVEN_TO_JOBS: dict[str, Any] = {
    "program": ["a", "b"],
    "label": [None, "", "l"],
    "cancel_requested": [False, True, 1],
    "config": [None, CompilerConfig(repeats=5), CompilerConfig(repeats=6)],
    "timings": TIMINGS,
}


def written_from_nothing(job: Job) -> bytes:
    """Write a job as if nothing had been kept of it, and leave it as it is."""
    twins: dict[int, Any] = {id(None): None}

    def twin(output: JobOutput | None) -> Any:
        if id(output) not in twins:
            twins[id(output)] = object.__new__(type(output))
            opened = {"_sealed": False, "_kept": None, "_fingerprints": ()}
            vars(twins[id(output)]).update(vars(output) | opened)
        return twins[id(output)]

    other = copy.copy(job)
    history = JobOutputProxy([twin(output) for output in job.history], job.history.attr_policy)
    vars(other).update(_kept=KeptText(), _kept_whole=KeptText(), _history=history)
    vars(other).update(_output=twin(job._output), _error=twin(job._error))
    return file_content(other)


def outcome(write: Callable[[Any], bytes], of: Any) -> bytes | str:
    """What is written, or why it cannot be."""
    try:
        return write(of)
    except SnapshotError as exc:
        return str(exc)


def places_in(value: Any) -> Iterator[Any]:
    """Whatever can be changed in place within a value."""
    if isinstance(value, CompilerConfig | dict | list):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from places_in(item)


def step(act: Callable[[Saving, Any], None]) -> Any:
    """Do something, and save the jobs then, or not yet."""

    @rule(pick=st.data(), saves=st.integers(0, 2))
    @functools.wraps(act)
    def act_and_save(self: Saving, pick: Any, saves: int) -> None:
        act(self, lambda *among: pick.draw(st.sampled_from(among)))
        for _ in range(saves):
            self.check()

    return act_and_save


class Saving(RuleBasedStateMachine):
    """Two jobs, whose parts somebody reads, changes, copies and saves in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs = [new_job(fetch_diagnostics=True), new_job("b", config=CompilerConfig())]
        #: Everything that was read of a job, or given to it.
        self.held: list[Any] = []
        for job in self.jobs * 2:
            self.run(job, 1)

    def check(self) -> None:
        for job in self.jobs:
            assert outcome(file_content, job) == outcome(written_from_nothing, job)
        outcome(file_content, CompositeJob(self.jobs))

    def output(self, pick: Any) -> Any:
        return pick(*(output for job in self.jobs for output in job.history))

    def change(self, pick: Any, held: list[Any]) -> None:
        place = pick({}, *(place for value in held for place in places_in(value)))
        if isinstance(place, CompilerConfig):
            place.repeats = pick(5, 6)
        elif isinstance(place, dict):
            key = pick("0", "1", "a")
            place[key] = pick(place.pop(key, 2), *copy.deepcopy(VALUES))  # at the end
        else:
            place[:] = [pick(*copy.deepcopy(VALUES))]

    def give(self, pick: Any, to: Any, values: dict[str, Any]) -> None:
        name = pick(*values)
        if name in vars(to):
            self.held.append(copy.deepcopy(pick(*values[name])))
            setattr(to, name, self.held[-1])

    def run(self, job: Job, value: Any) -> None:
        answer = {"results": {"c": {"0": 1, "1": value}}, "timings": {"a": [1]}, "metadata": {}}
        answered(submitted(job), "COMPLETED", **answer)

    @step
    def a_run_completes(self, pick: Any) -> None:
        job = pick(*self.jobs)
        self.run(job, copy.deepcopy(pick(*VALUES[:-1])))
        if pick(False, True):
            write_down(job, job.history.last)

    @step
    def a_run_does_not_complete(self, pick: Any) -> None:
        answered(submitted(pick(*self.jobs)), pick("RUNNING", "FAILED", "EXPIRED", "CANCELLED"))

    @step
    def a_look_is_refused(self, pick: Any) -> None:
        job = pick(*self.jobs)
        if job._run:
            job._look_refused(job._run, ServerError("no", pick(401, 404)))

    @step
    def an_output_is_read(self, pick: Any) -> None:
        self.held.append(getattr(self.output(pick), pick(*READABLE), None))
        if pick(False, True):
            self.check()
            self.change(pick, self.held[-1:])

    @step
    def what_somebody_holds_is_changed(self, pick: Any) -> None:
        self.change(pick, self.held)

    @step
    def an_output_is_given_something(self, pick: Any) -> None:
        self.give(pick, self.output(pick), GIVEN_TO_OUTPUTS)

    @step
    def a_job_is_given_something(self, pick: Any) -> None:
        self.give(pick, pick(*self.jobs), GIVEN_TO_JOBS)

    @step
    def a_job_takes_over_the_inputs_of_an_output(self, pick: Any) -> None:
        pick(*self.jobs).reconfigure(self.output(pick))

    @step
    def an_output_is_put_into_a_history(self, pick: Any) -> None:
        output, history = self.output(pick), pick(*self.jobs).history
        history._items.insert(pick(0, len(history)), pick(copy.copy, lambda output: output)(output))

    @step
    def a_history_is_turned_round(self, pick: Any) -> None:
        history = pick(*self.jobs).history
        history._items.reverse()
        history.attr_policy = pick(*AttrPolicy)

    @step
    def a_job_is_loaded(self, pick: Any) -> None:
        which = pick(0, 1)
        if isinstance(outcome(file_content, self.jobs[which]), bytes):
            self.jobs[which] = from_file(self.jobs[which])


Saving.TestCase.settings = settings(max_examples=120, stateful_step_count=12, deadline=None)
TestSaving = Saving.TestCase
