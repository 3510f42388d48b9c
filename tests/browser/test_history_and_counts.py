"""Counts and history of a job in JupyterLab: chosen, opened, compared, copied, restored."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.gallery import WIDE
from tests.browser.lab import Lab, connecting, dark
from tests.browser.test_panels import clipped, note, press, wait_for_state
from tests.support import BELL, BROKEN, LocalQpu

#: Three runs: good, failed, and good with another program and configuration.
THREE = f"""
from compiler_config.config import CompilerConfig, QuantumResultsFormat
bell = sdk.create_job(program='''{BELL}''', fetch_diagnostics=True)
await bell.execute()
bell.program = '''{BROKEN}'''
await bell.execute()
bell.program = '''{BELL}'''.replace("measure", "rx(0.4) q[1];\\nmeasure")
bell.config = CompilerConfig(
    repeats=500, results_format=QuantumResultsFormat().binary_count()
)
await bell.execute()
bell
"""

#: A result of 2^20 different bitstrings, as a QPU could give it.
MILLION = """
import uuid
from oqc_notebook.sdk.outputs import JobResult
big = sdk.create_job(program="OPENQASM 2.0;")
big._begin_run({})
big.task_id = uuid.UUID(int=5)
big._reach(big.state.COMPLETED)
counts = {f"{i:020b}": 1 + (i % 7 == 0) + (i % 1000 == 1) * 3 for i in range(2**20)}
big._finish(JobResult({"c": counts}, job=big))
big
"""


def rows(panel: Locator) -> Locator:
    return panel.locator(".oqc-columns .oqc-histogram").first.locator("tbody tr")


def bits(panel: Locator) -> list[str]:
    return rows(panel).locator("th").all_inner_texts()


def foot(panel: Locator) -> Locator:
    return panel.locator(".oqc-columns .oqc-histogram tfoot").first


def choose(panel: Locator, label: str, option: str) -> None:
    panel.get_by_label(label).first.select_option(option)


def test_counts_are_sorted_filtered_and_turned_round(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    make = f"wide = sdk.create_job(program='''{WIDE}''')\nawait wide.execute()\nwide"
    notebook = open_notebook(connecting(local_qpu), make)
    notebook.run_all()
    panel = notebook.panel()
    expect(rows(panel)).to_have_count(16)
    expect(foot(panel)).to_contain_text(re.compile(r"other: 16 bitstrings, \d+ shots"))
    expect(foot(panel)).to_contain_text("all: 32 bitstrings")
    choose(panel, "How many bitstrings to show", "top 64")
    expect(rows(panel)).to_have_count(32)
    choose(panel, "Sort the bitstrings by", "by bitstring")
    expect(rows(panel).first.locator("th")).to_have_text("00000")
    assert bits(panel) == [f"{i:05b}" for i in range(32)]
    shown = rows(panel).locator("td:nth-child(3)").all_inner_texts()
    counts = dict(zip(bits(panel), shown, strict=True))
    panel.get_by_role("button", name="reverse the bitstrings").first.click()
    expect(panel.locator(".oqc-register").first).to_contain_text("c[0] is the rightmost bit")
    expect(panel.locator(".oqc-register").nth(1)).to_contain_text("flag[0] is the rightmost bit")
    expect(rows(panel).nth(1).locator("td:nth-child(3)")).to_have_text(counts["10000"])
    assert bits(panel) == [f"{i:05b}" for i in range(32)]
    pattern = panel.locator(".oqc-pattern").first
    pattern.fill("0*1?")
    pattern.press("Enter")
    expect(rows(panel)).to_have_count(8)
    assert all(re.fullmatch("0[01]*1[01]", each) for each in bits(panel))
    expect(foot(panel)).to_contain_text("not matching: 24 bitstrings")
    pattern.fill("two")
    pattern.press("Enter")
    expect(panel.locator(".oqc-fault").first).to_contain_text("A pattern holds 0, 1, ? (one bit)")
    # none of these keys was a shortcut of the notebook
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 2


def test_counts_are_copied_or_given_to_be_copied_by_hand(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    make = f"bell = sdk.create_job(program='''{BELL}''')\nawait bell.execute()\nbell"
    counts = "print(dict(sorted(bell.result.data['c'].items())))"
    notebook = open_notebook(connecting(local_qpu), make, counts)
    notebook.run_all()
    panel = notebook.panel()
    wait_for_state(panel, "COMPLETED")
    expect(panel.locator(".oqc-register-tools")).to_be_hidden()  # two bitstrings: nothing to choose
    press(panel, "Options for the counts of register c")
    press(panel, "Copy the counts as JSON")
    expect(panel.locator(".oqc-said")).to_have_text("Copied 2 bitstrings as JSON")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    in_order = dict(sorted(copied["counts"].items()))
    expect(notebook.output(2)).to_have_text(f"{in_order}\n")
    assert copied["bit_order"] == "c[0] is the leftmost bit"
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('not here'); }")
    press(panel, "Copy the counts as CSV")
    area = panel.locator("textarea")
    expect(area).to_be_focused()
    selected = area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert selected.splitlines()[0] == "bitstring (c[0] leftmost),count"
    assert len(selected.splitlines()) == 3


def test_a_run_is_opened_compared_and_used_again(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(
        connecting(local_qpu), THREE, "print('rx' in bell.program, bell.config)"
    )
    notebook.run_cells(0, 1)
    panel, keyboard = notebook.panel(), notebook.page.keyboard
    opener = panel.get_by_role("button", name="Run 1: details")
    expect(opener).to_be_enabled()  # once the kernel has answered
    opener.focus()
    keyboard.press("Enter")
    run = panel.get_by_role("group", name="Run 1", exact=True)
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(run).to_contain_text("cx q[0], q[1];")
    settings = run.get_by_role("table", name="Configuration of run 1")
    expect(settings).to_contain_text("1000 (default)")
    run.get_by_text("Diagnostics: timings").click()
    expect(run).to_contain_text("SERVER_FINISHED")

    press(panel, "Compare runs")
    compared = panel.get_by_role("group", name="Compare two runs")
    expect(compared).to_contain_text(re.compile(r"total variation distance 0\.\d{3}"))
    expect(compared).to_contain_text("+rx(0.4) q[1];")
    expect(compared).to_contain_text("A has 1000 shots, B 500: shares are compared.")
    expect(compared.locator(".oqc-pairs tbody")).to_contain_text(re.compile(r"[−+]\d"))
    compared.get_by_label("Run B").select_option("2")
    expect(compared).to_contain_text("Run 2 failed, so it has no counts.")

    press(panel, "Use again the inputs of run 1")
    expect(note(panel)).to_have_text(
        "The next run uses the program and configuration of run 1 (1000 shots). "
        "Nothing was submitted."
    )
    notebook.run_cells(2)
    expect(notebook.output(2)).to_have_text("False None\n")
    press(panel, "Undo")
    expect(note(panel)).to_have_text("The inputs are those of before again.")
    expect(panel.locator(".oqc-restored")).to_be_hidden()
    press(panel, "Use again the inputs of run 1")
    press(panel, "Run again")
    expect(note(panel)).to_have_text("Run 4 has ended: COMPLETED.")
    expect(panel.locator(".oqc-restored")).to_be_hidden()
    expect(panel.locator(".oqc-facts")).to_contain_text("shots1000")
    expect(run).to_contain_text("cx q[0], q[1];")  # it stays open
    run.get_by_role("button", name="Close run 1").focus()
    keyboard.press("Escape")
    expect(run).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_million_bitstrings_do_not_hang_the_page(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page
) -> None:
    notebook = open_notebook(connecting(local_qpu), MILLION)
    notebook.run_all()
    panel = notebook.panel()
    expect(rows(panel)).to_have_count(16)
    expect(foot(panel)).to_contain_text("all: 1048576 bitstrings")
    page.evaluate(LONGEST_FRAME)
    took = {}
    for label, option, first in (
        ("How many bitstrings to show", "top 256", f"{1001:020b}"),
        ("Sort the bitstrings by", "by bitstring", f"{0:020b}"),
    ):
        began = time.monotonic()
        choose(panel, label, option)
        expect(rows(panel)).to_have_count(256)
        expect(rows(panel).first.locator("th")).to_have_text(first)
        took[option] = time.monotonic() - began
    began = time.monotonic()
    pattern = panel.locator(".oqc-pattern")
    pattern.fill("11*?0")
    pattern.press("Enter")
    expect(foot(panel)).to_contain_text("not matching: 917504")
    took["filter"] = time.monotonic() - began
    longest = page.evaluate("window.longest")
    print({name: f"{seconds:.2f} s" for name, seconds in took.items()}, f"frame {longest:.0f} ms")
    assert max(took.values()) < 10
    assert longest < 1000
    press(panel, "Copy the counts as CSV")
    expect(panel.locator(".oqc-said")).to_contain_text("job.result.to_dataframe()")


def test_without_the_kernel_what_is_there_stays_readable(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    make = f"wide = sdk.create_job(program='''{WIDE}''')\nawait wide.execute()\nwide"
    notebook = open_notebook(connecting(local_qpu), make)
    notebook.run_all()
    panel = notebook.panel()
    expect(rows(panel)).to_have_count(16)
    notebook.shut_down_kernel()
    press(panel, "Save")  # nobody answers
    sort = panel.get_by_label("Sort the bitstrings by").first
    expect(sort).to_be_disabled()
    expect(panel.locator(".oqc-pattern").first).to_be_disabled()
    expect(panel.get_by_role("button", name="Run 1: details")).to_be_disabled()
    expect(rows(panel)).to_have_count(16)
    first = bits(panel)[0]
    panel.get_by_role("button", name="reverse the bitstrings").first.click()
    expect(rows(panel).first.locator("th")).to_have_text(first[::-1])


@pytest.mark.parametrize("width", [760, 1100])
def test_open_runs_in_both_themes(
    open_notebook: OpenNotebook,
    local_qpu: LocalQpu,
    lab: Lab,
    page: Page,
    pictures: Path,
    width: int,
) -> None:
    page.set_viewport_size({"width": width, "height": 2400})
    notebook = open_notebook(connecting(local_qpu), THREE)
    notebook.run_all()
    panel = notebook.panel()
    panel.get_by_role("button", name="Compare runs").click()
    press(panel, "Options for the counts of register c")
    for name in ("Run 2: details", "Run 3: details", "Program and configuration"):
        press(panel, name)
    expect(panel.get_by_role("group", name="Program of run 3")).to_be_visible()
    page.add_style_tag(content=".jp-Cell-inputWrapper { display: none !important }")
    for theme in ("light", "dark"):
        dark(page, lab, on=theme == "dark")
        assert clipped(notebook) == []
        picture = pictures / f"runs-{width}-{theme}.png"
        panel.screenshot(path=picture)
        assert picture.stat().st_size > 10_000
    dark(page, lab, on=False)


def test_a_history_of_other_days_is_not_cut_off(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    old = """
old = bell.to_snapshot()
for run in old.history:
    run.received = run.received.replace(year=2001)
old = sdk.from_snapshot(old)
old
"""
    make = f"bell = sdk.create_job(program='''{BELL}''')\nawait bell.execute()" + old
    notebook = open_notebook(connecting(local_qpu), make)
    notebook.run_all()
    history = notebook.panel().locator(".oqc-history-box")
    expect(history).to_contain_text("2001-")
    notebook.page.set_viewport_size({"width": 1600, "height": 1000})
    for width in (720, 880):  # about the narrowest with two columns, and a common one
        notebook.panel().evaluate("(panel, px) => { panel.style.width = `${px}px` }", width)
        notebook.page.wait_for_function(
            """box => {
                const runs = box.closest(".oqc-runs");
                const areBeside = runs.offsetTop === runs.previousElementSibling.offsetTop;
                return areBeside && box.scrollWidth <= box.clientWidth;
            }""",
            arg=history.element_handle(),
        )


#: Notes how long the page was busy without a break (ms).
LONGEST_FRAME = """() => {
    window.longest = 0;
    let before = performance.now();
    const look = now => {
        window.longest = Math.max(window.longest, now - before);
        before = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
