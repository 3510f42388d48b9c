"""What a service tells of its QPUs: the list, estimates of the wait, the next window."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from oqc_notebook.sdk import OqcSdk
from oqc_notebook.sdk.errors import OqcError
from oqc_notebook.sdk.wait_times import moment_of
from oqc_notebook.static.listings import listed_qpu
from oqc_notebook.widgets.facts import Facts

#: What comes of asking a service for what it does not tell.
_NOT_TOLD = (OqcError, NotImplementedError, ValueError)


async def qpu_facts(sdk: OqcSdk) -> tuple[Facts, list[Facts]]:
    """Ask a service about its QPUs; give the facts of a view, and of a row for each QPU."""
    items = await sdk.list_qpus()
    waits, windows = await asyncio.gather(
        asyncio.gather(*(_wait_of(sdk, item["id"]) for item in items)),
        asyncio.gather(*(_window_of(sdk, item["id"]) for item in items)),
    )
    rows = [
        listed_qpu(item, is_default=item["id"] == sdk.default_qpu_id, wait=wait, window=window)
        for item, wait, window in zip(items, waits, windows, strict=True)
    ]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"kind": "qpus", "url": sdk.url, "as_of": now, "in_flight": False}, rows


async def _wait_of(sdk: OqcSdk, qpu_id: str) -> Facts | None:
    """Ask for the ``queue`` of a QPU (tasks) and its wait (``wait_s``)."""
    wait = await answered(sdk.get_wait_time(qpu_id))
    return wait and {"queue": wait.tasks_in_queue, "wait_s": coarse(wait.seconds)}


async def _window_of(sdk: OqcSdk, qpu_id: str) -> str | None:
    """Ask for the ISO time at which a QPU runs jobs next."""
    return to_come(await answered(sdk.get_next_window(qpu_id)))


async def answered(question: Awaitable[Any]) -> Any:
    """Ask; a service that does not tell is no reason to stop, and gives None."""
    try:
        return await question
    except _NOT_TOLD:
        return None


def coarse(seconds: float | None) -> int | None:
    """Round a wait up as one would say it, so that not each estimate is news."""
    if seconds is None:
        return None
    step = 10 if seconds <= 60 else 60 if seconds <= 3600 else 600
    return int(-(-max(seconds, 1.0) // step) * step)


def seconds_until(time: Any) -> float | None:
    """Give the seconds until a time that a service told."""
    moment = moment_of(time)
    return None if moment is None else (moment - datetime.now(UTC)).total_seconds()


def to_come(time: Any) -> str | None:
    """Give a time that a service told, a text or naive in UTC, as an ISO time; None if past."""
    moment = time.replace(tzinfo=UTC) if isinstance(time, datetime) else moment_of(time)
    if moment is None or moment <= datetime.now(UTC):
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def count_of(value: Any) -> int | None:
    """Give a number of things that a service told."""
    return value if type(value) is int and value >= 0 else None
