"""Widgets without a front end: what they send is kept."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import comm
import pytest

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.widgets.channel import WidgetChannel
from oqc_notebook.widgets.panel import Panel
from tests.support import until

_numbers = itertools.count()


class Channel:
    """Stands for the connection of a widget to the browser."""

    def __init__(self, **opened_with: Any) -> None:
        self.comm_id = f"channel-{next(_numbers)}"
        self.state = opened_with["data"]["state"]
        self.messages: list[dict[str, Any]] = []
        self.states: list[dict[str, Any]] = []
        self.closed = False
        self.on_receipt: Callable[[Any], None] = lambda message: None

    def on_msg(self, callback: Callable[[Any], None]) -> None:
        self.on_receipt = callback

    def on_close(self, callback: Callable[[Any], None]) -> None:
        self.on_page_closed = callback

    def send(self, data: dict[str, Any], buffers: Any = None) -> None:
        if data["method"] == "custom":
            self.messages.append(data["content"])
        else:
            self.states.append(data["state"])

    def close(self) -> None:
        self.closed = True

    def receive(self, **message: Any) -> None:
        """Have the browser send a message."""
        data = {"method": "custom", "content": message}
        self.on_receipt({"content": {"data": data}, "buffers": []})

    def wait_for_note(self, text: str) -> None:
        until(lambda: any(text in note for note in self.notes()))

    def notes(self) -> list[str]:
        """What the panel's message line said, in order."""
        views = (message.get("view", {}) for message in self.messages)
        return [view["note"]["text"] for view in views if view.get("note")]


def unpacked(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of a table as it travels, as assets/packing.js does."""
    return [
        {
            name: table["words"][name][value] if name in table["words"] else whole(name, value)
            for name, value in itertools.zip_longest(table["columns"], values)
        }
        for values in table["rows"]
    ]


def changed_rows(message: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Give the places of rows and what changed in them, as assets/packing.js does."""
    return [
        (place, {n: whole(n, v) for n, v in zip(table["columns"], values, strict=True)})
        for table in message.get("rows", [])
        for place, *values in table["rows"]
    ]


def whole(name: str, value: Any) -> Any:
    if name != "top" or not value or isinstance(value[0], list):
        return value
    length, *rest = value
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return [[f"{int(number, 16):0{length}b}", count] for number, count in pairs]


@pytest.fixture(autouse=True)
def channels(monkeypatch: pytest.MonkeyPatch) -> list[Channel]:
    """The channels of the widgets that were made, in order, those of layouts left out."""
    opened: list[Channel] = []

    def create_comm(**options: Any) -> Channel:
        channel = Channel(**options)
        if "view" in channel.state:
            opened.append(channel)
        return channel

    monkeypatch.setattr(comm, "create_comm", create_comm)
    return opened


@pytest.fixture
def make_panel(channels: list[Channel]) -> Iterator[Callable[..., tuple[Panel, Channel]]]:
    """Make a panel and give it with its channel."""
    made: list[Panel] = []

    def make(job: Job | CompositeJob, name: str | None = None, **options: Any) -> Any:
        made.append(Panel(job, name, WidgetChannel(), **options))
        return made[-1], channels[-1]

    yield make
    for panel in made:
        panel.close()


@pytest.fixture
def background_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, as ``connect()`` has one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
