"""A reverse proxy in front of the local QPU that spoils chosen answers, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass
class Fault:
    """What is done to the next requests that fit.

    Parameters
    ----------
    method, path
        Which requests: the method, and a part of the path.
    times
        How many of them; None means all.
    forward
        Whether the service gets the request.
    answer
        The raw answer instead of the service's; None leaves the service's.
    drop
        Whether the connection is closed instead of answered.
    keep
        How many bytes of the answer are sent before the connection is closed.
    delay_s
        How long the answer is held back; made shorter meanwhile, it comes earlier.
    """

    method: str
    path: str
    times: int | None = 1
    forward: bool = True
    answer: bytes | None = None
    drop: bool = False
    keep: int | None = None
    delay_s: float = 0.0


def answer(status: int, body: Any, **headers: str) -> bytes:
    """A raw HTTP answer; text is sent as HTML, anything else as JSON."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    lines = [
        f"HTTP/1.1 {status} Made up",
        f"Content-Type: {kind}",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class FaultyProxy:
    """Passes requests on to `upstream`, and spoils those that a fault fits."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self.faults: list[Fault] = []
        #: Method and path of every request, in order of arrival.
        self.log: list[tuple[str, str]] = []
        self._over = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        ).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)  # what has been accepted begins, as it cannot with a closed server
        self._server.close()
        self._over = True
        # that ends by itself: to cancel it may leave sockets open
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            _, late = await asyncio.wait(rest, timeout=2)
            for task in late:  # a client that sends nothing
                task.cancel()
            await asyncio.sleep(0)

    def spoil(self, method: str, path: str, **fault: Any) -> Fault:
        """Spoil the next requests that fit; later faults wait for earlier ones to be used up."""
        self.faults.append(Fault(method, path, **fault))
        return self.faults[-1]

    def count(self, method: str, path: str) -> int:
        """How many requests fitted so far."""
        return sum(m == method and path in p for m, p in self.log)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            body = await reader.readexactly(length)
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.log.append((method, path))
            fault = self._fault_for(method, path)
            raw = await self._pass_on(head, body) if fault.forward else b""
            began = self._loop.time()
            while not self._over and self._loop.time() - began < fault.delay_s:
                await asyncio.sleep(0.01)
            if not fault.drop:
                writer.write((fault.answer or raw)[: fault.keep])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _fault_for(self, method: str, path: str) -> Fault:
        for fault in self.faults:
            if fault.method == method and fault.path in path and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return Fault(method, path)

    async def _pass_on(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._upstream)
        lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"connection:")]
        lines.insert(1, b"Connection: close")
        try:
            writer.write(b"\r\n".join(lines) + body)
            return await reader.read(-1)
        finally:
            writer.close()


class StagedQpu:
    """A way to a local QPU by which every task seems to stay in a state until it may go on.

    Tests that want to see what passes need not be quick then, and a busy machine cannot make
    them miss it.
    """

    def __init__(self, proxy: FaultyProxy, token: str, state: str) -> None:
        self.url = proxy.url
        self.token = token
        self._fault = proxy.spoil("GET", "/all_info", times=None)
        self.stay(state)

    def stay(self, state: str) -> None:
        """Let tasks that are looked at seem to be in a state."""
        self._fault.answer = answer(200, {"status": state})

    def go_on(self) -> None:
        """Let tasks be seen as they are."""
        self._fault.answer = None
