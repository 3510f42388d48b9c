"""What is read when no kernel is behind the panels: how all ended, and as of when."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import gallery
from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Lab, Notebook, connecting
from tests.browser.test_panels import MAKE_BELL, RUN_BELL, wait_for_state
from tests.support import BELL, LocalQpu

#: What readers must never see: how front ends say that they cannot draw a widget.
BROKEN_VIEW = re.compile("model not found|Error displaying widget|Loading widget|Javascript Error")

AS_OF = re.compile(r"as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")

#: Exported pages ask for scripts of their own, whatever is in the notebook, unless told not to.
ASK_FOR_NOTHING = [
    f"--HTMLExporter.{name}_url="
    for name in ("require_js", "mathjax", "jquery", "mermaid_js", "mermaid_layout_elk_js")
]

#: A job that is in flight for as long as the test looks.
MAKE_LATE = f"late = held.create_job(program='''{BELL}''')\nawait late.submit()\nlate"


@pytest.fixture(scope="module", params=["lab", "notebook7"])
def server(request: pytest.FixtureRequest) -> Lab:
    lab: Lab = request.getfixturevalue(request.param)
    return lab


@pytest.fixture(scope="module")
def saved(
    server: Lab, browser: Browser, local_qpu: LocalQpu, slow_qpu: LocalQpu
) -> Iterator[Notebook]:
    """A notebook with panels in every state that was saved, and has a new kernel since then."""
    page = browser.new_page(viewport={"width": 1100, "height": 9000})
    with gallery.holding(local_qpu) as held:
        path = server.write("saved", *gallery.cells(local_qpu, held, slow_qpu))
        notebook = Notebook(server, page, path).open()
        gallery.show_all(notebook)
        notebook.save()
        notebook.restart_kernel()
        yield notebook
        notebook.end_kernels()
    page.close()


def check_what_is_read(page: Page) -> None:
    """Have every twin in sight, say what it should, and nothing else that looks broken."""
    twins = page.locator(".oqc-twin")
    expect(twins).to_have_count(len(gallery.JOBS) + len(gallery.LISTS))
    for index, (name, _, state) in enumerate(gallery.JOBS):
        twin = twins.nth(index)
        expect(twin).to_be_visible()
        expect(twin).to_contain_text(name)
        # what was in flight may have gone on since the twin was written, so it says the time
        in_flight = state == "RUNNING"
        expect(twin).to_contain_text(re.compile("SUBMITTED|RUNNING") if in_flight else state)
        for words in ("Exact 32-qubit", "SIMULATED", AS_OF):
            expect(twin).to_contain_text(words)
    bell, bad, sweep = (twins.nth(_place(name)) for name in ("bell", "bad", "sweep"))
    expect(bell).to_contain_text("Counts, register c (c[0] is the leftmost bit), 1000 shots")
    bell.locator("summary", has_text="3 runs").click()
    history = bell.locator("table", has_text="History")
    expect(history).to_be_visible()
    expect(history.locator("tr")).to_have_count(4)
    for words in ("COMPLETED", "FAILED", "is not defined"):
        expect(history).to_contain_text(words)
    bell.locator("summary", has_text="where the latest run comes from").click()
    for words in ("asked for", "session"):
        expect(bell.locator("th", has_text=words)).to_be_visible()
    expect(bad).to_contain_text("5:1 'hadamard' is not defined")
    expect(sweep).to_contain_text("✓ COMPLETED 12 ✕ FAILED 2")
    expect(sweep.locator("tr")).to_have_count(15)
    jobs, qpus = (twins.nth(index) for index in range(-2, 0))
    for name, code, _ in gallery.JOBS:
        expect(jobs.locator("td", has_text=name)).to_have_count(int(code.startswith("sdk.")))
    expect(qpus).to_contain_text("Exact 32-qubit")
    for shown in (jobs, qpus):
        expect(shown).to_be_visible()
        expect(shown).to_contain_text(AS_OF)
    assert not BROKEN_VIEW.search(page.locator("body").inner_text())


def _place(name: str) -> int:
    return [each for each, _, _ in gallery.JOBS].index(name)


# ---- in JupyterLab and Notebook 7 ----


def test_after_the_page_is_loaded_anew_the_panel_is_live_again(
    open_in_either: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_in_either(connecting(local_qpu), MAKE_BELL, RUN_BELL)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    notebook.save()
    notebook.open()
    wait_for_state(notebook.panel(), "COMPLETED")
    expect(notebook.twin()).to_be_hidden()
    again = notebook.panel().get_by_role("button", name="Run again")
    expect(again).to_be_enabled()
    again.click()
    expect(notebook.panel()).to_contain_text("Run 2 has ended: COMPLETED.")


def test_a_panel_says_that_its_kernel_was_restarted(
    open_in_either: OpenNotebook, local_qpu: LocalQpu
) -> None:
    with gallery.holding(local_qpu) as held:
        notebook = open_in_either(connecting(held), MAKE_BELL, "await bell.submit();")
        notebook.run_all()
        panel = notebook.panel()
        wait_for_state(panel, "RUNNING")
        notebook.restart_kernel()
        expect(panel).to_contain_text(
            re.compile("kernel of this panel has ended; this is how it stood as of .* UTC")
        )
        wait_for_state(panel, "RUNNING")


def test_after_a_restart_and_a_reload(saved: Notebook, page: Page) -> None:
    Notebook(saved.lab, page, saved.path).open()
    check_what_is_read(page)


def test_in_an_untrusted_notebook(saved: Notebook, page: Page, pictures: Path) -> None:
    path = _copy_with(saved, "untrusted", {"changed": "by somebody else"})
    notebook = Notebook(saved.lab, page, path).open()
    check_what_is_read(page)
    trusted = page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets.map(e => e.model.trusted)"
    )
    assert not any(trusted)
    notebook.screenshot(pictures, f"{saved.lab.module}-untrusted")
    notebook.end_kernels()


def test_with_no_kernel_at_all(saved: Notebook, page: Page) -> None:
    away = {"name": "not-installed", "display_name": "Elsewhere", "language": "python"}
    path = _copy_with(saved, "no kernel", {"kernelspec": away, "language_info": {"name": "?"}})
    saved.lab.trust(path)
    Notebook(saved.lab, page, path).open_without_kernel()
    check_what_is_read(page)


def test_after_its_kernel_was_shut_down(saved: Notebook, page: Page) -> None:
    notebook = Notebook(saved.lab, page, saved.path).open()
    notebook.shut_down_kernel()
    check_what_is_read(page)


def _copy_with(saved: Notebook, name: str, metadata: dict[str, Any]) -> Path:
    content = saved.saved()
    content["metadata"].update(metadata)
    path = saved.path.with_name(f"{name}.ipynb")
    path.write_text(json.dumps(content))
    return path


def test_with_widget_state_that_was_saved_in_the_notebook(
    open_in_either: OpenNotebook, local_qpu: LocalQpu
) -> None:
    with gallery.holding(local_qpu) as held:
        held_session = connecting(held).replace("sdk = ", "held = ")
        notebook = open_in_either(
            f"{connecting(local_qpu)}\n{held_session}", MAKE_BELL, RUN_BELL, MAKE_LATE
        )
        notebook.run_all()
        wait_for_state(notebook.panel(1), "RUNNING")
        notebook.store_widget_state(on=True)
        notebook.save()
        notebook.store_widget_state(on=False)
        assert "widgets" in notebook.saved()["metadata"]
        notebook.restart_kernel()
        notebook.open()
    for index, state in enumerate(["COMPLETED", "SUBMITTED|RUNNING"]):
        shown = notebook.page.locator(".oqc-live:visible, .oqc-twin:visible").nth(index)
        expect(shown).to_contain_text(re.compile(state))
        expect(shown).to_contain_text(AS_OF)
    assert not BROKEN_VIEW.search(notebook.page.locator("body").inner_text())


# ---- in exported pages and on code hosts ----


@pytest.fixture(scope="module")
def executed(
    local_qpu: LocalQpu, slow_qpu: LocalQpu, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A notebook with panels in every state that nobody has drawn."""
    path = tmp_path_factory.mktemp("executed") / "gallery.ipynb"
    notebook = nbformat.v4.new_notebook()
    with gallery.holding(local_qpu) as held:
        for cell in gallery.cells(local_qpu, held, slow_qpu):
            notebook.cells.append(nbformat.v4.new_code_cell(cell))
        nbformat.write(notebook, path)
        _nbconvert(path, "--execute", "--to", "notebook", "--inplace")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


