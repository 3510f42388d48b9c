"""Our files hold what the published format has no words for, and load there nevertheless."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook.sdk import Job, OqcSdk
from tests.faulty import FaultyProxy, answer
from tests.peers.running import Sdk
from tests.peers.scripts.describe import describe
from tests.support import EXACT, ONE, LocalQpu

pytestmark = [pytest.mark.peers, pytest.mark.anyio]


@pytest.fixture
async def completed(local_qpu: LocalQpu) -> Job:
    """A job with a result, whose session is closed again."""
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
    return job


@pytest.fixture
def load_there(theirs: Sdk, tmp_path: Path) -> Any:
    """Save a job here, load it there, save it there: give what is seen there, and here again."""

    def load_there(job: Job) -> tuple[dict[str, Any], Job]:
        ours, their_copy = tmp_path / "ours", tmp_path / "theirs"
        ours.mkdir()
        their_copy.mkdir()
        job.save(ours / "job.json")
        seen = theirs.run("load_jobs", folder=str(ours), save_to=str(their_copy))
        again = OqcSdk("https://example.com").load(their_copy / "job.json")
        assert isinstance(again, Job)
        return seen["job.json"], again

    return load_there


async def test_a_result_that_is_no_object_is_empty_there(completed: Job, load_there: Any) -> None:
    assert completed.result is not None
    completed.result.data = [[1, 0], [0, 1]]
    there, again = load_there(completed)
    expected = describe(completed)
    for output in (expected["result"], *expected["outputs"], *expected["history"]):
        output["data"] = {}
    assert there == expected
    assert again.result is not None
    assert again.result.data == {}


async def test_numbers_that_are_not_finite_are_null_there(completed: Job, load_there: Any) -> None:
    assert completed.result is not None
    completed.result.data = {"c": {"mean": math.nan, "most": math.inf, "least": -math.inf, "n": 1}}
    completed.result.metrics = {"fidelity": [math.nan, 0.5]}
    there, again = load_there(completed)
    for output in (there["result"], *there["outputs"], *there["history"]):
        assert output["data"] == {"c": {"mean": None, "most": None, "least": None, "n": 1}}
        assert output["metrics"] == {"fidelity": [None, 0.5]}
    assert again.result is not None
    assert again.result.data == there["result"]["data"]


async def test_an_expired_job_has_failed_there(
    proxied: OqcSdk, proxy: FaultyProxy, load_there: Any
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "EXPIRED"}), times=None)
        job = sdk.create_job(program=ONE)
        await job.execute()
    there, again = load_there(job)
    assert there == describe(job)
    assert there["state"] == again.state == "FAILED"
    assert "expired" in there["error"]["error_message"]


async def test_a_job_of_unknown_status_is_running_there(
    proxied: OqcSdk, proxy: FaultyProxy, load_there: Any
) -> None:
    async with proxied as sdk:
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "PAUSED"}), times=None)
        job = sdk.create_job(program=ONE)
        await job.submit()
        await job.refresh()
    assert job.status == "PAUSED"
    there, again = load_there(job)
    assert there["state"] == again.state == "RUNNING"
    assert again.task_id == job.task_id


async def test_a_purged_job_keeps_its_error_there(
    proxied: OqcSdk, proxy: FaultyProxy, load_there: Any
) -> None:
    gone = answer(404, {"response": {"errors": ["there is no such task"]}})
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        proxy.spoil("GET", "/all_info", answer=gone, times=None)
        await job.refresh()
    there, _ = load_there(job)
    assert there == describe(job)
    assert there["error"]["error_code"] == 404


async def test_a_child_of_each_kind_leaves_the_others_as_they_are(
    completed: Job, local_qpu: LocalQpu, theirs: Sdk, tmp_path: Path
) -> None:
    assert completed.result is not None
    sdk = OqcSdk(local_qpu.url)
    composite = sdk.create_job(program=[ONE], qpu_id=EXACT)
    odd = sdk.from_snapshot(completed.to_snapshot())
    assert isinstance(odd, Job)
    assert odd.result is not None
    odd.result.data = "101"
    composite.add([completed, odd])
    composite.save(tmp_path / "composite.json")
    there = theirs.run("load_jobs", folder=str(tmp_path), save_to=str(tmp_path))["composite.json"]
    assert there["jobs"][1] == describe(completed)
    assert [child["state"] for child in there["jobs"]] == ["CREATED", "COMPLETED", "COMPLETED"]
    assert there["jobs"][2]["result"]["data"] == {}
