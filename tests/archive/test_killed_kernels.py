"""A kernel that is killed at any moment: nothing is lost, and nothing is run twice."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.archive.support import kernel_of, names_in
from tests.sdk.test_crashes import Ledger
from tests.support import ONE, LocalQpu

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="there is no such signal here"
)

CHILDREN = 200

#: How long such a composite takes, from the cell on (seconds).
_TAKES_S = 1.6

MAKE = f"sweep = sdk.create_job(program=[{ONE!r}] * {CHILDREN})"

#: Tells how a composite stands in the end.
TELL = """
print(json.dumps({
    "states": [job.state for job in sweep.jobs],
    "results": [job.result.data for job in sweep.jobs],
    "histories": [[str(run.task_id) for run in job.history] for job in sweep.jobs],
    "errors": [job.error for job in sweep.jobs if job.error],
}))
"""


@pytest.fixture
def ledger(local_qpu: LocalQpu) -> Ledger:
    return Ledger(local_qpu)


def moments(count: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [round(chance.uniform(0.0, _TAKES_S), 3) for _ in range(count)]


@pytest.mark.parametrize(
    "moment",
    [
        *moments(5, seed=3),
        *(pytest.param(moment, marks=pytest.mark.soak) for moment in moments(50, seed=6)),
    ],
)
def test_a_kernel_killed_at_any_moment_of_a_composite_leaves_one_run_of_each_job(
    local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path, moment: float
) -> None:
    notebook = tmp_path / "lab.ipynb"
    with kernel_of(notebook, local_qpu) as kernel:
        kernel.ok(MAKE)
        began = time.monotonic()
        kernel.send("await sweep.execute()")
        while time.monotonic() < began + moment:
            time.sleep(0.001)
        kernel.kill()
    known = len(ledger.runs())

    with kernel_of(notebook, local_qpu) as kernel:
        (resumed,) = kernel.ok("%oqc_resume")
        if "Ended: sweep." in resumed.text:
            assert known == CHILDREN
            kernel.ok("%oqc_resume sweep")
        elif "Nothing was in flight." in resumed.text:
            assert known == 0
            kernel.ok(MAKE, "await sweep.execute()")
        else:
            assert resumed.text.startswith("sweep is back.\n")
        kernel.ok("await sweep.wait()")
        told = kernel.told(TELL)
        kernel.ok("assert sdk._recorder.flush()")
        (again,) = kernel.ok("%oqc_resume")
        assert "Nothing was in flight." in again.text
    assert told["states"] == ["COMPLETED"] * CHILDREN
    assert told["results"] == [{"c": {"1": 1000}}] * CHILDREN
    assert told["errors"] == []
    assert all(len(history) == 1 for history in told["histories"])
    assert ledger.runs() == {history[0] for history in told["histories"]}
    assert len(ledger.runs()) == CHILDREN
    assert names_in(tmp_path / "lab.oqc", "live/*") == []
    archived = names_in(tmp_path / "lab.oqc", "runs/*/*.json")
    assert len(archived) == CHILDREN + 1, f"{len(archived)} files"


#: Kills the kernel when it gives the n-th file its name.
DIE = """
import os, signal
replace, count = os.replace, 0

def replace_or_die(source, target):
    global count
    count += 1
    if count == {n}:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

os.replace = replace_or_die
"""


@pytest.mark.parametrize("n", [5, 60, 150, 200])
def test_a_kernel_killed_while_it_records_reserved_ids_has_submitted_nothing(
    local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path, n: int
) -> None:
    notebook = tmp_path / "lab.ipynb"
    with kernel_of(notebook, local_qpu) as kernel:
        kernel.ok(MAKE, DIE.format(n=n))
        kernel.send("await sweep.execute()")
        kernel.dies()
    assert len(names_in(tmp_path / "lab.oqc", "live/*.json")) > n - 10
    with kernel_of(notebook, local_qpu) as kernel:
        (said,) = kernel.ok("%oqc_resume")
        assert said.text == "Nothing was in flight.\n"
    assert ledger.runs() == set()
    assert names_in(tmp_path / "lab.oqc", "live/*.json") == []
