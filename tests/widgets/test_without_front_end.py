"""A notebook that a program executes, with nothing that draws its widgets."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from tests.support import BELL, EXACT, LocalQpu


def test_the_executed_notebook_holds_the_end_of_a_job_shown_before_it_ran(
    local_qpu: LocalQpu,
) -> None:
    sources = [
        f"import oqc_notebook\nsdk = oqc_notebook.connect({local_qpu.url!r}, "
        f"authentication_token={local_qpu.token!r}, default_qpu_id={EXACT!r})",
        f"bell = sdk.create_job(program='''{BELL}''')\nbell",
        "await bell.execute()\nprint(bell.state)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    live, twin = notebook.cells[1].outputs
    assert live.data["text/html"] == ""
    assert twin.data["text/plain"].startswith("Job bell: ✓ COMPLETED on Exact 32-qubit, SIMULATED")
    assert "✓ COMPLETED" in twin.data["text/html"]
    assert "<td" in twin.data["text/html"]
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    (panel,) = (each["state"] for each in states.values() if "view" in each["state"])
    assert panel["view"]["state"] == "COMPLETED"
    assert panel["view"]["registers"][0]["total"] == 1000

    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count('class="oqc-twin ') == 1
    assert "1000 shots, as of" in page
