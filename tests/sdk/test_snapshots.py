"""Jobs come back from snapshots and files exactly as they were."""

from __future__ import annotations

import json
import uuid
import warnings
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler_config.config import (
    CompilerConfig,
    Qasm2Optimizations,
    QuantumResultsFormat,
)
from compiler_config.experimental.erado.config import EradoConfig
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from oqc_notebook.sdk import (
    CompositeJob,
    CompositeJobSnapshot,
    ExperimentalConfig,
    Job,
    JobSnapshot,
    JobState,
    OqcSdk,
)
from oqc_notebook.sdk.errors import ServerError, SnapshotError, StaleResultWarning
from oqc_notebook.sdk.job_snapshot import JobErrorSnapshot, JobResultSnapshot
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.persistence import file_content, load_file
from oqc_notebook.sdk.proxy import AttrPolicy
from tests.sdk.test_configs import configs, described

SDK = OqcSdk("https://example.com")
COUNTS = {"c": {"00": 512, "11": 488}}


# ---- jobs, and everything about them ----


def new_job(program: str = "a", **inputs: Any) -> Job:
    job = SDK.create_job(program=program, qpu_id=inputs.pop("qpu_id", "q"), **inputs)
    assert isinstance(job, Job)
    return job


def submitted(job: Job) -> Job:
    """Go through a submission as a session does."""
    job._begin_run({})
    job._reserved(uuid.uuid4())
    job._submitted()
    return job


def answered(job: Job, status: str, **answer: Any) -> Job:
    """Take over an answer of the server about the latest run."""
    assert job._run is not None
    job._take_over(job._run, {"status": status} | answer)
    return job


def ran(job: Job, results: Any = None, **answer: Any) -> Job:
    return answered(submitted(job), "COMPLETED", results=results or COUNTS, **answer)


def failed(job: Job) -> Job:
    error = {"error_code": 420, "error_message": "no such gate"}
    return answered(submitted(job), "FAILED", task_error=error)


def with_data(data: Any) -> Job:
    job = ran(new_job())
    job.history.last.data = data
    return job


def facts(job: Any) -> Any:
    """Everything that a job or composite says of itself, exactly."""
    if isinstance(job, CompositeJob):
        assert len(job) == len(job.jobs)
        return {
            "jobs": [facts(child) for child in job.jobs],
            "outputs": [output_facts(output) for output in job.outputs],
            "attr_policy": job.outputs.attr_policy,
            "state": job.state,
        }
    with warnings.catch_warnings(action="ignore"):
        result = job.result
    return {
        "inputs": (job.program, job.qpu_id, described(job.config), job.tag, job.hybrid_marker),
        "label": job.label,
        "task_id": job.task_id,
        "state": (job.state, job.status, job.ended, job.completed, job.cancel_requested),
        "diagnostics": repr((job.timings, job.metrics, job.metadata)),
        "policies": (job.history.attr_policy, job._raise_on_error, job._fetch_diagnostics),
        "result": output_facts(result),
        "error": output_facts(job.error),
        "history": [output_facts(output) for output in job.history],
        "outputs": [output_facts(output) for output in job.outputs],
        # which outputs are one and the same object decides what a later look changes
        "same": [
            [output is other for other in (job._output, job._error)] for output in job.history
        ],
        "recorded": job._recorded,
        "run": job._run
        and (
            job._run.program,
            job._run.qpu_id,
            described(job._run.config),
            job._run.state_times,
        ),
        "state_times": job.state_times,
        "owner": all(output.job is job for output in (*job.history, *job.outputs)),
    }


def output_facts(output: JobOutput | None) -> Any:
    if output is None:
        return None
    shared = (
        output.program,
        output.qpu_id,
        output.task_id,
        described(output.compiler_config),
        output.received,
        output.received and output.received.utcoffset(),
        repr((output.timings, output.metrics, output.metadata)),
        output.state_times,
    )
    if isinstance(output, JobError):
        return (*shared, repr((output.error_code, output.error_message)), bool(output))
    assert isinstance(output, JobResult)
    return (*shared, repr(output.data))


def from_file(job: Job | CompositeJob) -> Any:
    return load_file(file_content(job), "job.json", SDK)


def from_model(job: Job | CompositeJob) -> Any:
    return SDK.from_snapshot(job.to_snapshot())


