"""The archive of a notebook that is open in JupyterLab: its cells, and a rename."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import expect

from tests.archive.support import runs_in
from tests.browser.conftest import OpenNotebook
from tests.browser.lab import connecting
from tests.support import ONE, LocalQpu, until

MAKE = f"bell = sdk.create_job(program={ONE!r})"
RUN = "await bell.execute()\nprint('ran:', bell.state)"


def test_a_run_names_its_cell_and_a_renamed_notebook_is_offered_its_archive(
    open_notebook: OpenNotebook, local_qpu: LocalQpu
) -> None:
    notebook = open_notebook(connecting(local_qpu), MAKE, RUN)
    notebook.run_all()
    expect(notebook.output(2)).to_contain_text("ran: COMPLETED")
    folder = notebook.path.with_suffix(".oqc")
    expect(notebook.output(2)).to_contain_text(
        f"Results are archived in {folder.name}/ next to this notebook."
    )
    (file,) = runs_in(folder)
    origin: dict[str, Any] = file["oqc_archive"]["provenance"]
    cell = notebook.save()["cells"][2]
    assert (origin["cell"]["id"], origin["cell"]["source"]) == (cell["id"], RUN)
    assert origin["notebook"] == notebook.path.name
    assert local_qpu.token not in json.dumps(file)

    renamed = notebook.path.with_stem(f"{notebook.path.stem}-renamed")
    notebook.page.evaluate(
        "([old, renamed]) => window.jupyterapp.serviceManager.contents.rename(old, renamed)",
        [notebook.path.name, renamed.name],
    )
    until(renamed.exists)
    notebook.restart_kernel()
    notebook.run_cells(0)
    expect(notebook.output(0)).to_contain_text(f"{folder.name} looks like this notebook's archive")
    assert not renamed.with_suffix(".oqc").exists()
    notebook.path = renamed
