"""How soon a finished job is seen, and at what cost: ``python -m tests.benchmarks.polling``.

Beside ours: a bare httpx loop that fetches the same answers once each, as soon as
they are there (the floor), and, given the path of a Python that has it, the
published SDK (``python -m tests.benchmarks.polling PYTHON``).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SCENES = [("together", 0.5, 200), ("in-order", 100.0, 2000), ("shuffled", 100.0, 2000)]

_SDK = """
import asyncio, json, os, resource, sys, time
from {module} import CompositeJob, OqcSdk
url, count = sys.argv[1], int(sys.argv[2])
late = []

async def main():
    async with OqcSdk(url=url, authentication_token="x") as sdk:
        composite = CompositeJob()
        composite.add([sdk.create_job(program="x", qpu_id="qpu:timed") for _ in range(count)])
        class Seen(list):
            def append(self, item):
                late.append(time.time() - item.data["end"]["time"])
                super().append(item)
        for job in composite.jobs:
            history = job.history
            history._items = Seen()
        began = time.time()
        await composite.execute(timeout_s=300)
        return time.time() - began

took = asyncio.run(main())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"took": took, "late": late, "cpu": used.ru_utime + used.ru_stime}}))
"""

_FLOOR = """
import asyncio, json, resource, sys, time, httpx
url, count = sys.argv[1], int(sys.argv[2])
late = []

async def main():
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=url, limits=limits) as http:
        ids = (await http.post("/tasks", json={"task_count": count})).json()
        began = time.time()
        for i in range(0, count, 500):
            await http.post("/tasks/submit", json={"tasks": [{"task_id": x} for x in ids[i:i+500]]})
        ready = began + 0.5
        places = asyncio.Semaphore(8)
        async def fetch(task_id):
            async with places:
                answer = (await http.get(f"/tasks/{task_id}/all_info")).json()
                late.append(time.time() - answer["results"]["end"]["time"])
        # it is told when the tasks end, so it fetches each answer once
        await asyncio.sleep(max(0.0, ready - time.time()) + 0.01)
        await asyncio.gather(*map(fetch, ids))
        return time.time() - began

took = asyncio.run(main())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"took": took, "late": late, "cpu": used.ru_utime + used.ru_stime}))
"""


@contextmanager
def service(kind: str, value: float) -> Iterator[str]:
    """Run the timed service in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.timed_service", kind, str(value)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()


def measure(python: str, script: str, kind: str, value: float, count: int) -> str:
    """Run a client against a fresh service; give a line of figures."""
    import httpx

    with service(kind, value) as url:
        done = subprocess.run(
            [python, "-c", script, url, str(count)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return done.stderr.strip().splitlines()[-1]
        looks = httpx.get(f"{url}/requests").json()
    said = json.loads(done.stdout)
    late = sorted(said["late"])
    return (
        f"{said['took']:6.2f} s; late {statistics.median(late):5.2f} s (median), "
        f"{late[int(len(late) * 0.95)]:5.2f} s (p95); {looks / count:4.2f} requests a job; "
        f"{said['cpu']:5.1f} s CPU"
    )


def main() -> None:
    """Measure every scene with every client."""
    clients = [("ours", sys.executable, _SDK.format(module="oqc_notebook.sdk"))]
    if len(sys.argv) > 1:
        clients.append(("published SDK", sys.argv[1], _SDK.format(module="oqc_qcaas_sdk")))
    for kind, value, count in SCENES:
        print(f"{count} jobs, {kind} {value:g}")
        if kind == "together":
            clients_here = [*clients, ("floor", sys.executable, _FLOOR)]
        else:
            clients_here = clients
        for name, python, script in clients_here:
            print(f"  {name:14} {measure(python, script, kind, value, count)}", flush=True)


if __name__ == "__main__":
    main()
