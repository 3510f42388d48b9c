"""Panels in JupyterLab in Chromium, with cells queued at once as "Run All" does."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import ipykernel
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Lab, Notebook, connecting, dark
from tests.faulty import StagedQpu
from tests.support import BELL, BROKEN, LocalQpu

MAKE_BELL = f"bell = sdk.create_job(program='''{BELL}''')\nbell"
RUN_BELL = "await bell.execute()\nprint('ran:', bell.state)"

MAKE_SWEEP = f"""
programs = ['''{BELL}'''.replace("h q[0]", f"ry({{0.05 * i}}) q[0]") for i in range(60)]
programs[7] = programs[30] = '''{BROKEN}'''
sweep = sdk.create_job(program=programs, label=[f"θ = {{0.05 * i:.2f}}" for i in range(60)])
sweep
"""

#: Shows as markup only where something is not escaped; then it leaves a trace.
EVIL = "<img src=x onerror='window.hit=1'>\u202e</script><script>window.hit=2</script>"


def state(panel: Locator) -> Locator:
    return panel.locator(".oqc-state")


def note(panel: Locator) -> Locator:
    return panel.locator(":scope > .oqc-note")


def press(panel: Locator, label: str) -> None:
    panel.get_by_role("button", name=label, exact=True).click()


def wait_for_state(panel: Locator, word: str) -> None:
    expect(state(panel)).to_contain_text(word)


#: The panels' module is unpacked only when the page says so, as if it was busy until then.
HELD_UP = """
    const json = Response.prototype.json;
    const free = new Promise((resolve) => { window.goOn = resolve; });
    Response.prototype.json = async function () {
        if (this.url === "") {
            window.heldSince ??= performance.now();
            await free;
        }
        return json.call(this);
    };
"""


def visible_text(page: Page) -> str:
    return page.locator(".jp-Notebook").inner_text()


def test_a_panel_goes_through_its_states_while_a_cell_awaits(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu, page: Page
) -> None:
    notebook = open_notebook(connecting(staged_qpu), MAKE_BELL, RUN_BELL, "print('last')")
    # every word that the panel ever shows, also those that a look now and then would miss
    page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const word = document.querySelector('.oqc-live .oqc-chip')?.dataset.state;
                if (word && word !== window.seen.at(-1)) window.seen.push(word);
            }).observe(document.body, {subtree: true, childList: true, attributes: true});
        }"""
    )
    notebook.run_cells(0, 1)
    panel = notebook.panel()
    wait_for_state(panel, "CREATED")
    notebook.run_cells(2, 3)
    wait_for_state(panel, "SUBMITTED")
    staged_qpu.stay("RUNNING")
    wait_for_state(panel, "RUNNING")
    expect(panel.locator(".oqc-facts")).to_contain_text(re.compile(r"running\d\d:\d\d"))
    expect(panel.get_by_role("button", name="Execute")).to_be_disabled()
    staged_qpu.go_on()
    wait_for_state(panel, "COMPLETED")
    expect(notebook.output(3)).to_contain_text("last")
    assert page.evaluate("window.seen") == ["CREATED", "SUBMITTED", "RUNNING", "COMPLETED"]
    counts = panel.locator(".oqc-histogram tbody td:nth-child(3)").all_inner_texts()
    assert sum(map(int, counts)) == 1000
    expect(panel).to_contain_text("c[0] is the leftmost bit")
    expect(panel).to_contain_text("SIMULATED")
    expect(notebook.twin()).to_be_hidden()


