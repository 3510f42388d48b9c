from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import oqc_notebook.local

ROOT = Path(oqc_notebook.local.__file__).parents[2]
DEADLINE_SECONDS = 30.0


class LocalQpu:
    """A local QPU in a process of its own, and a client for it."""

    exact = "qpu:local:1:exact"
    small = "qpu:local:2:simulator"

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "oqc_notebook.local", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.ready = json.loads(line)
        self.client = httpx.Client(
            base_url=self.ready["url"],
            headers={"Authentication-Token": self.ready["token"]},
            timeout=DEADLINE_SECONDS,
        )

    def get(self, path: str, **params: str) -> Any:
        return self.answer(self.client.get(path, params=params))

    def post(self, path: str, body: Any) -> Any:
        return self.answer(self.client.post(path, content=json.dumps(body)))

    @staticmethod
    def answer(response: httpx.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, path: str, body: Any, status: int) -> str:
        response = self.client.post(path, content=json.dumps(body))
        assert response.status_code == status, response.text
        text = response.json()["response"]["errors"][0]
        assert isinstance(text, str)
        return text

    def submit(self, *programs: str, qpu_id: str = exact, **fields: Any) -> list[str]:
        tasks = [{"program": program, "qpu_id": qpu_id, **fields} for program in programs]
        return [task["task_id"] for task in self.post("/tasks/submit", {"tasks": tasks})]

    def status(self, task_id: str) -> str:
        status = self.get(f"/tasks/{task_id}/status")["status"]
        assert isinstance(status, str)
        return status

    def info(self, task_id: str) -> dict[str, Any]:
        """Return all that is known of a task once it has ended."""
        self.until(lambda: self.status(task_id) in {"COMPLETED", "FAILED", "CANCELLED"})
        info = self.get(f"/tasks/{task_id}/all_info")
        assert isinstance(info, dict)
        return info

    def run(self, program: str, **fields: Any) -> Any:
        info = self.info(self.submit(program, **fields)[0])
        assert info["status"] == "COMPLETED", info["task_error"]
        return info["results"]

    def fail(self, program: str, **fields: Any) -> dict[str, Any]:
        info = self.info(self.submit(program, **fields)[0])
        assert info["status"] == "FAILED"
        assert info["results"] is None
        error = info["task_error"]
        assert isinstance(error, dict)
        return error

    @staticmethod
    def until(condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def end(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def starting() -> Iterator[Callable[..., LocalQpu]]:
    started: list[LocalQpu] = []

    def start(*arguments: str, env: dict[str, str] | None = None) -> LocalQpu:
        started.append(LocalQpu(*arguments, env=env))
        return started[-1]

    yield start
    for qpu in started:
        qpu.end()


start_qpu = pytest.fixture(starting)
start_for_module = pytest.fixture(starting, scope="module")


@pytest.fixture(scope="session")
def local_qpu() -> Iterator[LocalQpu]:
    qpu = LocalQpu("--latency", "0", "--workers", "1")
    yield qpu
    qpu.end()
    assert qpu.process.returncode == -signal.SIGKILL


@pytest.fixture(scope="session")
def bell() -> str:
    return (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
        "h q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
    )


@pytest.fixture(scope="session")
def endless() -> str:
    """A program whose simulation never ends."""
    return (
        "OPENQASM 3.0;\nqubit q;\nbit c;\nc = measure q;\nwhile (c == false) { c = measure q; }\n"
    )
