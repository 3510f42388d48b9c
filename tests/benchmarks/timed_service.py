"""A service whose tasks end at known times, to measure how late a client sees that.

``python -m tests.benchmarks.timed_service together 0.5`` ends all tasks 0.5 s after
their submission; ``in-order 100`` ends 100 a second in the order of submission;
``shuffled 100`` ends 100 a second in a random order. The first line is its address.
A task's result holds the time at which it ended (seconds since the epoch).
``GET /requests`` tells how many requests about tasks were answered.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from typing import Any

QPU = "qpu:timed"


class TimedService:
    """Tasks and when each one ends."""

    def __init__(self, kind: str, value: float) -> None:
        self.kind, self.value = kind, value
        self.ends: dict[str, float] = {}
        self.looks = 0
        self.url = ""
        self._next_end = 0.0

    def submit(self, ids: list[str]) -> None:
        now = time.time()
        if self.kind == "together":
            self.ends |= dict.fromkeys(ids, now + self.value)
            return
        ids = [task_id for task_id in ids if task_id not in self.ends]
        times = []
        for _ in ids:
            self._next_end = max(self._next_end, now) + 1 / self.value
            times.append(self._next_end)
        if self.kind == "shuffled":
            random.Random(1).shuffle(times)
        self.ends |= dict(zip(ids, times, strict=True))

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path == "/admin/version":
            return {"version": "timed"}
        if path.startswith("/admin/qpu"):
            return {"items": [{"id": QPU, "name": "Timed", "active": True, "url": self.url}]}
        if path.startswith("/monitoring/calibrations"):
            return {}
        if path == "/requests":
            return self.looks
        if method == "POST" and path == "/tasks":
            return [str(uuid.uuid4()) for _ in range(body["task_count"])]
        if path == "/tasks/submit":
            ids = [task.setdefault("task_id", str(uuid.uuid4())) for task in body["tasks"]]
            self.submit(ids)
            return [{"task_id": task_id} for task_id in ids]
        self.looks += 1
        end = self.ends[path.split("/")[2]]
        if time.time() < end:
            return {"status": "RUNNING"}
        return {"status": "COMPLETED", "results": {"end": {"time": end}}}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split("\r\n")[0].split(" ")
                lengths = [x for x in head.lower().split("\r\n") if x.startswith("content-length")]
                length = int(lengths[0].split(":")[1]) if lengths else 0
                body = json.loads(await reader.readexactly(length)) if length else None
                content = json.dumps(self.answer(method, path, body)).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main() -> None:
    """Serve until the end of standard input."""
    service = TimedService(sys.argv[1], float(sys.argv[2]))
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0, backlog=1000)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(service.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