def from_models_json(job: Job | CompositeJob) -> Any:
    model = job.to_snapshot()
    again = type(model).model_validate_json(model.model_dump_json())
    assert again == model
    return SDK.from_snapshot(again)


WAYS = [from_file, from_model, from_models_json]


def check(job: Job | CompositeJob) -> None:
    """Check that a job comes back the same every way, and that saving says it the same."""
    before = facts(job)
    for way in WAYS:
        assert facts(way(job)) == before
    content = file_content(job)
    assert file_content(job) == content
    assert file_content(from_file(job)) == content
    assert facts(job) == before


# ---- results ----

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
@settings(max_examples=200)
def test_every_result_comes_back_exactly(data: Any) -> None:
    check(with_data(data))


@pytest.mark.parametrize(
    "data",
    [
        COUNTS,
        {},
        {"c": {}},
        {"c": [[1.0, -1.0, 0.99998], [-1.0, 0.5, 1e-300]]},
        {"c": [0, 1]},
        {"c": "01"},
        [0.1, 0.2],
        [],
        "01",
        "",
        0,
        1.5,
        True,
        None,
        {"c": None, "d": [None, {"e": None}]},
        float("nan"),
        {"c": [float("nan"), float("inf"), {"x": [float("-inf"), None]}]},
        {"": {"": float("nan")}, "a.b": [[float("nan")]], "0": [float("inf")]},
        {"big": 2**64, "bigger": -(10**300), "float": 1e16, "zero": -0.0},
        {"θ": "\x00\u2028😀", "data": {"data": float("nan")}},
    ],
    ids=lambda data: repr(data)[:30],
)
def test_results_of_every_format_come_back_exactly(data: Any) -> None:
    check(with_data(data))


def test_a_result_that_is_no_dict_is_an_empty_dict_for_the_published_sdk() -> None:
    document = json.loads(file_content(with_data([0, 1])))
    assert document["result"]["data"] == document["history"][0]["data"] == {}
    assert document["result"]["oqc_notebook"]["instead"] == {"data": [0, 1]}


def test_nan_and_infinities_are_null_for_the_published_sdk() -> None:
    job = with_data({"c": [1.5, float("nan"), float("-inf")]})
    assert json.loads(file_content(job))["result"]["data"] == {"c": [1.5, None, None]}
    assert json.loads(job.to_snapshot().model_dump_json())["result"]["data"] == {
        "c": [1.5, None, None]
    }


class Colour(IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "odd",
    [
        b"00",
        (0, 1),
        {0, 1},
        frozenset("a"),
        {0: 1},
        {None: 1},
        {"a": 1, ("b",): 2},
        {Text("a"): 1},
        1 + 2j,
        Decimal("0.5"),
        datetime.now(UTC),
        uuid.uuid4(),
        np.float64(0.5),
        np.int64(5),
        np.bool_(True),
        np.str_("01"),
        np.zeros(2),
        Colour.RED,
        Text("a"),
        object(),
    ],
    ids=lambda odd: type(odd).__name__,
)
@pytest.mark.parametrize("nest", [lambda x: x, lambda x: {"c": [0, {"d": x}]}, lambda x: [x]])
def test_what_json_cannot_hold_is_refused_by_name_and_never_changed(
    odd: Any, nest: Callable[[Any], Any]
) -> None:
    composite = CompositeJob([ran(new_job()), ran(ran(new_job()))])
    composite.jobs[1].history.first.data = nest(odd)
    for save in (CompositeJob.to_snapshot, file_content):
        with pytest.raises(SnapshotError, match=r"jobs\[1\]\.history\[0\]\.data"):
            save(composite)


def test_the_place_of_what_is_refused_is_spelled_out() -> None:
    with pytest.raises(SnapshotError, match=r"^result\.data\['c'\]\[3\] is a builtins\.tuple"):
        file_content(with_data({"c": [1, 2, 3, (4,)]}))
    with pytest.raises(SnapshotError, match=r"^result\.data\['c'\] has the key 0;"):
        file_content(with_data({"c": {0: 1}}))


def test_a_result_that_contains_itself_is_refused() -> None:
    data: list[Any] = []
    data.append(data)
    with pytest.raises(SnapshotError, match="deep"):
        file_content(with_data(data))


