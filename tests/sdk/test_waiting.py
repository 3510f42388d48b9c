"""Waiting, time-outs, cancelling, observing, and looking at what the server says."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from pathlib import Path

import pytest

from oqc_notebook.sdk import Job, JobFailed, JobState, OqcSdk, snapshot_text
from oqc_notebook.sdk.errors import OqcError, SessionUnreachableError, StaleResultWarning
from oqc_notebook.sdk.waiting import now
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, ONE, LocalQpu, met

pytestmark = pytest.mark.anyio

#: Keeps a simulator busy for several seconds: random-looking, 22 qubits deep.
SLOW = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[24];\ncreg c[24];\n'
    + "".join(
        f"rx(0.{layer + 1}{i}) q[{i}];\nrz(0.3{i}) q[{i}];\ncx q[{i}], q[{(i + 1) % 24}];\n"
        for layer in range(30)
        for i in range(24)
    )
    + "measure q -> c;\n"
)


async def test_a_timeout_leaves_the_job_in_flight_and_waiting_goes_on(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
        job = sdk.create_job(program=ONE)
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="stay in flight"):
            await job.execute(timeout_s=0.5)
        assert 0.4 < time.monotonic() - began < 5
        assert job.state is JobState.RUNNING
        assert job.error is None
        task_id = job.task_id
        fault.times = 0
        await job.execute()
        assert job.completed
        assert job.task_id == task_id
        assert len(job.history) == 1


async def test_a_hanging_server_does_not_outlast_the_timeout(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", delay_s=30.0, times=None)
        job = sdk.create_job(program=ONE)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await job.execute(timeout_s=0.5)
        assert time.monotonic() - began < 5


async def test_an_answer_that_takes_long_is_waited_for_longer_the_next_time(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oqc_notebook.sdk.poller._LOOK_S", 0.2)
    async with proxied as sdk:
        slow = sdk.create_job(program=ONE)
        proxy.spoil("GET", "/all_info", delay_s=1.0, times=None)  # as of a large result
        await slow.execute(timeout_s=20)
        assert slow.completed
        assert proxy.count("GET", "/all_info") < 8


async def test_a_request_that_never_comes_to_its_end_is_given_up(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oqc_notebook.sdk.transport._LONGEST_S", 0.2)
    monkeypatch.setenv("OQC_SDK_MAX_TRANSPORT_RETRIES", "2")
    async with OqcSdk(proxied.url, credential=proxied._credential) as sdk:
        proxy.spoil("GET", "/admin/qpu", delay_s=30.0, times=None)
        with pytest.raises(SessionUnreachableError, match="not complete after"):
            await sdk.list_qpus()


class Suspended:
    """The clock of a machine that may be suspended; those of the event loop stand still then."""

    def __init__(self) -> None:
        self.asleep_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.asleep_s


@pytest.fixture
def suspended(monkeypatch: pytest.MonkeyPatch) -> Suspended:
    clock = Suspended()
    monkeypatch.setattr("oqc_notebook.sdk.waiting.now", clock)
    return clock


async def test_a_suspend_of_the_machine_counts_as_waiting(
    proxied: OqcSdk, proxy: FaultyProxy, suspended: Suspended
) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
        job = sdk.create_job(program=ONE)
        waiting = asyncio.create_task(job.execute(timeout_s=3600))
        while job.state is not JobState.RUNNING:
            await asyncio.sleep(0.01)
        began = time.monotonic()
        suspended.asleep_s = 3000
        done, _ = await asyncio.wait({waiting}, timeout=1.5)
        assert not done
        suspended.asleep_s = 4000
        with pytest.raises(TimeoutError, match="stay in flight"):
            await waiting
        assert time.monotonic() - began < 5
        fault.times = 0
        await job.wait()
        assert job.completed


async def test_a_suspend_counts_for_a_submission_too(
    proxied: OqcSdk, proxy: FaultyProxy, suspended: Suspended
) -> None:
    async with proxied as sdk:
        proxy.spoil("POST", "/tasks/submit", delay_s=3.0)
        job = sdk.create_job(program=ONE)
        submitting = asyncio.create_task(job.submit(timeout_s=600))
        while not proxy.count("POST", "/tasks/submit"):
            await asyncio.sleep(0.01)
        suspended.asleep_s = 601
        with pytest.raises(TimeoutError, match="The submission goes on"):
            await submitting
        await job.wait()
        assert job.completed


async def test_without_a_limit_a_suspend_ends_no_wait(
    proxied: OqcSdk, proxy: FaultyProxy, suspended: Suspended
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        proxy.spoil("POST", "/tasks/submit", delay_s=0.2)
        waiting = asyncio.create_task(job.execute(timeout_s=None))
        suspended.asleep_s = 1e6
        assert (await waiting).one.ok


def test_the_clock_of_waits_goes_on_in_a_suspend() -> None:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None:
        pytest.skip("only Linux calls it so")
    assert abs(now() - time.clock_gettime(clock)) < 1


@pytest.mark.parametrize(
    "spoilt",
    [
        {"drop": True},
        {"answer": answer(503, {})},
        {"answer": answer(200, "<html>One moment</html>")},
        {"keep": 120},
        {"answer": answer(200, ["not", "an", "object"])},
    ],
    ids=["dropped", "503", "HTML", "truncated", "odd JSON"],
)
async def test_disturbances_while_polling_pass(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: dict[str, object]
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", times=3, **spoilt)
        job = sdk.create_job(program=ONE)
        await job.execute()
        assert job.completed
        assert proxy.count("GET", "/all_info") == 4


@pytest.mark.parametrize(
    "spoilt",
    [{"answer": answer(500, {})}, {"answer": answer(200, "<html>")}, {"delay_s": 60.0}],
    ids=["500", "HTML", "no answer"],
)
async def test_a_task_that_the_server_never_tells_of_does_not_hide_its_siblings(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: dict[str, object]
) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE] * 4)
        await composite.submit()
        first, *others = composite.jobs
        trouble = proxy.spoil("GET", f"/tasks/{first.task_id}/all_info", times=None, **spoilt)
        waiting = asyncio.create_task(composite.execute(timeout_s=60))
        await met(lambda: all(job.completed for job in others), 9.0)
        assert first.in_flight
        trouble.times = 0
        await first.refresh()
        await waiting
        assert composite.completed
        assert [len(job.history) for job in composite.jobs] == [1] * 4


async def test_retry_after_is_honoured_while_polling(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(429, {}, Retry_After="1"))
        job = sdk.create_job(program=ONE)
        began = time.monotonic()
        await job.execute()
        assert time.monotonic() - began >= 1.0
        assert proxy.count("GET", "/all_info") == 2


async def test_cancelling_one_waiter_cancels_neither_the_other_nor_the_job(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
        job = sdk.create_job(program=ONE)
        first = asyncio.create_task(job.execute())
        second = asyncio.create_task(job.execute())
        while job.state is not JobState.RUNNING:
            await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        fault.times = 0
        assert (await second).one is job.result


async def test_a_waiter_that_comes_back_during_a_look_is_not_forgotten(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, delay_s=0.3, times=None)
        job = sdk.create_job(program=ONE)
        first = asyncio.create_task(job.execute())
        while not proxy.count("GET", "/all_info"):
            await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(job.execute(timeout_s=10))
        await asyncio.sleep(0.6)  # the look that was under way has come back
        fault.times = 0
        assert (await second).one is job.result


async def test_a_waiter_that_leaves_after_a_run_takes_nobody_along_who_waits_for_the_next_one(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    running = answer(200, {"status": "RUNNING"})
    async with proxied as sdk:
        composite = await sdk.create_job(program=[ONE] * 2).submit()
        child, other = composite.jobs
        slow = proxy.spoil("GET", f"{other.task_id}/all_info", answer=running, times=None)
        whole = asyncio.create_task(composite.wait())
        await met(lambda: child.completed)
        held = proxy.spoil("GET", "/all_info", answer=running, times=None)
        again = asyncio.create_task(child.execute(timeout_s=None))
        await met(lambda: child.state is JobState.RUNNING)
        whole.cancel()
        with pytest.raises(asyncio.CancelledError):
            await whole
        held.times = slow.times = 0
        async with asyncio.timeout(30):
            assert (await again).one is child.history.last


async def test_each_waiter_has_a_timeout_of_its_own(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
        job = sdk.create_job(program=ONE)
        patient = asyncio.create_task(job.execute(timeout_s=None))
        with pytest.raises(TimeoutError):
            await job.execute(timeout_s=0.2)
        fault.times = 0
        assert (await patient).one is job.result


@pytest.mark.usefixtures("dialect")
async def test_a_purged_task_sets_error_404_and_keeps_the_state(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = Job(ONE, "qpu:local:1:exact", task_id=uuid.uuid4(), _client=sdk)
        job._state = JobState.RUNNING
        await job.refresh()
        assert job.state is JobState.RUNNING
        assert job.error is not None
        assert job.error.error_code == 404
        assert len(job.history) == 1
        await job.refresh()
        assert len(job.history) == 1
        with pytest.raises(JobFailed, match="404"):
            job.raise_for_status()
        # nothing runs under this id any more, so the next execute() is a new run
        outputs = await job.execute()
        assert outputs.one.ok
        assert [output.ok for output in job.history] == [False, True]


@pytest.mark.usefixtures("dialect")
async def test_execute_of_a_purged_run_does_not_submit_by_itself(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = Job(ONE, "qpu:local:1:exact", task_id=uuid.uuid4(), _client=sdk)
        job._state = JobState.SUBMITTED
        outputs = await job.execute()
        assert outputs.one.error_code == 404
        assert proxy.count("POST", "/tasks") == 0
        await job.execute()
        assert job.completed


@pytest.mark.usefixtures("dialect")
async def test_a_refresh_of_a_finished_job_that_was_purged_keeps_its_result(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        gone = answer(404, {"response": {"errors": ["no such task"]}})
        proxy.spoil("GET", "/all_info", answer=gone)
        await job.refresh()
        assert job.error is not None
        assert job.error.error_code == 404
        assert "no such task" in str(job.error.error_message)
        assert job.state is JobState.COMPLETED
        assert job.result is not None
        assert job.result.data == {"c": {"1": 1000}}
        assert len(job.history) == 1
        await job.refresh()
        assert job.error is None


@pytest.mark.usefixtures("dialect")
async def test_a_refused_token_while_polling_ends_the_wait_and_a_later_one_goes_on(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(401, {"detail": "token expired"}))
        job = sdk.create_job(program=ONE)
        outputs = await job.execute()
        assert outputs.one.error_code == 401
        assert job.in_flight
        assert len(job.history) == 0
        await job.execute()
        assert job.completed
        assert job.error is None
        assert len(job.history) == 1


async def test_refreshing_twice_beside_a_wait_records_the_run_once(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        await asyncio.gather(job.wait(), job.refresh(), job.refresh())
        await job.refresh()
        assert len(job.history) == 1


async def test_refresh_before_a_submission_says_what_to_do(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        with pytest.raises(RuntimeError, match=r"call submit\(\) or execute\(\) first"):
            await sdk.create_job(program=ONE).refresh()


async def test_cancel_ends_a_job_in_flight_and_leaves_an_error(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=SLOW)
        running = asyncio.create_task(job.execute())
        while job.state is not JobState.RUNNING:
            await asyncio.sleep(0.01)
        await job.cancel()
        assert job.state is JobState.CANCELLED
        assert (await running).one is job.error
        assert not job.completed


async def test_cancel_leaves_a_finished_job_as_it_is(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        await job.cancel()
        assert job.state is JobState.COMPLETED


async def test_a_cancellation_that_the_server_has_not_confirmed_is_cancel_requested(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        running = answer(200, {"status": "RUNNING"})
        fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
        job = sdk.create_job(program=ONE)
        await job.submit()
        await job.cancel()
        assert job.cancel_requested
        assert job.state is JobState.RUNNING
        assert "cancel requested" in repr(job)
        fault.times = 0
        await job.wait()
        assert job.ended
        assert not job.cancel_requested


@pytest.mark.parametrize("refused", [False, True], ids=["accepted", "refused"])
async def test_a_job_that_ends_while_its_cancellation_is_answered_has_just_ended(
    proxied: OqcSdk, proxy: FaultyProxy, refused: bool
) -> None:
    async with proxied as sdk:
        said = answer(409, {"detail": "it has ended"}) if refused else answer(200, ["OK"])
        asked = proxy.spoil("POST", "/cancel_many", forward=False, answer=said, delay_s=60.0)
        job = await sdk.create_job(program=ONE).submit()
        cancelling = asyncio.create_task(job.cancel())
        await met(lambda: proxy.count("POST", "/cancel_many") == 1)
        await job.wait()
        asked.delay_s = 0.0
        await cancelling
        assert job.completed
        assert not job.cancel_requested
        assert job.error is None


async def test_an_expired_task_ends_with_an_error(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "EXPIRED"}), times=None)
        job = sdk.create_job(program=ONE)
        outputs = await job.execute()
        assert "expired" in outputs.one.error_message
        assert job.state is JobState.FAILED
        assert job.status == "EXPIRED"


async def test_an_unknown_status_is_waited_for(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "PAUSED"}), times=2)
        job = sdk.create_job(program=ONE)
        seen: list[tuple[JobState, str]] = []
        job.observe(lambda job: seen.append((job.state, job.status)))
        await job.execute()
        assert (JobState.UNKNOWN, "PAUSED") in seen
        assert job.completed


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"task_error": {"error_code": 7, "error_message": "stopped"}}, JobState.FAILED),
        ({"results": {"c": {"1": 3}}}, JobState.COMPLETED),
    ],
)
async def test_an_unknown_status_with_an_outcome_ends_the_wait(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, told: dict[str, object], state: JobState
) -> None:
    async with proxied as sdk:
        body = {"status": "ABANDONED"} | told
        proxy.spoil("GET", "/all_info", answer=answer(200, body), times=None)
        job = sdk.create_job(program=ONE)
        await job.execute(timeout_s=20)
        job.save(tmp_path / "job.json")
        for each in (job, sdk.load(tmp_path / "job.json")):
            assert isinstance(each, Job)
            assert (each.state, each.status, len(each.history)) == (state, "ABANDONED", 1)


async def test_completed_without_results_is_an_error_until_they_come(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        job = await sdk.create_job(program=ONE).submit()
        await (await sdk.attach(str(job.task_id))).wait()  # the results are there, and not shown
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "COMPLETED"}))
        await job.wait()
        assert not job.completed
        assert job.error is not None
        await job.refresh()
        assert job.completed
        assert job.error is None


async def test_a_run_whose_results_never_came_stays_in_the_history_when_the_next_one_begins(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path
) -> None:
    async with proxied as sdk:
        fault = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "COMPLETED"}))
        job = sdk.create_job(program=ONE)
        await job.execute()
        lost = job.task_id
        job.save(tmp_path / "job.json")
        for each in (job, sdk.load(tmp_path / "job.json")):
            fault.times = 1
            assert isinstance(each, Job)
            await each.refresh()
            assert [output.task_id for output in each.history] == [lost]
            await each.execute()
            assert [output.is_error for output in each.history] == [True, False]
            assert each.history.first.task_id == lost


async def test_observers_are_called_at_each_change_and_may_fail(
    local_qpu: LocalQpu, caplog: pytest.LogCaptureFixture
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        seen: list[str] = []

        def broken(_: Job) -> None:
            raise ZeroDivisionError("an observer's own trouble")

        job.observe(broken)
        stop = job.observe(lambda job: seen.append(job.state.value))
        with caplog.at_level(logging.CRITICAL):
            await job.execute()
        assert seen[0] == "CREATED"
        assert seen[-1] == "COMPLETED"
        stop()
        count = len(seen)
        await job.execute()
        assert len(seen) == count


async def test_a_job_that_gets_other_inputs_is_waited_for_no_longer_and_others_go_on(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    held = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    async with proxied as sdk:
        changed, other = sdk.create_job(program=ONE), sdk.create_job(program=ONE)
        waits = [asyncio.ensure_future(job.wait()) for job in (changed, other)]
        await met(lambda: changed.state is other.state is JobState.RUNNING)
        changed.reconfigure(program=BELL)
        with pytest.raises(OqcError, match="was given other inputs while it was awaited"):
            await waits[0]
        held.times = 0
        await waits[1]
        assert other.completed
        assert sorted((await changed.execute()).one.data["c"]) == ["00", "11"]


async def test_a_run_that_cannot_be_written_down_keeps_nobody_from_waiting(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed_by_another_thread(*_: object) -> None:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(snapshot_text, "write_down", changed_by_another_thread)
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE] * 2)
        await composite.submit()
        first, last = composite.jobs
        held = proxy.spoil(
            "GET", f"{last.task_id}/all_info", answer=answer(200, {"status": "RUNNING"}), times=None
        )
        waiting = asyncio.create_task(composite.wait())
        await met(lambda: first.completed)
        held.times = 0
        await waiting
        assert composite.completed


async def test_each_run_is_written_down_though_the_next_one_begins_at_once(
    local_qpu: LocalQpu,
) -> None:
    async with local_qpu.sdk() as sdk:
        jobs = [sdk.create_job(program=ONE) for _ in range(10)]

        async def run_again(job: Job) -> None:
            for _ in range(3):
                await job.execute()

        await asyncio.gather(*map(run_again, jobs))
        await met(lambda: all(output._kept for job in jobs for output in job.history))


async def test_a_refresh_that_is_given_up_leaves_no_job_behind(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE] * 2)
        await composite.submit()
        first, last = composite.jobs
        proxy.spoil("GET", f"{last.task_id}/all_info", delay_s=60.0, times=None)
        while not first.completed:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(composite.refresh(), 0.3)
        assert not sdk._require_connection().poller._unwritten


async def test_an_observer_may_give_a_job_other_inputs_when_its_run_ends(
    local_qpu: LocalQpu,
) -> None:
    async with local_qpu.sdk() as sdk:
        job, other = sdk.create_job(program=ONE), sdk.create_job(program=ONE)
        job.observe(lambda job: job.reconfigure(program=BELL) if job.ended else None)
        await asyncio.gather(job.submit(), other.execute())
        await met(lambda: job.state is JobState.CREATED and len(job.history) == 1)
        assert other.completed


async def test_an_observed_job_is_kept_up_to_date_without_a_waiter(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        ended = asyncio.Event()
        job.observe(lambda job: ended.set() if job.ended else None)
        await job.submit()
        await asyncio.wait_for(ended.wait(), 20)
        assert job.completed


async def test_a_stale_result_warns_and_outputs_hold_the_latest_run_only(
    local_qpu: LocalQpu,
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        good = job.result
        job.program = BROKEN
        await job.execute()
        assert job.outputs.one is job.error
        with pytest.warns(StaleResultWarning, match="earlier run"):
            assert job.result is good


async def test_what_a_run_was_given_stays_in_its_output(local_qpu: LocalQpu) -> None:
    from compiler_config.config import CompilerConfig, QuantumResultsFormat

    async with local_qpu.sdk() as sdk:
        config = CompilerConfig(repeats=10, results_format=QuantumResultsFormat().binary_count())
        job = sdk.create_job(program=ONE, config=config)
        await job.execute()
        config.repeats = 20
        job.program = BELL  # neither reaches what the first run left
        await job.execute()
        first, second = job.history
        assert (first.program, first.compiler_config.repeats) == (ONE, 10)
        assert (second.program, second.compiler_config.repeats) == (BELL, 20)
        job.reconfigure(first)
        assert (job.program, job.state) == (ONE, JobState.CREATED)
        await first.reexecute()
        assert job.history.last.data == {"c": {"1": 10}}


async def test_attach_makes_a_job_of_a_task_known_only_by_its_id(local_qpu: LocalQpu) -> None:
    from compiler_config.config import CompilerConfig, QuantumResultsFormat

    config = CompilerConfig(repeats=30, results_format=QuantumResultsFormat().binary_count())
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE, config=config)
        job.tag = "a tag"
        await job.execute()
        found = await sdk.attach(str(job.task_id))
        assert found.state is JobState.COMPLETED
        assert found.result is not None
        assert found.result.data == {"c": {"1": 30}}
        assert found.config is not None
        assert found.config.repeats == 30
        assert found.tag == "a tag"
        assert len(found.history) == 1
        with pytest.raises(ValueError, match="program of the job is empty"):
            await found.execute()
        await found.reconfigure(program=ONE).execute()
        assert len(found.history) == 2


async def test_attach_to_an_unknown_task_gives_a_job_with_a_404(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = await sdk.attach(uuid.uuid4())
        assert job.error is not None
        assert job.error.error_code == 404


@pytest.mark.parametrize("task_id", ["junk", "", 5])
async def test_attach_to_what_is_no_id_says_so(local_qpu: LocalQpu, task_id: str) -> None:
    async with local_qpu.sdk() as sdk:
        with pytest.raises(ValueError, match="is not the id of a task"):
            await sdk.attach(task_id)


async def test_composite_state_follows_its_children(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, SLOW, ONE])
        assert composite.state is JobState.CREATED
        running = asyncio.create_task(composite.execute())
        while not composite.completed_jobs:
            await asyncio.sleep(0.01)
        assert composite.state in (JobState.RUNNING, JobState.SUBMITTED)
        assert len(composite.outputs) == len(composite.terminal_jobs)  # partial results at once
        await composite.cancel_if_active()
        await running
        assert composite.state is JobState.CANCELLED
        assert composite.ended
        with pytest.raises(JobFailed):
            composite.raise_for_status()
        await composite.refresh()
        assert len(composite.history) == 3
