"""What a session can be asked about, in both dialects of the service."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from oqc_notebook.sdk import JobState, OqcSdk
from oqc_notebook.sdk.errors import DisturbanceError, ServerError
from oqc_notebook.sdk.wait_times import WaitTime, Window
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, QPUS, SIMULATOR, LocalQpu

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("dialect")]

UTC = dt.UTC


# ---- QPUs ----


async def test_the_qpus_and_what_is_known_of_them(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        assert [qpu["id"] for qpu in await sdk.list_qpus()] == list(QPUS)
        assert sdk.qpu_name(SIMULATOR) == "8-qubit Simulator"
        assert (await sdk.get_features())["qubit_count"] == 32
        assert (await sdk.get_features(SIMULATOR))["qubit_count"] == 8
        assert (await sdk.get_calibration())["simulated"] is True
        assert await sdk.get_system_status(SIMULATOR)


async def test_one_qpu_is_told_with_its_features(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        qpu = await sdk.get_qpu(SIMULATOR)
        assert (qpu["id"], qpu["name"], qpu["active"]) == (SIMULATOR, "8-qubit Simulator", True)
        assert qpu["feature_set"] == await sdk.get_features(SIMULATOR)
        assert (await sdk.get_qpu())["id"] == EXACT


async def test_an_unknown_qpu_is_answered_with_what_there_is(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        with pytest.raises(ServerError, match=EXACT):
            await sdk.get_qpu("qpu:nowhere")
        with pytest.raises(ServerError, match=EXACT):
            await sdk.get_wait_time("qpu:nowhere")
        with pytest.raises(ServerError, match=EXACT):
            await sdk.get_next_window("qpu:nowhere")


@pytest.mark.parametrize("day", ["23.11.2026", "2026-13-01"])
async def test_a_text_that_is_not_a_day_is_refused(local_qpu: LocalQpu, day: str) -> None:
    async with local_qpu.sdk() as sdk:
        with pytest.raises(ValueError, match="not a day"):
            await sdk.get_calibration(date_filter=day)
        with pytest.raises(TypeError, match="not a int"):
            await sdk.get_calibration(date_filter=20261123)  # type: ignore[arg-type]


# ---- queues and windows ----

TOLD = {
    "qpu_wait_times": [
        {
            "average_processing_seconds": 0.5,
            "estimated_availability_time": "2026-11-23 12:01:30",
            "qpu_id": EXACT,
            "tasks_in_queue": 21,
            "timestamp": "2026-11-23 12:00:00.000000",
            "windows": [
                {"start_time": "2026-11-24 09:50:00", "end_time": "2026-11-24 13:00:00"},
                {"start_time": "2026-11-23 12:01:30", "end_time": "2026-11-23 16:00:00"},
                {"start_time": "2026-11-23 08:00:00", "end_time": "2026-11-23 11:00:00"},
                {"start_time": "soon"},
                "tomorrow",
            ],
        }
    ]
}


async def test_the_wait_time_of_a_qpu_is_one_request(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        before = sdk.requests
        wait = await sdk.get_wait_time(SIMULATOR)
        assert sdk.requests == before + 1
        assert (wait.qpu_id, wait.tasks_in_queue, wait.windows) == (SIMULATOR, 0, ())
        assert wait.seconds is not None
        assert wait.seconds >= 0
        assert wait.timestamp is not None
        assert abs(dt.datetime.now(UTC) - wait.timestamp) < dt.timedelta(minutes=1)


async def test_the_wait_time_tells_the_queue_and_the_windows_to_come(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        proxy.spoil("POST", "/monitoring/qpu_wait_time", answer=answer(200, TOLD))
        wait = await sdk.get_wait_time()
        assert (wait.tasks_in_queue, wait.average_processing_seconds) == (21, 0.5)
        assert wait.seconds == 90
        first = Window(
            dt.datetime(2026, 11, 23, 12, 1, 30, tzinfo=UTC),
            dt.datetime(2026, 11, 23, 16, tzinfo=UTC),
        )
        assert wait.next_window == first
        assert len(wait.windows) == 2


@pytest.mark.parametrize(
    "told", [{}, {"timestamp": 1, "windows": {}, "tasks_in_queue": "many"}, {"timestamp": "x"}]
)
async def test_what_a_wait_time_does_not_tell_is_none(
    proxied: OqcSdk, proxy: FaultyProxy, told: dict[str, Any]
) -> None:
    async with proxied as sdk:
        body = {"qpu_wait_times": [told]}
        proxy.spoil("POST", "/monitoring/qpu_wait_time", answer=answer(200, body))
        assert await sdk.get_wait_time() == WaitTime(EXACT)
        assert WaitTime(EXACT).seconds is WaitTime(EXACT).next_window is None


async def test_the_next_window_is_told_in_utc(
    proxied: OqcSdk, proxy: FaultyProxy, dialect: str
) -> None:
    window = {"next_window": {"starting": "2026-11-23T12:01:30Z"}}
    proxy.spoil("GET", "/windows/next", answer=answer(200, window))
    proxy.spoil("POST", "/monitoring/qpu_wait_time", answer=answer(200, TOLD))
    async with proxied as sdk:
        assert await sdk.get_next_window() == dt.datetime(2026, 11, 23, 12, 1, 30)  # naive
    assert proxy.count("GET", "/windows/next") == (dialect == "v3")


async def test_no_window_is_told_as_none(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    proxy.spoil("GET", "/windows/next", answer=answer(200, {}))
    async with proxied as sdk:
        assert await sdk.get_next_window() is None


async def test_a_job_in_flight_tells_what_the_service_expects_of_it(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        with pytest.raises(RuntimeError, match="Nothing has been submitted yet"):
            await job.get_wait_time()
        await job.execute()
        told = await job.get_wait_time()
        assert told["task_id"] == str(job.task_id)
        assert told["status"] == "COMPLETED"
        gone = answer(404, {"detail": "no such task"})
        proxy.spoil("POST", "/monitoring/task_wait_time", answer=gone)
        with pytest.raises(ServerError, match="no such task"):
            await job.get_wait_time()


# ---- tasks ----


async def test_a_job_that_was_lost_is_found_among_the_tasks(local_qpu: LocalQpu) -> None:
    start = dt.datetime.now()  # naive, so local time
    async with local_qpu.sdk() as sdk:
        lost = sdk.create_job(program=[ONE, ONE], qpu_id=[EXACT, SIMULATOR])
        lost.jobs[1].tag = "mine"
        await lost.execute()
        ids = {str(job.task_id) for job in lost.jobs}
        tasks = await sdk.list_tasks(start)
        assert {task["task_id"] for task in tasks} == ids
        (found,) = [task for task in tasks if task["tag"] == "mine"]
        job = await sdk.attach(found["task_id"], found["qpu_id"])
        assert job.state is JobState.COMPLETED
        assert job.outputs.data == lost.jobs[1].outputs.data
        assert job.tag == "mine"


async def test_tasks_are_listed_between_two_times_and_of_one_qpu(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        start = dt.datetime.now(UTC)
        job = sdk.create_job(program=ONE, qpu_id=SIMULATOR)
        await job.execute()
        end = dt.datetime.now(dt.timezone(dt.timedelta(hours=5)))
        await sdk.create_job(program=ONE, qpu_id=SIMULATOR).execute()

        async def listed(*dates: Any, qpu_id: str | None = None) -> list[str]:
            return [task["task_id"] for task in await sdk.list_tasks(*dates, qpu_id=qpu_id)]

        assert await listed(start, end) == [str(job.task_id)]
        assert len(await listed(start, qpu_id=SIMULATOR)) == 2
        assert await listed(start, qpu_id=EXACT) == []
        today = dt.date.today()
        assert str(job.task_id) in await listed(today, today)
        assert await listed(today + dt.timedelta(days=1)) == []
        with pytest.raises(TypeError, match="not a str"):
            await sdk.list_tasks("yesterday")  # type: ignore[arg-type]


@pytest.mark.parametrize("told", ["<html>One moment</html>", 7])
@pytest.mark.parametrize("method", ["list_tasks", "get_wait_time", "list_qpus", "get_qpu"])
async def test_an_answer_that_cannot_be_used_is_an_error_of_the_sdk(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    told: Any,
) -> None:
    monkeypatch.setenv("OQC_SDK_MAX_TRANSPORT_RETRIES", "1")
    async with OqcSdk(proxied.url, credential=proxied._credential, default_qpu_id=EXACT) as sdk:
        for verb in ("GET", "POST"):
            proxy.spoil(verb, "/", answer=answer(200, told), times=None)
        with pytest.raises(DisturbanceError):
            await getattr(sdk, method)()