def test_what_can_be_saved_is_not_too_deep_to_be_loaded() -> None:
    data: Any = None
    for _ in range(127):
        data = {"a": data}
    composite = CompositeJob([with_data(data), with_data([data]), with_data({"a": data})])
    check(CompositeJob(composite.jobs[:2]))
    with pytest.raises(SnapshotError, match="128 levels"):
        file_content(with_data({"b": {"a": data}}))


@pytest.mark.parametrize("name", ["program", "qpu_id", "tag", "label", "result", "key"])
def test_a_text_that_is_not_unicode_is_refused_by_name(name: str, tmp_path: Path) -> None:
    job = ran(new_job())
    place = name
    if name == "result":
        job.history.last.data = {"c": ["\ud800"]}
        place = r"^result\.data\['c'\]\[0\] is not valid Unicode"
    elif name == "key":
        job.history.last.data = {"\udfff": 1}
        place = r"^result\.data\['\\udfff'\] is not valid Unicode"
    else:
        setattr(job, name, "a\ud800")
    with pytest.raises(ValueError, match=place):
        job.save(tmp_path / "job.json")
    assert not (tmp_path / "job.json").exists()


@pytest.mark.parametrize("nest", [lambda x: {"c": [x]}, lambda x: {"c": [1, x]}])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_with_too_many_digits_is_refused_by_name(
    nest: Callable[[int], Any], sign: int
) -> None:
    check(with_data(nest(sign * (10**4299 - 1))))
    with pytest.raises(SnapshotError, match=r"result\.data\['c'\]\[\d\] .* digits"):
        file_content(with_data(nest(sign * 10**4300)))


# ---- configurations ----


@given(configs, configs)
@settings(max_examples=80)
def test_each_run_comes_back_with_its_own_configuration(one: Any, other: Any) -> None:
    job = new_job(config=one)
    ran(job)
    job.reconfigure(config=other)
    failed(job)
    job.reconfigure(config=None)
    ran(job)
    job.reconfigure(config=one, program="b", qpu_id="r")
    check(job)
    assert described(job.history[0].compiler_config) == described(one)
    assert described(job.history[1].compiler_config) == described(other)
    assert job.history[2].compiler_config is None


class Custom(CompilerConfig):  # type: ignore[misc]
    def __init__(self, **settings_: Any) -> None:
        super().__init__(**settings_)
        self.style = {"level": [1, 2]}


@pytest.mark.parametrize(
    "config",
    [
        CompilerConfig(repeats=5, results_format=QuantumResultsFormat().raw()),
        Custom(repeats=7, optimizations=Qasm2Optimizations()),
        EradoConfig(repeats=3),
        ExperimentalConfig(noise=True, noise_model={"p": 0.1}, bond_dimension=4),
    ],
    ids=lambda config: type(config).__name__,
)
def test_a_run_without_a_configuration_in_a_job_with_one_stays_without(config: Any) -> None:
    job = ran(new_job())
    job.reconfigure(config=config)
    check(job)
    assert json.loads(file_content(job))["history"][0]["config_json"] is None
    job.reconfigure(config=None)
    ran(job.reconfigure(config=config)).reconfigure(config=None)
    check(job)


def test_what_a_run_shares_with_its_job_is_written_once() -> None:
    job = new_job("long program", config=CompilerConfig(repeats=5))
    for _ in range(5):
        ran(job)
    assert file_content(job).count(b"long program") == 1
    document = json.loads(file_content(job))
    shared = {"program", "qpu_id", "config_json", "config_type"}
    assert all(not shared & output.keys() for output in document["history"])
    job.reconfigure(qpu_id="r")
    document = json.loads(file_content(job))
    assert [output.keys() & shared for output in document["history"]] == [{"qpu_id"}] * 5
    check(job)


def test_the_model_has_what_the_file_leaves_out() -> None:
    job = ran(new_job("long program", config=CompilerConfig(repeats=5)))
    for model in (job.to_snapshot(), JobSnapshot.model_validate_json(file_content(job))):
        for output in (model.result, *model.history):
            assert output is not None
            assert (output.program, output.qpu_id) == ("long program", "q")
            assert output.config_json == model.config_json is not None
            assert output.config_type == "CompilerConfig"
        assert model.model_dump_json().count("long program") == 3


def test_a_published_entry_without_a_type_takes_no_other_configurations_type() -> None:
    config = CompilerConfig(repeats=5).to_json()
    model = JobSnapshot(
        program="a",
        qpu_id="q",
        config_json=EradoConfig().to_json(),
        config_type="EradoConfig",
        history=[JobResultSnapshot(config_json=config)],
    )
    assert model.history[0].config_type is None
    job = SDK.from_snapshot(model)
    assert isinstance(job.history.last.compiler_config, CompilerConfig)


