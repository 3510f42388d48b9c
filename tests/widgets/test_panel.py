"""What a panel sends, when, and what its buttons do."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook import archive
from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.widgets.packing import packed_changes
from oqc_notebook.widgets.panel import Panel
from tests.support import BELL, BROKEN, ONE, LocalQpu, until
from tests.widgets.conftest import Channel, changed_rows, unpacked

MakePanel = Callable[..., tuple[Panel, Channel]]

#: What a page says it shows of a job that never ran.
NEVER = "/0"

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def states(channel: Channel) -> list[str]:
    views = (message.get("view", {}) for message in channel.messages)
    return [view["state"] for view in views if "state" in view]


# ---- what is sent ----


async def test_changes_are_numbered_and_make_up_the_whole(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=BELL)
        panel, channel = make_panel(job, "bell")
        view = json.loads(json.dumps(channel.state["view"]))
        assert (view["state"], view["name"], view["can_execute"]) == ("CREATED", "bell", True)
        await job.execute()
    for seq, message in enumerate(channel.messages, start=1):
        assert (message["do"], message["seq"]) == ("patch", seq)
        view |= {**message["view"], "seq": seq}
    assert view == panel.view
    assert view["registers"][0]["total"] == 1000
    assert "program" not in view
    assert states(channel)[-1] == "COMPLETED"


async def test_the_end_is_sent_before_the_waiter_goes_on(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=[BELL] * 3)
        told: list[bool] = []
        _, channel = make_panel(job, on_change=told.append)
        await job.execute()
        assert channel.messages[-1]["view"]["state"] == "COMPLETED"
        assert told[-1] is True


async def test_only_rows_that_changed_are_sent(local_qpu: LocalQpu, make_panel: MakePanel) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[BELL] * 40, label=[f"θ = {i}" for i in range(40)])
        panel, channel = make_panel(sweep, "sweep")
        rows = unpacked(channel.state["rows"])
        assert [row["label"] for row in rows][:2] == ["θ = 0", "θ = 1"]
        await asyncio.gather(*(job.execute() for job in sweep.jobs[3:6]))
        await asyncio.sleep(0.15)  # the last change of a part of the children is not urgent
        assert {row for message in channel.messages for row, _ in changed_rows(message)} == {
            *range(3, 6)
        }
        for message in channel.messages:
            for index, changed in changed_rows(message):
                rows[index] |= changed
        assert rows == panel.rows
        assert panel.view["tallies"] == {"COMPLETED": 3, "CREATED": 37}


async def test_ten_updates_a_second_at_most(make_panel: MakePanel) -> None:
    sdk = OqcSdk("https://example.com", "t")
    sweep = sdk.create_job(program=[BELL] * 20, qpu_id="q")
    _, channel = make_panel(sweep)
    began = time.monotonic()
    while time.monotonic() - began < 0.55:
        for job in sweep.jobs:
            job.cancel_requested = not job.cancel_requested
            job.label = str(time.monotonic())
            job._changed()
        await asyncio.sleep(0)
    assert 2 <= len(channel.messages) <= 2 + 10 * (time.monotonic() - began)
    sent = len(channel.messages)
    await asyncio.sleep(0.25)  # nothing changes, nothing is sent, but for the last of the above
    assert len(channel.messages) <= sent + 1


async def test_a_change_of_11_of_200_rows_is_at_most_2_kb(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(
            program=[BELL] * 200, label=[f"θ = {i / 100:.2f}" for i in range(200)]
        )
        _, channel = make_panel(sweep)
        assert len(json.dumps(channel.state["rows"])) < 10_000
        await sweep.execute()
    for message in channel.messages:
        rows = changed_rows(message)
        if len(rows) >= 11:
            part = {**message, "rows": packed_changes(rows[-11:])}
            assert len(json.dumps(part, ensure_ascii=False).encode()) < 2048


async def test_children_that_are_added_get_rows(make_panel: MakePanel) -> None:
    sdk = OqcSdk("https://example.com", "t")
    sweep = sdk.create_job(program=["a", "b"], qpu_id="q")
    panel, channel = make_panel(sweep)
    sweep.add(sdk.create_job(program="c", qpu_id="q", label="new"))
    assert [row["label"] for row in panel.rows] == ["", "", "new"]
    assert [row for row, _ in changed_rows(channel.messages[-1])] == [2]
    await asyncio.sleep(0.11)
    sweep.jobs[2].label = "newer"
    sweep.jobs[2]._changed()
    assert panel.rows[2]["label"] == "newer"
    sweep.jobs.pop(0)  # a plain list tells nobody; the next change shows it
    await asyncio.sleep(0.11)
    sweep.jobs[0]._changed()
    assert channel.messages[-1]["do"] == "whole"
    assert [row["label"] for row in panel.rows] == ["", "newer"]


async def test_a_page_that_missed_something_gets_the_whole(make_panel: MakePanel) -> None:
    job = OqcSdk("https://example.com", "t").create_job(program="p", qpu_id="q")
    panel, channel = make_panel(job)
    channel.receive(do="hello", seq=0)
    assert channel.messages[-1]["do"] == "here"
    job.label = "other"
    job._changed()
    channel.receive(do="hello", seq=0)
    assert channel.messages[-1]["do"] == "whole"
    assert channel.messages[-1]["view"] == panel.view
    assert abs(channel.messages[-1]["now"] - time.time() * 1000) < 5000


async def test_no_page_no_observer_until_one_comes_back(make_panel: MakePanel) -> None:
    job = OqcSdk("https://example.com", "t").create_job(program="p", qpu_id="q")
    panel, channel = make_panel(job)
    assert len(job._observers) == 1
    channel.receive(do="gone")
    assert job._observers == []
    assert channel.messages[-1]["do"] == "who"
    job.label = "changed meanwhile"
    channel.receive(do="hello", seq=0)
    assert len(job._observers) == 1
    assert channel.messages[-1]["view"]["label"] == "changed meanwhile"
    panel.close()
    assert job._observers == []
    assert channel.closed


async def test_a_program_that_draws_nothing_is_sent_the_end_as_a_whole(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        _, channel = make_panel(job)
        await job.execute()
        assert channel.states[-1]["view"]["state"] == "COMPLETED"
        sent = len(channel.states)
        channel.receive(do="hello", seq=channel.messages[-1]["seq"])
        await job.execute()
        assert len(channel.states) == sent


# ---- what buttons do ----


def clicking_thread(channel: Channel, **message: Any) -> None:
    """Click in a thread that has another event loop running, as some kernels do."""

    async def click() -> None:
        channel.receive(**message)

    thread = threading.Thread(target=lambda: asyncio.run(click()))
    thread.start()
    thread.join()


async def test_two_clicks_on_execute_are_one_run(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        _, channel = make_panel(job)
        channel.receive(do="execute", run=NEVER)
        clicking_thread(channel, do="execute", run=NEVER)
        while "Run 1 has ended: COMPLETED." not in channel.notes():
            await asyncio.sleep(0.01)
        assert len(job.history) == 1


async def test_a_click_that_comes_late_runs_nothing(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        _, channel = make_panel(job)
        await job.execute()
        clicking_thread(channel, do="execute", run=NEVER)
        assert "Another run has begun since that click: nothing was submitted." in channel.notes()
        assert len(job.history) == 1
        assert job.ended


async def test_execute_says_what_kept_it_from_running(make_panel: MakePanel) -> None:
    for job, text in (
        (OqcSdk("https://example.com", "t").create_job(program="p", qpu_id="q"), "is not open"),
        (Job("p", "q"), "has no session"),
    ):
        _, channel = make_panel(job)
        channel.receive(do="execute", run=NEVER)
        assert text in channel.notes()[-1]
        assert channel.messages[-1]["view"]["note"]["bad"]


def test_cancel_from_another_thread_while_the_job_is_awaited(
    background_loop: asyncio.AbstractEventLoop, make_panel: MakePanel
) -> None:
    def on_loop(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, background_loop)

    with LocalQpu("--latency", "600") as qpu:
        sdk = qpu.sdk()
        on_loop(sdk.open()).result()
        job = sdk.create_job(program=ONE)
        _, channel = make_panel(job)
        channel.receive(do="cancel", run=NEVER)
        assert channel.notes() == ["Nothing is in flight: there was nothing to cancel."]
        waiting = on_loop(job.execute())
        until(lambda: job.state is JobState.SUBMITTED)
        clicking_thread(channel, do="cancel", run=NEVER)
        assert channel.notes()[-1] == (
            "Another run has begun since that click: nothing was cancelled."
        )
        clicking_thread(channel, do="cancel", run=f"{job.task_id}/0")
        waiting.result(timeout=20)
        channel.wait_for_note("The server says CANCELLED.")
        assert job.state is JobState.CANCELLED
        on_loop(sdk.close()).result()


async def test_refresh_says_what_the_server_says(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=BROKEN)
        _, channel = make_panel(job)
        await job.execute()
        channel.receive(do="refresh")
        while "The server says FAILED." not in channel.notes():
            await asyncio.sleep(0.01)
        assert "Asking the server…" in channel.notes()


async def test_save_and_load(local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        _, channel = make_panel(job, "my job")
        channel.receive(do="save")
        (file,) = archive.saved()
        assert channel.notes() == [f"Saved to {file.path}"]
        assert file.path.is_absolute()
        channel.receive(do="saved")
        (offered,) = channel.messages[-1]["files"]
        assert (offered["path"], offered["kind"]) == (str(file.path), "job")
        channel.receive(do="open", path=offered["path"])
        (inside,) = (message for message in channel.messages if message["do"] == "child")
        assert inside["index"] == "loaded"
        assert inside["view"]["name"] == "my_job"
        assert inside["view"]["task_id"] == str(job.task_id)
        assert channel.notes()[-1] == f"Opened below: my_job = sdk.load({str(file.path)!r})"


async def test_save_and_load_in_the_archive_of_the_session(
    local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        archive.attach(sdk, tmp_path / "sweeps.oqc")
        _, channel = make_panel(sdk.create_job(program=ONE), "one")
        channel.receive(do="save")
        path = tmp_path / "sweeps.oqc" / "saved" / "one.json"
        assert channel.notes() == [f"Saved to {path}"]
        channel.receive(do="saved")
        assert [file["path"] for file in channel.messages[-1]["files"]] == [str(path)]
        assert archive.saved() == []


async def test_a_loaded_job_is_a_panel_of_its_own_inside_the_first(
    local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        job.save(tmp_path / "old.json")
        panel, channel = make_panel(job)
        channel.receive(do="open", path=str(tmp_path / "old.json"))
        execute = {"do": "execute", "run": NEVER}
        channel.receive(do="to_child", index="loaded", message=execute)
        told = [message["message"] for message in channel.messages if message["do"] == "to_child"]
        assert told[-1]["view"]["note"]["text"] == "Submitting…"
        while "COMPLETED" not in states_of_inside(channel):
            await asyncio.sleep(0.01)
        assert job.task_id is None
        # a page that comes later does not know of it, and one that does is left alone
        sent = len(channel.messages)
        channel.receive(do="hello", seq=panel.view["seq"], inside=[])
        channel.receive(do="hello", seq=panel.view["seq"], inside=["loaded"])
        assert [message["do"] for message in channel.messages[sent:]] == ["here", "child", "here"]
        channel.receive(do="unload")
        assert channel.messages[-1]["do"] == "closed"


def states_of_inside(channel: Channel) -> list[str]:
    told = [message["message"] for message in channel.messages if message["do"] == "to_child"]
    return [message["view"]["state"] for message in told if "state" in message.get("view", {})]


async def test_saving_over_a_file_says_what_is_there(
    local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path
) -> None:
    sdk = local_qpu.sdk()
    _, channel = make_panel(sdk.create_job(program=ONE), "bell")
    for _ in range(2):
        channel.receive(do="save")
        assert channel.notes()[-1].endswith("saved/bell.json")
    _, other = make_panel(sdk.create_job(program=BELL), "bell")
    other.receive(do="save")
    assert other.notes()[-1].endswith("saved/bell-2.json (bell.json there holds another job)")
    assert len(archive.saved()) == 2


async def test_what_cannot_be_saved_is_told_in_words(
    local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / "lab.ipynb"
    notebook.write_text("{}")
    notebook.with_suffix(".oqc").write_text("in the way of the folder")
    monkeypatch.setenv("OQC_NOTEBOOK_PATH", str(notebook))
    _, channel = make_panel(local_qpu.sdk().create_job(program=ONE), "bell")
    channel.receive(do="save")
    note = channel.messages[-1]["view"]["note"]
    assert note["bad"]
    assert note["text"] == f"Not saved. Not a directory: {tmp_path / 'lab.oqc' / 'saved'}"
    _, odd = make_panel(local_qpu.sdk().create_job(program=ONE), "../a/b:c\u202e")
    notebook.with_suffix(".oqc").unlink()
    odd.receive(do="save")
    assert odd.notes()[-1] == f"Saved to {tmp_path / 'lab.oqc' / 'saved' / '_a_b_c_.json'}"


async def test_a_file_that_cannot_be_loaded_is_told(
    local_qpu: LocalQpu, make_panel: MakePanel, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text("{")
    job = local_qpu.sdk().create_job(program=ONE)
    _, channel = make_panel(job)
    channel.receive(do="open", path=str(tmp_path / "bad.json"))
    assert "bad.json" in channel.notes()[-1]
    assert channel.messages[-1]["view"]["note"]["bad"]


async def test_a_composite_tells_its_tally(local_qpu: LocalQpu, make_panel: MakePanel) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[ONE, BROKEN, ONE])
        assert isinstance(sweep, CompositeJob)
        _, channel = make_panel(sweep)
        channel.receive(do="execute", run=None)
        while "The run has ended: 2 COMPLETED, 1 FAILED." not in channel.notes():
            await asyncio.sleep(0.01)
        channel.receive(do="save")
        assert archive.saved()[0].name == "composite"
