"""The panel of a composite: its children's rows and tallies, failed ones, the heat map."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
import uuid
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.static.tally import Tally, tally_of
from oqc_notebook.static.view import tally_view
from oqc_notebook.widgets.facts import row_of, view_of
from oqc_notebook.widgets.heatmap import HeatMap
from oqc_notebook.widgets.panel import Panel
from tests.support import BROKEN, ONE, LocalQpu
from tests.widgets.conftest import Channel, changed_rows, unpacked

MakePanel = Callable[..., tuple[Panel, Channel]]

pytestmark = pytest.mark.anyio


def composite(children: int) -> CompositeJob:
    """A composite whose session was never opened: its jobs are moved by hand."""
    sdk = OqcSdk("https://example.com", "t")
    return CompositeJob(
        [
            sdk.create_job(program="p", qpu_id="q", label=f"θ = {i / 100:.2f}")
            for i in range(children)
        ]
    )


def begin(job: Job) -> None:
    job._begin_run({})
    job._reserved(uuid.uuid4())
    job._submitted()


def end(job: Job, **counts: int) -> None:
    """Have a job end as a server would tell it: with counts, or without any as failed."""
    answer: dict[str, Any] = {"status": "COMPLETED", "results": {"c": counts}}
    assert job._run is not None
    job._take_over(job._run, answer if counts else {"status": "FAILED"})


async def settle(channel: Channel) -> None:
    """Wait until what was put off has been sent."""
    await asyncio.sleep(0.12)


# ---- tallies ----


async def test_what_is_kept_child_by_child_is_what_all_children_come_to() -> None:
    chance = random.Random(5)
    sweep = composite(12)
    tally = tally_of(sweep)
    for _ in range(400):
        index = chance.randrange(len(sweep))
        job = sweep.jobs[index]
        match chance.randrange(6):
            case 0:
                begin(job)
            case 1 if job._run is not None:
                end(job, c=3)
            case 2 if job._run is not None:
                end(job)
            case 3:
                job.cancel_requested = not job.cancel_requested
            case 4:
                job.qpu_id = chance.choice(["q", "r", "qpu:local:1"])
            case _ if len(sweep) > 5 and chance.random() < 0.2:
                del sweep.jobs[index:]
                tally.cut(index)
                continue
        tally.put(index, job)
        anew = tally_of(sweep)
        kept, new = tally_view(tally), tally_view(anew)
        assert sorted(kept.pop("qpus")) == sorted(new.pop("qpus"))  # only their order may differ
        assert kept == new
        assert tally.state is sweep.state
        assert tally.ended == sweep.ended
        facts = view_of(sweep, None, tally)
        for name in ("can_execute", "can_cancel", "can_refresh"):
            assert facts[name] == view_of(sweep, None)[name]


def test_nothing_comes_to_nothing() -> None:
    assert tally_view(Tally())["state"] == "CREATED"
    assert Tally().ended is False


async def test_a_change_costs_the_same_whatever_the_number_of_children(
    make_panel: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = composite(2000)
    panel, channel = make_panel(sweep)
    rows: list[int] = []

    def counted(index: int, job: Job) -> dict[str, Any]:
        rows.append(index)
        return row_of(index, job)

    monkeypatch.setattr("oqc_notebook.widgets.children.row_of", counted)
    for job in sweep.jobs[100:111]:
        begin(job)
        end(job, **{"00": 500, "11": 490})
    await settle(channel)
    assert set(rows) == set(range(100, 111))
    assert panel.view["tallies"] == {"COMPLETED": 11, "CREATED": 1989}


async def test_10_000_children_open_within_a_second_and_11_changes_fit_into_2_kb(
    make_panel: MakePanel,
) -> None:
    sweep = composite(10_000)
    for job in sweep.jobs:
        begin(job)
    for job in sweep.jobs[:5000]:
        end(job, **{"00": 480, "11": 470, "01": 30, "10": 20})
    began = time.thread_time()  # what others do on this machine does not count
    _, channel = make_panel(sweep, "sweep")
    assert time.thread_time() - began < 1
    assert len(json.dumps(channel.state["rows"])) < 900_000
    begin(sweep.jobs[0])  # at once, and from then on changes are put off
    await settle(channel)
    sent = len(channel.messages)
    for job in sweep.jobs[5000:5011]:
        end(job, **{"00": 480, "11": 470, "01": 30, "10": 20})
    await settle(channel)
    told = [row for message in channel.messages[sent:] for row, _ in changed_rows(message)]
    assert sorted(told) == list(range(5000, 5011))
    for message in channel.messages[sent:]:
        assert len(json.dumps(message, ensure_ascii=False).encode()) < 2048


async def test_11_changes_fit_into_2_kb_with_different_bitstrings_of_100_qubits(
    make_panel: MakePanel,
) -> None:
    chance = random.Random(5)
    sweep = composite(10_000)
    for job in sweep.jobs:
        begin(job)
    panel, channel = make_panel(sweep, "sweep")
    begin(sweep.jobs[0])  # at once, and from then on changes are put off
    await settle(channel)
    sent = len(channel.messages)
    for job in sweep.jobs[5000:5011]:
        end(job, **{f"{chance.getrandbits(100):0100b}": 200 + n for n in range(5)})
    await settle(channel)
    messages = channel.messages[sent:]  # on a busy machine the first change may go ahead
    for message in messages:
        assert len(json.dumps(message, ensure_ascii=False).encode()) < 2048
    told = dict(row for message in messages for row in changed_rows(message))
    assert sorted(told) == list(range(5000, 5011))
    for place, changed in told.items():
        assert changed["top"] == panel.rows[place]["top"]
        assert [len(bits) for bits, _ in changed["top"]] == [100] * 3


# ---- rows ----


async def test_rows_travel_as_a_table_and_arrive_as_they_were(make_panel: MakePanel) -> None:
    sweep = composite(3)
    begin(sweep.jobs[1])
    end(sweep.jobs[1], **{"0": 7, "1": 3})
    long = "0" * 60 + "1" * 40
    begin(sweep.jobs[2])
    end(sweep.jobs[2], **{long: 7})
    panel, channel = make_panel(sweep)
    assert unpacked(channel.state["rows"]) == panel.rows
    assert panel.rows[1]["top"] == [["0", 7], ["1", 3]]
    assert panel.rows[2]["top"] == [[long, 7]]
    channel.receive(do="hello", seq=-1)
    assert unpacked(channel.messages[-1]["rows"]) == panel.rows


async def test_children_added_to_an_idle_composite_appear_at_once(make_panel: MakePanel) -> None:
    sweep = composite(2)
    panel, channel = make_panel(sweep)
    sweep.add(composite(3).jobs)
    await settle(channel)
    assert (len(panel.rows), panel.view["children"]) == (5, 5)
    told = [index for message in channel.messages for index, _ in changed_rows(message)]
    assert told == [2, 3, 4]
    begin(sweep.jobs[4])
    await settle(channel)
    assert panel.rows[4]["state"] == "SUBMITTED"
    panel.close()
    assert all(not job._observers for job in sweep.jobs)
    assert sweep._observing == []


# ---- a child that is open ----


def opened(channel: Channel) -> list[tuple[str, Any, Any]]:
    return [
        (message["do"], message["index"], message.get("view", {}).get("name"))
        for message in channel.messages
        if message["do"] in ("child", "closed")
    ]


async def test_a_child_is_run_from_its_own_panel(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[ONE] * 3, label=["a", "b", "c"])
        panel, channel = make_panel(sweep, "sweep")
        channel.receive(do="child", index=1)
        assert opened(channel) == [("child", 1, "b")]
        shown = channel.messages[-1]["view"]
        run = f"{shown['task_id'] or ''}/{shown['run_count']}"
        execute = {"do": "execute", "run": run, "cost": None}
        channel.receive(do="to_child", index=1, message=execute)
        channel.receive(do="to_child", index=1, message=execute)
        while not sweep.jobs[1].ended:
            await asyncio.sleep(0.01)
        await settle(channel)
    assert [len(job.history) for job in sweep.jobs] == [0, 1, 0]
    assert panel.view["tallies"] == {"COMPLETED": 1, "CREATED": 2}
    told = [message["message"] for message in channel.messages if message["do"] == "to_child"]
    assert [message["view"]["state"] for message in told if "state" in message.get("view", {})][
        -1
    ] == "COMPLETED"


async def test_a_child_stays_open_when_its_place_changes_and_closes_when_it_is_gone(
    make_panel: MakePanel,
) -> None:
    sweep = composite(4)
    _, channel = make_panel(sweep)
    channel.receive(do="child", index=2)
    sweep.add(composite(1).jobs)
    await settle(channel)
    assert opened(channel) == [("child", 2, "θ = 0.02")]
    removed = sweep.jobs.pop(0)
    sweep.jobs[0]._changed()
    await settle(channel)
    assert opened(channel)[1:] == [("closed", 2, None), ("child", 1, "θ = 0.02")]
    sweep.jobs.pop(1)
    sweep.jobs[0]._changed()
    await settle(channel)
    assert opened(channel)[3:] == [("closed", 1, None)]
    assert removed._observers == []


async def test_a_page_that_comes_later_is_shown_the_child_that_is_open(
    make_panel: MakePanel,
) -> None:
    _, channel = make_panel(composite(4))
    channel.receive(do="child", index=2)
    channel.receive(do="hello", seq=0, inside=[2])
    assert len(opened(channel)) == 1
    channel.receive(do="hello", seq=0, inside=[])
    assert opened(channel)[1:] == [("child", 2, "θ = 0.02")]


# ---- failed children ----


async def test_only_failed_children_are_run_again_and_only_once(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[ONE, BROKEN, ONE, BROKEN])
        assert isinstance(sweep, CompositeJob)
        panel, channel = make_panel(sweep)
        await sweep.execute()
        assert panel.view["to_run_again"] == 2
        seen = panel.view["failures"]
        sweep.jobs[1].program = ONE
        channel.receive(do="rerun", failures=seen, cost=None)
        channel.receive(do="rerun", failures=seen, cost=None)
        while "Submitted again: 2 of 4 children." not in channel.notes():
            await asyncio.sleep(0.01)
        await sweep.wait()
        assert [len(job.history) for job in sweep.jobs] == [1, 2, 1, 2]
        await settle(channel)
        assert panel.view["tallies"] == {"COMPLETED": 3, "FAILED": 1}
        # a click that was made before all this and comes only now: the one that failed a
        # second time is not what was clicked at
        channel.receive(do="rerun", failures=seen, cost=None)
        assert channel.notes()[-1] == (
            "They have been run again since that click: nothing was submitted."
        )
        assert panel.view["failures"] > seen
        channel.receive(do="rerun", failures=panel.view["failures"], cost=None)
        while "Submitted again: 1 of 4 children." not in channel.notes():
            await asyncio.sleep(0.01)
        await sweep.wait()
        assert [len(job.history) for job in sweep.jobs] == [1, 2, 1, 3]


async def test_a_child_that_was_begun_again_meanwhile_is_left_alone() -> None:
    sweep = composite(3)
    for job in sweep.jobs:
        begin(job)
        end(job)
    tally = tally_of(sweep)
    seen = tally.failures
    begin(sweep.jobs[1])
    tally.put(1, sweep.jobs[1])
    assert [index for index, _ in tally.to_run_again(seen)] == [0, 2]
    end(sweep.jobs[1])
    tally.put(1, sweep.jobs[1])
    assert [index for index, _ in tally.to_run_again(seen)] == [0, 2]
    assert [index for index, _ in tally.to_run_again(tally.failures)] == [0, 1, 2]


async def test_what_a_second_try_costs_is_what_was_agreed_to(
    local_qpu: LocalQpu, make_panel: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[BROKEN, ONE])
        assert isinstance(sweep, CompositeJob)
        await sweep.execute()
        monkeypatch.setattr(sdk, "qpu_item", lambda qpu_id: {"price_per_task": "0.25"})
        panel, channel = make_panel(sweep)
        assert panel.view["rerun_cost"] == {"amount": "0.25", "words": "1 task at 0.25"}
        channel.receive(do="rerun", failures=panel.view["failures"], cost=None)
        assert "costs about 0.25" in channel.notes()[-1]
        assert len(sweep.jobs[0].history) == 1
        channel.receive(do="rerun", failures=panel.view["failures"], cost="0.25")
        while len(sweep.jobs[0].history) == 1:
            await asyncio.sleep(0.01)


# ---- the heat map ----


def cells(answer: dict[str, Any]) -> list[list[float | None]]:
    """Give the shares of a heat map, line by line; None where there are no counts."""
    numbers = array("H", base64.b64decode(answer["data"]))
    width = len(answer["bits"]) + answer["has_other"]
    shares = [None if number == 65535 else number / 65534 for number in numbers]
    return [shares[at : at + width] for at in range(0, len(shares), width)]


def asked(channel: Channel, **question: Any) -> dict[str, Any]:
    channel.receive(do="ask", what="heatmap", key="k", **question)
    answer: dict[str, Any] = channel.messages[-1]["answer"]
    return answer


async def test_the_heat_map_has_the_shares_of_the_frame(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    program = ONE.replace("x q[0]", "ry({}) q[0]")
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[program.format(0.5 * i) for i in range(6)])
        assert isinstance(sweep, CompositeJob)
        _, channel = make_panel(sweep)
        assert asked(channel)["registers"] == []
        await sweep.execute()
    answer = asked(channel, register=None, first=0, end=None, results=3)
    assert (answer["registers"], answer["register"], answer["bits"]) == (["c"], "c", ["0", "1"])
    assert (answer["per_line"], answer["has_other"]) == (1, False)
    frame = sweep.to_dataframe()
    for child, line in enumerate(cells(answer)):
        for bits, share in zip(answer["bits"], line, strict=True):
            row = frame[(frame.child == child) & (frame.bitstring == bits)]
            assert share == pytest.approx(row.probability.sum(), abs=1e-4)


async def test_rare_bitstrings_are_one_column_and_missing_counts_are_said() -> None:
    sweep = composite(3)
    for job in sweep.jobs[:2]:
        begin(job)
    end(sweep.jobs[0], **{format(i, "08b"): 100 - i for i in range(80)})
    answer = HeatMap().draw(sweep.jobs, {})
    assert len(answer["bits"]) == 64
    assert answer["has_other"]
    first, second, third = cells(answer)
    assert sum(share for share in first if share) == pytest.approx(1, abs=1e-3)
    assert first[-1] == pytest.approx(sum(100 - i for i in range(64, 80)) / 4840, abs=1e-4)
    assert second == third == [None] * 65


async def test_many_children_share_a_line_as_their_mean() -> None:
    sweep = composite(1000)
    for index, job in enumerate(sweep.jobs):
        begin(job)
        if index % 3 < 2:  # of each three, one has no counts, and one each of two kinds
            end(job, **{"0": 10, "1": 30 * (index % 3)})
    answer = HeatMap().draw(sweep.jobs, {})
    assert answer["per_line"] == 3
    lines = cells(answer)
    assert len(lines) == 334
    assert lines[0] == pytest.approx([(1 + 0.25) / 2, 0.75 / 2], abs=1e-4)
    part = HeatMap().draw(sweep.jobs, {"first": 300, "end": 500})
    assert (part["per_line"], len(cells(part))) == (1, 200)
    assert cells(part)[1] == pytest.approx([0.25, 0.75], abs=1e-4)


async def test_the_map_follows_results_and_registers() -> None:
    sweep = composite(2)
    heat = HeatMap()
    for job in sweep.jobs:
        begin(job)
    job = sweep.jobs[0]
    assert job._run is not None
    job._take_over(
        job._run, {"status": "COMPLETED", "results": {"c": {"0": 1, "1": 3}, "d": {"11": 2}}}
    )
    assert heat.draw(sweep.jobs, {})["registers"] == ["c", "d"]
    of_d = heat.draw(sweep.jobs, {"register": "d"})
    assert (of_d["register"], of_d["bits"], cells(of_d)) == ("d", ["11"], [[1.0], [None]])
    end(sweep.jobs[1], **{"1": 4})
    assert cells(heat.draw(sweep.jobs, {}))[1] == [0.0, 1.0]
    begin(job)
    end(job, **{"1": 4})
    answer = heat.draw(sweep.jobs, {})
    assert (answer["registers"], answer["bits"], cells(answer)) == (["c"], ["1"], [[1.0], [1.0]])
    assert heat.draw(sweep.jobs[1:], {})["end"] == 1


async def test_only_composites_have_a_heat_map(make_panel: MakePanel) -> None:
    _, channel = make_panel(composite(1).jobs[0])
    assert "problem" in asked(channel)


# ---- the SDK's part of it ----


async def test_children_added_later_are_observed_too() -> None:
    sweep = composite(1)
    told: list[Job] = []
    stop = sweep.observe(told.append)
    late = composite(1).jobs[0]
    sweep.add(late)
    assert told == [late]
    begin(late)
    assert told[-1] is late
    stop()
    stop()
    told.clear()
    begin(late)
    sweep.add(composite(1).jobs)
    assert told == []


async def test_rerun_failed_runs_only_what_failed(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        sweep = sdk.create_job(program=[ONE, BROKEN])
        assert isinstance(sweep, CompositeJob)
        await sweep.execute()
        sweep.jobs[1].program = ONE
        outputs = await sweep.rerun_failed()
        assert [len(job.history) for job in sweep.jobs] == [1, 2]
        assert sweep.state is JobState.COMPLETED
        assert len(outputs) == 2
        await sweep.rerun_failed()
        assert [len(job.history) for job in sweep.jobs] == [1, 2]
    assert await CompositeJob().rerun_failed() is not None
