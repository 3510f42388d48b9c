"""Results, errors and sequences of them: the published surface, without its traps."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from compiler_config.config import CompilerConfig

from oqc_notebook.sdk import Job, OqcSdk
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.sdk.proxy import AttrPolicy, JobOutputProxy

SDK = OqcSdk("https://example.com")
TASK = uuid.UUID(int=5)
COUNTS = {"c": {"00": 512, "11": 488}}


def a_job() -> Job:
    job = SDK.create_job(program="a", qpu_id="q", config=CompilerConfig(repeats=5))
    assert isinstance(job, Job)
    job.task_id = TASK
    return job


def a_result(data: Any = COUNTS) -> JobResult:
    return JobResult(data, "q", TASK, None, "a", datetime(2026, 3, 1, tzinfo=UTC))


def an_error(code: Any = 420) -> JobError:
    return JobError(code, "no such gate", "q", TASK, None, "a", datetime(2026, 3, 1, tzinfo=UTC))


# ---- one output ----


@pytest.mark.parametrize(
    ("kind", "own"),
    [(JobOutput, []), (JobResult, ["data"]), (JobError, ["error_code", "error_message"])],
)
def test_the_published_parameters_of_an_output(kind: Any, own: list[str]) -> None:
    assert list(inspect.signature(kind).parameters) == [
        *own,
        *("qpu_id", "task_id", "compiler_config", "program", "received", "job"),
    ]


def test_an_output_takes_what_it_is_not_given_from_its_job() -> None:
    job = a_job()
    for output in (JobResult(job=job), JobResult.from_job({}, job), JobError.from_job(job=job)):
        assert (output.program, output.qpu_id, output.task_id) == ("a", "q", TASK)
        assert output.compiler_config is job.config
        assert output.job is job
    output = JobResult(job=job, program="b", qpu_id="r", compiler_config=None)
    assert (output.program, output.qpu_id) == ("b", "r")


def test_an_output_is_received_now_in_utc() -> None:
    received = JobResult().received
    assert received is not None
    assert received.tzinfo is UTC
    assert timedelta(0) <= datetime.now(UTC) - received < timedelta(minutes=1)


def test_without_data_a_result_is_an_empty_dict() -> None:
    assert JobResult().data == JobResult(None).data == {}
    assert JobResult([]).data == []
    assert JobResult(0).data == 0


@pytest.mark.parametrize("code", [None, 0, 404, "E42"])
def test_an_error_is_always_true_and_a_result_never(code: Any) -> None:
    assert an_error(code)
    assert an_error(code).is_error
    assert not an_error(code).ok
    assert not a_result()
    assert not a_result().is_error
    assert a_result().ok


def test_an_error_in_short() -> None:
    assert an_error().short == "(420)no such gate"


def test_outputs_are_equal_whenever_they_were_received() -> None:
    assert a_result() == JobResult(COUNTS, "q", TASK, None, "a")
    assert an_error() == JobError(420, "no such gate", "q", TASK, None, "a")


def test_outputs_that_differ_are_not_equal() -> None:
    assert a_result() != a_result({})
    assert an_error() != an_error(421)
    assert an_error() != JobError(420, "another", "q", TASK, None, "a")
    assert a_result() != an_error()
    assert a_result() != JobResult(COUNTS, "q", uuid.UUID(int=6), None, "a")
    assert a_result() != JobResult(COUNTS, "r", TASK, None, "a")
    assert a_result() != "a result"


def test_the_published_dict_and_json_of_an_output() -> None:
    shared = {
        "qpu_id": "q",
        "task_id": str(TASK),
        "program": "a",
        "received": "2026-03-01T00:00:00+00:00",
        "timings": None,
        "metrics": {"b": 1},
        "metadata": None,
    }
    result, error = a_result(), an_error()
    result.metrics = error.metrics = {"b": 1}
    for output, own in (
        (result, {"data": COUNTS}),
        (error, {"error_code": 420, "error_message": "no such gate"}),
    ):
        assert output.to_dict() == shared | own | {"compiler_config": None}
        assert json.loads(output.to_json()) == shared | own
        again = type(output).from_json(output.to_json())
        assert again == output
        assert again.received == output.received
        assert again.metrics == {"b": 1}
        assert again.job is None


def test_the_json_of_an_output_is_read_into_a_job() -> None:
    job = a_job()
    assert JobResult.from_json(a_result().to_json(), job).job is job
    assert JobResult.from_json("{}", job).program == "a"


@pytest.mark.parametrize("text", ["", "[]", "5", '{"nonsense": 1}', '{"error_code": 5}'])
def test_what_is_no_json_of_an_output_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        JobResult.from_json(text)


def test_the_text_of_an_output_is_one_clear_line() -> None:
    assert repr(a_result()) == (
        f"JobResult(task_id={TASK}, qpu_id='q', data_keys=['c'], "
        "received='2026-03-01T00:00:00+00:00')"
    )
    assert repr(an_error()) == (
        f"JobError(code=420, message='no such gate', task_id={TASK}, qpu_id='q', "
        "received='2026-03-01T00:00:00+00:00')"
    )
    for data in ([1], "01", None, 5, {}):
        result = a_result()
        result.data, result.received = data, None
        assert "\n" not in repr(result)


def test_awaiting_an_output_gives_it() -> None:
    async def awaited() -> JobResult:
        return await result

    result = a_result()
    assert asyncio.run(awaited()) is result


def test_an_output_without_a_job_says_that_it_cannot_be_run_again() -> None:
    for again in (JobOutput.resubmit, JobOutput.reexecute):
        with pytest.raises(RuntimeError, match="no job"):
            asyncio.run(again(a_result()))


# ---- several outputs ----


def outputs(*kinds: str, policy: AttrPolicy = AttrPolicy.RAISE) -> JobOutputProxy[Any]:
    made = [a_result({"i": i}) if kind == "r" else an_error(i) for i, kind in enumerate(kinds)]
    return JobOutputProxy(made, policy)


def test_the_published_members_of_outputs() -> None:
    members = {
        *("first", "last", "one", "all", "map", "filter", "errors", "results", "any_error"),
        *("all_ok", "raise_for_error", "is_single_instance", "append", "prepend"),
        *("to_counts_dataarray", "like"),
    }
    assert members <= set(dir(JobOutputProxy))
    assert [policy.name for policy in AttrPolicy] == ["RAISE", "WARN_FIRST", "FIRST"]
    assert list(inspect.signature(JobOutputProxy).parameters) == ["items", "attr_policy"]


def test_outputs_are_made_of_none_one_or_many() -> None:
    result = a_result()
    assert JobOutputProxy().all() == []
    assert JobOutputProxy(result).all() == [result]
    assert JobOutputProxy(x for x in [result, result]).all() == [result, result]


def test_outputs_are_a_sequence() -> None:
    proxy = outputs("r", "e", "r", policy=AttrPolicy.FIRST)
    assert isinstance(proxy, Sequence)
    assert len(proxy) == 3
    assert list(proxy) == proxy.all() == [proxy[0], proxy[1], proxy[-1]]
    assert proxy[1:].all() == proxy.all()[1:]
    assert proxy[1:].attr_policy is AttrPolicy.FIRST
    assert proxy[0] in proxy
    assert list(reversed(proxy)) == proxy.all()[::-1]
    with pytest.raises(IndexError):
        proxy[3]


def test_first_last_and_one() -> None:
    proxy = outputs("r", "e")
    assert (proxy.first, proxy.last) == (proxy[0], proxy[1])
    assert outputs("e").one.error_code == 0
    for empty in (lambda: outputs().first, lambda: outputs().last):
        with pytest.raises(IndexError):
            empty()
    for kinds, found in (("", 0), ("rr", 2)):
        with pytest.raises(ValueError, match=str(found)):
            outputs(*kinds).one  # noqa: B018 - reading it raises


def test_map_and_filter() -> None:
    proxy = outputs("r", "e", "r", policy=AttrPolicy.FIRST)
    assert proxy.map(lambda output: output.is_error) == [False, True, False]
    kept = proxy.filter(lambda output: output.is_error)
    assert kept.all() == [proxy[1]]
    assert kept.attr_policy is AttrPolicy.FIRST


def test_errors_and_results() -> None:
    proxy = outputs("r", "e", "r", policy=AttrPolicy.FIRST)
    assert proxy.errors().all() == [proxy[1]]
    assert proxy.results().all() == [proxy[0], proxy[2]]
    assert proxy.errors().attr_policy is proxy.results().attr_policy is AttrPolicy.FIRST
    assert (proxy.any_error, proxy.all_ok) == (True, False)
    assert (outputs("r").any_error, outputs("r").all_ok) == (False, True)
    assert (outputs().any_error, outputs().all_ok) == (False, True)


def test_an_error_without_a_code_counts_as_one() -> None:
    proxy = JobOutputProxy([a_result(), an_error(None)])
    assert proxy.any_error
    with pytest.raises(RuntimeError, match="no such gate"):
        proxy.raise_for_error()


def test_raise_for_error_raises_for_the_first_and_gives_the_outputs_otherwise() -> None:
    with pytest.raises(RuntimeError, match=r"\(1\).*no such gate"):
        outputs("r", "e", "e").raise_for_error()
    good = outputs("r", "r")
    assert good.raise_for_error() is good


def test_append_and_prepend() -> None:
    proxy = outputs("r")
    first, last = an_error(), a_result()
    proxy.append(last)
    proxy.prepend(first)
    assert proxy[0] is first
    assert proxy[2] is last


def test_the_attributes_of_a_single_output_can_be_read_directly() -> None:
    proxy = outputs("r")
    assert proxy.is_single_instance
    assert proxy.data == {"i": 0}
    assert proxy.task_id == TASK
    with pytest.raises(AttributeError):
        proxy.nonsense  # noqa: B018 - reading it raises


def test_the_attributes_of_no_output_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="data"):
        outputs().data  # noqa: B018 - reading it raises
    assert not outputs().is_single_instance


def test_the_attributes_of_several_outputs_go_by_the_policy() -> None:
    with pytest.raises(AttributeError, match=r"2 outputs.*\.first"):
        outputs("r", "r").data  # noqa: B018 - reading it raises
    assert outputs("r", "r", policy=AttrPolicy.FIRST).data == {"i": 0}
    with pytest.warns(UserWarning, match="2 outputs"):
        assert outputs("r", "r", policy=AttrPolicy.WARN_FIRST).data == {"i": 0}
    for policy in AttrPolicy:
        with pytest.raises(AttributeError, match="nonsense"):
            outputs("r", "r", policy=policy).nonsense  # noqa: B018 - reading it raises


def test_outputs_can_be_copied_and_pickled() -> None:
    for proxy in (outputs(), outputs("r"), outputs("r", "e", policy=AttrPolicy.FIRST)):
        for again in (
            copy.copy(proxy),
            copy.deepcopy(proxy),
            pickle.loads(pickle.dumps(proxy)),
        ):
            assert again.all() == proxy.all()
            assert again.attr_policy is proxy.attr_policy


def test_the_text_of_outputs_shows_them_and_the_policy() -> None:
    assert repr(outputs()) == "JobOutputProxy([], attr_policy=RAISE)"
    assert repr(outputs("e")).startswith("JobOutputProxy([JobError(code=0,")


def test_the_outputs_of_a_job_without_a_run_are_empty() -> None:
    job = SDK.create_job(program="a", qpu_id="q")
    assert job.outputs.all() == job.history.all() == []
    assert job.outputs.all_ok
