"""Often enough, not too often, and never without the last time."""

from __future__ import annotations

import asyncio
import time

import pytest

from oqc_notebook.widgets.throttle import Throttle

pytestmark = pytest.mark.anyio


async def test_many_calls_are_two_actions_the_first_and_the_last() -> None:
    times: list[float] = []
    throttle = Throttle(0.1, lambda: times.append(time.monotonic()))
    for _ in range(50):
        throttle()
    assert len(times) == 1
    await asyncio.sleep(0.15)
    assert len(times) == 2
    assert times[1] - times[0] >= 0.099
    await asyncio.sleep(0.15)
    assert len(times) == 2


async def test_what_is_urgent_is_done_at_once_and_not_again() -> None:
    done: list[int] = []
    throttle = Throttle(0.05, lambda: done.append(1))
    throttle()
    throttle()
    throttle(urgent=True)
    assert len(done) == 2
    await asyncio.sleep(0.1)
    assert len(done) == 2


async def test_what_was_put_off_can_be_dropped() -> None:
    done: list[int] = []
    throttle = Throttle(0.05, lambda: done.append(1))
    throttle()
    throttle()
    throttle.drop()
    await asyncio.sleep(0.1)
    assert len(done) == 1


def test_a_caller_without_a_loop_is_served_at_once() -> None:
    done: list[int] = []
    throttle = Throttle(10.0, lambda: done.append(1))
    throttle()
    throttle()
    assert len(done) == 2


def test_a_loop_that_was_closed_takes_nothing_with_it() -> None:
    done: list[int] = []
    throttle = Throttle(10.0, lambda: done.append(1))

    async def call_twice() -> None:
        throttle()
        throttle()

    asyncio.run(call_twice())
    assert len(done) == 1

    async def call_again() -> None:
        throttle._interval_s = 0.01
        throttle()
        await asyncio.sleep(0.02)

    asyncio.run(call_again())
    assert len(done) == 2
