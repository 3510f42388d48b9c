"""A real kernel: queued cells, awaits, interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, LocalQpu, until
from tests.support_kernel import Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(cwd=str(tmp_path)) as kernel:
        yield kernel


def test_queued_cells_all_run_with_a_session_in_the_background(
    kernel: Kernel, local_qpu: LocalQpu
) -> None:
    cells = kernel.run(
        f"import oqc_notebook; sdk = oqc_notebook.connect({local_qpu.url!r}, "
        f"authentication_token={local_qpu.token!r}, default_qpu_id={EXACT!r}, archive=False)",
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
    felt: list[float] = []
    while len(felt) < 3 and not (felt and felt[-1] < 0.3):  # a busy machine may hiccup
        looks = proxy.count("GET", "/all_info")
        waiting = kernel.send(wait)
        until(lambda looks=looks: proxy.count("GET", "/all_info") > looks + 1)
        began = kernel.interrupt()
        (cell,) = kernel.receive(waiting)
        assert cell.error in ("KeyboardInterrupt", "CancelledError")
        felt.append(cell.ended - began)
    assert felt[-1] < 0.3
    fault.times = 0
    (cell,) = kernel.run("await job.execute(); print(job.result.data, len(job.history))")
    assert cell.text == "{'c': {'1': 1000}} 1\n"
