"""A panel that is gone leaves nothing: in the kernel, in the page, and in the notebook's file."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import gallery
from tests.browser.conftest import OpenNotebook
from tests.browser.lab import PATIENCE_MS, Notebook, connecting
from tests.browser.test_panels import wait_for_state
from tests.faulty import StagedQpu
from tests.support import BELL, BROKEN, LocalQpu

#: Prints what there is in the kernel besides the job; the job's own poll is one task.
COUNT = """
import asyncio, comm, gc, json, threading, ipywidgets
from ipywidgets.widgets.widget import _instances
gc.collect()
assert bell._client._recorder.flush()  # while it writes to the disk it has threads that help
loop = bell._connection().loop
print("MOMENT:", json.dumps({
    "widgets": len(_instances),
    "comms": len(comm.get_comm_manager().comms),
    "observers": len(bell._observers) + len(sdk._registry._observers),
    # besides the workers that a loop starts as it needs them, up to a number
    "threads": sorted(t.name for t in threading.enumerate() if not t.name.startswith("asyncio_")),
    "tasks": len(asyncio.all_tasks(loop)),
    "panels": sum(
        type(thing).__name__ in ("Panel", "SessionPanel", "QpuPanel") for thing in gc.get_objects()
    ),
}))
"""

#: Notes timers, frames and listeners of the page that the panels' module asks for.
INSTRUMENTS = """
    window.open_timers = new Set();
    const isOurs = () => new Error().stack.includes('blob:');
    for (const [start, stop, once] of [['setTimeout', 'clearTimeout', true],
            ['setInterval', 'clearInterval', false],
            ['requestAnimationFrame', 'cancelAnimationFrame', true]]) {
        const [begin, end] = [window[start].bind(window), window[stop].bind(window)];
        window[start] = (act, ...rest) => {
            let key;
            const id = begin((...args) => {
                if (once) window.open_timers.delete(key);
                return act(...args);
            }, ...rest);
            key = `${start} ${id}`;
            if (isOurs()) window.open_timers.add(key);
            return id;
        };
        window[stop] = id => { window.open_timers.delete(`${start} ${id}`); return end(id); };
    }
    window.open_listeners = [];
    for (const target of [window, document]) {
        const {addEventListener: add, removeEventListener: remove} = target;
        target.addEventListener = (kind, act, ...rest) => {
            if (isOurs()) window.open_listeners.push([kind, act]);
            return add.call(target, kind, act, ...rest);
        };
        target.removeEventListener = (kind, act, ...rest) => {
            window.open_listeners =
                window.open_listeners.filter(each => each[0] !== kind || each[1] !== act);
            return remove.call(target, kind, act, ...rest);
        };
    }
