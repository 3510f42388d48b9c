"""What panels tell of what is around a job: session, connection, queue, price."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oqc_notebook.sdk import OqcSdk
from oqc_notebook.static.text import time_of
from oqc_notebook.widgets import queues
from oqc_notebook.widgets.panel import Panel
from oqc_notebook.widgets.qpu_facts import coarse
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, LocalQpu, met
from tests.widgets.conftest import Channel

MakePanel = Callable[..., tuple[Panel, Channel]]

pytestmark = pytest.mark.anyio

SUBMITTED = answer(200, {"status": "SUBMITTED"})


def told(channel: Channel, fact: str) -> list[Any]:
    """Every value of a fact that was sent, in order."""
    views = (message.get("view", {}) for message in channel.messages)
    return [view[fact] for view in views if fact in view]


# ---- session and connection ----


async def test_a_lost_connection_is_told_apart_from_the_job(
    proxied: OqcSdk, proxy: FaultyProxy, make_panel: MakePanel
) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, channel = make_panel(job)
        assert (panel.view["session"], panel.view["lost"]) == ("open", None)
        cut = proxy.spoil("GET", "/all_info", drop=True, times=None)
        waiting = asyncio.ensure_future(job.execute())
        await met(lambda: panel.view["lost"])
        assert panel.view["error"] is None
        as_of = f"as of {time_of(panel.view['lost'])}, not followed since then: the connection"
        assert as_of in panel.static_bundle()["text/html"]
        cut.times = 0
        await waiting
        await met(lambda: panel.view["lost"] is None)
        assert len(told(channel, "lost")) == 2
        assert "not followed" not in panel.static_bundle()["text/html"]


async def test_a_closed_session_is_told(local_qpu: LocalQpu, make_panel: MakePanel) -> None:
    sdk = local_qpu.sdk()
    job = sdk.create_job(program=ONE)
    panel, channel = make_panel(job)
    assert panel.view["session"] == "unopened"
    await sdk.open()
    await met(lambda: panel.view["session"] == "open")
    await sdk.close()
    await met(lambda: panel.view["session"] == "closed")
    channel.receive(do="execute", run="/0", cost=None)
    assert "is closed; open a new one" in channel.notes()[-1]


async def test_the_twin_of_what_is_in_flight_learns_that_its_session_is_closed(
    proxied: OqcSdk, proxy: FaultyProxy, make_panel: MakePanel
) -> None:
    proxy.spoil("GET", "/all_info", answer=SUBMITTED, times=None)
    changes: list[bool] = []
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, _ = make_panel(job, on_change=changes.append)
        await job.submit()
        await met(lambda: panel.view["state"] == "SUBMITTED")
        changes.clear()
    await met(lambda: changes)
    for shown in panel.static_bundle().values():
        assert "UTC, not followed since then: its session is closed" in shown


async def test_a_panel_that_rests_leaves_the_session(
    local_qpu: LocalQpu, make_panel: MakePanel
) -> None:
    sdk = local_qpu.sdk()
    panel, channel = make_panel(sdk.create_job(program=ONE))
    observers = sdk._registry._observers
    assert len(observers) == 1
    channel.receive(do="gone")
    assert observers == []
    await sdk.open()
    channel.receive(do="hello", seq=0)
    assert len(observers) == 1
    assert panel.view["session"] == "open"
    await sdk.close()


# ---- price ----


async def test_what_was_not_agreed_to_is_not_submitted(
    proxied: OqcSdk, proxy: FaultyProxy, make_panel: MakePanel
) -> None:
    items = [{"id": EXACT, "active": True, "price_per_task": "0.2", "price_per_shot": "0.001"}]
    proxy.spoil("GET", "/admin/qpu", answer=answer(200, {"items": items}), times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, channel = make_panel(job)
        assert panel.view["cost"] == {
            "amount": "1.20",
            "words": "1 task at 0.2 + 1000 shots at 0.001",
        }
        for agreed in (None, "0.60"):
            channel.receive(do="execute", run="/0", cost=agreed)
            assert channel.notes()[-1].startswith("A run costs about 1.20 now")
        assert proxy.count("POST", "/tasks") == 0
        channel.receive(do="execute", run="/0", cost="1.20")
        await met(lambda: "Run 1 has ended: COMPLETED." in channel.notes())


# ---- the queue ----


def waits(job: Any, seconds: float, ahead: int) -> bytes:
    """The service's answer about the wait of a job."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    wait = {
        "task_id": str(job.task_id),
        "tasks_before": ahead,
        "estimated_completion_time": str(until),
    }
    return answer(200, {"task_wait_times": [wait]})


async def test_the_queue_is_told_while_a_page_shows_a_job_that_waits(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    make_panel: MakePanel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queues, "INTERVAL_S", 0.2)
    window = {"next_window": {"starting": "2099-01-01T14:00:00Z"}}
    proxy.spoil("GET", "/windows/next", answer=answer(200, window), times=None)
    waiting = proxy.spoil("GET", "/all_info", answer=SUBMITTED, times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, channel = make_panel(job)
        await job.submit()
        await asyncio.sleep(0.5)
        assert proxy.count("POST", "/task_wait_time") == 0  # no page shows it
        proxy.spoil("POST", "/task_wait_time", answer=waits(job, 110, 3), times=None)
        channel.receive(do="hello", seq=panel.view["seq"])
        await met(lambda: panel.view["queue"])
        assert panel.view["queue"] == {
            "ahead": 3,
            "wait_s": 120,
            "window": "2099-01-01T14:00:00Z",
        }
        asked = proxy.count("POST", "/task_wait_time")
        sent = len(channel.messages)
        await met(lambda: proxy.count("POST", "/task_wait_time") >= asked + 3)
        assert len(channel.messages) == sent  # nothing changed
        waiting.times = 0
        await job.wait()
        assert panel.view["queue"] is None
        asked = proxy.count("POST", "/task_wait_time")
        await asyncio.sleep(0.5)
        assert proxy.count("POST", "/task_wait_time") <= asked + 1  # one may be on its way


async def test_many_panels_are_one_question(
    proxied: OqcSdk,
    proxy: FaultyProxy,
    make_panel: MakePanel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy.spoil("GET", "/all_info", answer=SUBMITTED, times=None)
    async with proxied as sdk:
        jobs = [sdk.create_job(program=ONE) for _ in range(5)]
        for job in jobs:
            panel, channel = make_panel(job)
            channel.receive(do="hello", seq=panel.view["seq"])
        await asyncio.gather(*(job.submit() for job in jobs))
        await met(lambda: proxy.count("POST", "/task_wait_time"))
        await asyncio.sleep(0.5)
        assert proxy.count("POST", "/task_wait_time") == 1


async def test_a_service_that_tells_nothing_of_queues_is_no_trouble(
    proxied: OqcSdk, proxy: FaultyProxy, make_panel: MakePanel
) -> None:
    proxy.spoil("POST", "/task_wait_time", answer=answer(404, {}), times=None)
    proxy.spoil("GET", "/windows/next", answer=answer(200, []), times=None)
    waiting = proxy.spoil("GET", "/all_info", answer=SUBMITTED, times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, channel = make_panel(job)
        channel.receive(do="hello", seq=panel.view["seq"])
        await job.submit()
        await met(lambda: proxy.count("GET", "/windows/next"))
        waiting.times = 0
        await job.wait()
        assert told(channel, "queue") == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, None), (-5, 10), (0.5, 10), (11, 20), (60, 60), (61, 120), (3600, 3600), (3601, 4200)],
)
def test_waits_are_said_roughly(seconds: float | None, said: int | None) -> None:
    assert coarse(seconds) == said
