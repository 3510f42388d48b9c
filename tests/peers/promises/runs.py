"""One run for one intent, and one record of it."""

import asyncio
import contextlib

from tests.faulty import Fault, answer
from tests.peers.promises.registry import promise
from tests.peers.scripts.programs import ONE


async def _execute_until_completed(world):
    """Run as users do who get no result: once more."""
    async with world.sdk() as sdk:
        before = world.runs()
        job = sdk.create_job(program=ONE)
        with contextlib.suppress(Exception):  # whatever is raised, the next try shows the harm
            await job.execute()
        if not job.completed:
            await job.execute()
        assert job.completed
        count = world.runs() - before
        assert count == 1, f"{count} runs"


@promise("Two `execute()` of a job at once are one run")
async def two_execute_at_once(module, world):
    async with world.sdk() as sdk:
        before = world.runs()
        job = sdk.create_job(program=ONE)
        await asyncio.gather(job.execute(), job.execute())
        count = world.runs() - before
        assert count == 1, f"{count} runs"


@promise(
    "A lost answer to a submission does not lead to a second run, now or at the next `execute()`",
    Fault("POST", "/tasks/submit", drop=True),
)
async def lost_answer(module, world):
    await _execute_until_completed(world)


@promise(
    "A 503 after the server accepted a submission does not lead to a second run either",
    Fault("POST", "/tasks/submit", answer=answer(503, {})),
)
async def accepted_with_503(module, world):
    await _execute_until_completed(world)


@promise("A job that was saved in flight is waited for, and not run again")
async def saved_in_flight(module, world):
    async with world.sdk() as sdk:
        before = world.runs()
        job = sdk.create_job(program=ONE)
        await job.submit()
        job.save(world.file)
    async with world.sdk() as sdk:
        job = sdk.load(world.file)
        await job.execute()
        assert job.completed
        count = world.runs() - before
        assert count == 1, f"{count} runs"


@promise("`refresh()` twice records a run once")
async def refresh_twice(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        await job.refresh()
        await job.refresh()
        assert len(job.history) == 1, f"{len(job.history)} records"


@promise("`cancel()` leaves a completed job as it is")
async def cancel_of_a_completed_job(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        await job.cancel()
        assert job.state.value == "COMPLETED", job.state
        assert job.completed


@promise(
    "A job that is called cancelled never turns to running again",
    Fault("GET", "/all_info", times=None, answer=answer(200, {"status": "RUNNING"})),
)
async def running_after_cancelled(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        await job.cancel()
        before = job.state.value
        await job.refresh()
        seen = (before, job.state.value)
        assert seen != ("CANCELLED", "RUNNING"), seen


@promise(
    "A cancelled run leaves an error that says so",
    Fault("GET", "/all_info", times=None, answer=answer(200, {"status": "CANCELLED"})),
)
async def cancelled_run(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        assert job.error, "no error"
        assert "cancel" in job.error.error_message.lower()