@pytest.mark.parametrize("server", ["lab"], indirect=True)
def test_exported_from_jupyterlab(saved: Notebook, tmp_path: Path, page: Page) -> None:
    _check_export(saved.saved(), tmp_path, page)


@pytest.mark.parametrize("state", ["stored", "not stored"])
def test_executed_and_exported_by_nbconvert(
    executed: dict[str, Any], state: str, tmp_path: Path, page: Page
) -> None:
    content = copy.deepcopy(executed)
    assert "widgets" in content["metadata"]
    if state == "not stored":
        del content["metadata"]["widgets"]
    _check_export(content, tmp_path, page)


@pytest.mark.parametrize("style", ["as it is", "taken away"])
def test_on_a_code_host(
    executed: dict[str, Any], style: str, tmp_path: Path, page: Page, pictures: Path
) -> None:
    asked = _offline(page)
    pieces = [
        "".join(output["data"]["text/html"])
        for cell in executed["cells"]
        for output in cell["outputs"]
        if "text/html" in output.get("data", {})
    ]
    html = "\n".join(f"<div>{piece}</div>" for piece in pieces)
    if style == "taken away":
        html = re.sub(r"<style>.*?</style>|\sstyle=\"[^\"]*\"", "", html)
    file = tmp_path / "host.html"
    file.write_text(f"<!DOCTYPE html><meta charset='utf-8'><title>host</title>{html}")
    page.goto(file.as_uri())
    check_what_is_read(page)
    assert asked == []
    page.screenshot(path=pictures / f"host-{style.split()[0]}.png", full_page=True)


def _check_export(content: dict[str, Any], folder: Path, page: Page) -> None:
    """Export a notebook, and read it with no network; first as usual, then asking for nothing."""
    path = folder / "notebook.ipynb"
    path.write_text(json.dumps(content))
    asked = _offline(page)
    _nbconvert(path, "--to", "html", *ASK_FOR_NOTHING)
    page.goto(path.with_suffix(".html").as_uri())
    check_what_is_read(page)
    page.wait_for_load_state()
    # where there is widget state, the page wants to draw it, and nothing can tell it not to
    allowed = ["https://unpkg.com/@jupyter-widgets/html-manager@*/dist/embed-amd.js"]
    assert asked == (allowed if "widgets" in content["metadata"] else [])


def _nbconvert(path: Path, *options: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--log-level=ERROR", *options, str(path)], check=True
    )


def _offline(page: Page) -> list[str]:
    """Cut the page off from the network; give the addresses that it asks for, as it does so."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(re.compile("^(http|ws)"), refuse)
    return asked