def test_a_run_in_flight_keeps_its_inputs_when_the_job_is_changed() -> None:
    job = submitted(new_job(config=CompilerConfig(repeats=5)))
    job.program, job.qpu_id, job.config = "b", "r", None
    check(job)
    restored = answered(from_file(job), "COMPLETED", results=COUNTS)
    output = restored.history.last
    assert (output.program, output.qpu_id, output.compiler_config.repeats) == ("a", "q", 5)
    assert (restored.program, restored.qpu_id, restored.config) == ("b", "r", None)


# ---- fields ----


@given(
    program=st.text(),
    qpu_id=st.text(),
    tag=st.none() | st.text(),
    hybrid_marker=st.none() | st.text(),
    label=st.none() | st.text(),
    fetch_diagnostics=st.booleans(),
    diagnostics=st.tuples(*[st.none() | st.dictionaries(st.text(), json_values, max_size=3)] * 6),
)
@settings(max_examples=60)
def test_every_field_comes_back(
    program: str,
    qpu_id: str,
    tag: str | None,
    hybrid_marker: str | None,
    label: str | None,
    fetch_diagnostics: bool,
    diagnostics: tuple[Any, ...],
) -> None:
    job = ran(new_job(program, qpu_id=qpu_id, fetch_diagnostics=fetch_diagnostics))
    job.tag, job.hybrid_marker, job.label = tag, hybrid_marker, label
    job.timings, job.metrics, job.metadata = diagnostics[:3]
    output = job.history.last
    output.timings, output.metrics, output.metadata = diagnostics[3:]
    check(job)


def test_empty_diagnostics_are_not_missing_ones() -> None:
    job = ran(new_job(fetch_diagnostics=True), metadata={}, timings=None)
    assert (job.metadata, job.timings) == ({}, None)
    check(job)


@pytest.mark.parametrize("odd", [[1, 2], "text", 5, float("nan"), []])
def test_diagnostics_that_are_no_dicts_come_back(odd: Any) -> None:
    job = ran(new_job())
    job.timings = job.history.last.metrics = odd
    check(job)


@pytest.mark.parametrize("code", [None, 0, -1, 404, "E42", 4.5, True, 2**70, [1], {"a": "b"}])
def test_every_error_code_comes_back(code: Any) -> None:
    job = failed(new_job())
    job.error.error_code = code  # type: ignore[union-attr]
    check(job)
    plain = json.loads(file_content(job))["error"]["error_code"]
    assert plain == (code if code is None or type(code) is int else -1)


@pytest.mark.parametrize("message", [None, "", "no such gate", {"detail": "x"}, ["a"]])
def test_every_error_message_comes_back(message: Any) -> None:
    job = failed(new_job())
    job.error.error_message = message  # type: ignore[union-attr]
    check(job)


class Qpu(StrEnum):
    LUCY = "qpu:uk:2"


def test_texts_of_a_subclass_of_text_come_back_as_texts() -> None:
    job = new_job(np.str_("a"), qpu_id=Qpu.LUCY)
    restored = from_file(job)
    assert (type(restored.program), restored.program) == (str, "a")
    assert (type(restored.qpu_id), restored.qpu_id) == (str, "qpu:uk:2")


@pytest.mark.parametrize(
    ("name", "value"),
    [("program", b"qir"), ("qpu_id", 5), ("tag", 5), ("label", ["a"]), ("task_id", "five")],
)
def test_a_field_of_another_type_is_refused_by_name(name: str, value: Any) -> None:
    job = ran(new_job())
    setattr(job, name, value)
    for save in (Job.to_snapshot, file_content):
        with pytest.raises(SnapshotError, match=name):
            save(job)


def test_a_task_id_that_is_text_comes_back_as_a_uuid() -> None:
    job = Job("a", "q")
    task_id = uuid.uuid4()
    job.task_id = str(task_id)  # type: ignore[assignment]
    assert from_file(job).task_id == task_id


# ---- times ----


def with_received(received: Any) -> Job:
    job = ran(new_job())
    job.history.last.received = received
    return job


@given(st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.none())
def test_times_in_utc_without_a_zone_and_missing_ones_stay_so(received: datetime | None) -> None:
    check(with_received(received))


