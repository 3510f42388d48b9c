"""A save writes what a job holds now, whatever was kept from an earlier one."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from compiler_config.config import CompilerConfig
from pydantic import BaseModel, TypeAdapter

from oqc_notebook.sdk import (
    CompositeJob,
    Job,
    job_snapshot,
    sealing,
    snapshot_documents,
    snapshot_text,
)
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.persistence import file_content, load_file
from oqc_notebook.sdk.proxy import AttrPolicy
from oqc_notebook.sdk.sealing import KeptText
from oqc_notebook.sdk.states import JobState
from tests.sdk.test_snapshots import SDK, answered, failed, from_file, new_job, submitted


def a_job(runs: int = 3, *, diagnostics: bool = True) -> Job:
    """A job with something in every field of its outputs, the last of which is an error."""
    job = new_job(config=CompilerConfig(repeats=5), fetch_diagnostics=diagnostics)
    for run in range(runs):
        told = {"timings": {"a": [run]}, "metadata": {"b": {}}, "execution_metadata": {}}
        answered(submitted(job), "COMPLETED", results={"c": {"00": run, "1": 1}}, **told)
    return failed(job)


def written_anew(job: Job) -> bytes:
    """Write the job and every output, as if nothing had been kept."""
    job._kept, job._kept_whole = KeptText(), KeptText()
    for output in job.history:
        output._open()
    return file_content(job)


def loaded(job: Job) -> Job:
    restored = from_file(job)
    assert isinstance(restored, Job)
    return restored


def saved_before(job: Job) -> Job:
    file_content(job)
    return job


def saved_twice(job: Job) -> Job:
    return saved_before(saved_before(job))


def saved_then_loaded_and_saved(job: Job) -> Job:
    return saved_before(loaded(saved_before(job)))


def read(job: Job) -> Job:
    """A job of which everything that can be changed was read."""
    for output in job.history:
        assert output.to_dict().keys() > {"timings", "metrics", "metadata"}
        assert output.state_times
    return job


def read_then_saved(job: Job) -> Job:
    return saved_before(read(job))


def saved_then_read(job: Job) -> Job:
    return read(saved_before(job))


def loaded_then_read(job: Job) -> Job:
    return read(loaded(job))


HISTORIES = [
    saved_before,
    saved_twice,
    loaded,
    saved_then_loaded_and_saved,
    read_then_saved,
    saved_then_read,
    loaded_then_read,
]


#: Those in which nobody reads a result.
UNREAD = [saved_before, saved_twice, loaded, saved_then_loaded_and_saved]


def set_attribute(name: str, value: Any) -> Callable[[Job], None]:
    return lambda job: setattr(job.history[1], name, value)


def set_of_error(name: str, value: Any) -> Callable[[Job], None]:
    return lambda job: setattr(job.history.last, name, value)


CHANGES: dict[str, Callable[[Job], Any]] = {
    "count": lambda job: job.history[1].data["c"].update({"00": 77}),
    "type of a count": lambda job: job.history[1].data["c"].update({"1": 1.0}),
    "order": lambda job: (
        job.history[1].data["c"].update({"00": job.history[1].data["c"].pop("00")})
    ),
    "register": lambda job: job.history[1].data.update({"d": {}}),
    "through to_dict": lambda job: job.history[1].to_dict()["data"].clear(),
    "through the proxy": lambda job: job.history[1:2].data.clear(),
    "through a copy": lambda job: copy.copy(job.history[1]).data.clear(),
    "timings": lambda job: job.history[1].timings["a"].append(5),
    "metrics": lambda job: job.history[1].metrics.update(a=5),
    "metadata": lambda job: job.history[1].metadata["b"].update(a=5),
    "state_times": lambda job: job.history[1].state_times.clear(),
    "config": lambda job: setattr(job.history[1].compiler_config, "repeats", 6),
    "new config": set_attribute("compiler_config", None),
    "new data": set_attribute("data", [0, 1]),
    "nan": set_attribute("data", float("nan")),
    "program": set_attribute("program", "b"),
    "qpu_id": set_attribute("qpu_id", None),
    "task_id": set_attribute("task_id", uuid.UUID(int=5)),
    "received": set_attribute("received", datetime(2026, 1, 1, tzinfo=UTC)),
    "code": set_of_error("error_code", "E42"),
    "message": set_of_error("error_message", "θ"),
    "job's program": lambda job: job.reconfigure(program="b"),
    "job's config": lambda job: setattr(job.config, "repeats", 6),
    "order of runs": lambda job: job.history._items.reverse(),
    "another run": lambda job: answered(submitted(job), "COMPLETED", results={"c": {"0": 1}}),
}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_saved(change: str, history: Callable[[Job], Job]) -> None:
    job = history(a_job())
    before = file_content(job)
    CHANGES[change](job)
    after = file_content(job)
    assert after != before
    assert file_content(job) == after
    assert written_anew(job) == after


def set_of_job(name: str, value: Any) -> Callable[[Job], None]:
    return lambda job: setattr(job, name, value)


CHANGES_OF_JOB: dict[str, Callable[[Job], Any]] = {
    "config": lambda job: setattr(job.config, "repeats", 6),
    "new config": set_of_job("config", None),
    "config of the run": lambda job: setattr(job._run.config, "repeats", 6),  # type: ignore[union-attr]
    "state_times": lambda job: job._run.state_times.popitem(),  # type: ignore[union-attr]
    "program": set_of_job("program", "b"),
    "qpu_id": set_of_job("qpu_id", "q2"),
    "tag": set_of_job("tag", "t"),
    "hybrid_marker": set_of_job("hybrid_marker", "h"),
    "label": set_of_job("label", "l"),
    "task_id": set_of_job("task_id", uuid.UUID(int=5)),
    "state": set_of_job("_state", JobState.CANCELLED),
    "status": set_of_job("_status", "EXPIRED"),
    "raise_on_error": set_of_job("_raise_on_error", True),
    "fetch_diagnostics": set_of_job("_fetch_diagnostics", True),
    "cancel_requested": set_of_job("cancel_requested", True),
    "attr_policy": lambda job: setattr(job.history, "attr_policy", AttrPolicy.FIRST),
    "timings": set_of_job("timings", {"a": 1}),
    "metrics": set_of_job("metrics", {"a": 1}),
    "metadata": set_of_job("metadata", {"a": 1}),
    "reconfigured": lambda job: job.reconfigure(program="b"),
    "another run": lambda job: submitted(job),
}


@pytest.mark.parametrize("history", UNREAD)
@pytest.mark.parametrize("change", CHANGES_OF_JOB)
def test_what_was_changed_of_the_job_is_saved(change: str, history: Callable[[Job], Job]) -> None:
    job = history(a_job(1, diagnostics=False))
    before = file_content(job)
    CHANGES_OF_JOB[change](job)
    after = file_content(job)
    assert after != before
    assert file_content(job) == after
    assert written_anew(job) == after


def test_diagnostics_that_are_changed_in_place_are_saved() -> None:
    job = a_job(1)
    job.timings = {"a": [0]}
    file_content(job)
    job.timings["a"][0] = 77
    assert json.loads(file_content(job))["timings"] == {"a": [77]}


@pytest.mark.parametrize("diagnostics", [True, False])
def test_a_job_that_has_not_changed_is_not_written_anew(
    diagnostics: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved_before(a_job(1, diagnostics=diagnostics))
    monkeypatch.delattr(snapshot_text, "document_without_outputs")
    assert json.loads(file_content(job))["state"] == "FAILED"
    job.tag = "t"
    with pytest.raises(NameError):
        file_content(job)


@pytest.mark.parametrize("history", HISTORIES)
def test_what_was_read_before_a_save_and_is_changed_after_it_is_saved(
    history: Callable[[Job], Job],
) -> None:
    job = history(a_job())
    data, config = job.history[0].data, job.history[1].compiler_config
    file_content(job)
    data["c"]["00"], config.repeats = 77, 78
    document = json.loads(file_content(job))
    assert document["history"][0]["data"]["c"]["00"] == 77
    assert json.loads(document["history"][1]["config_json"])["$data"]["repeats"] == 78


def test_what_was_given_and_is_changed_later_is_saved() -> None:
    job, data, more = new_job(), {"c": {"0": 1}}, {"c": {"0": 2}}
    job.history.append(JobResult(data, job=job))
    answered(submitted(job), "COMPLETED", results={"c": {}}).history.last.data = more
    file_content(job)
    data["c"]["0"], more["c"]["0"] = 5, 6
    saved = json.loads(file_content(job))["history"]
    assert [output["data"]["c"]["0"] for output in saved] == [5, 6]


def test_what_can_no_longer_be_saved_is_refused() -> None:
    job = saved_before(a_job())
    job.history[1].data["c"]["00"] = (0,)
    with pytest.raises(SnapshotError, match=r"^history\[1\]\.data\['c'\]\['00'\] is a .*tuple"):
        file_content(job)


def test_a_change_while_it_is_being_saved_is_in_the_next_save(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = loaded(a_job())
    written = snapshot_text.document_of_output

    def changed_meanwhile(output: JobOutput) -> dict[str, Any]:
        document = written(output)
        if isinstance(output, JobResult):
            output.data["c"]["00"] = 77
        return document

    monkeypatch.setattr(snapshot_text, "document_of_output", changed_meanwhile)
    assert b'"00":77' not in file_content(job)
    monkeypatch.undo()
    assert file_content(job).count(b'"00":77') == 3


@pytest.mark.parametrize(
    ("owner", "opening", "change"),
    [(JobOutput, "_unshare", "program"), (sealing, "fingerprint_of", "count")],
    ids=["set", "read"],
)
def test_a_save_while_an_output_is_opened_does_not_hide_the_change_from_the_next(
    owner: Any, opening: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved_twice(a_job())
    opens = getattr(owner, opening)

    def saved_meanwhile(*args: Any) -> Any:
        file_content(job)
        return opens(*args)

    monkeypatch.setattr(owner, opening, saved_meanwhile)
    CHANGES[change](job)
    monkeypatch.undo()
    after = file_content(job)
    assert written_anew(job) == after


def test_what_another_thread_changes_just_before_it_is_kept_is_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = a_job()
    unchanged = JobOutput._is_as_sealed
    change = threading.Thread(target=setattr, args=(job.history[1], "program", "changed"))

    def changed_now(output: JobOutput) -> bool:
        kept = unchanged(output)
        if output is job.history[1]:
            change.start()
            change.join(0.1)
        return kept

    monkeypatch.setattr(JobOutput, "_is_as_sealed", changed_now)
    file_content(job)
    monkeypatch.undo()
    change.join()
    assert json.loads(file_content(job))["history"][1]["program"] == "changed"


@pytest.mark.parametrize("history", UNREAD)
def test_nothing_is_written_anew_where_nobody_could_have_changed_it(
    history: Callable[[Job], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved_before(history(a_job()))
    content = file_content(job)
    monkeypatch.delattr(snapshot_text, "document_of_output")
    repr(job.history.first)
    assert job.history[0] != job.history[1]
    assert file_content(CompositeJob([job, job])).count(b'"00":2') == 2
    assert file_content(job) == content


@pytest.mark.parametrize("make", [a_job, lambda: loaded(a_job())])
def test_counts_and_diagnostics_that_were_only_read_are_not_written_anew(
    make: Callable[[], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = saved_before(make())
    for output in job.history.results():
        assert output.data["c"]["1"] == 1
        assert output.timings["a"][0] < 3
    content = file_content(job)
    monkeypatch.delattr(snapshot_text, "document_of_output")
    assert file_content(job) == content
    job.history[1].data["c"]["1"] = 2
    with pytest.raises(NameError):
        file_content(job)
    job.history[1].data["c"]["1"] = 1
    assert file_content(job) == content


def test_the_first_save_finds_every_run_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    job = new_job()
    for _ in range(3):
        answered(submitted(job), "COMPLETED", results={"c": {"0": 1}})
        snapshot_text.write_down(job, job.history.last)
    for name in ("document_of_output", "document_without_outputs", "_parts"):
        monkeypatch.delattr(snapshot_text, name)
    assert len(json.loads(file_content(job))["history"]) == 3


def test_a_large_result_is_not_written_down_before_a_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(snapshot_text, "document_of_output")  # who writes now, fails
    counts = {f"{bits:020b}": 1 for bits in range(100_000)}
    job = answered(submitted(new_job()), "COMPLETED", results={"c": counts})
    raw = answered(submitted(new_job()), "COMPLETED", results={"c": [[0, 1]] * 5000})
    for large in (job, raw):
        snapshot_text.write_down(large, large.history.last)
    monkeypatch.undo()
    assert b"11000011010011111" in file_content(job)
    assert file_content(raw).count(b"[0,1]") == 10_000  # as the result, and in the history


def test_a_long_history_is_not_put_together_at_the_end_of_each_run_nor_kept_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = a_job(10)
    monkeypatch.setattr(snapshot_text, "_LONGEST_WHOLE", 1000)
    with monkeypatch.context() as patch:
        patch.delattr(snapshot_text, "_lines_at_hand")
        snapshot_text.write_down(job, job.history.last)
    content = file_content(saved_twice(job))
    assert job._kept_whole._latest is None
    assert written_anew(job) == content


def test_a_state_without_a_time_is_refused_because_it_could_not_be_loaded() -> None:
    job = a_job()
    job.history[1].state_times["RUNNING"] = None
    with pytest.raises(SnapshotError, match=r"^history\[1\]\.state_times has None"):
        file_content(job)


def test_a_pickled_output_comes_back() -> None:
    output = saved_before(a_job()).history.first
    output._job = None
    again = pickle.loads(pickle.dumps(output))
    assert again == output
    assert again.compiler_config.repeats == 5
    assert again.state_times == output.state_times


def test_a_configuration_that_was_loaded_is_the_outputs_own_and_stays_the_same_object() -> None:
    history = loaded(a_job()).history
    configs = [output.compiler_config for output in history]
    assert len({id(config) for config in configs}) == len(configs)
    assert [id(output.compiler_config) for output in history] == [id(config) for config in configs]


# ---- the file ----


def test_each_output_has_a_line_of_its_own() -> None:
    composite = CompositeJob([a_job(), a_job(1)])
    lines = file_content(composite).splitlines()
    outputs = [line for line in lines if line.startswith(b"{") and b'"kind"' in line]
    assert len(outputs) == 6
    assert all(isinstance(json.loads(line.removesuffix(b",")), dict) for line in outputs)


@pytest.mark.parametrize("composite", [CompositeJob([]), CompositeJob([new_job()])])
def test_empty_lists_are_written(composite: CompositeJob) -> None:
    content = file_content(composite)
    assert len(json.loads(content)["jobs"]) == len(composite)
    assert file_content(from_file(composite)) == content


# ---- reading ----


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ('"2026-01-02T03:04:05.000006Z"', datetime(2026, 1, 2, 3, 4, 5, 6, UTC)),
        ('"2026-01-02T03:04:05+01:00"', datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ('"2026-01-02 03:04:05"', datetime(2026, 1, 2, 3, 4, 5)),
        ('"2026-01-02T03:04:05.123456789Z"', datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)),
        ('"2026-01-02t03:04:05z"', datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ('"1e3"', None),
        ('"2026-02-30T00:00:00Z"', None),
        ("[]", None),
    ],
)
def test_times_are_read_as_the_models_read_them(text: str, time: datetime | None) -> None:
    document = json.loads(file_content(a_job()))
    times = {"CREATED": json.loads(text)}  # one by one, as files of before have them
    document["history"][0]["oqc_notebook"]["state_times"] = times
    document["history"][0]["received"] = json.loads(text)
    if time is None:
        with pytest.raises(SnapshotError, match=r"history\.0\.result\.received: Input should be"):
            load_file(json.dumps(document).encode(), "job.json", SDK)
    else:
        output = load_file(json.dumps(document).encode(), "job.json", SDK).history.first
        for read in (output.received, output.state_times["CREATED"]):
            assert read == time
            assert read.tzinfo is time.tzinfo


def test_documents_and_models_say_the_same() -> None:
    pairs: dict[Any, type[BaseModel]] = {
        snapshot_documents.RunDocument: job_snapshot.RunSnapshot,
        snapshot_documents.OutputBlock: job_snapshot.OutputExtension,
        snapshot_documents.JobBlock: job_snapshot.JobExtension,
        snapshot_documents.CompositeBlock: job_snapshot.CompositeExtension,
        snapshot_documents.ResultDocument: job_snapshot.JobResultSnapshot,
        snapshot_documents.ErrorDocument: job_snapshot.JobErrorSnapshot,
        snapshot_documents.JobDocument: job_snapshot.JobSnapshot,
    }
    for document, model in pairs.items():
        fields = described(TypeAdapter(document).json_schema())
        assert fields == described(model.model_json_schema()), model


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Give the types of the fields, without defaults and names of classes."""

    def plain(node: Any) -> Any:
        if isinstance(node, list):
            return [plain(item) for item in node]
        if not isinstance(node, dict):
            return node
        if any("pattern" in way for way in node.get("anyOf", [])):
            return plain(node["anyOf"][-1])  # times of states, which are read in three ways
        if {"type": "string"} in node.get("anyOf", []) and time in node["anyOf"]:
            # a time is read in two ways
            return plain(node | {"anyOf": [x for x in node["anyOf"] if x != {"type": "string"}]})
        if node.get("anyOf") == [time]:
            return time
        if "$ref" in node:
            return described(schema["$defs"][node["$ref"].rpartition("/")[2]] | defs)
        left_out = ("title", "default", "description", "discriminator")
        return {name: plain(item) for name, item in node.items() if name not in left_out}

    time = {"type": "string", "format": "date-time"}
    defs = {"$defs": schema.get("$defs", {})}
    return {name: plain(field) for name, field in schema["properties"].items()}


@pytest.fixture
def collector() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("content", [file_content(a_job()), b"{"])
def test_the_garbage_collector_is_left_as_it_was(enabled: bool, content: bytes) -> None:
    (gc.enable if enabled else gc.disable)()
    try:
        load_file(content, "job.json", SDK)
    except SnapshotError:
        assert content == b"{"
    assert gc.isenabled() is enabled


def test_jobs_of_many_loads_that_nobody_has_are_freed() -> None:
    content = file_content(a_job())
    jobs = [weakref.ref(load_file(content, "job.json", SDK)) for _ in range(300)]
    assert sum(job() is not None for job in jobs) < 200


def test_an_error_is_sealed_too() -> None:
    error = a_job().history.last
    assert isinstance(error, JobError)
    assert error._sealed
