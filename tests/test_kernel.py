"""A real kernel: queued cells, awaits, interrupts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, LocalQpu, until


@dataclass
class Cell:
    """What came back for a cell."""

    status: str
    text: str = ""
    error: str = ""
    ended: float = field(default_factory=time.monotonic)


class Kernel:
    """A kernel that gets its cells all at once, as "Run All" sends them."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def send(self, *sources: str) -> list[str]:
        return [self.client.execute(source) for source in sources]

    def receive(self, message_ids: list[str], timeout: float = 60) -> list[Cell]:
        text = dict.fromkeys(message_ids, "")
        idle: set[str] = set()
        while idle < set(message_ids):
            message = self.client.get_iopub_msg(timeout=timeout)
            parent = message["parent_header"].get("msg_id")
            if parent not in text:
                continue
            if message["msg_type"] == "stream":
                text[parent] += message["content"]["text"]
            if message["content"].get("execution_state") == "idle":
                idle.add(parent)
        cells: dict[str, Cell] = {}
        while len(cells) < len(message_ids):
            message = self.client.get_shell_msg(timeout=timeout)
            parent = message["parent_header"]["msg_id"]
            if parent in text:
                content = message["content"]
                cells[parent] = Cell(content["status"], text[parent], content.get("ename", ""))
        return [cells[message_id] for message_id in message_ids]

    def run(self, *sources: str) -> list[Cell]:
        return self.receive(self.send(*sources))

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.stop()


def test_queued_cells_all_run_with_a_session_in_the_background(
    kernel: Kernel, local_qpu: LocalQpu
) -> None:
    cells = kernel.run(
        f"import oqc_notebook; sdk = oqc_notebook.connect({local_qpu.url!r}, "
        f"authentication_token={local_qpu.token!r}, default_qpu_id={EXACT!r})",
        f"job = sdk.create_job(program={ONE!r}); await job.execute(); print(job.result.data)",
        "oqc_notebook.run(job.execute()); print(len(job.history))",
        "import asyncio; await asyncio.gather(job.execute(), job.execute()); print(job.completed)",
        "print('last')",
    )
    assert [(cell.status, cell.text) for cell in cells] == [
        ("ok", ""),
        ("ok", "{'c': {'1': 1000}}\n"),
        ("ok", "2\n"),
        ("ok", "True\n"),
        ("ok", "last\n"),
    ]


def test_queued_cells_all_run_with_a_session_on_the_kernels_own_loop(
    kernel: Kernel, local_qpu: LocalQpu
) -> None:
    cells = kernel.run(
        "import oqc_notebook; from oqc_notebook.sdk import OqcSdk",
        f"sdk = await OqcSdk({local_qpu.url!r}, {local_qpu.token!r}).open()",
        f"job = sdk.create_job(program={ONE!r}, qpu_id={EXACT!r})",
        "oqc_notebook.run(job.execute()); print(job.result.data)",
        "await job.execute(); print(len(job.history))",
        "oqc_notebook.run(job.execute()); print(len(job.history))",
        "await sdk.close(); print('last')",
    )
    assert [cell.status for cell in cells] == ["ok"] * 7
    assert [cell.text for cell in cells[3:]] == ["{'c': {'1': 1000}}\n", "2\n", "3\n", "last\n"]


@pytest.mark.parametrize("wait", ["await job.execute()", "oqc_notebook.run(job.execute())"])
def test_an_interrupt_of_a_cell_is_felt_within_0_3_s_and_the_job_goes_on(
    kernel: Kernel, proxy: FaultyProxy, local_qpu: LocalQpu, wait: str
) -> None:
    running = answer(200, {"status": "RUNNING"})
    fault = proxy.spoil("GET", "/all_info", answer=running, times=None)
    kernel.run(
        f"import oqc_notebook; sdk = oqc_notebook.connect({proxy.url!r}, "
        f"authentication_token={local_qpu.token!r}, default_qpu_id={EXACT!r})",
        f"job = sdk.create_job(program={ONE!r})",
    )
    waiting = kernel.send(wait)
    until(lambda: proxy.count("GET", "/all_info") > 2)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    (cell,) = kernel.receive(waiting)
    assert cell.error in ("KeyboardInterrupt", "CancelledError")
    assert cell.ended - began < 0.3
    fault.times = 0
    (cell,) = kernel.run("await job.execute(); print(job.result.data, len(job.history))")
    assert cell.text == "{'c': {'1': 1000}} 1\n"