@pytest.mark.parametrize(
    "zone",
    [timezone(timedelta(hours=5, minutes=30)), zoneinfo.ZoneInfo("Europe/Amsterdam")],
)
@pytest.mark.parametrize("year", [1880, 2026])
def test_times_of_another_zone_come_back_as_the_same_moment_in_utc(zone: Any, year: int) -> None:
    received = datetime(year, 3, 1, 12, 0, 0, 123456, tzinfo=zone)
    for way in WAYS:
        restored = way(with_received(received)).history.last.received
        assert restored == received
        assert restored.tzinfo is UTC


def test_times_at_the_ends_of_the_calendar_come_back() -> None:
    for received in (
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ):
        assert from_file(with_received(received)).history.last.received == received


def test_what_is_no_time_is_refused_by_name() -> None:
    with pytest.raises(SnapshotError, match=r"result\.received"):
        file_content(with_received("yesterday"))


def test_when_each_state_was_reached_comes_back() -> None:
    job = ran(ran(new_job()))
    assert list(job.state_times) == ["CREATED", "SUBMITTED", "COMPLETED"]
    check(job)


# ---- states ----


def every_state() -> dict[str, Job]:
    refused = new_job()
    refused._begin_run({})
    refused._refused(ServerError("no such QPU", 404))
    reserved, lost = ran(new_job()), ran(new_job())
    for job in (reserved, lost):
        job._begin_run({})
        job._reserved(uuid.uuid4())
    lost._not_submitted(ConnectionError("no answer"))
    purged = submitted(ran(new_job()))
    purged._look_refused(purged._run, ServerError("no such task", 404))  # type: ignore[arg-type]
    forbidden = submitted(new_job())
    forbidden._look_refused(forbidden._run, ServerError("no", 403))  # type: ignore[arg-type]
    failed_then_purged = failed(new_job())
    failed_then_purged._look_refused(failed_then_purged._run, ServerError("no such task", 404))  # type: ignore[arg-type]
    completed_then_purged = ran(new_job())
    completed_then_purged._look_refused(
        completed_then_purged._run,  # type: ignore[arg-type]
        ServerError("no such task", 404),
    )
    cancelling = submitted(new_job())
    cancelling._cancel_asked()
    beginning = new_job()
    beginning._begin_run({})
    return {
        "created": new_job(),
        "beginning": beginning,
        "reserved": reserved,
        "lost": lost,
        "submitted": submitted(new_job()),
        "running": answered(submitted(new_job()), "RUNNING"),
        "completed": ran(new_job()),
        "failed": failed(new_job()),
        "cancelled": answered(submitted(new_job()), "CANCELLED"),
        "cancelling": cancelling,
        "expired": answered(submitted(new_job()), "EXPIRED"),
        "queued": answered(submitted(new_job()), "QUEUED"),
        "lower case": answered(submitted(new_job()), "completed", results=COUNTS),
        "done": answered(submitted(new_job()), "DONE", results=COUNTS),
        "paused": answered(submitted(new_job()), "PAUSED"),
        "null": answered(submitted(new_job()), None),  # type: ignore[arg-type]
        "unknown": answered(submitted(new_job()), "UNKNOWN"),
        "without results": answered(submitted(new_job()), "COMPLETED"),
        "refused": refused,
        "purged": purged,
        "forbidden": forbidden,
        "failed, then purged": failed_then_purged,
        "completed, then purged": completed_then_purged,
        "run twice": ran(ran(new_job())),
        "failed after a good run": failed(ran(new_job())),
        "good after a failed run": ran(failed(new_job())),
        "submitted after a good run": submitted(ran(new_job())),
        "submitted after a failed run": submitted(failed(new_job())),
        "reconfigured": ran(new_job()).reconfigure(program="b"),
        "reconfigured after a failure": failed(new_job()).reconfigure(program="b"),
        "expired after a good run": answered(submitted(ran(new_job())), "EXPIRED"),
    }


@pytest.mark.parametrize("name", every_state())
def test_a_job_in_every_state_comes_back(name: str) -> None:
    check(every_state()[name])


def test_a_composite_of_all_states_comes_back() -> None:
    composite = CompositeJob(list(every_state().values()))
    check(composite)


