"""Panels in Notebook 7 in Chromium; what is looked at in JupyterLab only is in test_panels.py."""

from __future__ import annotations

import json
from pathlib import Path

import ipykernel
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Lab, connecting, dark
from tests.browser.test_panels import (
    MAKE_BELL,
    MAKE_SWEEP,
    RUN_BELL,
    clipped,
    note,
    press,
    wait_for_state,
)
from tests.faulty import StagedQpu
from tests.support import LocalQpu


def test_a_panel_goes_through_its_states_while_a_cell_awaits(
    open_in_notebook7: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_in_notebook7(connecting(staged_qpu), MAKE_BELL, RUN_BELL, "print('last')")
    notebook.run_all()
    panel = notebook.panel()
    wait_for_state(panel, "SUBMITTED")
    staged_qpu.stay("RUNNING")
    wait_for_state(panel, "RUNNING")
    staged_qpu.go_on()
    wait_for_state(panel, "COMPLETED")
    expect(notebook.output(3)).to_contain_text("last")
    expect(panel.locator(".oqc-histogram")).to_contain_text("00")
    expect(notebook.twin()).to_be_hidden()


@pytest.mark.skipif(
    ipykernel.version_info < (7,), reason="ipykernel 6 handles clicks only after the cell"
)
def test_cancel_while_a_cell_awaits(open_in_notebook7: OpenNotebook, slow_qpu: LocalQpu) -> None:
    notebook = open_in_notebook7(connecting(slow_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    panel = notebook.panel()
    wait_for_state(panel, "SUBMITTED")
    press(panel, "Cancel…")
    press(panel, "Yes")
    wait_for_state(panel, "CANCELLED")
    expect(notebook.output(2)).to_contain_text("ran: CANCELLED")


def test_save_and_load_also_in_a_fresh_kernel(
    open_in_notebook7: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_in_notebook7(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    panel = notebook.panel()
    press(panel, "Save")
    saved = notebook.path.with_suffix(".oqc") / "saved" / "bell.json"
    expect(note(panel)).to_have_text(f"Saved to {saved}")
    counts = json.loads(saved.read_text())["result"]["data"]["c"]
    press(panel, "Load…")
    panel.get_by_role("button", name="bell", exact=True).click()
    expect(notebook.cell(1).locator(".oqc-live")).to_have_count(2)

    notebook.restart_kernel()
    notebook.replace(1, f"bell = sdk.load({str(saved)!r})\nbell")
    notebook.run_cells(0, 1)
    expect(notebook.cell(1).locator(".oqc-live")).to_have_count(1)
    wait_for_state(notebook.panel(), "COMPLETED")
    for bits, count in counts.items():
        row = notebook.panel().locator(f".oqc-histogram tr:has(th:text-is('{bits}'))")
        expect(row).to_contain_text(str(count))


def test_light_and_dark(
    open_in_notebook7: OpenNotebook,
    local_qpu: LocalQpu,
    notebook7: Lab,
    page: Page,
    pictures: Path,
) -> None:
    notebook = open_in_notebook7(
        connecting(local_qpu), MAKE_BELL, MAKE_SWEEP, RUN_BELL, "await sweep.execute();\nprint(1)"
    )
    notebook.run_all()
    expect(notebook.output(4)).to_contain_text("1")
    page.add_style_tag(content=".jp-Cell-inputWrapper { display: none !important }")
    backgrounds = []
    for theme in ("light", "dark"):
        dark(page, notebook7, on=theme == "dark")
        wait_for_state(notebook.panel(0), "COMPLETED")
        wait_for_state(notebook.panel(1), "FAILED")
        notebook.screenshot(pictures, f"notebook7-{theme}")
        backgrounds.append(
            notebook.panel(0).evaluate("panel => getComputedStyle(panel).backgroundColor")
        )
        assert clipped(notebook) == []
    assert backgrounds[0] != backgrounds[1]
    dark(page, notebook7, on=False)
