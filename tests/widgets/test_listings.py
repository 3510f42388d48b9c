"""The panels of a session's jobs and of a service's QPUs: the kernel's half."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import oqc_notebook
from oqc_notebook.sdk import CompositeJob, OqcSdk
from oqc_notebook.static.text import time_of
from oqc_notebook.widgets import session_panel
from oqc_notebook.widgets.channel import WidgetChannel
from oqc_notebook.widgets.live import LivePanel
from oqc_notebook.widgets.qpu_facts import qpu_facts
from oqc_notebook.widgets.qpu_panel import QpuPanel
from oqc_notebook.widgets.session_panel import SessionPanel
from tests.faulty import FaultyProxy, answer
from tests.support import BROKEN, EXACT, ONE, SIMULATOR, LocalQpu, met
from tests.widgets.conftest import Channel

pytestmark = pytest.mark.anyio

Show = Callable[..., Any]


@pytest.fixture
def show(channels: list[Channel]) -> Iterator[Show]:
    """Make a panel, and give it with its channel."""
    made: list[LivePanel] = []

    def make(kind: Any, *arguments: Any, **options: Any) -> tuple[Any, Channel]:
        made.append(kind(*arguments, WidgetChannel(), **options))
        return made[-1], channels[-1]

    yield make
    for panel in made:
        panel.close()


# ---- jobs ----


async def test_every_job_is_a_row_that_follows_it(local_qpu: LocalQpu, show: Show) -> None:
    async with local_qpu.sdk() as sdk:
        bad = sdk.create_job(program=BROKEN, label="bad")
        pair = sdk.create_job(program=[ONE, ONE])
        panel, channel = show(SessionPanel, sdk)
        assert [(row["name"], row["kind"], row["state"]) for row in panel.rows] == [
            ("bad", "job", "CREATED"),
            ("", "2 jobs", "CREATED"),
        ]
        await bad.execute()
        await pair.execute()
        late = sdk.create_job(program=ONE, qpu_id=SIMULATOR)
        await met(lambda: len(panel.rows) == 3)
        await met(lambda: panel.rows[1]["outcome"] == "2 COMPLETED")
        assert "'hadamard' is not defined" in panel.rows[0]["outcome"]
        assert panel.rows[0]["failed"]
        assert (panel.rows[1]["runs"], panel.rows[2]["qpu"]) == (1, "8-qubit Simulator")
        assert panel.view["tallies"] == {"COMPLETED": 1, "CREATED": 1, "FAILED": 1}
        assert not panel.view["in_flight"]
        assert late.task_id is None
        text = panel.static_bundle()["text/plain"]
        assert text.startswith(f"3 jobs of the session with {sdk.url}, as of ")
        assert len(channel.messages) < 8


async def test_the_list_says_as_of_when_it_knows_what_is_in_flight(
    proxied: OqcSdk, proxy: FaultyProxy, show: Show
) -> None:
    cut = proxy.spoil("GET", "/all_info", drop=True, times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        panel, _ = show(SessionPanel, sdk)
        await job.submit()
        await met(lambda: panel.view["lost"])
        as_of = f"as of {time_of(panel.view['lost'])}, not followed since then: the connection"
        for shown in panel.static_bundle().values():
            assert as_of in shown
        cut.times = 0
        await met(lambda: sdk.connection_lost is None)
        proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    assert (
        "in flight as they were last heard of: the session is closed"
        in (panel.static_bundle()["text/plain"])
    )


async def test_the_copy_stays_when_the_session_of_what_has_ended_is_closed(
    local_qpu: LocalQpu, proxied: OqcSdk, proxy: FaultyProxy, show: Show
) -> None:
    changes: list[bool] = []
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        panel, _ = show(SessionPanel, sdk, on_change=changes.append)
        job.label = "renamed"
        job._changed()
        await met(lambda: panel.rows[0]["name"] == "renamed")
        assert changes == [True]
    await met(lambda: panel.view["session"] == "closed")
    assert changes == [True]
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    changes.clear()
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        panel, _ = show(SessionPanel, sdk, on_change=changes.append)
        await met(lambda: panel.rows[0]["state"] == "RUNNING")
        changes.clear()
    await met(lambda: changes == [False])


async def test_export_makes_the_page_of_this_notebook_and_says_where(
    local_qpu: LocalQpu, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / "bell.ipynb"
    panel, channel = show(SessionPanel, local_qpu.sdk())
    monkeypatch.setenv("OQC_NOTEBOOK_PATH", str(notebook))
    channel.receive(do="export")
    await met(lambda: panel.view["note"] and panel.view["busy"] is None)
    assert panel.view["note"]["bad"]
    notebook.write_text(nbformat.writes(nbformat.v4.new_notebook()))
    channel.receive(do="export")
    channel.receive(do="export")  # a second click
    await met(lambda: not panel.view["note"]["bad"] and panel.view["busy"] is None)
    assert panel.view["note"]["text"].startswith("Exported bell.ipynb, as last saved at ")
    assert str(tmp_path / "bell.html") in panel.view["note"]["text"]
    assert (tmp_path / "bell.html").is_file()


async def test_a_job_that_joins_a_composite_or_is_let_go_keeps_its_place(
    local_qpu: LocalQpu, show: Show
) -> None:
    sdk = local_qpu.sdk()
    joins, stays = (sdk.create_job(program=ONE, label=label) for label in ("joins", "stays"))
    sdk.create_job(program=ONE, label="let go")
    gc.collect()
    panel, _ = show(SessionPanel, sdk)
    assert [row["name"] for row in panel.rows] == ["joins", "stays"]
    composite = CompositeJob([joins])
    await met(lambda: len(panel.rows) == 3)
    assert [row["gone"] for row in panel.rows] == [True, False, False]
    del composite, stays
    gc.collect()
    sdk.create_job(program=ONE)  # tells the panel that there is something to look at
    await met(lambda: panel.rows[1]["gone"])
    assert "stays" not in panel.static_bundle()["text/plain"]


async def test_the_panel_of_a_job_opens_inside(local_qpu: LocalQpu, show: Show) -> None:
    async with local_qpu.sdk() as sdk:
        job = sdk.create_job(program=ONE, label="mine")
        _, channel = show(SessionPanel, sdk)
        channel.receive(do="child", index=0)
        opened = channel.messages[-1]
        assert (opened["do"], opened["index"], opened["view"]["name"]) == ("child", 0, "mine")
        channel.receive(do="to_child", index=0, message={"do": "execute", "run": "/0"})
        await met(lambda: job.completed)


async def test_a_click_on_a_job_that_was_let_go_meanwhile_is_answered(show: Show) -> None:
    sdk = OqcSdk("https://example.com", "t", default_qpu_id=EXACT)
    job = sdk.create_job(program=ONE, label="let go")
    panel, channel = show(SessionPanel, sdk)
    del job
    gc.collect()
    channel.receive(do="child", index=0)
    assert channel.notes() == ["Nobody holds this job any more: it is gone."]
    assert panel.rows[0]["gone"]


async def test_2000_jobs_cost_little(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_panel, "_INTERVAL_S", 0.1)
    sdk = OqcSdk("https://example.com", "t")
    jobs = [sdk.create_job(program=ONE, qpu_id="q") for _ in range(2000)]
    panel, channel = show(SessionPanel, sdk)
    assert len(json.dumps(channel.state["rows"])) < 200_000
    for job in jobs[:11]:
        job.label = "changed"
        job._changed()
    await met(lambda: panel.rows[10]["name"] == "changed")
    assert len(channel.messages) <= 3
    assert len(json.dumps(channel.messages)) < 2048


async def test_a_panel_that_rests_observes_nothing(local_qpu: LocalQpu, show: Show) -> None:
    sdk = local_qpu.sdk()
    job = sdk.create_job(program=ONE)
    _, channel = show(SessionPanel, sdk)
    assert len(job._observers) == 1
    channel.receive(do="gone")
    assert job._observers == []
    assert sdk._registry._observers == []
    job.label = "changed meanwhile"
    channel.receive(do="hello", seq=0)
    assert channel.messages[-1]["rows"]
    assert "changed meanwhile" in json.dumps(channel.messages[-1])


def test_in_a_script_the_jobs_are_a_table_and_a_list(local_qpu: LocalQpu) -> None:
    sdk = local_qpu.sdk()
    job = sdk.create_job(program=ONE, label="mine")
    listed = oqc_notebook.jobs(sdk)
    assert list(listed) == [job]
    assert len(listed) == 1
    lines = repr(listed).splitlines()
    assert lines[0].startswith("1 job of the session with http://127.0.0.1")
    assert lines[1].split() == ["name", "kind", "QPU", "state", "took", "runs", "outcome"]
    assert lines[2].split() == ["mine", "job", EXACT, "○", "CREATED", "0"]


# ---- QPUs ----


async def test_the_qpus_as_the_service_tells_of_them(
    proxied: OqcSdk, proxy: FaultyProxy, show: Show
) -> None:
    waits = {"tasks_in_queue": 4, "estimated_availability_time": "2099-01-01 00:00:00+00:00"}
    proxy.spoil("GET", "/windows/next", answer=answer(200, {"next_window": None}), times=None)
    items = [
        {
            **{"id": EXACT, "name": "Exact", "active": True, "status": "ACTIVE"},
            **{"price_per_task": "0.2", "feature_set": '{"qubit_count": 32}'},
        },
        {"id": "qpu:uk:2", "active": True, "feature_set": "{"},
    ]
    proxy.spoil("GET", "/admin/qpu?", answer=answer(200, {"items": items}), times=None)
    proxy.spoil("POST", "/qpu_wait_time", answer=answer(200, {"qpu_wait_times": [waits]}))
    proxy.spoil("POST", "/qpu_wait_time", answer=answer(501, {}), times=None)
    async with proxied as sdk:
        panel, channel = show(QpuPanel, sdk, await qpu_facts(sdk))
        first, second = panel.rows
        assert (first["name"], first["qubits"], first["price"]) == ("Exact", 32, "0.2 a task")
        assert first["is_default"]
        assert first["window"] is None
        assert {first["queue"], second["queue"]} == {4, None}
        assert (second["name"], second["qubits"], second["status"]) == ("qpu:uk:2", None, "")
        text = panel.static_bundle()["text/plain"]
        assert "next window" not in text  # nothing is known of it
        assert "0.2 a task" in text
        del items[1]
        proxy.faults.insert(
            0, proxy.spoil("GET", "/admin/qpu?", answer=answer(200, {"items": items}), times=None)
        )
        channel.receive(do="refresh")
        await met(lambda: len(panel.rows) == 1)


async def test_features_and_calibration_are_asked_for(local_qpu: LocalQpu, show: Show) -> None:
    async with local_qpu.sdk() as sdk:
        _, channel = show(QpuPanel, sdk, await qpu_facts(sdk))
        channel.receive(do="ask", key="k", what="qpu", id=EXACT)
        await met(lambda: channel.messages[-1]["do"] == "answer")
        found = channel.messages[-1]["answer"]
        assert found["features"]["document"]["qubit_count"] == 32
        assert found["calibration"]["document"]["qpu_id"] == EXACT
        channel.receive(do="ask", key="l", what="qpu", id="qpu:gone")
        await met(lambda: channel.messages[-1].get("key") == "l")
        assert "qpu:gone" in channel.messages[-1]["answer"]["features"]["problem"]
    channel.receive(do="ask", key="m", what="qpu", id=EXACT)
    assert "is closed" in channel.messages[-1]["answer"]["problem"]
    channel.receive(do="refresh")
    assert "is closed" in channel.notes()[-1]


def test_in_a_script_the_qpus_are_a_table_and_a_list(local_qpu: LocalQpu) -> None:
    sdk = oqc_notebook.connect(local_qpu.url, authentication_token=local_qpu.token, archive=False)
    listed = oqc_notebook.qpus()
    ids = [qpu["id"] for qpu in listed]
    assert ids[:2] == [EXACT, SIMULATOR]
    assert len(listed) == len(ids)
    assert repr(listed).startswith(f"QPUs at {sdk.url}, as of ")
    assert len(oqc_notebook.jobs()) == 0
    oqc_notebook.run(sdk.close())
