"""What a page asks about a job: details that are too many to be sent with every change."""

from __future__ import annotations

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.widgets.facts import Facts


def answer(runnable: Job | CompositeJob, question: Facts) -> Facts:
    """Answer a page's question.

    Parameters
    ----------
    runnable
        What the panel shows.
    question
        What it asks for: ``what``, and what belongs to that.

    Raises
    ------
    ValueError
        If there is no such question, or no answer to it.
    """
    raise ValueError(f"This panel cannot tell {question.get('what')!r}.")
