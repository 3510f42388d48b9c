"""Buttons of panels in Chromium: one click is one action, and the panel says how it stands."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import connecting
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, EXACT, LocalQpu

MAKE_BELL = f"bell = sdk.create_job(program='''{BELL}''')\nbell"
RUN_BELL = "await bell.execute()\nprint('ran:', bell.state)"


def note(panel: Locator) -> Locator:
    return panel.locator("> .oqc-note")


def status(panel: Locator) -> Locator:
    return panel.locator("> .oqc-status")


def button(panel: Locator, label: str) -> Locator:
    return panel.locator("> .oqc-header").get_by_role("button", name=label, exact=True)


def wait_for_state(panel: Locator, word: str) -> None:
    expect(panel.locator("> .oqc-header .oqc-state")).to_contain_text(word)


def through(proxy: FaultyProxy, qpu: LocalQpu) -> str:
    """A cell that connects through a proxy."""
    return (
        f"import oqc_notebook\nsdk = oqc_notebook.connect({proxy.url!r}, "
        f"authentication_token={qpu.token!r}, default_qpu_id={EXACT!r})"
    )


def test_clicks_on_a_busy_kernel_wait_and_are_one_action(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(
        connecting(local_qpu) + "\nimport os\nprint('pid', os.getpid())",
        MAKE_BELL,
        "print('runs:', len(bell.history))",
    )
    notebook.run_cells(0, 1)
    panel = notebook.panel()
    expect(button(panel, "Execute")).to_be_enabled()
    # a second view of the same panel
    notebook.page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
            window.jupyterapp.commands.execute('notebook:create-output-view');
        }"""
    )
    views = notebook.page.locator(".oqc-live:visible")
    expect(views).to_have_count(2)
    other = views.last
    expect(button(other, "Execute")).to_be_enabled()
    with stopped(notebook.output(0)):
        for view in (panel, other):
            button(view, "Execute").dblclick()
        expect(status(panel)).to_contain_text("No answer from the kernel since")
        expect(button(panel, "Execute")).to_have_attribute("aria-disabled", "true")
        expect(button(panel, "Save")).to_have_attribute(
            "title", "The kernel has not answered the last click yet"
        )
    wait_for_state(panel, "COMPLETED")
    for view in (panel, other):
        expect(button(view, "Run again")).to_be_enabled()
        expect(note(view)).to_have_text(
            re.compile("Run 1 has ended: COMPLETED.|Another run has begun since that click: .*")
        )
        expect(status(view).locator(".oqc-symbol")).to_be_hidden()
    notebook.run_cells(2)
    expect(notebook.output(2)).to_have_text("runs: 1\n")


def test_a_double_click_is_one_run_also_where_runs_are_quick(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, "print(len(bell.history))")
    notebook.run_cells(0, 1)
    panel = notebook.panel()
    for run, label in enumerate(("Execute", "Run again", "Run again"), start=1):
        button(panel, label).dblclick(delay=40)
        expect(note(panel)).to_have_text(f"Run {run} has ended: COMPLETED.")
    notebook.run_cells(2)
    expect(notebook.output(2)).to_have_text("3\n")