@pytest.mark.parametrize("status", ["PAUSED", "EXPIRED", "None", "θ", "completed ", ""])
def test_a_status_that_no_state_means_comes_back_word_by_word(status: str) -> None:
    job = answered(submitted(new_job()), status)
    check(job)
    plain = json.loads(file_content(job))["state"]
    assert plain == ("FAILED" if status == "EXPIRED" else "RUNNING")


@pytest.mark.parametrize(
    "later", ["COMPLETED", "FAILED", "CANCELLED", "RUNNING"], ids=lambda status: f"then {status}"
)
@pytest.mark.parametrize("name", every_state())
def test_a_restored_job_goes_on_as_the_job_would_have(name: str, later: str) -> None:
    """What the next answer of the server changes is the same before and after a save."""

    job = every_state()[name]
    restored = from_file(job)
    for each in (job, restored):
        if each._run is not None:
            answered(each, later, results=COUNTS, task_error={"error_message": "late"})
    now, then = facts(restored), facts(job)
    for told in (now, then):
        told["state_times"] = list(told["state_times"])
        told["run"] = told["run"] and (*told["run"][:3], list(told["run"][3]))
        for outputs in ("history", "outputs"):
            told[outputs] = [(*output[:4], *output[6:7], *output[8:]) for output in told[outputs]]
        for output in ("result", "error"):
            told[output] = told[output] and told[output][6:7] + told[output][8:]
    assert now == then


def test_the_latest_output_and_the_last_of_the_history_stay_one_object() -> None:
    for way in WAYS:
        restored = way(ran(ran(new_job())))
        assert restored.result is restored.history.last
        restored = way(failed(ran(new_job())))
        assert restored.error is restored.history.last


def test_after_a_failed_run_the_newest_good_result_comes_back_with_a_warning() -> None:
    job = failed(ran(ran(new_job(), results={"c": {"0": 1}}), results={"c": {"1": 2}}))
    document = json.loads(file_content(job))
    assert document["result"] is None
    assert document["error"]["error_message"] == "no such gate"
    restored = from_file(job)
    with pytest.warns(StaleResultWarning):
        assert restored.result.data == {"c": {"1": 2}}
    assert restored.outputs.all() == [restored.error]


def of_published(latest: JobResultSnapshot | JobErrorSnapshot, **fields: Any) -> Job:
    """A job as the published SDK saves one that has the output of an earlier run still."""
    field = "result" if isinstance(latest, JobResultSnapshot) else "error"
    fields = {"program": "a", "qpu_id": "q", "task_id": uuid.UUID(int=2), field: latest} | fields
    return SDK.from_snapshot(JobSnapshot(**fields))  # type: ignore[return-value]


EARLIER = [
    JobResultSnapshot(data=COUNTS, task_id=uuid.UUID(int=1)),
    JobErrorSnapshot(error_code=420, error_message="no such gate", task_id=uuid.UUID(int=1)),
]


@pytest.mark.parametrize("earlier", EARLIER, ids=["result", "error"])
@pytest.mark.parametrize("in_history", [True, False])
def test_the_output_of_an_earlier_run_is_not_taken_for_the_one_in_flight(
    earlier: Any, in_history: bool
) -> None:
    job = of_published(earlier, state="SUBMITTED", history=[earlier] if in_history else [])
    assert job.error is None
    assert job.outputs.all() == []
    assert len(job.history) == 1
    answered(job, "COMPLETED", results={"c": {"1": 1}})
    assert job.result is job.history.last
    assert job.result.data == {"c": {"1": 1}}  # type: ignore[union-attr]
    assert len(job.history) == 2


def test_a_published_job_that_has_ended_keeps_the_result_that_it_had() -> None:
    job = of_published(EARLIER[0], state="CANCELLED", history=[EARLIER[0]])  # type: ignore[arg-type]
    assert job.outputs.all() == [job.result] == job.history.all()


# ---- composites ----


def test_a_composite_comes_back_with_its_order_and_policies() -> None:
    composite = CompositeJob([failed(new_job("z")), ran(new_job("y")), ran(new_job("x"))])
    composite.outputs.attr_policy = AttrPolicy.FIRST
    composite.jobs[1].history.attr_policy = AttrPolicy.WARN_FIRST
    check(composite)
    restored = from_file(composite)
    assert [output.program for output in restored.outputs] == ["z", "y", "x"]
    assert restored.outputs.attr_policy is AttrPolicy.FIRST
    assert restored.jobs[1].history.attr_policy is AttrPolicy.WARN_FIRST


