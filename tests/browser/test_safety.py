"""Whatever stands in files and in answers of a server is shown as text; nothing of it acts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.gallery import unfold
from tests.browser.lab import Notebook, connecting
from tests.browser.test_panels import press, wait_for_state
from tests.faulty import FaultyProxy, answer
from tests.support import BELL, EXACT, LocalQpu

#: Acts wherever it is taken for markup, a script, an attribute, a template or a formula.
EVIL = (
    "<img src=x onerror='window.hit=1'></script><script>window.hit=2</script></style>-->"
    "\"' onmouseover='window.hit=3' <svg/onload=window.hit=4> [x](javascript:window.hit=5) "
    "$\\href{javascript:window.hit=6}{x}$ ${window.hit=7} {{window.hit=8}} "
    "<iframe srcdoc='<script>parent.hit=9</script>'></iframe>"
)
#: What changes how other characters are read.
UNSEEN = "a\u202eb\u2066c\u200bd\u0000e\u001b[31mf\u00adg\U000e0041h"
HOSTILE = f"{EVIL} {UNSEEN}"

#: Such as can be the name of a file.
HOSTILE_NAME = "<img src=x onerror='window.hit=10'> \u202egpj"


def job_document(run: int = 1) -> dict[str, Any]:
    """A job's file of which every text is hostile."""
    diagnostics = {
        name: {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}
        for name in ("timings", "metrics", "metadata")
    }
    shared = {"task_id": str(uuid.UUID(int=run)), "received": "2026-11-22T14:02:33Z", **diagnostics}
    good = {**shared, "kind": "result", "data": {HOSTILE: {"00": 507, "11": 493}}}
    # what is not counts is shown as it is
    odd = {**shared, "kind": "result", "data": {HOSTILE: {HOSTILE: 1}}}
    bad = {**shared, "kind": "error", "error_code": 400, "error_message": f"{HOSTILE}\n  {HOSTILE}"}
    return {
        "schema_version": "1",
        "snapshot_kind": "job",
        "program": f"{HOSTILE}\n{BELL}",
        "qpu_id": HOSTILE,
        "config_json": None,
        "config_type": None,
        "tag": HOSTILE,
        "hybrid_marker": None,
        "task_id": str(uuid.UUID(int=run)),
        "state": ["COMPLETED", "FAILED", "COMPLETED"][run % 3],
        "raise_on_error": False,
        "fetch_diagnostics": True,
        **diagnostics,
        "result": [good, None, odd][run % 3],
        "error": [None, bad, None][run % 3],
        "history": [good, odd, bad] if run % 3 == 1 else [good],
        "oqc_notebook": {"v": 1, "label": HOSTILE},
    }


