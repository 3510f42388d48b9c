"""The panel of a composite in JupyterLab: rows, a child below them, failed ones, the heat map."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Lab, Notebook, connecting, dark
from tests.browser.test_access import check
from tests.browser.test_panels import note, press, wait_for_state
from tests.faulty import StagedQpu
from tests.support import BROKEN, LocalQpu

RABI = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
ry({angle}) q[0];
measure q -> c;
"""

MAKE_RABI = f"""
angles = [0.1 * step for step in range(30)]
programs = ['''{RABI}'''.replace("{{angle}}", str(angle)) for angle in angles]
programs[5] = programs[20] = '''{BROKEN}'''
rabi = sdk.create_job(program=programs, label=[f"θ = {{angle:.1f}}" for angle in angles])
rabi
"""
RUN_RABI = "await rabi.execute()\nprint('ran:', rabi.state)"


def rows(panel: Locator) -> Locator:
    return panel.locator(".oqc-rows-space .oqc-row")


def row(panel: Locator, label: str) -> Locator:
    return rows(panel).filter(has=panel.page.get_by_text(label, exact=True))


def labels(panel: Locator) -> list[str]:
    texts: list[str] = rows(panel).locator("> :nth-child(2)").all_inner_texts()
    return texts


def child(panel: Locator) -> Locator:
    """The panel of the child that is open."""
    return panel.locator(".oqc-child .oqc-live")


def ran(open_notebook: OpenNotebook, qpu: LocalQpu, *cells: str) -> Notebook:
    """A notebook in which the sweep was run."""
    notebook = open_notebook(connecting(qpu), MAKE_RABI, RUN_RABI, *cells)
    notebook.run_cells(0, 1, 2)
    expect(notebook.output(2)).to_contain_text("ran: FAILED")
    wait_for_state(notebook.panel(), "FAILED")
    # once the kernel has answered the panel, what needs it works from the keyboard, too
    expect(notebook.panel().get_by_role("button", name="Save", exact=True)).to_be_enabled()
    return notebook