def test_an_empty_composite_comes_back() -> None:
    check(CompositeJob())


def test_the_session_is_attached_to_every_child() -> None:
    restored = from_file(CompositeJob([new_job(), new_job()]))
    assert [child._client for child in restored.jobs] == [SDK, SDK]


# ---- nothing is shared ----


def changed_everywhere(value: Any) -> None:
    """Change everything in a model, job, configuration or result that can be changed."""
    if isinstance(value, BaseModel | CompilerConfig | EradoConfig | Job | CompositeJob | JobOutput):
        for name, item in list(vars(value).items()):
            if name not in ("_client", "_job", "_observers", "_home"):
                changed_everywhere(item)
                if isinstance(item, str | int | float):
                    object.__setattr__(value, name, 77)
    elif isinstance(value, dict):
        for item in list(value.values()):
            changed_everywhere(item)
        value["changed"] = True
    elif isinstance(value, list):
        for item in list(value):
            changed_everywhere(item)
        value.append("changed")
    elif isinstance(value, QuantumResultsFormat):
        value.format = value.transforms = None
    elif hasattr(value, "_items"):
        changed_everywhere(value._items)


def rich_job() -> Job:
    config = ExperimentalConfig(noise_model={"p": [0.1]}, active_calibrations=[])
    job = new_job(config=config, fetch_diagnostics=True)
    diagnostics = {"timings": {"a": {"b": [1]}}, "metadata": {"c": [1]}}
    ran(ran(job, results=[[1], {"a": [2]}], **diagnostics), results=COUNTS, **diagnostics)
    return failed(job)


@pytest.mark.parametrize("composite", [False, True])
def test_a_snapshot_shares_nothing_with_its_job(composite: bool) -> None:
    job: Any = CompositeJob([rich_job()]) if composite else rich_job()
    snapshot = job.to_snapshot()
    said, content = snapshot.model_dump_json(), file_content(job)
    changed_everywhere(snapshot)
    assert file_content(job) == content
    snapshot = job.to_snapshot()
    assert snapshot.model_dump_json() == said
    changed_everywhere(job)
    assert snapshot.model_dump_json() == said


@pytest.mark.parametrize("composite", [False, True])
def test_a_restored_job_shares_nothing_with_its_snapshot(composite: bool) -> None:
    job: Any = CompositeJob([rich_job()]) if composite else rich_job()
    snapshot = job.to_snapshot()
    said, content = snapshot.model_dump_json(), file_content(job)
    restored = SDK.from_snapshot(snapshot)
    changed_everywhere(restored)
    assert snapshot.model_dump_json() == said
    restored = SDK.from_snapshot(snapshot)
    changed_everywhere(snapshot)
    assert file_content(restored) == content


def test_the_configurations_of_a_restored_job_are_each_their_own() -> None:
    restored = from_file(ran(ran(new_job(config=CompilerConfig(repeats=5)))))
    restored.config.repeats = 6
    restored.history.first.compiler_config.repeats = 7
    assert restored.history.last.compiler_config.repeats == 5


def test_a_model_that_is_put_into_another_one_is_copied() -> None:
    output = JobResultSnapshot(data=COUNTS)
    first = JobSnapshot(program="a", qpu_id="q", history=[output])
    second = JobSnapshot(program="b", qpu_id="q", history=[output])
    assert output.program is None
    assert [first.history[0].program, second.history[0].program] == ["a", "b"]
    first.program = "c"
    composite = CompositeJobSnapshot(jobs=[first])
    assert composite.jobs[0].history[0].program == "a"


# ---- the extension block ----


def test_the_block_is_left_out_where_the_plain_fields_say_everything() -> None:
    job = Job("a", "q")
    result = JobResult(COUNTS, job=job)
    job.history.append(result)
    assert b"oqc_notebook" not in file_content(job)
    assert b"oqc_notebook" not in file_content(CompositeJob([job]))
    assert "oqc_notebook" not in job.to_snapshot().model_dump_json()


def edited(job: Job, edit: Callable[[Any], None]) -> Job:
    document = json.loads(file_content(job))
    edit(document)
    restored = load_file(json.dumps(document).encode(), "job.json", SDK)
    assert isinstance(restored, Job)
    return restored


