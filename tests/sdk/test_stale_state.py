"""What a job refers to at the server is gone: told by ``error``, in both dialects, raising nothing.

The page's own cases are in test_page.py; here they come before and during a session, to
jobs and to composites, of which only one child is concerned.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from compiler_config.config import CompilerConfig

from oqc_notebook.sdk import CompositeJob, Job, JobFailed, JobState, OqcSdk
from oqc_notebook.sdk.errors import StaleResultWarning
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, SIMULATOR, LocalQpu

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("dialect")]

RUNNING = answer(200, {"status": "RUNNING"})
#: What v3 and v4 say of a task that they do not know.
PURGED = answer(404, {"response": {"errors": ["no such task"]}, "detail": "no such task"})


@pytest.fixture(params=["job", "composite"])
def program(request: pytest.FixtureRequest) -> str | list[str]:
    """The program of a job, or those of a composite."""
    return ONE if request.param == "job" else [ONE, ONE, ONE]


async def in_flight(sdk: OqcSdk, proxy: FaultyProxy, **options: Any) -> Any:
    """A job or composite with one good run in its history, and another one in flight."""
    runnable = sdk.create_job(**options)
    await runnable.execute()
    running = proxy.spoil("GET", "/all_info", answer=RUNNING, times=None)
    await runnable.submit()
    await runnable.refresh()
    assert runnable.state is JobState.RUNNING
    running.times = 0
    return runnable


def remove_qpus(proxy: FaultyProxy, dialect: str, *left: str) -> None:
    """Have the service offer these QPUs only, and refuse everything about the others."""
    items = [{"id": qpu_id, "active": True, "url": proxy.url} for qpu_id in left]
    if dialect == "v3":
        proxy.spoil("GET", "/admin/qpu", answer=answer(200, {"items": items}), times=None)
    else:
        proxy.spoil("GET", "/qpus", answer=answer(200, items), times=None)
    if not left:
        said = answer(404, {"response": {"errors": ["QPU is gone"]}, "detail": "QPU is gone"})
        proxy.spoil("POST", "/tasks", answer=said, forward=False, times=None)
        proxy.spoil("GET", "/tasks", answer=said, forward=False, times=None)


def check_first_is_stale(runnable: Job | CompositeJob, code: int, said: str = "") -> None:
    """Check that the first job has this error, keeps what it had, and the others are well."""
    first, *siblings = runnable._members()
    assert runnable.error is first.error
    assert first.error
    assert first.error.error_code == code
    assert said in str(first.error.error_message)
    with pytest.raises(JobFailed, match=str(code)):
        runnable.raise_for_status()
    assert [output.ok for output in first.history] == [True, False]
    with pytest.warns(StaleResultWarning):
        assert first.result is first.history.first
    assert first.history.first.data == {"c": {"1": 1000}}
    for job in siblings:
        assert job.completed
        assert [output.ok for output in job.history] == [True, True]


# ---- the task was purged ----


async def test_a_task_that_was_purged_since_the_job_was_saved(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, program: str | list[str]
) -> None:
    async with proxied as sdk:
        (await in_flight(sdk, proxy, program=program)).save(tmp_path / "job.json")
    async with OqcSdk(proxy.url, credential=proxied._credential) as sdk:
        restored = sdk.load(tmp_path / "job.json")
        task_id = restored._members()[0].task_id
        proxy.spoil("GET", f"/tasks/{task_id}/all_info", answer=PURGED, times=None)
        submissions = proxy.count("POST", "/tasks")
        await restored.execute()
        assert proxy.count("POST", "/tasks") == submissions  # the next call does
        check_first_is_stale(restored, 404, "may have been scrubbed")
        assert restored._members()[0].state is JobState.RUNNING
        await restored.refresh()
        check_first_is_stale(restored, 404, "no such task")
        restored.save(tmp_path / "again.json")
        check_first_is_stale(sdk.load(tmp_path / "again.json"), 404, "no such task")
        await restored.execute()
        assert restored.completed
        assert restored.error is None


async def test_a_task_that_is_purged_while_it_is_waited_for(
    proxied: OqcSdk, proxy: FaultyProxy, program: str | list[str]
) -> None:
    async with proxied as sdk:
        runnable = await in_flight(sdk, proxy, program=program)
        path = f"/tasks/{runnable._members()[0].task_id}/all_info"
        proxy.spoil("GET", path, answer=RUNNING, times=2)
        proxy.spoil("GET", path, answer=PURGED, times=None)
        await runnable.execute()
        check_first_is_stale(runnable, 404, "no such task")


# ---- the QPU was removed ----


@pytest.mark.parametrize("left", [(), (SIMULATOR,)], ids=["the only one", "one of two"])
async def test_a_qpu_that_was_removed_before_the_session_began(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    dialect: str,
    tmp_path: Path,
    program: str | list[str],
    left: tuple[str, ...],
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=program)
        await job.execute()
        job.save(tmp_path / "job.json")
    remove_qpus(proxy, dialect, *left)
    if left and dialect == "v4":  # there the refusal is the server's, not seen in the list
        proxy.spoil("POST", "/tasks", answer=answer(404, {"detail": EXACT}), times=None)
    async with OqcSdk(proxy.url, credential=proxied._credential) as sdk:
        restored = sdk.load(tmp_path / "job.json")
        await restored.execute()
        assert restored.state is JobState.FAILED
        for each in restored._members():
            check_first_is_stale(each, 404)
        await restored.execute()  # and it can be tried as often as one likes
        assert [len(each.history) for each in restored._members()] == [3] * len(restored._members())


async def test_a_qpu_that_is_removed_while_its_task_is_waited_for(
    proxied: OqcSdk, proxy: FaultyProxy, dialect: str, program: str | list[str]
) -> None:
    async with proxied as sdk:
        runnable = await in_flight(sdk, proxy, program=program)
        remove_qpus(proxy, dialect)
        assert await sdk.list_qpus() == []  # as a panel does
        await runnable.execute()
        for job in runnable._members():
            check_first_is_stale(job, 404, "QPU is gone")
        await runnable.refresh()
        await runnable.execute()  # a new run, refused
        assert runnable.state is JobState.FAILED
        assert runnable.error.error_code == 404


async def test_the_removed_qpu_of_one_child_leaves_its_siblings_alone(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=ONE, qpu_id=["qpu:uk:9:gone", EXACT, SIMULATOR])
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [False, True, True]
        assert composite.error is composite.jobs[0].error
        assert composite.error is not None
        assert composite.error.error_code == 404


# ---- the server refuses what it used to take ----


def with_old_config(job: Job) -> None:
    job.config = CompilerConfig(repeats=10_000_000)


def with_too_many_qubits(job: Job) -> None:
    job.program = ONE.replace("qreg q[1]", "qreg q[40]")


@pytest.mark.parametrize(
    ("change", "said"),
    [(with_old_config, "100000"), (with_too_many_qubits, "32")],
    ids=["config", "qubits"],
)
async def test_what_the_qpu_no_longer_supports_is_told_and_siblings_run(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    tmp_path: Path,
    program: str | list[str],
    change: Callable[[Job], None],
    said: str,
) -> None:
    async with proxied as sdk:
        runnable = sdk.create_job(program=program)
        await runnable.execute()
        change(runnable._members()[0])
        runnable.save(tmp_path / "job.json")
    async with OqcSdk(proxy.url, credential=proxied._credential) as sdk:
        restored = sdk.load(tmp_path / "job.json")
        await restored.execute()
        check_first_is_stale(restored, 400, said)
        assert restored.state is JobState.FAILED
        tasks = await sdk.list_tasks()
        for sibling in restored._members()[1:]:  # one run each, though the batch was refused
            runs = [task for task in tasks if task["task_id"] == str(sibling.task_id)]
            assert [task["status"] for task in runs] == ["COMPLETED"]


# ---- what only v3 has: a server of its own for each QPU ----


@pytest.fixture
def listed(local_qpu: LocalQpu, proxy: FaultyProxy) -> Callable[..., None]:
    """Have the list of QPUs say something else of the exact one; None takes it out."""
    headers = {"Authentication-Token": local_qpu.token}
    items = httpx.get(f"{local_qpu.url}/admin/qpu", headers=headers).json()["items"]

    def say(change: dict[str, Any] | None) -> None:
        exact, *others = json.loads(json.dumps(items))
        told = others if change is None else [exact | change, *others]
        proxy.faults[:] = [fault for fault in proxy.faults if fault.path != "/admin/qpu"]
        proxy.spoil("GET", "/admin/qpu", answer=answer(200, {"items": told}), times=None)

    return say


@pytest.mark.parametrize("dialect", ["v3"], indirect=True)
async def test_a_qpu_that_is_not_active_still_tells_of_the_tasks_it_ran(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path, listed: Callable[..., None]
) -> None:
    async with proxied as sdk:
        (await in_flight(sdk, proxy, program=ONE)).save(tmp_path / "job.json")
    listed({"active": False})
    async with OqcSdk(proxy.url, credential=proxied._credential) as sdk:
        restored = sdk.load(tmp_path / "job.json")
        assert isinstance(restored, Job)
        assert EXACT not in [qpu["id"] for qpu in await sdk.list_qpus()]
        await restored.wait()
        assert restored.completed
        await restored.execute()  # a new run has to be one on an active QPU
        assert restored.error is not None
        assert f"no QPU {EXACT!r}" in str(restored.error.error_message)


@pytest.mark.parametrize("dialect", ["v3"], indirect=True)
async def test_a_qpu_whose_server_went_with_it_ends_the_wait(
    proxied: OqcSdk, proxy: FaultyProxy, local_qpu: LocalQpu, listed: Callable[..., None]
) -> None:
    with FaultyProxy(local_qpu.url) as own:
        listed({"url": own.url})
        async with proxied as sdk:
            job = await in_flight(sdk, own, program=ONE)
            own.spoil("GET", "/all_info", drop=True, times=None)
            listed({"url": own.url, "active": False})
            with pytest.raises(TimeoutError):  # listed, so it may come back
                await job.wait(timeout_s=0.5)
            assert job.error is None
            listed(None)
            await job.wait(timeout_s=None)
            check_first_is_stale(job, 404, f"no QPU {EXACT!r}")
            await job.refresh()
            check_first_is_stale(job, 404, f"no QPU {EXACT!r}")
