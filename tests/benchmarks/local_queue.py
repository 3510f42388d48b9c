"""How the local QPU answers while 1,000 tasks wait: ``python -m tests.benchmarks.local_queue``.

The simulators are at work all the while. The aim is a p99 under 50 ms for a look at a task.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from itertools import cycle

import httpx

from oqc_notebook.testing import local_qpu
from tests.support import EXACT

TASKS, LOOKS = 1000, 3000

#: About half a second of simulation.
DENSE = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[18];\ncreg c[18];\n' + "".join(
    f"ry(0.{layer}{qubit + 1}) q[{qubit}];\ncx q[{qubit}], q[{(qubit + 1) % 18}];\n"
    for layer in range(1, 10)
    for qubit in range(18)
)


def main() -> None:
    """Submit, look at the tasks in turn, and say what it took."""
    workers = os.cpu_count() or 1
    with local_qpu(latency=0.2, workers=workers) as qpu:
        headers = {"Authentication-Token": qpu.token}
        with httpx.Client(base_url=qpu.url, headers=headers, timeout=60) as client:
            ids: list[str] = []
            began = time.perf_counter()
            while len(ids) < TASKS:  # as many as a request has room for
                task = {"program": DENSE + "measure q -> c;\n", "qpu_id": EXACT}
                answer = client.post("/tasks/submit", json={"tasks": [task] * 10})
                ids += [task["task_id"] for task in answer.raise_for_status().json()]
            submitted_s = time.perf_counter() - began
            took: dict[str, list[float]] = {"status": [], "all_info": []}
            for task_id, part, _ in zip(cycle(ids), cycle(took), range(LOOKS), strict=False):
                began = time.perf_counter()
                client.get(f"/tasks/{task_id}/{part}").raise_for_status()
                took[part].append((time.perf_counter() - began) * 1000)
            states = [client.get(f"/tasks/{i}/status").json()["status"] for i in ids]
    print(f"{TASKS} tasks submitted in {submitted_s:.2f} s; at the end of {LOOKS} looks, ", end="")
    print(f"{TASKS - states.count('COMPLETED')} were still waiting or running, {workers} workers")
    worst = 0.0
    for part, times in took.items():
        p99 = statistics.quantiles(times, n=100)[98]
        worst = max(worst, p99)
        print(f"{part:9} p50 {statistics.median(times):5.1f} ms  p99 {p99:5.1f} ms", end="  ")
        print(f"max {max(times):5.1f} ms")
    sys.exit(worst > 50)


if __name__ == "__main__":
    main()