@contextlib.contextmanager
def stopped(output: Locator) -> Iterator[None]:
    """Stop the kernel that printed its process id, so that it is as busy as can be."""
    expect(output).to_contain_text("pid ")
    pid = int(output.inner_text().split("pid ")[1])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_panel_whose_kernel_was_restarted_says_so(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    panel = notebook.panel()
    notebook.restart_kernel()
    expect(status(panel)).to_contain_text(
        re.compile(r"The kernel of this panel has ended; .* as of \d\d:\d\d:\d\d UTC")
    )
    for label in ("Run again", "Cancel…", "Refresh", "Save", "Load…"):
        expect(button(panel, label)).to_have_attribute("aria-disabled", "true")
        expect(button(panel, label)).to_have_attribute(
            "title", "The kernel of this panel has ended"
        )
    notebook.run_cells(0, 1)
    expect(button(notebook.panel(), "Execute")).to_be_enabled()
    expect(status(notebook.panel())).not_to_contain_text("ended")


def test_a_job_that_is_loaded_after_a_reload_of_the_page_is_shown(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    button(notebook.panel(), "Save").click()
    saved = notebook.path.with_suffix(".oqc") / "saved" / "bell.json"
    expect(note(notebook.panel())).to_have_text(f"Saved to {saved}")
    notebook.save()
    notebook.open()
    panel = notebook.panel()
    expect(button(panel, "Load…")).to_be_enabled()
    button(panel, "Load…").click()
    panel.get_by_role("button", name="bell", exact=True).click()
    inside = panel.locator(".oqc-loaded > .oqc-live")
    wait_for_state(inside, "COMPLETED")
    expect(note(panel)).to_have_text(f"Opened below: bell = sdk.load('{saved}')")
    button(inside, "Run again").click()
    expect(note(inside)).to_have_text("Run 2 has ended: COMPLETED.")
    expect(inside.locator(".oqc-facts")).to_contain_text("runs2")
    expect(panel.locator(".oqc-facts").first).to_contain_text("runs1")
    notebook.open()  # what is open inside stays open
    expect(note(inside)).to_have_text("Run 2 has ended: COMPLETED.")
    panel.locator("> .oqc-loaded").get_by_role("button", name="Close").click()
    expect(inside).to_have_count(0)


def test_a_lost_connection_is_told_and_is_no_failure(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, proxy: FaultyProxy
) -> None:
    notebook = open_notebook(through(proxy, local_qpu), MAKE_BELL, RUN_BELL)
    # the QPU's own address is the proxy's, too
    proxy.spoil("GET", "/admin/qpu", answer=answer(200, qpu_list(local_qpu, url=proxy.url)))
    proxy.faults[-1].times = None
    running = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    cut = proxy.spoil("GET", "/all_info", drop=True, times=None)
    notebook.run_all()
    panel = notebook.panel()
    wait_for_state(panel, "RUNNING")
    running.times = 0
    expect(status(panel)).to_contain_text(
        re.compile(r"Connection to the server lost, trying again ·\s+00:0\d")
    )
    wait_for_state(panel, "RUNNING")
    expect(panel.locator(".oqc-error")).to_be_hidden()
    cut.times = 0
    wait_for_state(panel, "COMPLETED")
    expect(status(panel)).not_to_contain_text("lost")


def test_a_closed_session_is_told(open_notebook: OpenNotebook, local_qpu: LocalQpu) -> None:
    notebook = open_notebook(
        connecting(local_qpu), MAKE_BELL, RUN_BELL, "oqc_notebook.run(sdk.close())"
    )
    notebook.run_all()
    panel = notebook.panel()
    expect(status(panel)).to_contain_text("The session is closed")
    expect(button(panel, "Run again")).to_have_attribute("title", "The session is closed")
    expect(button(panel, "Save")).to_be_enabled()


def test_what_costs_something_is_asked_about_in_place(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, proxy: FaultyProxy, page: Page
) -> None:
    priced = qpu_list(local_qpu, price_per_task="0.2", price_per_shot="0.001")
    proxy.spoil("GET", "/admin/qpu", answer=answer(200, priced), times=None)
    notebook = open_notebook(through(proxy, local_qpu), MAKE_BELL, "print(len(bell.history))")
    notebook.run_cells(0, 1)
    panel = notebook.panel()
    expect(panel).to_contain_text("a run costs about 1.20")
    button(panel, "Execute").click()
    expect(panel).to_contain_text("Costs about 1.20 (1 task at 0.2 + 1000 shots at 0.001): run?")
    page.keyboard.press("Escape")
    expect(button(panel, "Execute")).to_be_focused()
    button(panel, "Execute").click()
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(note(panel)).to_have_text("Run 1 has ended: COMPLETED.")
    notebook.run_cells(2)
    expect(notebook.output(2)).to_have_text("1\n")


def qpu_list(qpu: LocalQpu, **changed: Any) -> dict[str, Any]:
    """The service's list of QPUs, with something changed in each."""
    headers = {"Authentication-Token": qpu.token}
    got = httpx.get(f"{qpu.url}/admin/qpu?per_page=1000", headers=headers)
    listed: dict[str, Any] = json.loads(got.text)
    return {**listed, "items": [{**item, **changed} for item in listed["items"]]}
