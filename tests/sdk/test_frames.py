"""Counts as tidy pandas tables."""

from __future__ import annotations

import pytest

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.frames import COLUMNS
from oqc_notebook.sdk.outputs import JobError, JobResult
from tests.support import BROKEN, EXACT, ONE, LocalQpu

TWO_REGISTERS = {"a": {"00": 30, "11": 70}, "b": {"1": 100}}


def result(data: object, qpu_id: str = "qpu:uk:2:x") -> JobResult:
    return JobResult(data, qpu_id=qpu_id)


def test_a_result_has_a_row_for_each_register_and_bitstring() -> None:
    frame = result(TWO_REGISTERS).to_dataframe()
    assert tuple(frame.columns) == COLUMNS
    assert frame[["register", "bitstring", "count", "probability"]].values.tolist() == [
        ["a", "00", 30, 0.3],
        ["a", "11", 70, 0.7],
        ["b", "1", 100, 1.0],
    ]
    assert frame["count"].dtype == int
    assert not frame["simulated"].any()
    assert frame.attrs["bit_order"] == "c[0] is the leftmost bit"


def test_results_of_the_local_qpu_are_marked_as_simulated() -> None:
    assert result({"c": {"0": 1}}, "qpu:local:1:exact").to_dataframe()["simulated"].all()


@pytest.mark.parametrize("data", [{"c": [0, 1]}, [0.1, -0.2], {"c": "00"}, {"c": {"00": 0.5}}])
def test_a_result_without_counts_says_what_to_do(data: object) -> None:
    with pytest.raises(ValueError, match="holds no counts.*binary_count"):
        result(data).to_dataframe()


def test_an_empty_register_has_no_rows() -> None:
    assert len(result({"c": {}}).to_dataframe()) == 0


def test_a_history_numbers_its_runs_and_lists_its_errors() -> None:
    job = Job("x", "q")
    job.label = "mine"
    for output in (
        JobResult({"c": {"0": 5}}, job=job),
        JobError(404, "gone", job=job),
        JobResult({"c": {"1": 6}}, job=job),
    ):
        job.history.append(output)
    frame = job.history_dataframe()
    assert frame[["run", "label", "count"]].values.tolist() == [[1, "mine", 5], [3, "mine", 6]]
    assert frame.attrs["errors"] == [
        {"child": 0, "run": 2, "error_code": 404, "error_message": "gone"}
    ]
    assert job.history.last.to_dataframe()["run"].tolist() == [3]


def test_a_job_that_never_ran_has_an_empty_table_with_its_columns() -> None:
    frame = Job("x", "q").history_dataframe()
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert len(CompositeJob().to_dataframe()) == 0


@pytest.mark.anyio
async def test_a_composite_holds_the_latest_run_of_each_child(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, BROKEN, ONE], qpu_id=EXACT, label=["a", "b", "c"])
        await composite.execute()
        await composite.jobs[2].execute()
        frame = composite.to_dataframe()
        assert frame[["child", "label", "run", "bitstring", "count"]].values.tolist() == [
            [0, "a", 1, "1", 1000],
            [2, "c", 2, "1", 1000],
        ]
        assert [error["child"] for error in frame.attrs["errors"]] == [1]
        assert set(frame["task_id"]) == {str(composite.jobs[i].task_id) for i in (0, 2)}
