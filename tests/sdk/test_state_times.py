"""The times of a run's states are one text in a file, and are read when they are asked for."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oqc_notebook.sdk import Job, JobSnapshot
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.persistence import file_content, load_file
from oqc_notebook.sdk.state_times import CERTAIN, checked_times, text_of, times_in
from oqc_notebook.sdk.states import JobState
from tests.sdk.test_snapshots import SDK, answered, new_job, submitted

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EXAMPLE = {"CREATED": START, "RUNNING": START + timedelta(seconds=0.25)}


def a_job() -> Job:
    return answered(submitted(new_job()), "COMPLETED", results={"c": {"0": 1}})


def test_it_reads_as_the_first_time_and_seconds_after_it() -> None:
    assert text_of(EXAMPLE) == "CREATED 2026-01-31T12:00:00.000000Z, RUNNING +0.250000"
    before = EXAMPLE | {"RUNNING": START - timedelta(seconds=61, microseconds=1)}
    assert text_of(before) == "CREATED 2026-01-31T12:00:00.000000Z, RUNNING -61.000001"


utc_times = st.datetimes(timezones=st.just(UTC))


@given(st.dictionaries(st.sampled_from([state.value for state in JobState]), utc_times, min_size=1))
def test_times_come_back_in_their_order(times: dict[str, datetime]) -> None:
    text = text_of(times)
    if isinstance(text, str):
        again = checked_times(text)
        assert list(again.items()) == list(times.items())
        assert {time.tzinfo for time in again.values()} == {UTC}
    else:  # they are 30 years apart
        assert text is times


@given(st.from_regex(CERTAIN.removesuffix("$") + r"\Z"))
def test_what_is_taken_for_readable_can_be_read(text: str) -> None:
    assert times_in(text) == checked_times(text)


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"CREATED": datetime(2026, 1, 1)},
        {"CREATED": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
        {"a state, of mine": START},
        EXAMPLE | {"COMPLETED": START + timedelta(days=20_000)},
        EXAMPLE | {"COMPLETED": None},
    ],
)
def test_what_the_text_cannot_say_stays_as_it_is(times: dict[str, Any]) -> None:
    assert text_of(times) is times


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CREATED",
        "CREATED 2026-02-30T12:00:00.000000Z",
        "CREATED 2026-01-31T12:00:00.000000Z, ",
        "CREATED 2026-01-31T12:00:00.000000Z\n",
        "CREATED 2026-01-31T12:00:00.000000Z, RUNNING 0.250000",
        "CREATED 9999-12-31T12:00:00.000000Z, RUNNING +999999999.000000",
        "CREATED ٢٠٢٦-01-31T12:00:00.000000Z",
    ],
)
def test_a_text_that_is_none_is_refused_with_its_place(text: str) -> None:
    document = json.loads(file_content(a_job()))
    document["history"][0]["oqc_notebook"]["state_times"] = text
    with pytest.raises(SnapshotError, match=r"history\.0\.result\.oqc_notebook\.state_times"):
        load_file(json.dumps(document).encode(), "job.json", SDK)
    with pytest.raises(ValueError, match="state_times"):
        JobSnapshot.model_validate(document)


@pytest.mark.parametrize("day", ["2024-02-29", "0001-01-01", "9999-12-31", "2026-12-30"])
def test_every_day_of_the_calendar_is_read(day: str) -> None:
    document = json.loads(file_content(a_job()))
    block = document["history"][0]["oqc_notebook"]
    block["state_times"] = f"CREATED {day}T00:00:00.000001Z"
    job = load_file(json.dumps(document).encode(), "job.json", SDK)
    assert job.history.first.state_times["CREATED"].isoformat().startswith(day)


def test_a_file_with_the_times_one_by_one_is_loaded() -> None:
    job = a_job()
    document = json.loads(job.to_snapshot().model_dump_json())
    assert list(document["oqc_notebook"]["state_times"]) == ["CREATED", "SUBMITTED", "COMPLETED"]
    again = load_file(json.dumps(document).encode(), "job.json", SDK)
    assert file_content(again) == file_content(job)
    assert again.history.first.state_times == job.history.first.state_times


def test_the_model_reads_the_text_of_a_file() -> None:
    job = a_job()
    snapshot = JobSnapshot.model_validate_json(file_content(job))
    assert snapshot == job.to_snapshot()
    assert snapshot.oqc_notebook is not None
    assert snapshot.oqc_notebook.state_times == job.state_times


def test_times_that_were_loaded_can_be_changed_and_are_saved() -> None:
    job = load_file(file_content(a_job()), "job.json", SDK)
    times = job.history.first.state_times
    times["RUNNING"] = START
    assert job.history.first.state_times is times
    assert re.search(rb'history": \[\n.*, RUNNING -[0-9.]+"', file_content(job))
