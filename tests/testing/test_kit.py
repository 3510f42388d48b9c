"""The testing kit, used as people use it: from Python, and as a fixture of pytest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from oqc_notebook.sdk import Job, JobState, OqcSdk
from oqc_notebook.sdk.errors import AuthenticationError, SessionError
from oqc_notebook.testing import LocalQpu, local_qpu
from tests.support import BELL, EXACT, met

pytestmark = pytest.mark.anyio


async def executed(sdk: OqcSdk) -> Job:
    job = sdk.create_job(program=BELL)
    await job.execute(timeout_s=30)
    return job


async def test_a_lost_answer_to_a_submission_leads_to_one_run(oqc_local_qpu: LocalQpu) -> None:
    oqc_local_qpu.faults.drop("submit", accepted=True)
    async with oqc_local_qpu.sdk() as sdk:
        job = await executed(sdk)
        assert job.state is JobState.COMPLETED
        assert [task["task_id"] for task in await sdk.list_tasks()] == [str(job.task_id)]
    assert oqc_local_qpu.calls()["submit"] == 1
    assert oqc_local_qpu.faults.pending() == []


@pytest.mark.parametrize("call", ["reserve", "submit", "poll"])
async def test_nothing_that_passes_fails_a_job(
    oqc_local_qpu: LocalQpu, call: str, dialect: str
) -> None:
    faults = oqc_local_qpu.faults
    faults.drop(call)
    faults.html(call, accepted=True)
    faults.truncate(call)
    faults.refuse(503, call, accepted=True)
    async with oqc_local_qpu.sdk() as sdk:
        job = await executed(sdk)
        assert job.state is JobState.COMPLETED
        completed = [t for t in await sdk.list_tasks() if t["status"] == "COMPLETED"]
        assert [task["task_id"] for task in completed] == [str(job.task_id)]


async def test_an_expired_token_ends_the_wait_and_the_job_goes_on(
    oqc_local_qpu: LocalQpu,
) -> None:
    oqc_local_qpu.faults.refuse(401, "poll")
    async with oqc_local_qpu.sdk() as sdk:
        job = await executed(sdk)
        assert job.in_flight
        assert job.error.error_code == 401
        assert "the token has expired" in job.error.error_message
        await job.wait()
        assert job.state is JobState.COMPLETED
    oqc_local_qpu.faults.refuse(403, "qpus")
    with pytest.raises(AuthenticationError, match="no access"):
        await oqc_local_qpu.sdk().open()


async def test_a_purged_task_a_removed_qpu_and_fewer_qubits_are_errors_of_the_job(
    oqc_local_qpu: LocalQpu,
) -> None:
    faults = oqc_local_qpu.faults
    async with oqc_local_qpu.sdk() as sdk:
        job = await executed(sdk)
        first = job.result.data
        faults.purge(job.task_id)
        await job.refresh()
        assert (job.state, job.error.error_code) == (JobState.COMPLETED, 404)
        assert job.result.data == first
        faults.fewer_qubits(EXACT, 1)
        await job.execute()
        assert job.state is JobState.FAILED
        assert "Exact 32-qubit has 1" in job.error.error_message
        faults.remove_qpu(EXACT)
        await job.execute()
        assert job.error.error_code == 404
        assert EXACT in job.error.error_message


async def test_shots_are_the_same_after_every_reset(oqc_local_qpu: LocalQpu) -> None:
    seen = []
    for runs in (1, 3, 2):
        async with oqc_local_qpu.sdk() as sdk:
            jobs = [await executed(sdk) for _ in range(runs)]
        seen.append(jobs[0].result.data)
        oqc_local_qpu.reset()
    assert seen == seen[:1] * 3
    assert len({str(job.result.data) for job in jobs}) == 2  # each run its own


async def test_a_reset_leaves_neither_tasks_nor_faults(oqc_local_qpu: LocalQpu) -> None:
    endless = "OPENQASM 3.0;\nqubit q;\nbit c;\nc = measure q;\nwhile (!c) { c = measure q; }\n"
    async with oqc_local_qpu.sdk() as sdk:
        job = sdk.create_job(program=endless)
        await job.submit()
        stop = job.observe(lambda _: None)
        await met(lambda: job.state is JobState.RUNNING)
        stop()
        oqc_local_qpu.faults.drop("poll", times="always")
        oqc_local_qpu.reset()
        assert oqc_local_qpu.faults.pending() == []
        assert oqc_local_qpu.calls() == {}
        assert await sdk.list_tasks() == []
        await job.refresh()
        assert job.error.error_code == 404
        assert (await executed(sdk)).state is JobState.COMPLETED


def killed(qpu: LocalQpu) -> None:
    process = qpu._process._process
    process.kill()
    process.wait(timeout=30)


@pytest.mark.parametrize("end", [LocalQpu.stop, killed])
def test_where_a_test_has_ended_it_the_next_one_gets_another(
    oqc_local_qpu: LocalQpu, end: Callable[[LocalQpu], None]
) -> None:
    assert oqc_local_qpu.calls() == {}
    end(oqc_local_qpu)
    assert not oqc_local_qpu.is_alive


async def test_a_wrong_fault_is_refused_at_once(oqc_local_qpu: LocalQpu) -> None:
    with pytest.raises(ValueError, match=r'call: Input should be .*, not "sumbit"'):
        oqc_local_qpu.faults.drop("sumbit")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"status: .* less than or equal to 599"):
        oqc_local_qpu.faults.refuse(600)
    assert oqc_local_qpu.faults.pending() == []


def test_it_ends_with_its_block_and_says_so() -> None:
    with local_qpu(seed=3) as qpu:
        process = qpu._process._process.pid
        assert psutil.pid_exists(process)
    assert not psutil.pid_exists(process)
    with pytest.raises(SessionError, match="The local QPU has ended"):
        qpu.faults.drop()
    qpu.stop()


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "faults.toml").write_text('[[fault]]\nkind = "drip"\n')
    with pytest.raises(SessionError, match=r'did not start: [^$]*fault 1: kind is "drip"'):
        local_qpu(scenario=tmp_path / "faults.toml")


async def test_threads_may_share_it(oqc_local_qpu: LocalQpu) -> None:
    faults = oqc_local_qpu.faults
    await asyncio.gather(*(asyncio.to_thread(faults.slow, float(n)) for n in range(1, 41)))
    assert sorted(fault["seconds"] for fault in faults.pending()) == list(range(1, 41))