def test_a_state_that_was_edited_wins_over_the_block() -> None:
    job = answered(submitted(new_job()), "PAUSED")
    restored = edited(job, lambda document: document.update(state="SUBMITTED"))
    assert (restored.state, restored.status) == (JobState.SUBMITTED, "SUBMITTED")


def test_a_result_that_was_edited_wins_over_the_block() -> None:
    def edit(document: Any) -> None:
        document["result"]["data"] = {"c": "01"}

    assert edited(with_data([0, 1]), edit).result.data == {"c": "01"}  # type: ignore[union-attr]


def test_a_value_that_was_edited_wins_over_its_nan_in_the_block() -> None:
    def edit(document: Any) -> None:
        document["result"]["data"] = {"c": [5, None], "d": [], "e": 1}

    job = with_data({"c": [float("nan"), float("inf")], "d": [float("nan")], "e": [float("nan")]})
    result = edited(job, edit).result
    assert result is not None
    assert result.data == {"c": [5, float("inf")], "d": [], "e": 1}


def test_an_error_code_that_was_edited_wins_over_the_block() -> None:
    job = failed(new_job())
    job.error.error_code = "E42"  # type: ignore[assignment, union-attr]

    def edit(document: Any) -> None:
        document["error"]["error_code"] = 404

    assert edited(job, edit).error.error_code == 404  # type: ignore[union-attr]


def test_the_block_reaches_only_the_fields_that_it_is_for() -> None:
    def edit(document: Any) -> None:
        document["error"]["oqc_notebook"] = {
            "v": 1,
            "instead": {"program": "planted", "_job": 5, "__class__": 6, "data": 7},
            "non_finite": [
                [["program"], "nan"],
                [["task_id"], "nan"],
                [["_job"], "nan"],
                [[], "nan"],
                [["data", "x"], "nan"],
                [["error_message", 0], "nan"],
            ],
        }

    job = failed(new_job())
    before = output_facts(job.error)
    restored = edited(job, edit)
    assert restored.error is not None
    assert vars(restored.error).keys() == vars(job.error).keys()
    restored.error.state_times = job.error.state_times  # type: ignore[union-attr]
    assert output_facts(restored.error) == before


# ---- models ----


def test_the_published_fields_are_all_there() -> None:
    assert set(JobSnapshot.model_fields) == {
        *("schema_version", "snapshot_kind", "program", "qpu_id", "config_json", "config_type"),
        *("tag", "hybrid_marker", "timings", "metrics", "metadata", "task_id", "state"),
        *("raise_on_error", "fetch_diagnostics", "result", "error", "history", "oqc_notebook"),
    }
    assert set(CompositeJobSnapshot.model_fields) == {
        *("schema_version", "snapshot_kind", "jobs", "oqc_notebook"),
    }
    shared = {
        *("qpu_id", "task_id", "program", "received", "config_json", "config_type"),
        *("timings", "metrics", "metadata", "kind", "oqc_notebook"),
    }
    assert set(JobResultSnapshot.model_fields) == shared | {"data"}
    assert set(JobErrorSnapshot.model_fields) == shared | {"error_code", "error_message"}


def test_what_is_no_snapshot_is_refused() -> None:
    for odd in ({}, "{}", None, JobResultSnapshot()):
        with pytest.raises(SnapshotError, match="not a snapshot"):
            SDK.from_snapshot(odd)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Job, CompositeJob])
def test_a_model_of_another_version_is_refused_in_the_pages_words(kind: Any) -> None:
    job: Any = new_job() if kind is Job else CompositeJob([new_job(), new_job()])
    snapshot = job.to_snapshot()
    (snapshot if kind is Job else snapshot.jobs[1]).schema_version = "2"
    with pytest.raises(ValueError, match="Unsupported") as caught:
        SDK.from_snapshot(snapshot)
    assert str(caught.value) == (
        "Unsupported snapshot schema version: '2'. This SDK supports version '1'."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "BOGUS"),
        ("program", None),
        ("config_json", 5),
        ("config_json", "{}"),
        ("history", [5]),
        ("history", None),
        ("task_id", "five"),
        ("timings", {1: 2, "a": object()}),
    ],
)
def test_a_model_whose_fields_were_set_to_nonsense_is_refused_by_name(
    name: str, value: Any
) -> None:
    snapshot = ran(new_job()).to_snapshot()
    setattr(snapshot, name, value)
    with pytest.raises(SnapshotError, match=name):
        SDK.from_snapshot(snapshot)
