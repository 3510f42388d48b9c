"""Live panels for jobs and composites in notebooks.

``register()`` has IPython show them for every ``Job`` and ``CompositeJob``;
``show()`` shows one explicitly. ipywidgets is imported with the first panel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
    from oqc_notebook.widgets.facts import Facts

__all__ = ["register", "show", "show_jobs", "show_qpus"]


def register(ip: Any) -> None:
    """Have IPython show jobs and composites as panels; those of the published SDK read-only.

    Without a kernel behind the shell, in a terminal, nothing is changed.

    Parameters
    ----------
    ip
        IPython's shell.
    """
    if getattr(ip, "kernel", None) is None:
        return
    formatter = ip.display_formatter.ipython_display_formatter
    formatter.for_type_by_name("oqc_notebook.sdk.job", "Job", show)
    formatter.for_type_by_name("oqc_notebook.sdk.composite", "CompositeJob", show)
    # those of the published SDK, which is never imported here
    for name in ("Job", "CompositeJob"):
        formatter.for_type_by_name("oqc_qcaas_sdk.job", name, _show_published)


def show(job: Job | CompositeJob, name: str | None = None) -> None:
    """Show the live panel of a job or composite below this cell.

    Where there is no kernel, its one-line description is printed instead.

    Parameters
    ----------
    job
        The job or composite.
    name
        What to call it; by default, the name of your variable.
    """
    from oqc_notebook.widgets.display import show_panel

    show_panel(job, name)


def _show_published(job: Any) -> None:
    from oqc_notebook.widgets.published import show_published

    show_published(job)


def show_jobs(sdk: OqcSdk) -> None:
    """Show the live panel of a session's jobs below this cell."""
    from oqc_notebook.widgets.display import show_session_panel

    show_session_panel(sdk)


def show_qpus(sdk: OqcSdk, facts: tuple[Facts, list[Facts]]) -> None:
    """Show the panel of a service's QPUs below this cell, with what was told of them."""
    from oqc_notebook.widgets.display import show_qpu_panel

    show_qpu_panel(sdk, facts)
