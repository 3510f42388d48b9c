"""A mixed load while things go wrong: no task is lost, none runs twice, and nothing leaks."""

from __future__ import annotations

import random

import psutil
import pytest

from oqc_notebook.sdk import JobState
from oqc_notebook.testing import Faults, local_qpu
from tests.support import BELL, BROKEN, EXACT, ONE, PRICED, SIMULATOR

pytestmark = pytest.mark.anyio


def spoil(faults: Faults, chance: random.Random) -> int:
    """Add faults that pass by themselves, and crashes; give how many runs those fail."""
    for call in ("reserve", "submit", "poll", "poll", "poll"):
        after, accepted = chance.randrange(6), chance.random() < 0.5
        match chance.randrange(5):
            case 0:
                faults.drop(call, accepted=accepted, after=after)
            case 1:
                faults.html(call, accepted=accepted, after=after)
            case 2:
                faults.refuse(503, call, accepted=accepted, after=after)
            case 3:
                faults.truncate(call, bytes=chance.randrange(40), after=after)
            case 4:
                faults.slow(0.05, call, after=after)
    crashes = chance.randrange(2)
    if crashes:
        faults.crash_worker(after=chance.randrange(20))
    return crashes


@pytest.mark.parametrize("rounds", [3, pytest.param(300, marks=pytest.mark.soak)])
async def test_no_task_is_lost_and_no_memory(rounds: int) -> None:
    chance = random.Random(8)
    programs = [BELL, ONE, BROKEN, BELL] * 6
    # Longer than a round takes on a busy machine: what is deleted within one seems to be lost.
    with local_qpu(workers=2, retention=20.0) as qpu:
        server = psutil.Process(qpu._process._process.pid)
        used = []
        async with qpu.sdk() as sdk:
            known: set[str] = set()
            for _ in range(rounds):
                crashes = spoil(qpu.faults, chance)
                sweep = sdk.create_job(
                    program=programs, qpu_id=[chance.choice((EXACT, SIMULATOR, PRICED))] * 24
                )
                await sweep.execute(timeout_s=120)
                qpu.faults.clear()
                failed = [job for job in sweep.jobs if job.state is JobState.FAILED]
                ended = [job for job in sweep.jobs if job.state is JobState.COMPLETED]
                assert len(failed) + len(ended) == 24
                assert 6 <= len(failed) <= 6 + crashes
                ids = {str(job.task_id) for job in sweep.jobs}
                ran = [task for task in await sdk.list_tasks() if task["status"] != "CREATED"]
                assert {task["task_id"] for task in ran} - known == ids
                known = {task["task_id"] for task in ran}
                used.append(server.memory_info().rss / 2**20)
    warm = max(used[: max(1, rounds // 2)])
    assert used[-1] - warm < 8, used