def test_rows_are_sorted_and_filtered_with_the_mouse_and_the_keyboard(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    panel = ran(open_notebook, local_qpu).panel()
    expect(panel.locator(".oqc-row-head").get_by_text("QPU")).to_be_hidden()  # all have the same
    panel.get_by_role("button", name="FAILED 2").click()
    expect(rows(panel)).to_have_count(2)
    expect(panel).to_contain_text("2 of 30 shown")
    press(panel, "Clear filter")
    page.keyboard.type("= 2.")  # the focus is in the filter
    expect(panel).to_contain_text("10 of 30 shown")
    assert labels(panel)[:2] == ["θ = 2.0", "θ = 2.1"]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # clears the filter
    expect(panel).not_to_contain_text("shown")

    counts = panel.get_by_role("columnheader", name="counts")
    counts.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(counts).to_have_attribute("aria-sort", "ascending")
    assert labels(panel)[0] == "θ = 2.9"  # near π there is hardly a 0
    page.keyboard.press("Enter")
    expect(counts).to_have_attribute("aria-sort", "descending")
    assert labels(panel)[0] == "θ = 0.0"


def test_a_child_opens_below_with_the_keyboard_runs_and_closes(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    notebook = ran(open_notebook, local_qpu, "print([len(job.history) for job in rabi.jobs[:4]])")
    panel = notebook.panel()
    rows(panel).first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(panel).to_contain_text("Child 2 of 30")
    expect(child(panel)).to_contain_text("θ = 0.2")
    expect(row(panel, "θ = 0.2")).to_have_attribute("aria-selected", "true")
    expect(row(panel, "θ = 0.2")).to_be_focused()

    press(child(panel), "Run again")
    expect(note(child(panel))).to_have_text("Run 2 has ended: COMPLETED.")
    expect(child(panel).locator(".oqc-history tbody tr")).to_have_count(2)
    rows(panel).nth(3).click()
    expect(panel).to_contain_text("Child 3 of 30")
    expect(panel.locator(".oqc-child .oqc-live")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(child(panel)).to_have_count(0)
    expect(row(panel, "θ = 0.3")).to_be_focused()
    notebook.run_cells(3)
    expect(notebook.output(3)).to_contain_text("[1, 1, 2, 1]")


def test_a_child_that_is_open_is_there_again_after_a_reload_and_moves_with_its_place(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = ran(
        open_notebook,
        local_qpu,
        "rabi.add(sdk.create_job(program=programs[0], label='new'))",
        "rabi.jobs.pop(0)\nrabi.add(sdk.create_job(program=programs[1]))",
        "rabi.jobs.pop(1)\nawait rabi.jobs[0].execute()",
    )
    notebook.save()
    row(notebook.panel(), "θ = 0.2").click()
    expect(child(notebook.panel())).to_contain_text("θ = 0.2")
    notebook.open()
    panel = notebook.panel()
    expect(child(panel)).to_contain_text("θ = 0.2")
    expect(panel).to_contain_text("Child 2 of 30")

    notebook.run_cells(3)  # on an idle composite: nothing else changes
    expect(panel).to_contain_text("31 jobs")
    expect(panel).to_contain_text("Child 2 of 31")
    expect(panel.get_by_role("button", name="CREATED 1")).to_be_visible()
    notebook.run_cells(4)
    expect(panel).to_contain_text("Child 1 of 31")
    expect(child(panel)).to_contain_text("θ = 0.2")
    notebook.run_cells(5)
    expect(child(panel)).to_have_count(0)
    expect(panel).to_contain_text("30 jobs")


def test_failed_children_run_again_by_one_click(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = ran(
        open_notebook,
        local_qpu,
        "for index in (5, 20):\n    rabi.jobs[index].program = programs[index - 1]",
        "print(sum(len(job.history) for job in rabi.jobs))",
    )
    notebook.run_cells(3)
    panel = notebook.panel()
    panel.get_by_role("button", name="Re-run 2 failed").dblclick()
    expect(panel.locator(".oqc-legend")).to_have_text("✓COMPLETED30")
    expect(note(panel)).to_have_text("Submitted again: 2 of 30 children.")
    expect(panel.get_by_role("button", name="Re-run")).to_be_hidden()
    notebook.run_cells(4)
    expect(notebook.output(4)).to_contain_text("32")


def test_the_heat_map_is_read_with_pointer_and_keyboard(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    panel = ran(open_notebook, local_qpu).panel()
    panel.get_by_role("tab", name="Table").focus()
    page.keyboard.press("ArrowRight")
    heat = panel.locator(".oqc-heat-map")
    expect(heat).to_be_visible()
    expect(rows(panel).first).to_be_hidden()
    read = panel.locator(".oqc-heat-read")
    heat.hover(position={"x": 20, "y": 2})
    expect(read).to_have_text("child 0 (θ = 0.0) · 0 · 100.0 %")
    heat.focus()
    page.mouse.move(0, 0)
    for key in ("ArrowRight", "Home", "ArrowDown"):
        page.keyboard.press(key)
    expect(read).to_have_text(re.compile(r"^child 1 \(θ = 0\.1\) · 1 · \d+\.\d %$"))
    page.keyboard.press("PageDown")
    for _ in range(6):
        page.keyboard.press("ArrowUp")
    expect(read).to_have_text("child 5 (θ = 0.5) · 1 · no counts")
    page.keyboard.press("Enter")
    expect(child(panel)).to_contain_text("'hadamard' is not defined")
    colours: list[list[int]] = heat.locator("canvas").evaluate(
        """canvas => [[0, 0], [1, 0], [0, 5]].map(([x, y]) =>
            [...canvas.getContext('2d').getImageData(x, y, 1, 1).data])"""
    )
    strong, weak, nothing = colours
    assert sum(strong[:3]) < sum(weak[:3])
    assert (weak[3], nothing[3]) == (255, 0)


def test_partial_results_are_there_while_others_run(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_notebook(
        connecting(staged_qpu),
        MAKE_RABI,
        "import asyncio\nawait asyncio.gather(*(job.execute() for job in rabi.jobs[:3]))\n"
        "print('ran')",
        "await asyncio.gather(*(job.submit() for job in rabi.jobs[3:]))\nprint('submitted')",
    )
    staged_qpu.go_on()
    notebook.run_cells(0, 1, 2)
    expect(notebook.output(2)).to_contain_text("ran")
    staged_qpu.stay("RUNNING")
    notebook.run_cells(3)
    expect(notebook.output(3)).to_contain_text("submitted")
    panel = notebook.panel()
    wait_for_state(panel, "RUNNING")
    assert rows(panel).first.locator(".oqc-part").count() > 0
    panel.get_by_role("tab", name="Heat map").click()
    expect(panel.locator(".oqc-heat-map")).to_be_visible()
    expect(panel).to_contain_text("no counts")
    staged_qpu.go_on()
    wait_for_state(panel, "FAILED")
    expect(panel.locator(".oqc-legend")).to_have_text("✓COMPLETED28✕FAILED2")
    # the last results are drawn as well, though nothing ticks any more
    panel.locator(".oqc-heat-map").hover(position={"x": 20, "y": 29 * 13 + 6})
    expect(panel.locator(".oqc-heat-read")).to_have_text(re.compile(r"^child 29 .* \d+\.\d %$"))


def test_axe_finds_nothing_in_a_filter_a_child_and_a_heat_map(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page, lab: Lab
) -> None:
    panel = ran(open_notebook, local_qpu).panel()
    rows(panel).nth(2).click()
    expect(child(panel)).to_contain_text("θ = 0.2")
    for theme in ("light", "dark"):
        dark(page, lab, on=theme == "dark")
        panel.get_by_role("button", name="FAILED 2").click()
        check(page, ".oqc-live")
        panel.get_by_role("searchbox").fill("there is no such child")
        expect(panel).to_contain_text("No row matches the filter.")
        check(page, ".oqc-live")
        press(panel, "Clear filter")
        panel.get_by_role("tab", name="Heat map").click()
        expect(panel.locator(".oqc-heat-map")).to_be_visible()
        panel.locator(".oqc-heat-map").focus()
        check(page, ".oqc-live")
        panel.get_by_role("tab", name="Table").click()
    dark(page, lab, on=False)
