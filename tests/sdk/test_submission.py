"""One run for one intent, whatever happens to the answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.sdk.errors import SessionUnreachableError
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, ONE, LocalQpu, met

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("dialect")]


async def tasks_at(sdk: OqcSdk) -> int:
    """How many tasks the local QPU has been given so far, as it counts them itself."""
    return sum(task["status"] != "CREATED" for task in await sdk.list_tasks())


async def test_two_execute_at_once_are_one_run(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        before = await tasks_at(sdk)
        job = sdk.create_job(program=BELL)
        first, second = await asyncio.gather(job.execute(), job.execute())
        assert first.one is second.one
        assert len(job.history) == 1
        assert await tasks_at(sdk) == before + 1


async def test_two_execute_of_a_composite_at_once_are_one_run_of_each_child(
    local_qpu: LocalQpu,
) -> None:
    async with local_qpu.sdk() as sdk:
        before = await tasks_at(sdk)
        composite = sdk.create_job(program=[BELL, ONE, BELL])
        await asyncio.gather(composite.execute(), composite.execute(), composite.jobs[1].execute())
        assert [len(job.history) for job in composite.jobs] == [1, 1, 1]
        assert await tasks_at(sdk) == before + 3


async def test_execute_after_the_end_is_a_new_run(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=BELL)
        await job.execute()
        first = job.task_id
        await job.execute()
        assert job.task_id != first
        assert [output.task_id for output in job.history] == [first, job.task_id]


@pytest.mark.parametrize("forward", [True, False], ids=["arrived", "lost on the way"])
async def test_a_lost_answer_to_a_submission_leads_to_one_run(
    proxied: OqcSdk, proxy: FaultyProxy, forward: bool
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", forward=forward, drop=True)
        job = sdk.create_job(program=BELL)
        await job.execute()
        assert job.completed
        assert await tasks_at(sdk) == before + 1
        assert proxy.count("POST", "/tasks/submit") == (1 if forward else 2)


@pytest.mark.parametrize(
    "spoilt",
    [
        answer(503, {}),
        answer(524, "the origin took too long"),
        answer(202, {}),
        answer(200, "<html>Sorry</html>"),
        answer(200, []),
        answer(200, None),
        answer(429, {}, Retry_After="0"),
    ],
    ids=["503", "524", "202", "HTML", "no ids", "null", "429"],
)
async def test_an_odd_answer_after_acceptance_leads_to_one_run(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: bytes
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", answer=spoilt)
        composite = sdk.create_job(program=[BELL, ONE])
        await composite.execute()
        assert composite.completed
        assert await tasks_at(sdk) == before + 2


@pytest.mark.parametrize(
    "body", [[], None, {"error": "no"}, [{"task_id": "another"}]], ids=["none", "null", "no", "odd"]
)
async def test_a_task_that_a_good_answer_does_not_name_is_asked_about_and_submitted(
    proxied: OqcSdk, proxy: FaultyProxy, body: object
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", forward=False, answer=answer(200, body))
        composite = sdk.create_job(program=[BELL, ONE])
        await composite.execute(timeout_s=20)
        assert composite.completed
        assert await tasks_at(sdk) == before + 2
        assert proxy.log.count(("POST", "/tasks")) == 1  # under the same ids


async def test_a_late_submission_is_not_sent_again_under_another_id(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", answer=answer(504, {}), forward=False, times=2)
        job = sdk.create_job(program=BELL)
        await job.execute()
        assert job.completed
        assert await tasks_at(sdk) == before + 1
        assert proxy.count("POST", "/tasks/submit") == 3
        assert proxy.log.count(("POST", "/tasks")) == 1


async def test_a_job_that_was_asked_about_before_it_arrived_is_called_created_no_longer(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        proxy.spoil("POST", "/tasks/submit", answer=answer(504, {}), forward=False)
        job = await sdk.create_job(program=BELL).submit()
        assert job.state is JobState.SUBMITTED
        assert job.status == "SUBMITTED"


@pytest.mark.parametrize("forward", [True, False], ids=["accepted", "refused"])
async def test_an_id_that_is_said_to_run_already_is_asked_about(
    proxied: OqcSdk, proxy: FaultyProxy, forward: bool
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", answer=answer(409, {}), forward=forward)
        job = sdk.create_job(program=ONE)
        await job.execute(timeout_s=30)
        assert job.completed
        assert proxy.count("POST", "/tasks/submit") == (1 if forward else 2)
        assert await tasks_at(sdk) == before + 1


async def test_a_bad_task_does_not_take_its_batch_down(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        composite = sdk.create_job(program=[ONE, ONE, ONE, ONE, ONE])
        composite.jobs[3].qpu_id = "qpu:local:2:simulator"
        composite.jobs[1].tag = "x" * 10
        proxy.spoil(
            "POST",
            "/tasks/submit",
            forward=False,
            answer=answer(400, {"response": {"errors": ["task 1 is not to my liking"]}}),
            times=3,
        )
        await composite.execute()
        assert len(composite.completed_jobs) + len(composite.failed_jobs) == 5
        assert len(composite.completed_jobs) >= 3
        for job in composite.failed_jobs:
            assert job.error is not None
            assert job.error.error_message == "task 1 is not to my liking"
            assert job.error.error_code == 400


async def test_a_program_that_fails_does_not_take_siblings_down(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, BROKEN, ONE])
        outputs = await composite.execute()
        assert [output.is_error for output in outputs] == [False, True, False]
        assert outputs[1].error_message.startswith("5:1 ")
        assert composite.state is JobState.FAILED
        assert composite.error is outputs[1]


async def test_a_removed_qpu_lands_in_the_error_of_its_own_children(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(
            program=ONE, qpu_id=["qpu:local:1:exact", "qpu:uk:9:gone", "qpu:local:2:simulator"]
        )
        await composite.execute()
        assert [job.completed for job in composite.jobs] == [True, False, True]
        error = composite.jobs[1].error
        assert error is not None
        assert error.error_code == 404
        assert "qpu:uk:9:gone" in str(error.error_message)


async def test_a_refused_submission_keeps_earlier_results(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        good = job.result
        job.qpu_id = "qpu:uk:9:gone"
        outputs = await job.execute()
        assert outputs.one is job.error
        assert job.state is JobState.FAILED
        assert job.history.first is good
        assert len(job.history) == 2


async def test_an_unreachable_server_raises_and_the_job_can_be_run_later(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OQC_SDK_MAX_TRANSPORT_RETRIES", "2")
    sdk = OqcSdk(proxied.url, credential=proxied._credential, default_qpu_id="qpu:local:1:exact")
    async with sdk:
        fault = proxy.spoil("POST", "/tasks", forward=False, drop=True, times=None)
        job = sdk.create_job(program=ONE)
        with pytest.raises(SessionUnreachableError, match="no usable answer in 2 tries"):
            await job.execute()
        assert job.state is JobState.CREATED
        assert job.task_id is None
        fault.times = 0
        await job.execute()
        assert job.completed


async def test_a_submission_of_unknown_fate_says_so_and_is_asked_about_first(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oqc_notebook.sdk.submission._ASK_AFTER_S", (0.0,))
    async with proxied as sdk:
        before = await tasks_at(sdk)
        # accepted, the answer lost; then nothing is known because it looks CREATED
        made_up = answer(200, {"status": "CREATED"})
        looks = proxy.spoil("GET", "/all_info", forward=False, answer=made_up, times=None)
        lost = proxy.spoil("POST", "/tasks/submit", drop=True, times=None)
        job = sdk.create_job(program=ONE)
        with pytest.raises(SessionUnreachableError, match="may have been accepted"):
            await job.execute()
        assert job.error is not None
        assert "may have been accepted" in str(job.error.error_message)
        looks.times = lost.times = 0
        await job.execute()
        assert job.completed
        assert job.error is None
        assert await tasks_at(sdk) == before + 1


async def test_a_lost_submission_that_cannot_be_asked_about_says_so_too(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", drop=True)
        looks = proxy.spoil("GET", "/all_info", drop=True, times=None)
        job = sdk.create_job(program=ONE)
        with pytest.raises(SessionUnreachableError, match="may have been accepted"):
            await job.execute()
        assert "may have been accepted" in str(job.error and job.error.error_message)
        looks.times = 0
        await job.execute()
        assert job.completed
        assert await tasks_at(sdk) == before + 1


async def test_another_program_is_not_taken_for_the_one_that_may_have_been_accepted(
    proxied: OqcSdk, proxy: FaultyProxy, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        proxy.spoil("POST", "/tasks/submit", drop=True)
        looks = proxy.spoil("GET", "/all_info", drop=True, times=None)
        job = sdk.create_job(program=ONE)
        with pytest.raises(SessionUnreachableError):
            await job.execute()
        looks.times, first = 0, job.task_id
        job.program = BELL
        (output,) = await job.execute()
        assert set(output.data["c"]) == {"00", "11"}
        assert output.program == BELL
        assert await tasks_at(sdk) == before + 2
        assert f"Task {first} is left to itself" in caplog.text


@pytest.mark.parametrize("path", ["/tasks", "/tasks/submit"], ids=["reserving", "submitting"])
async def test_a_job_that_gets_other_inputs_while_it_is_submitted_runs_with_those_the_next_time(
    proxied: OqcSdk, proxy: FaultyProxy, path: str
) -> None:
    async with proxied as sdk:
        before = await tasks_at(sdk)
        held = proxy.spoil("POST", path, delay_s=60.0)
        changed, other = (sdk.create_job(program=ONE) for _ in range(2))
        composite = CompositeJob([changed, other])
        submitting = asyncio.create_task(composite.submit())
        await met(lambda: held.times == 0)
        changed.reconfigure(program=BELL)
        again = asyncio.create_task(changed.execute())
        await met(lambda: changed.ended)
        held.delay_s = 0.0
        await submitting
        await composite.wait()
        (output,) = await again
        assert output is changed.result
        assert output.program == BELL
        assert sorted(output.data["c"]) == ["00", "11"]
        assert other.completed
        assert [len(job.history) for job in composite.jobs] == [1, 1]
        # what had been sent to be run could not be called back
        assert await tasks_at(sdk) == before + (2 if path == "/tasks" else 3)


async def test_an_id_is_not_recorded_over_the_file_of_another_job(
    local_qpu: LocalQpu, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with local_qpu.sdk() as sdk:
        job, other = sdk.create_job(program=ONE), sdk.create_job(program=BELL)
        job.save(tmp_path / "job.json")
        other.save(tmp_path / "job.json")
        before = (tmp_path / "job.json").read_bytes()
        await job.execute()
        assert (tmp_path / "job.json").read_bytes() == before
        assert "replaced or removed since" in caplog.text
        await other.execute()
        assert json.loads((tmp_path / "job.json").read_bytes())["task_id"] == str(other.task_id)


async def test_a_file_that_was_removed_does_not_come_back(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, ONE])
        composite.save(tmp_path / "composite.json")
        await composite.execute()  # with the ids recorded, it is another file, and still its own
        await composite.execute()
        assert str(composite.jobs[1].task_id) in (tmp_path / "composite.json").read_text()
        (tmp_path / "composite.json").unlink()
        await composite.execute()
        assert os.listdir(tmp_path) == []


async def test_saves_that_go_on_during_submissions_are_not_taken_for_somebody_elses(
    local_qpu: LocalQpu, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE] * 10)
        stop = threading.Event()

        def save_here_and_there() -> None:
            while not stop.is_set():
                composite.save(tmp_path / "here.json")
                composite.save(tmp_path / "there.json")

        saving = asyncio.create_task(asyncio.to_thread(save_here_and_there))
        for _ in range(5):
            await composite.execute()
        stop.set()
        await saving
        assert "could not be recorded" not in caplog.text


async def test_a_file_that_holds_more_than_a_snapshot_stays_as_it_is(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        for made in (sdk.create_job(program=ONE), sdk.create_job(program=[ONE])):
            made.save(tmp_path / "run.json")
            content = json.loads((tmp_path / "run.json").read_text()) | {"oqc_archive": {}}
            (tmp_path / "run.json").write_text(json.dumps(content))
            restored = sdk.load(tmp_path / "run.json")
            await restored.execute()
            assert json.loads((tmp_path / "run.json").read_text()) == content
            restored.save(tmp_path / "run.json")  # when it is asked for by name
            await restored.execute()
            assert str(restored.outputs.one.task_id) in (tmp_path / "run.json").read_text()


async def test_reserved_ids_are_in_the_jobs_file_before_the_submission(
    proxied: OqcSdk, proxy: FaultyProxy, tmp_path: Path
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        job.save(tmp_path / "job.json")
        proxy.spoil("POST", "/tasks/submit", delay_s=30.0)
        running = asyncio.create_task(job.execute())
        deadline = time.monotonic() + 10
        while not proxy.count("POST", "/tasks/submit") and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        saved = json.loads((tmp_path / "job.json").read_text())
        assert saved["task_id"] == str(job.task_id)
        assert saved["state"] == "CREATED"
        running.cancel()
        proxy.faults.clear()

    # as after a crash: another session finds the id, and the run that it belongs to
    async with OqcSdk(proxied.url, credential=proxied._credential) as later:
        before = await tasks_at(later)
        restored = later.load(tmp_path / "job.json")
        assert isinstance(restored, Job)
        await restored.execute()
        assert restored.completed
        assert str(restored.task_id) == saved["task_id"]
        assert await tasks_at(later) == before

    # and when that one has ended well, the next one begins another run
    async with OqcSdk(proxied.url, credential=proxied._credential) as last:
        again = last.load(tmp_path / "job.json")
        assert again.state is JobState.COMPLETED
        await again.execute()
        assert await tasks_at(last) == before + 1


async def test_the_end_of_a_run_is_in_the_jobs_file_when_the_session_is_closed(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, BROKEN])
        composite.save(tmp_path / "composite.json")
        composite.observe(lambda _: None)  # nobody waits for it, as where there is a panel
        await composite.submit()
        await met(lambda: composite.ended)
    restored = sdk.load(tmp_path / "composite.json")
    assert restored.state is JobState.FAILED
    assert restored.outputs.all() == composite.outputs.all()


async def test_what_was_saved_since_stays_as_it_was_saved_when_the_session_is_closed(
    local_qpu: LocalQpu, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [tmp_path / name for name in ("saved.json", "replaced.json", "removed.json")]
    async with local_qpu.sdk() as sdk:
        jobs = [sdk.create_job(program=ONE) for _ in paths]
        for job, path in zip(jobs, paths, strict=True):
            job.save(path)
            await job.submit()
        saved, replaced, removed = paths
        jobs[0].save(saved)  # in flight, and so it stays
        sdk.create_job(program=BELL).save(replaced)
        removed.unlink()
        before = saved.read_bytes(), replaced.read_bytes()
        for job in jobs:
            await job.wait()
    assert (saved.read_bytes(), replaced.read_bytes()) == before
    assert not removed.exists()
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("program", None, "The program of child 1 (of 2) is NoneType, not text."),
        ("program", " ", "The program of child 1 (of 2) is empty"),
        ("config", "1000", "The configuration of child 1 (of 2) is str, not a CompilerConfig"),
    ],
)
async def test_what_is_no_input_is_refused_before_anything_is_sent(
    proxied: OqcSdk, proxy: FaultyProxy, name: str, value: object, words: str
) -> None:
    async with proxied as sdk:
        sent = len(proxy.log)
        composite = sdk.create_job(program=[ONE, ONE])
        setattr(composite.jobs[1], name, value)
        with pytest.raises((TypeError, ValueError), match=f"^{re.escape(words)}"):
            await composite.execute()
        assert len(proxy.log) == sent
        assert composite.state is JobState.CREATED


async def test_an_oversized_program_is_refused_before_anything_is_sent(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        sent = len(proxy.log)
        composite = sdk.create_job(program=[ONE, ONE + "//" + "x" * 200_000])
        with pytest.raises(ValueError, match="child 1.*128 KiB"):
            await composite.execute()
        assert len(proxy.log) == sent
        assert composite.state is JobState.CREATED


async def test_large_batches_are_cut_to_the_size_of_a_request(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    async with proxied as sdk:
        programs = [ONE + "//" + "x" * 30_000 for _ in range(7)]
        composite = sdk.create_job(program=programs)
        await composite.execute()
        assert composite.completed
        assert proxy.count("POST", "/tasks/submit") == 3


async def test_submit_does_not_wait_for_the_end_and_wait_does(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        assert await job.submit() is job
        assert job.in_flight or job.ended
        task_id = job.task_id
        await job.submit()  # in flight already: the same run
        assert job.task_id == task_id
        assert await job.wait() is job
        assert job.completed
