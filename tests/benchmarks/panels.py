"""What the panel of a composite costs: ``python -m tests.benchmarks.panels``.

For 200, 2,000 and 10,000 children: what the kernel needs to open the panel and to tell
of 11 children that changed, what is sent, and how soon Chromium has painted it, in
JupyterLab with a real kernel. The children are moved by hand, as answers of a server
would move them, so that nothing else is measured. Bytes are those of the widget's own
messages; the panel's code is sent once for each panel and told apart. The last line is for
bitstrings of 100 qubits, each another one.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.browser.lab import Lab, Notebook, launch

#: How many children, and qubits of each.
CASES = ((200, 2), (2_000, 2), (10_000, 2), (10_000, 100))

#: Times that 11 children change.
_CHANGES = 5

#: Makes the children, half of them ended, and notes what the panel's half in the kernel does.
_PREPARE = """
import asyncio, json, random, statistics, time, uuid
from oqc_notebook.sdk import CompositeJob, OqcSdk
from oqc_notebook.widgets import show
from oqc_notebook.widgets.bundle import loader
from oqc_notebook.widgets.panel import Panel

CODE = len(json.dumps(loader()))
sdk = OqcSdk("https://example.com", "t")
sweep = CompositeJob(
    [sdk.create_job(program="p", qpu_id="qpu:1", label=f"θ = {{i / 1000:.3f}}") for i in range({n})]
)

chance = random.Random(5)

def end(index, shift=0):
    first, *others = ["00", "11", "01", "10"]
    if {qubits} > 2:
        first = "0" * {qubits}
        others = [f"{{chance.getrandbits({qubits}):0{qubits}b}}" for _ in range(3)]
    counts = dict(zip([first, *others], [500 - shift, 440 + shift, 31, 29]))
    job = sweep.jobs[index]
    job._take_over(job._run, {{"status": "COMPLETED", "results": {{"c": counts}}}})

def begin(index):
    job = sweep.jobs[index]
    job._begin_run({{}})
    job._reserved(uuid.uuid4())
    job._submitted()

for index in range({n}):
    begin(index)
for index in range({n} // 2, {n}):
    end(index)

sent, spent = [], []
kernel_session = get_ipython().kernel.session
send = kernel_session.send

def send_and_note(stream, kind, content=None, *args, **kwargs):
    if str(kind).startswith("comm_"):
        sent.append(len(kernel_session.pack(content)))
    return send(stream, kind, content, *args, **kwargs)

kernel_session.send = send_and_note
take_changes = Panel._take_changes

def take_and_note(self, jobs, over):
    began = time.perf_counter()
    take_changes(self, jobs, over)
    spent.append((len(jobs), time.time(), time.perf_counter() - began, sent[-1]))

Panel._take_changes = take_and_note
"""

_OPEN = """
at, began = time.time(), time.perf_counter()
show(sweep, "sweep")
print(json.dumps({"at": at, "took": time.perf_counter() - began, "bytes": max(sent) - CODE}))
"""

#: One change is told at once, and those after it together, a tenth of a second later.
_CHANGE = """
for change in range(1, {changes} + 1):
    for index in range(12):
        end(index, change)
    await asyncio.sleep(0.5)
    for index in range(12):
        begin(index)
    await asyncio.sleep(0.5)
print(json.dumps([each for each in spent if each[0] == 11]))
"""

#: Notes when rows are first painted, and when the counts of the last changed row are.
_WATCH = """
() => {
    window.painted = {};
    const note = (what) => {
        if (what in window.painted) return;
        window.painted[what] = 0;
        // the frame after the next one: what was drawn is on the screen
        requestAnimationFrame(() => requestAnimationFrame(() => {
            window.painted[what] = Date.now();
        }));
    };
    new MutationObserver(() => {
        if (document.querySelector('.oqc-rows-space .oqc-row')) note('rows');
        const last = document.querySelectorAll('.oqc-rows-space .oqc-small-bars')[11];
        if (last?.title) note(last.title.split(',')[0]);
    }).observe(document.body, {subtree: true, childList: true, attributes: true});
}
"""


def measure(lab: Lab, page: Page, children: int, qubits: int) -> list[str]:
    """Measure a panel of so many children; give the cells of a row of the table."""
    path = lab.write(
        f"children-{children}-{qubits}",
        _PREPARE.format(n=children, qubits=qubits),
        _OPEN,
        _CHANGE.format(changes=_CHANGES),
    )
    notebook = Notebook(lab, page, path).open()
    page.evaluate(_WATCH.replace("\\\\", "\\"))
    notebook.run_cells(0)
    opened = printed(notebook, 1)
    page.wait_for_function("() => window.painted.rows > 0")
    shown_at = page.evaluate("() => window.painted.rows") / 1000
    changes = printed(notebook, 2)
    painted = page.evaluate("() => window.painted")
    counts = [f"{'0' * qubits}: {500 - change}" for change in range(1, _CHANGES + 1)]
    delays = [
        painted[count] / 1000 - at for count, (_, at, _, _) in zip(counts, changes, strict=True)
    ]
    notebook.end_kernels()
    _, _, took, size = zip(*changes, strict=True)
    return [
        f"{children:,}",
        str(qubits),
        f"{1000 * opened['took']:.0f} ms",
        f"{opened['bytes'] / 1000:,.0f} kB",
        f"{1000 * (shown_at - opened['at']):.0f} ms",
        f"{1000 * statistics.median(took):.2f} ms",
        f"{max(size):,} B",
        f"{1000 * statistics.median(delays):.0f} ms",
        f"{1000 * max(delays):.0f} ms",
    ]


def printed(notebook: Notebook, cell: int) -> Any:
    """Run a cell, and give what it printed."""
    notebook.run_cells(cell)
    output = notebook.output(cell).locator(".jp-RenderedText pre").last
    output.wait_for()
    return json.loads(output.inner_text())


HEADS = [
    ("", "children"),
    ("", "qubits"),
    ("open", "kernel"),
    ("", "sent"),
    ("", "painted"),
    ("11 change", "kernel"),
    ("", "sent"),
    ("", "painted"),
    ("", "slowest"),
]


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        browser = launch(playwright)
        try:
            page = browser.new_page(viewport={"width": 1000, "height": 1000})
            rows = [measure(lab, page, *case) for case in CASES]
        finally:
            browser.close()
            lab.stop()
    for cells in [*zip(*HEADS, strict=True), *rows]:
        print("".join(f"{cell:>12}" for cell in cells))


if __name__ == "__main__":
    main()
