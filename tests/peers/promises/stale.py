"""The server is not what it was when the job was saved, or refuses a job."""

import uuid

from tests.faulty import Fault, answer
from tests.peers.promises.registry import EXACT, GONE, SIMULATOR, promise
from tests.peers.scripts.programs import BROKEN, ONE


@promise("A QPU that was removed is told by `job.error`; `execute()` raises nothing")
async def removed_qpu(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        job.qpu_id = GONE
        job.save(world.file)
        restored = sdk.load(world.file)
        await restored.execute()
        assert restored.error
        assert GONE in restored.error.error_message
        assert restored.history.first.data == {"c": {"1": 1000}}


@promise("One removed QPU does not take the rest of a composite down")
async def removed_qpu_of_one_child(module, world):
    async with world.sdk() as sdk:
        composite = sdk.create_job(program=ONE, qpu_id=[EXACT, GONE, SIMULATOR])
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [True, False, True], composite.jobs


@promise(
    "A batch that one QPU refuses leaves alone what another QPU accepts a little later",
    Fault("POST", "/tasks/submit"),
    Fault("POST", "/tasks/submit", delay_s=0.5),
)
async def batch_refused_by_one_qpu(module, world):
    noisy = module.ExperimentalConfig(noise=True, repeats=100)
    async with world.sdk() as sdk:
        composite = sdk.create_job(program=ONE, qpu_id=[EXACT, SIMULATOR], config=[noisy, None])
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [False, True], composite.jobs


@promise("A program that fails leaves the others of its composite alone")
async def failing_program(module, world):
    async with world.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, BROKEN, ONE])
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [True, False, True], composite.jobs


@promise("One job that the server refuses does not fail the others of its batch")
async def one_bad_job_of_three(module, world):
    noisy = module.ExperimentalConfig(noise=True, repeats=100)
    async with world.sdk() as sdk:
        composite = sdk.create_job(program=ONE, config=[None, noisy, None])
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [True, False, True], composite.jobs


@promise("`refresh()` of a task that was purged puts the server's 404 into `job.error`")
async def purged_task(module, world):
    snapshot = world.job(task_id=str(uuid.uuid4()), state="SUBMITTED").to_snapshot()
    async with world.sdk() as sdk:
        job = sdk.from_snapshot(snapshot)
        await job.refresh()
        assert job.error
        assert job.error.error_code == 404


@promise(
    "A refusal without a reason is still told by `job.error`",
    Fault(
        "POST",
        "/tasks/submit",
        times=None,
        forward=False,
        answer=answer(400, {"response": {"errors": []}}),
    ),
)
async def refusal_without_a_reason(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        assert job.error
        assert job.error.error_message


@promise("An error without a code counts as an error in `if job.error:`")
async def error_without_a_code(module, world):
    error = {"kind": "error", "error_message": "no"}
    assert world.job(state="FAILED", error=error, history=[error]).error, "it is false"