def composite_document() -> dict[str, Any]:
    jobs = [job_document(run) for run in (1, 2, 3)]
    return {"schema_version": "1", "snapshot_kind": "composite", "jobs": jobs}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page in which nothing hostile acts."""
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    yield page
    assert page.evaluate("window.hit ?? null") is None
    assert dialogs == []


def check(shown: Locator) -> None:
    """Have a panel or twin hold what is hostile as text, and nothing that could act."""
    expect(shown).to_contain_text("onerror='window.hit=1'")
    expect(shown).to_contain_text("\\u202e")
    assert shown.evaluate(FAULTS) == []


#: Elements and attributes that could act, and characters that are not to be seen.
FAULTS = r"""shown => {
    const unseen = /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f]/u;
    const acting = 'SCRIPT IFRAME IMG SVG OBJECT EMBED LINK BASE FORM A'.split(' ');
    const faults = [];
    for (const element of [shown, ...shown.querySelectorAll('*')]) {
        if (acting.includes(element.tagName.toUpperCase())) faults.push(element.outerHTML);
        for (const {name, value} of element.attributes) {
            if (/^on|^(src|href|srcdoc|action)$/.test(name)) faults.push(`${name}=${value}`);
            if (unseen.test(value)) faults.push(`${name}: ${JSON.stringify(value)}`);
        }
    }
    const texts = document.createTreeWalker(shown, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode.data;
        if (unseen.test(text)) faults.push(JSON.stringify(text));
    }
    if (shown.querySelector('mjx-container, .MathJax')) faults.push('a formula was drawn');
    return faults;
}"""


def test_hostile_files(
    open_in_either: OpenNotebook, local_qpu: LocalQpu, page: Page, pictures: Path
) -> None:
    notebook = open_in_either(
        f"{connecting(local_qpu)}\nfrom oqc_notebook.widgets import show",
        "job = sdk.load('job.json')\nshow(job, open('name.txt').read())",
        "show(sdk.load('composite.json'), open('name.txt').read())",
        "odd = sdk.load('odd.json')\nshow(odd)\nprint('shown')",
    )
    folder = notebook.path.parent
    (folder / "name.txt").write_text(HOSTILE)
    (folder / "job.json").write_text(json.dumps(job_document(1)))
    (folder / "odd.json").write_text(json.dumps(job_document(2)))
    (folder / "composite.json").write_text(json.dumps(composite_document()))
    saved = notebook.path.with_suffix(".oqc") / "saved"
    saved.mkdir(parents=True)
    (saved / f"{HOSTILE_NAME}.json").write_text(json.dumps(job_document(1)))
    notebook.run_all()
    expect(notebook.output(3)).to_contain_text("shown")
    for index, state in enumerate(["FAILED", "FAILED", "COMPLETED"]):
        panel = notebook.panel(index)
        wait_for_state(panel.locator(":scope"), state)
        unfold(panel)
        check(panel)
        check(notebook.twin(index))

    panel = notebook.panel(0)
    press(panel, "Load…")
    choice = panel.locator(".oqc-files button", has_text="onerror")
    expect(choice).to_contain_text("\\u202e")
    choice.click()
    note = panel.locator(":scope > .oqc-note")
    expect(note).to_contain_text(re.compile("onerror"))
    check(panel)

    notebook.screenshot(pictures, f"{notebook.lab.module}-hostile")
    notebook.save()
    texts = [
        "".join(output["data"]["text/plain"])
        for cell in notebook.saved()["cells"]
        for output in cell["outputs"]
        if "data" in output
    ]
    assert len(texts) >= 6
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u2066\u200b]", "".join(texts))
    _check_without_kernel(notebook, page)


def _check_without_kernel(notebook: Notebook, page: Page) -> None:
    """Look at the saved notebook with a new kernel, then exported."""
    notebook.restart_kernel()
    notebook.open()
    twins = page.locator(".oqc-twin")
    for index in range(3):
        expect(twins.nth(index)).to_be_visible()
        check(twins.nth(index))
    command = [sys.executable, "-m", "nbconvert", "--log-level=ERROR", "--to", "html"]
    subprocess.run([*command, str(notebook.path)], check=True)
    page.context.set_offline(True)
    page.goto(notebook.path.with_suffix(".html").as_uri())
    for index in range(3):
        check(twins.nth(index))
    assert page.evaluate("window.hit ?? null") is None
    page.context.set_offline(False)
    notebook.open()


def test_a_hostile_server(
    open_notebook: OpenNotebook, local_qpu: LocalQpu, proxy: FaultyProxy, page: Page
) -> None:
    header = {"Authentication-Token": local_qpu.token}
    qpus = httpx.get(f"{local_qpu.url}/admin/qpu?per_page=1000", headers=header).json()
    for qpu in qpus["items"]:
        qpu.update(name=HOSTILE, region=HOSTILE, status=HOSTILE)
        qpu["url"] = proxy.url
        qpu["feature_set"] = json.dumps({HOSTILE: HOSTILE})
    proxy.spoil("GET", "/admin/qpu", times=None, answer=answer(200, qpus))
    hostile = {"error_message": HOSTILE, "error_code": 400}
    failed = {"status": "FAILED", "task_error": hostile, "timings": {HOSTILE: HOSTILE}}
    proxy.spoil("GET", "/all_info", times=3, answer=answer(200, {"status": HOSTILE}))
    proxy.spoil("GET", "/all_info", times=None, answer=answer(200, failed))
    notebook = open_notebook(
        connecting(local_qpu, EXACT).replace(local_qpu.url, proxy.url),
        f"job = sdk.create_job(program='''{BELL}''')\njob",
        "await job.execute()\nprint('ran')",
    )
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran")
    wait_for_state(notebook.panel(), "FAILED")
    unfold(notebook.panel())
    check(notebook.panel())
    check(notebook.twin())