"""

#: The models that the page's widget manager knows; a view leads to it.
MODELS = """async () => {
    const all = function* (widget) {
        yield widget;
        for (const each of widget.layout ?? []) yield* all(each);
    };
    for (const each of all(window.jupyterapp.shell.currentWidget)) {
        const manager = await each._manager?.promise;
        if (manager?._models) return Object.keys(manager._models).length ?? manager._models.size;
    }
    return null;
}"""


#: Each child has a label and a program of its own, as in a sweep; every tenth fails.
MAKE_SWEEP = f"""
programs = ['''{BELL}'''.replace("h q[0]", f"ry({{0.01 * i}}) q[0]") for i in range(200)]
programs[::10] = ['''{BROKEN}'''] * 20
sweep = sdk.create_job(program=programs, label=[f"θ = {{0.01 * i:.2f}} rad" for i in range(200)])
sweep
"""

#: What a notebook with 200 children may take up on disk (bytes).
LARGEST = 200_000


@pytest.mark.parametrize("shown", ["bell", *gallery.LISTS])
def test_running_a_cell_200_times_leaves_nothing(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page, shown: str
) -> None:
    with gallery.holding(local_qpu) as held:
        notebook = _with_one_panel(open_notebook, page, held, shown)
        first = _after(notebook, times=5)
        last = _after(notebook, times=195)
        assert last.pop("documents") <= first.pop("documents") + 2
        # JupyterLab itself keeps a little of each execution; a panel that is kept has far more
        assert last.pop("nodes") - first.pop("nodes") < 5 * 195
        assert last.pop("jsEventListeners") - first.pop("jsEventListeners") < 15 * 195
        assert last.pop("tasks") <= first.pop("tasks") + 1  # a request may be under way
        assert last.pop("threads") == first.pop("threads")
        assert last == first
        assert first["panels"] == 1


@pytest.mark.parametrize("shown", ["bell", *gallery.LISTS])
def test_clearing_an_output_ends_what_its_panel_does(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, page: Page, shown: str
) -> None:
    with gallery.holding(local_qpu) as held:
        notebook = _with_one_panel(open_notebook, page, held, shown)
        _after(notebook, times=1)
        notebook.command("notebook:clear-all-cell-outputs")
        expect(page.locator(".oqc-live")).to_have_count(0)
        kernel = _in_kernel(notebook, "cleared")
        assert kernel["observers"] == 0
        page.wait_for_function("() => window.open_timers.size === 0")
        assert page.evaluate("window.open_listeners") == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_notebook_with_200_children_stays_small(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, stored: bool
) -> None:
    notebook = open_notebook(
        connecting(local_qpu), MAKE_SWEEP, "await sweep.execute()\nprint('ran')"
    )
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran", timeout=2 * PATIENCE_MS)
    wait_for_state(notebook.panel(), "FAILED")
    notebook.store_widget_state(on=stored)
    content = notebook.save()
    notebook.store_widget_state(on=False)
    assert ("widgets" in content["metadata"]) == stored
    twin = "".join(content["cells"][1]["outputs"][1]["data"]["text/html"])
    assert "COMPLETED</span> 180" in twin
    assert "θ = 1.99 rad" in twin
    assert notebook.path.stat().st_size < LARGEST


def _with_one_panel(
    open_notebook: OpenNotebook, page: Page, held: StagedQpu, shown: str
) -> Notebook:
    """Open a notebook with a job that runs for ever, whose third cell shows that or a list."""
    page.add_init_script(INSTRUMENTS)
    notebook = open_notebook(
        connecting(held),
        f"bell = sdk.create_job(program='''{BELL}''')\nstate = await bell.submit()",
        shown,
        "",
    )
    notebook.run_cells(0, 1)
    return notebook


def _after(notebook: Notebook, times: int) -> dict[str, Any]:
    """Run the cell that shows the panel so often, and give what there is then."""
    notebook.run_cells(*[2] * times)
    kernel = _in_kernel(notebook, f"{times} times")
    page = notebook.page
    expect(page.locator(".oqc-live")).to_have_count(1)
    expect(notebook.panel()).to_contain_text(re.compile("RUNNING|ACTIVE"))
    # a message that was just sent is waited for; what stays is the clock of the job that runs
    page.wait_for_function(
        "() => window.open_timers.size < 2"
        " && [...window.open_timers].every(each => each.includes('Interval'))"
    )
    browser = {
        "listeners": page.evaluate("window.open_listeners.length"),
        "models": page.evaluate(MODELS),
    }
    assert browser["models"]
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    session.detach()
    return {**kernel, **browser, **counters}


def _in_kernel(notebook: Notebook, moment: str) -> dict[str, Any]:
    """Give what there is in the kernel."""
    notebook.replace(3, COUNT.replace("MOMENT", moment))
    notebook.run_cells(3)
    output = notebook.output(3)
    expect(output).to_contain_text(f"{moment}: {{", timeout=4 * PATIENCE_MS)
    counts: dict[str, Any] = json.loads(output.inner_text().partition(":")[2])
    return counts
