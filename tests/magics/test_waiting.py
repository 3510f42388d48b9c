"""Magics that wait: interrupts, clicks meanwhile, and the forms that a call may have."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ipykernel
import pytest

from tests.faulty import Fault, FaultyProxy, answer
from tests.magics.support import ok, refused
from tests.support import ONE, until
from tests.support_kernel import Kernel

#: Cells that run a job called `one`, and whether the kernel can do something else meanwhile.
FORMS = {
    "%oqc_run one": True,
    f"%%oqc_job one\n{ONE}": True,
    "x = %oqc_run one\nassert x is None": True,
    "for _ in range(1):\n    %oqc_run one": True,
    "if True:\n    'ü'\n    %oqc_run one\n    y = 'ü'": True,
    "try:\n    %oqc_run one\nfinally:\n    print('over')": True,
    "%oqc_run one\n%oqc_run one --timeout 30": True,
    "get_ipython().run_line_magic('oqc_run', 'one')": True,
    "name = 'one'; line = 'two'\n%oqc_run {name}": True,
    "def f():\n    %oqc_run one\nf()": False,
    "async def f():\n    %oqc_run one\nawait f()": False,
    "class C:\n    %oqc_run one": False,
    "[get_ipython().run_line_magic('oqc_run', 'one') for _ in range(1)]": False,
    "(lambda: get_ipython().run_line_magic('oqc_run', 'one'))()": False,
    'f\'{get_ipython().run_line_magic("oqc_run", "one")}\'': False,
    "%%time\n%oqc_run one": False,
    "%%capture\n%oqc_run one": False,
    "%time get_ipython().run_line_magic('oqc_run', 'one')": False,
    "exec(get_ipython().transform_cell('%oqc_run one'))": False,
    "%autoawait off\n%oqc_run one": False,
}


WAIT_FOR_IT = "import oqc_notebook; oqc_notebook.run(one.wait())"


@pytest.fixture
def held(slow: Kernel, proxy: FaultyProxy) -> Fault:
    """A service whose tasks run for ever, until the fault is taken back."""
    ok(slow, f"%%oqc_job one --no-run\n{ONE}")
    return proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)


def test_every_form_of_a_call_runs_the_job_and_waits_for_it(kernel: Kernel) -> None:
    ok(kernel, f"%%oqc_job one --no-run\n{ONE}")
    for form, awaits in FORMS.items():
        ok(kernel, "before = one, len(one.history)", form)
        runs, python, typed = ok(
            kernel,
            "%autoawait on\nprint(len(one.history) - before[1] * (one is before[0]), one.ended)",
            "print(get_ipython().history_manager.input_hist_parsed[-3])",
            "print(In[-4])",
        )
        assert runs.text == f"{2 if '--timeout' in form else 1} True\n", form
        assert (".awaited(" in python.text) is awaits, form
        assert typed.text == python.text


@pytest.mark.parametrize("form", ["%oqc_run", "%%time\n%oqc_run one", f"%%oqc_job one\n{ONE}"])
def test_an_interrupt_ends_the_wait_within_0_3_s_in_one_line_and_the_job_goes_on(
    slow: Kernel, proxy: FaultyProxy, held: Fault, form: str
) -> None:
    felt: list[float] = []
    while len(felt) < 3 and not (felt and felt[-1] < 0.3):  # a busy machine may hiccup
        looks = proxy.count("GET", "/all_info")
        waiting = slow.send("%oqc_run one" if felt else form, "print('not run')")
        until(lambda looks=looks: proxy.count("GET", "/all_info") > looks + 1)
        began = slow.interrupt()
        cell, after = slow.receive(waiting)
        felt.append(cell.ended - began)
        assert (cell.status, cell.error, after.status) == ("error", "WaitInterrupted", "aborted")
        assert cell.traceback == [
            "Interrupted: one goes on. '%oqc_run one' waits for it again, '%oqc_cancel one' "
            "cancels it."
        ]
    assert felt[-1] < 0.3
    assert "The time is up" in refused(slow, "%oqc_run one --timeout 0.2")  # it was joined
    assert proxy.count("POST", "/tasks/submit") == 1
    held.times = 0
    done = ok(slow, WAIT_FOR_IT, "print(one.result.data, len(one.history))")[1]
    assert done.text == "{'c': {'1': 1000}} 1\n"


def test_the_end_of_the_time_is_told_in_one_line(
    slow: Kernel, proxy: FaultyProxy, held: Fault
) -> None:
    for _ in range(2):
        assert refused(slow, "%oqc_run one --timeout 0.2") == (
            "%oqc_run: The time is up. one goes on. '%oqc_run one' waits for it again, "
            "'%oqc_cancel one' cancels it."
        )
    ok(slow, "await one.submit()")
    (cell,) = ok(slow, "%oqc_status")
    assert cell.text.startswith("one: ▶ RUNNING on Exact 32-qubit (SIMULATED), 1000 shots, for ")
    assert proxy.count("POST", "/tasks/submit") == 1
    held.times = 0
    ok(slow, WAIT_FOR_IT)


def test_cancelling_what_is_in_flight(slow: Kernel, proxy: FaultyProxy, held: Fault) -> None:
    assert refused(slow, "%oqc_run --timeout 0.2")
    asked = proxy.spoil("POST", "/tasks/cancel_many", delay_s=60.0)
    cancelling = slow.send("%oqc_cancel")
    until(lambda: proxy.count("POST", "/tasks/cancel_many") == 1)
    held.answer = answer(200, {"status": "CANCELLED"})
    asked.delay_s = 0.0
    (cell,) = slow.receive(cancelling)
    assert cell.status == "ok"
    assert cell.text.startswith("one: ⊘ CANCELLED on Exact 32-qubit")
    assert proxy.count("POST", "/tasks/cancel_many") == 1
    (cell,) = ok(slow, "%oqc_cancel")
    assert cell.text == ("one is not in flight: there is nothing to cancel. It is CANCELLED.\n")


def test_cancelling_what_is_being_submitted(
    slow: Kernel, proxy: FaultyProxy, held: Fault, tmp_path: Path
) -> None:
    submission = proxy.spoil("POST", "/tasks/submit", delay_s=60.0)
    assert refused(slow, "%oqc_run one --timeout 0.2")
    begun = tmp_path / "begun"
    cancelling = slow.send(f"open({str(begun)!r}, 'x').close()\n%oqc_cancel")
    until(begun.exists)
    submission.delay_s = 0.0
    (cell,) = slow.receive(cancelling)
    assert cell.text.startswith("one: ▶ RUNNING on Exact 32-qubit")
    assert proxy.count("POST", "/tasks/cancel_many") == 1


@pytest.mark.skipif(ipykernel.version_info < (7, 4), reason="clicks take other ways there")
def test_a_click_on_cancel_is_served_while_a_magic_waits(
    slow: Kernel, proxy: FaultyProxy, held: Fault
) -> None:
    (waiting,) = slow.send("%oqc_run one")
    panel = _model_id(slow)
    until(lambda: proxy.count("GET", "/all_info") > 2)
    task = next(path.split("/")[-2] for _, path in proxy.log if path.endswith("/all_info"))
    # the panel says which run it shows: the job's task, and how many runs ended before
    custom = {"method": "custom", "content": {"do": "cancel", "run": f"{task}/0"}}
    content = {"comm_id": panel, "data": custom}
    click = slow.client.session.msg("comm_msg", content)
    slow.client.shell_channel.send(click)
    until(lambda: proxy.count("POST", "/tasks/cancel_many") == 1)
    held.answer = answer(200, {"status": "CANCELLED"})
    (cell,) = slow.receive([waiting])
    assert cell.status == "ok"
    assert ok(slow, "print(one.state)")[0].text == "CANCELLED\n"


def _model_id(kernel: Kernel) -> str:
    """Wait for the live panel that a cell shows."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message: dict[str, Any] = kernel.client.get_iopub_msg(timeout=30)
        view = "application/vnd.jupyter.widget-view+json"
        if message["msg_type"] == "display_data" and view in message["content"]["data"]:
            return str(message["content"]["data"][view]["model_id"])
    raise AssertionError("there was no panel")
