"""Jobs of the published SDK: shown as they stand, to be read only."""

from __future__ import annotations

import sys
from typing import Any

from oqc_notebook.sdk import CompositeJob
from oqc_notebook.sdk.persistence import load_file
from oqc_notebook.static.html import read_only_html
from oqc_notebook.static.text import composite_text, job_text
from oqc_notebook.static.view import composite_view, job_view, row_view
from oqc_notebook.widgets.names import name_of, shell

_NOTE = (
    "A job of oqc_qcaas_sdk, shown read-only as it stands now. To work with it here: save it, "
    "and load the file with sdk.load()."
)

#: Whether the published SDK follows it is not known here; this is what it says now.
_AS_IT_STANDS = {"unfollowed": None}


def show_published(job: Any) -> None:
    """Show a job or composite of the published SDK in the cell that runs.

    Parameters
    ----------
    job
        The object; what it says of itself in a snapshot is what is shown.
    """
    try:
        ours = load_file(job.to_snapshot().model_dump_json().encode(), "the job", None)
    except Exception as exc:  # the published SDK cannot save each of its jobs
        sys.stdout.write(f"{job!r}\n(It cannot be shown in full: {exc})\n")
        return
    name = name_of(job)
    if isinstance(ours, CompositeJob):
        view = composite_view(ours, name) | _AS_IT_STANDS
        rows = [row_view(index, child) for index, child in enumerate(ours.jobs)]
        text = composite_text(view, rows)
    else:
        view, rows = job_view(ours, name) | _AS_IT_STANDS, []
        text = job_text(view)
    shell().display_pub.publish(
        {"text/html": read_only_html(view, rows, _NOTE), "text/plain": f"{text}\n  {_NOTE}"}
    )
