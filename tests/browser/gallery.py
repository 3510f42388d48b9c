"""A notebook with panels in every state, for tests that look at all of them at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook, connecting
from tests.faulty import FaultyProxy, StagedQpu
from tests.support import BELL, BROKEN, LocalQpu

#: Six qubits, each 0 or 1, and two registers: more bitstrings than a panel lists.
WIDE = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[6];
creg c[5];
creg flag[1];
h q;
measure q[0] -> c[0];
measure q[1] -> c[1];
measure q[2] -> c[2];
measure q[3] -> c[3];
measure q[4] -> c[4];
measure q[5] -> flag[0];
"""

#: Name, what makes it, and the state that its panel comes to. Those of ``held`` stay in flight.
JOBS = (
    ("fresh", f"sdk.create_job(program='''{BELL}''')", "CREATED"),
    ("bell", f"sdk.create_job(program='''{BELL}''')", "COMPLETED"),
    ("wide", f"sdk.create_job(program='''{WIDE}''', label='two registers')", "COMPLETED"),
    ("bad", f"sdk.create_job(program='''{BROKEN}''')", "FAILED"),
    ("running", f"held.create_job(program='''{BELL}''')", "RUNNING"),
    ("unwanted", f"held.create_job(program='''{BELL}''')", "RUNNING"),
    ("stopped", f"slow.create_job(program='''{BELL}''')", "CANCELLED"),
    ("sweep", f"sdk.create_job(program=['''{BELL}'''] * 12 + ['''{BROKEN}'''] * 2)", "FAILED"),
    ("moving", f"held.create_job(program=['''{BELL}'''] * 3)", "RUNNING"),
    ("mapped", f"sdk.create_job(program=['''{WIDE}'''] * 5)", "COMPLETED"),
)

#: What lists the jobs of a session, and the QPUs of a service.
LISTS = ("oqc_notebook.jobs(sdk)", "oqc_notebook.qpus(sdk)")

_RUN = f"""
import asyncio
await asyncio.gather(*(job.execute() for job in (bell, wide, bad, sweep, mapped)))
bell.program = '''{BROKEN}'''
await bell.execute()
bell.program = '''{BELL}'''
await bell.execute()
await asyncio.gather(*(job.submit() for job in (running, unwanted, stopped, moving)))
await asyncio.gather(unwanted.cancel(), stopped.cancel())
while not all(job.state == "RUNNING" for job in (running, unwanted, *moving.jobs)):
    await asyncio.sleep(0.01)
print("all ran")
"""


@contextlib.contextmanager
def holding(qpu: LocalQpu) -> Iterator[StagedQpu]:
    """A way to a local QPU by which every task seems to run for ever."""
    with FaultyProxy(qpu.url) as proxy:
        yield StagedQpu(proxy, qpu.token, "RUNNING")


def cells(qpu: LocalQpu, held: StagedQpu, slow: LocalQpu) -> list[str]:
    """The cells: one that connects, one for each panel, and one that runs them."""
    second = connecting(held).replace("sdk = ", "held = ")
    third = connecting(slow).replace("sdk = ", "slow = ")
    made = [f"{name} = {code}\n{name}" for name, code, _ in JOBS]
    return ["\n".join([connecting(qpu), second, third]), *made, *LISTS, _RUN]


def show_all(notebook: Notebook) -> dict[str, Locator]:
    """Run the cells, and give the panels by name when each is in its state."""
    notebook.run_all()
    expect(notebook.output(1 + len(JOBS) + len(LISTS))).to_contain_text("all ran")
    found = {name: panels(notebook).nth(index) for index, (name, _, _) in enumerate(JOBS)}
    for name, _, state in JOBS:
        expect(found[name].locator(".oqc-state")).to_contain_text(state)
    expect(panels(notebook)).to_have_count(len(JOBS) + len(LISTS))
    return found


def panels(notebook: Notebook) -> Locator:
    """The panels of a notebook, without those that are open inside others."""
    return notebook.page.locator(".oqc-live:not(.oqc-inside)")


def unfold(panel: Locator) -> None:
    """Open all that can be opened in a panel, also what appears in that."""
    closed = panel.locator(
        "button[aria-expanded=false]:not([aria-disabled=true]):visible, "
        "details:not([open]) > summary:visible"
    )
    for _ in range(80):
        if not closed.count():
            return
        control = closed.first.element_handle()
        control.click()
        panel.page.wait_for_function(
            "control => control.ariaExpanded === 'true' || control.parentElement?.open", arg=control
        )
    raise AssertionError("It does not stay open")


def unfold_all(notebook: Notebook, found: dict[str, Locator]) -> None:
    """Open what the panels hide: a child, a heat map, the details of runs and QPUs."""
    # once the kernel has answered
    expect(found["sweep"].get_by_role("button", name="Save", exact=True)).to_be_enabled()
    found["sweep"].locator(".oqc-row", has_text="FAILED").first.click()
    inside = found["sweep"].locator(".oqc-inside")
    expect(inside).to_contain_text("is not defined")
    found["mapped"].get_by_role("tab", name="Heat map").click()
    expect(found["mapped"].locator("canvas").first).to_be_visible()
    for name in ("bell", "wide", "sweep"):
        unfold(found[name])
    unfold(panels(notebook).last)  # the QPUs
