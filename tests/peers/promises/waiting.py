"""Waiting for a server that is slow, disturbed or down."""

import asyncio
import contextlib
import time

from tests.faulty import Fault, answer
from tests.peers.promises.registry import promise
from tests.peers.scripts.programs import ONE

RUNNING = answer(200, {"status": "RUNNING"})


def looks(**fault):
    """Spoil the next looks at a task."""
    return Fault("GET", "/all_info", **fault)


async def _completes(world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        assert job.completed
        assert job.result.data == {"c": {"1": 1000}}


@promise("`timeout_s=None` waits without a limit", looks(answer=RUNNING, times=None))
async def no_timeout(module, world):
    # this process's clock is put forward by an hour: nobody has the time to wait for one
    clock, ahead = time.monotonic, 0.0
    time.monotonic = lambda: clock() + ahead
    async with world.sdk() as sdk:
        waiting = asyncio.create_task(sdk.create_job(program=ONE).execute(timeout_s=None))
        await asyncio.sleep(0.5)
        ahead = 3600.0
        await asyncio.wait({waiting}, timeout=4.0)
        assert not waiting.done(), waiting
        waiting.cancel()
        await asyncio.wait({waiting})


@promise("A server that hangs does not outlast `timeout_s`", looks(delay_s=30.0, times=None))
async def hanging_server(module, world):
    async with world.sdk() as sdk:
        began = time.monotonic()
        try:
            await sdk.create_job(program=ONE).execute(timeout_s=1.0)
        except TimeoutError:
            took = time.monotonic() - began
            assert took < 3.0, f"{took:.1f} s"
        else:
            raise AssertionError("no TimeoutError")


@promise("`Retry-After` is honoured", looks(answer=answer(429, {}, Retry_After="2")))
async def retry_after(module, world):
    began = time.monotonic()
    await _completes(world)
    took = time.monotonic() - began
    assert took >= 2.0, f"{took:.1f} s"


@promise("A connection that breaks in the middle of a poll is passed over", looks(keep=-5))
async def broken_connection(module, world):
    await _completes(world)


@promise(
    "HTML with status 200 instead of a poll's answer is passed over",
    looks(answer=answer(200, "<html>One moment</html>")),
)
async def html_while_polling(module, world):
    await _completes(world)


@promise(
    "COMPLETED without results is told by `job.error`",
    looks(answer=answer(200, {"status": "COMPLETED"}), times=None),
)
async def completed_without_results(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        assert job.error
        assert not job.completed


@promise(
    "A task that expired on the server ends the wait",
    looks(answer=answer(200, {"status": "EXPIRED"}), times=None),
)
async def expired_task(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute(timeout_s=5.0)
        assert job.error


@promise("A server that is down when a session opens is said within 10 s", limit_s=12.0)
async def server_down(module, world):
    try:
        await world.no_server().open()
    except Exception as exc:
        said = str(exc)
    else:
        said = "nothing"
    assert "127.0.0.1" in said, f"{said} is said"


@promise(
    "A session that cannot open asks no other host for help",
    Fault("GET", "/admin/qpu", times=None, forward=False, answer=answer(403, {"detail": "no"})),
)
async def no_other_host(module, world):
    with contextlib.suppress(Exception):  # that it is said is another promise
        await world.sdk().open()
    assert world.other_machines() == [], world.other_machines()
