"""What a session tells of itself: the connection, its jobs, and what runs cost."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oqc_notebook.sdk import CompositeJob, JobState, OqcSdk
from oqc_notebook.sdk.prices import Price, estimate
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, SIMULATOR, LocalQpu, met

pytestmark = pytest.mark.anyio


# ---- the connection ----


@pytest.mark.parametrize("spoilt", [{"drop": True}, {"answer": answer(503, {})}])
async def test_a_lost_connection_is_told_until_it_is_back(
    proxied: OqcSdk, proxy: FaultyProxy, spoilt: dict[str, object]
) -> None:
    told: list[str] = []
    async with proxied as sdk:
        sdk.observe(told.append)
        job = sdk.create_job(program=ONE)
        assert sdk.connection_lost is None
        cut = proxy.spoil("GET", "/all_info", times=None, **spoilt)
        waiting = asyncio.ensure_future(job.execute())
        await met(lambda: sdk.connection_lost is not None)
        since = sdk.connection_lost
        assert since is not None
        assert abs((datetime.now(UTC) - since).total_seconds()) < 10
        assert job.error is None
        await met(lambda: proxy.count("GET", "/all_info") > 3)
        assert sdk.connection_lost == since
        cut.times = 0
        await waiting
        assert sdk.connection_lost is None
        assert job.state is JobState.COMPLETED
    assert told == ["jobs", "connection", "connection", "connection"]  # lost, back, closed


async def test_a_server_that_says_no_is_reached(proxied: OqcSdk, proxy: FaultyProxy) -> None:
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
        proxy.spoil("GET", "/all_info", answer=answer(404, {}))
        await job.refresh()
        assert sdk.connection_lost is None


async def test_a_server_that_hangs_is_lost(
    proxied: OqcSdk, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oqc_notebook.sdk.poller._LOOK_S", 0.2)
    async with proxied as sdk:
        hanging = proxy.spoil("GET", "/all_info", delay_s=30, times=None)
        waiting = asyncio.ensure_future(sdk.create_job(program=ONE).execute())
        await met(lambda: sdk.connection_lost is not None)
        hanging.times = 0
        await waiting
        assert sdk.connection_lost is None


async def test_observers_are_told_no_longer_once_they_stop(local_qpu: LocalQpu) -> None:
    told: list[str] = []
    sdk = local_qpu.sdk()
    stop = sdk.observe(told.append)
    await sdk.open()
    stop()
    stop()
    await sdk.close()
    assert told == ["connection"]


# ---- jobs ----


async def test_the_jobs_of_a_session_are_those_that_it_made(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    async with local_qpu.sdk() as sdk:
        one = sdk.create_job(program=ONE)
        pair = sdk.create_job(program=[ONE, ONE])
        one.save(tmp_path / "one.json")
        pair.save(tmp_path / "pair.json")
        loaded, loaded_pair = sdk.load(tmp_path / "one.json"), sdk.load(tmp_path / "pair.json")
        snapped = sdk.from_snapshot(one.to_snapshot())
        await one.execute()
        assert one.task_id is not None
        attached = await sdk.attach(one.task_id)
        assert sdk.jobs == [one, pair, loaded, loaded_pair, snapped, attached]
        assert local_qpu.sdk().jobs == []


def test_children_are_found_in_their_composite() -> None:
    sdk = OqcSdk("https://example.com", "t")
    one, two, three = (sdk.create_job(program=ONE, qpu_id="q") for _ in range(3))
    assert sdk.jobs == [one, two, three]
    by_hand = CompositeJob([two])
    assert sdk.jobs == [one, three, by_hand]
    by_hand.add(three)
    assert sdk.jobs == [one, by_hand]


def test_a_job_that_nobody_holds_is_forgotten() -> None:
    sdk = OqcSdk("https://example.com", "t")
    kept = sdk.create_job(program=ONE, qpu_id="q")
    sdk.create_job(program=ONE, qpu_id="q")
    gc.collect()
    assert sdk.jobs == [kept]


# ---- prices ----


async def test_what_a_run_costs_is_estimated_from_the_prices_of_the_list(
    proxied: OqcSdk, proxy: FaultyProxy
) -> None:
    items = [
        {"id": EXACT, "active": True, "price_per_task": "0.2", "price_per_shot": "0.001"},
        {"id": SIMULATOR, "active": True, "price_per_task": 0, "price_per_shot": "0.0005"},
    ]
    proxy.spoil("GET", "/admin/qpu", answer=answer(200, {"items": items}), times=None)
    async with proxied as sdk:
        job = sdk.create_job(program=ONE)
        alone = estimate([job])
        assert alone is not None
        assert (str(alone), alone.words) == ("1.20", "1 task at 0.2 + 1000 shots at 0.001")
        both = sdk.create_job(program=[ONE] * 3, qpu_id=[EXACT, SIMULATOR, EXACT])
        together = estimate(both._members())
        assert together is not None
        assert (str(together), together.words) == ("2.90", "3 tasks and 3000 shots at 2 prices")
        free = sdk.create_job(program=ONE, qpu_id="elsewhere")
        assert estimate([free]) is None


async def test_what_is_free_costs_nothing(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        assert estimate([sdk.create_job(program=ONE)]) is None


@pytest.mark.parametrize("price", [None, "", "0", "free", "NaN", "-1", "Infinity", [], {}])
def test_a_price_that_is_none_is_none(price: object) -> None:
    assert Price.of({"price_per_task": price, "price_per_shot": price}) is None


def test_small_sums_are_not_rounded_to_nothing(local_qpu: LocalQpu) -> None:
    price = Price.of({"price_per_shot": "0.0000001"})
    assert str(price) == "0.0000001 a shot"
