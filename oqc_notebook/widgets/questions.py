"""What a page asks about a job: details that are too many to be sent with every change."""

from __future__ import annotations

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.widgets.comparing import comparison
from oqc_notebook.widgets.counting import counts, counts_text
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.heatmap import heat_map
from oqc_notebook.widgets.run_details import earlier_runs, next_inputs, run_details, whole_data


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
    match question.get("what"), runnable:
        case "heatmap", CompositeJob():
            return heat_map(runnable, question)
        case "counts", Job():
            return counts(runnable, question)
        case "copy", Job():
            return counts_text(runnable, question)
        case "run", Job():
            return run_details(runnable, question)
        case "runs", Job():
            return earlier_runs(runnable, question)
        case "data", Job():
            return whole_data(runnable, question)
        case "compare", Job():
            return comparison(runnable, question)
        case "inputs", Job():
            return next_inputs(runnable)
    raise ValueError(f"This panel cannot tell {question.get('what')!r}.")