def test_panels_of_a_page_that_was_busy_for_long_come_to_life(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    page.add_init_script(HELD_UP)
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    # anywidget waits for two seconds, and after that it passes no message on
    page.wait_for_function("performance.now() - window.heldSince > 3000")
    page.evaluate("window.goOn()")
    wait_for_state(notebook.panel(), "COMPLETED")
    press(notebook.panel(), "Run again")
    expect(note(notebook.panel())).to_have_text("Run 2 has ended: COMPLETED.")


def test_what_the_kernel_said_to_a_busy_page_is_not_lost_with_it(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    page.add_init_script(HELD_UP)
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    notebook.restart_kernel()
    page.evaluate("window.goOn()")
    wait_for_state(notebook.panel(), "COMPLETED")
    expect(notebook.panel().locator("> .oqc-status")).to_contain_text(
        re.compile(r"as of \d\d:\d\d:\d\d UTC")
    )


@pytest.mark.skipif(
    ipykernel.version_info < (7,), reason="ipykernel 6 handles clicks only after the cell"
)
def test_cancel_while_a_cell_awaits(open_notebook: OpenNotebook, slow_qpu: LocalQpu) -> None:
    notebook = open_notebook(connecting(slow_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    panel = notebook.panel()
    wait_for_state(panel, "SUBMITTED")
    press(panel, "Cancel…")
    expect(panel).to_contain_text("Really cancel?")
    press(panel, "Yes")
    wait_for_state(panel, "CANCELLED")
    expect(notebook.output(2)).to_contain_text("ran: CANCELLED")
    expect(note(panel)).to_have_text("The server says CANCELLED.")


def test_execute_from_the_panel_is_one_run_however_often_it_is_clicked(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, "print(len(bell.history))")
    notebook.run_cells(0, 1)
    panel = notebook.panel()
    panel.get_by_role("button", name="Execute").dblclick()
    expect(note(panel)).to_have_text("Run 1 has ended: COMPLETED.")
    panel.get_by_role("button", name="Run again").focus()
    notebook.page.keyboard.press("Enter")  # the keyboard works, and is no shortcut of the notebook
    expect(note(panel)).to_have_text("Run 2 has ended: COMPLETED.")
    notebook.run_cells(2)
    expect(notebook.output(2)).to_have_text("2\n")
    expect(panel.locator(".oqc-history tbody tr")).to_have_count(2)


def test_save_says_where_and_a_fresh_kernel_loads_it(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    panel = notebook.panel()
    press(panel, "Save")
    saved = notebook.path.with_suffix(".oqc") / "saved" / "bell.json"
    expect(note(panel)).to_have_text(f"Saved to {saved}")
    content = json.loads(saved.read_text())
    assert content["state"] == "COMPLETED"

    press(panel, "Load…")
    panel.get_by_role("button", name="bell", exact=True).click()
    opened = notebook.panel(1)
    wait_for_state(opened, "COMPLETED")
    expect(note(panel)).to_have_text(f"Opened below: bell = sdk.load('{saved}')")
    expect(notebook.cell(1).locator(".oqc-live")).to_have_count(2)

    notebook.restart_kernel()
    notebook.replace(1, f"bell = sdk.load({str(saved)!r})\nbell")
    notebook.run_cells(0, 1)
    again = notebook.panel()
    expect(again).to_contain_text(content["task_id"][:4])
    wait_for_state(again, "COMPLETED")
    counts = again.locator(".oqc-histogram tbody td:nth-child(3)").all_inner_texts()
    assert sorted(map(int, counts)) == sorted(content["result"]["data"]["c"].values())


def test_without_its_kernel_the_twin_shows_how_it_ended(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE_BELL, RUN_BELL, "sweep = 0" + MAKE_SWEEP)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    notebook.panel(1).wait_for()
    notebook.save()
    notebook.restart_kernel()
    notebook.open()
    for index, words in enumerate((["COMPLETED", "00", "11"], ["CREATED", "60 children"])):
        twin = notebook.twin(index)
        expect(twin).to_be_visible()
        for word in [*words, "SIMULATED", "as of"]:
            expect(twin).to_contain_text(word)
        expect(twin).to_contain_text(re.compile(r"as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"))
    page.wait_for_function(
        "() => document.querySelector('.jp-Notebook').textContent.includes('model not found')"
    )
    assert "model not found" not in visible_text(page)
    text = [
        "".join(output["data"]["text/plain"])
        for cell in notebook.saved()["cells"]
        for output in cell["outputs"]
        if output["output_type"] == "display_data"
    ]
    assert text[0] == "Live panel of job bell; how it stood last follows."
    assert text[1].startswith("Job bell: ✓ COMPLETED on Exact 32-qubit, SIMULATED, 1000 shots")


def test_an_interrupt_ends_the_cell_and_not_the_job(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_notebook(connecting(staged_qpu), MAKE_BELL, RUN_BELL, "print('next')")
    notebook.run_cells(0, 1, 2)
    panel = notebook.panel()
    wait_for_state(panel, "SUBMITTED")
    notebook.interrupt()
    expect(notebook.output(2)).to_contain_text(re.compile("KeyboardInterrupt|CancelledError"))
    notebook.wait_for_kernel()
    said = notebook.output(3)
    for _ in range(10):  # the kernel drops what comes while it still deals with the interrupt
        notebook.run_cells(3)
        with contextlib.suppress(AssertionError):
            expect(said).to_contain_text("next", timeout=3_000)
            break
    expect(said).to_contain_text("next")
    staged_qpu.go_on()
    wait_for_state(panel, "COMPLETED")
    expect(panel.locator(".oqc-history tbody tr")).to_have_count(1)


def test_a_composite_of_60_children_is_live(
    open_notebook: OpenNotebook, staged_qpu: StagedQpu
) -> None:
    notebook = open_notebook(
        connecting(staged_qpu), MAKE_SWEEP, "await sweep.execute()\nprint('ran:', sweep.state)"
    )
    notebook.run_all()
    panel = notebook.panel()
    staged_qpu.stay("RUNNING")
    wait_for_state(panel, "RUNNING")
    expect(panel).to_contain_text("elapsed")
    staged_qpu.go_on()
    expect(notebook.output(2)).to_contain_text("ran: FAILED")
    wait_for_state(panel, "FAILED")
    expect(panel.locator(".oqc-legend")).to_have_text("✓COMPLETED58✕FAILED2")
    rows = panel.locator(".oqc-rows-space .oqc-row")
    assert rows.count() < 30
    expect(rows.nth(0)).to_contain_text("θ = 0.00")
    expect(rows.nth(0).locator(".oqc-small-bars")).to_have_attribute(
        "aria-label", re.compile(r"^00: \d+")
    )
    expect(rows.nth(7)).to_contain_text("'hadamard' is not defined")
    panel.locator(".oqc-rows").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(panel.locator(".oqc-row", has_text="θ = 2.95")).to_contain_text("COMPLETED")
    expect(panel.locator(".oqc-row", has_text="θ = 0.00")).to_have_count(0)


def test_markup_in_names_labels_errors_and_files_is_only_text(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    notebook = open_notebook(
        f"{connecting(local_qpu)}\nimport json\nfrom oqc_notebook.widgets import show\n"
        f"evil = {EVIL!r}",
        f"job = sdk.create_job(program='''{BROKEN}''' + '// ' + evil, label=evil)\n"
        "await job.execute()\njob.save('evil.json')\ntext = open('evil.json').read()\n"
        "text = text.replace('is not defined', json.dumps(evil)[1:-1])\n"
        "open('evil.json', 'w').write(text)\nshow(sdk.load('evil.json'), evil)",
        "sweep = sdk.create_job(program=[evil], label=[evil])\nawait sweep.execute()\n"
        "show(sweep, evil)\nprint('last')",
    )
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("last")
    for index in range(2):
        wait_for_state(notebook.panel(index), "FAILED")
        expect(notebook.panel(index)).to_contain_text("onerror")
        expect(notebook.twin(index)).to_contain_text("onerror")
        for shown in (notebook.panel(index), notebook.twin(index)):
            assert shown.locator("img, script").count() == 0
            assert "\u202e" not in shown.inner_html()
    expect(notebook.panel(0).locator(".oqc-error")).to_contain_text("\\u202e")
    notebook.save()
    notebook.restart_kernel()
    notebook.open()
    expect(notebook.twin(1)).to_be_visible()
    assert page.evaluate("window.hit ?? null") is None


def test_running_a_cell_again_leaves_nothing_of_its_earlier_panel(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(
        connecting(local_qpu),
        MAKE_BELL,
        "bell",
        "import ipywidgets\nfrom oqc_notebook.widgets.channel import PanelWidget\n"
        "open_widgets = [w for w in ipywidgets.widgets.widget._instances.values()\n"
        "                if isinstance(w, PanelWidget)]\n"
        "print('left:', len(open_widgets), len(bell._observers))",
    )
    notebook.run_cells(0, 1)
    notebook.panel().wait_for()
    for _ in range(5):
        notebook.run_cells(2)
    expect(notebook.page.locator(".oqc-live")).to_have_count(2)
    notebook.run_cells(3)
    expect(notebook.output(3)).to_contain_text("left: 2 2")


def test_light_and_dark(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, lab: Lab, page: Page, pictures: Path
) -> None:
    notebook = open_notebook(
        connecting(local_qpu),
        MAKE_BELL,
        f"bad = sdk.create_job(program='''{BROKEN}''')\nbad",
        MAKE_SWEEP,
        "import asyncio\nawait asyncio.gather(bell.execute(), bad.execute(), sweep.execute())\n"
        "print('ran')",
    )
    notebook.run_all()
    expect(notebook.output(4)).to_contain_text("ran")
    page.add_style_tag(content=".jp-Cell-inputWrapper { display: none !important }")
    backgrounds = []
    for theme in ("light", "dark"):
        dark(page, lab, on=theme == "dark")
        for panel in range(3):
            wait_for_state(notebook.panel(panel), "COMPLETED" if panel == 0 else "FAILED")
        notebook.panel(0).scroll_into_view_if_needed()
        assert notebook.screenshot(pictures, f"panels-{theme}").stat().st_size > 10_000
        backgrounds.append(
            notebook.panel(0).evaluate("panel => getComputedStyle(panel).backgroundColor")
        )
        assert clipped(notebook) == []
    assert backgrounds[0] != backgrounds[1]
    dark(page, lab, on=False)


def clipped(notebook: Notebook) -> list[str]:
    """Texts in the panels that do not fit and are not meant to be cut."""
    texts: list[str] = notebook.page.evaluate(
        """() => [...document.querySelectorAll('.oqc-live *')]
            .filter(e => e.children.length === 0 && e.textContent && e.offsetParent)
            .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
            .filter(e => getComputedStyle(e).display !== 'inline')
            .filter(e => !e.matches('.oqc-clip, .oqc-run-error, .oqc-bits'))
            .map(e => `${e.className}: ${e.textContent}`)"""
    )
    return texts
