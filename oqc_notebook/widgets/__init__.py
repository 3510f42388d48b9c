"""Live panels for jobs and composites in notebooks.

``register()`` has IPython show them for every ``Job`` and ``CompositeJob``;
``show()`` shows one explicitly. ipywidgets is imported with the first panel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oqc_notebook.sdk import CompositeJob, Job

__all__ = ["register", "show"]


def register(ip: Any) -> None:
    """Have IPython show jobs and composites as panels.

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
