"""The magics in JupyterLab in Chromium, with cells queued at once as "Run All" does."""

from __future__ import annotations

import re

import ipykernel
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenNotebook
from tests.faulty import StagedQpu
from tests.support import BELL, EXACT, LocalQpu

MAKE_BELL = f"%%oqc_job bell --shots 300\n{BELL}"


def connecting(qpu: LocalQpu | StagedQpu) -> str:
    """A cell that connects as a user does who has the token in the environment."""
    return (
        f"import os; os.environ['OQC_AUTH_TOKEN'] = {qpu.token!r}\n"
        f"%load_ext oqc_notebook\n%oqc_connect {qpu.url} --qpu {EXACT}"
    )


def test_from_connecting_to_loading_in_a_fresh_kernel(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(
        connecting(local_qpu),
        "%oqc_qpus",
        MAKE_BELL,
        "%oqc_counts",
        "%oqc_save",
        "%oqc_load bell again",
        "%oqc_history again",
    )
    notebook.run_all()
    expect(notebook.cell(6).locator("table")).to_contain_text("COMPLETED")
    expect(notebook.cell(0)).to_contain_text("Default QPU: Exact 32-qubit (qpu:local:1:exact).")
    expect(notebook.cell(1).get_by_role("table")).to_contain_text("8-qubit Simulator")
    expect(notebook.panel(1)).to_contain_text("COMPLETED")  # the first one is that of the QPUs
    expect(notebook.cell(3)).to_contain_text("bell: register c, 300 shots (c[0] is the leftmost")
    path = notebook.path.with_suffix(".oqc") / "saved" / "bell.json"
    expect(notebook.cell(4)).to_contain_text(f"Saved bell to {path}")
    assert path.is_file()
    notebook.restart_kernel()
    notebook.run_cells(0, 5, 6)
    expect(notebook.cell(5)).to_contain_text(f"Loaded again from {path}")
    expect(notebook.cell(6).locator("table")).to_contain_text("COMPLETED")


@pytest.mark.skipif(
    ipykernel.version_info < (7,), reason="ipykernel 6 handles clicks only after the cell"
)
def test_cancel_while_a_magic_waits(open_notebook: OpenNotebook, slow_qpu: LocalQpu) -> None:
    notebook = open_notebook(connecting(slow_qpu), MAKE_BELL, "print('then:', bell.state)")
    notebook.run_all()
    expect(notebook.panel()).to_contain_text("SUBMITTED")
    notebook.panel().get_by_role("button", name="Cancel…", exact=True).click()
    notebook.panel().get_by_role("button", name="Yes", exact=True).click()
    expect(notebook.cell(2)).to_contain_text("then: CANCELLED")


def test_an_interrupt_ends_the_wait_in_one_line_and_the_job_goes_on(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_notebook(connecting(staged_qpu), MAKE_BELL, "print('never')")
    notebook.run_all()
    expect(notebook.panel()).to_contain_text("SUBMITTED")
    notebook.interrupt()
    cell = notebook.cell(1)
    expect(cell).to_contain_text("Interrupted: bell goes on.")
    expect(cell).not_to_contain_text("Traceback")
    staged_qpu.go_on()
    expect(notebook.panel()).to_contain_text("COMPLETED")
    expect(notebook.cell(2).locator(".jp-OutputArea-output")).to_have_count(0)


def test_a_renamed_notebook_gets_its_jobs_next_to_its_new_name(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, "%oqc_save")
    notebook.run_cells(0, 1)
    expect(notebook.panel()).to_contain_text("COMPLETED")
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:rename') }")
    page.locator(".jp-Dialog input").fill("renamed.ipynb")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.path === 'renamed.ipynb'"
    )
    notebook.run_cells(2)
    path = notebook.lab.notebooks / "renamed.oqc" / "saved" / "bell.json"
    expect(notebook.cell(2)).to_contain_text(f"Saved bell to {path}")
    assert path.is_file()


def test_completion_and_help(open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page) -> None:
    notebook = open_notebook(connecting(local_qpu), f"{MAKE_BELL}", "%oqc_run?", "%oqc_run be")
    notebook.run_cells(0, 1)
    expect(notebook.panel()).to_contain_text("COMPLETED")
    editor, options = notebook.cell(3).locator(".cm-content"), page.locator(".jp-Completer-item")
    editor.click()
    notebook.cell(3).locator(".jp-mod-completer-enabled").wait_for()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    expect(options).to_have_text(re.compile("bell.*job"))  # and no other
    page.keyboard.press("Enter")
    page.keyboard.type(" --")
    page.keyboard.press("Tab")
    expect(options).to_contain_text(["--no-wait", "--timeout"])
    page.keyboard.press("Enter")
    expect(editor).to_have_text("%oqc_run bell --no-wait")
    notebook.run_cells(2)
    expect(page.locator(".jp-Notebook, #jp-main-dock-panel").first).to_contain_text(
        "Run a job, wait for it, and show it."
    )
