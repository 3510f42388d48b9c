"""Putting the inputs of an earlier run back in place for the next one, and undoing that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oqc_notebook.sdk import Job
from oqc_notebook.sdk.answers import Run, own_config
from oqc_notebook.sdk.config_types import same
from oqc_notebook.sdk.configs import Config, shots_of
from oqc_notebook.sdk.states import MOMENT
from oqc_notebook.widgets.facts import run_shown, view_of
from oqc_notebook.widgets.run_details import output_of

if TYPE_CHECKING:
    from oqc_notebook.widgets.panel import Panel


class _Inputs(NamedTuple):
    """What the next run of a job runs: the very objects that the job holds."""

    program: str
    qpu_id: str
    config: Config | None

    def give(self, job: Job) -> None:
        """Have a job's next run use them. The latest run, its state and result stay."""
        job.program, job.qpu_id, job.config = self


class Restoring:
    """Restores the inputs of earlier runs of a panel's job.

    Parameters
    ----------
    panel
        The panel, which says what was done, and offers to undo it.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        #: What there was before, and what was put in place.
        self._before: _Inputs | None = None
        self._given: Run | None = None

    def restore(self, job: Job, number: Any) -> None:
        """Have the next run use the program, QPU and configuration of an earlier one."""
        output = output_of(job, number)
        with MOMENT:
            if job._under_way:
                self._panel.say("It is in flight: its inputs stay as they are.", bad=True)
                return
            before = _Inputs(job.program, job.qpu_id, job.config)
            config = vars(output)["compiler_config"]
            words = [
                word
                for word, is_other in (
                    ("program", (output.program or job.program) != job.program),
                    ("QPU", (output.qpu_id or job.qpu_id) != job.qpu_id),
                    ("configuration", not same(config, job.config)),
                )
                if is_other
            ]
            if not words:
                self._panel.say(f"The next run uses the inputs of run {number} already.")
                return
            given = _Inputs(
                output.program or job.program, output.qpu_id or job.qpu_id, own_config(config)
            )
            given.give(job)
            self._before, self._given = before, Run.of(job)
        job._changed()
        self._offer_undo(number, run_shown(view_of(job, None)))
        self._panel.say(
            f"The next run uses the {_listed(words)} of run {number} "
            f"({shots_of(job.config)} shots). Nothing was submitted."
        )

    def undo(self, job: Job) -> None:
        """Put back what there was before, unless it was changed meanwhile."""
        with MOMENT:
            before, given = self._before, self._given
            if before is None or given is None:
                self._panel.say("There is nothing to put back.")
                return
            now = Run.of(job)
            is_ours = (now.program, now.qpu_id) == (given.program, given.qpu_id)
            if job._under_way or not (is_ours and same(now.config, given.config)):
                why = "It is in flight" if job._under_way else "The inputs were changed meanwhile"
                self._panel.say(f"{why}: nothing was put back.", bad=True)
                return
            before.give(job)
            self._before = self._given = None
        job._changed()
        self._offer_undo(None, None)
        self._panel.say("The inputs are those of before again.")

    def _offer_undo(self, number: int | None, shown: str | None) -> None:
        """Have the page say whose inputs are in place, until another run begins."""
        restored = None if number is None else {"run": number, "shown": shown}
        self._panel._update({"restored": restored}, {})


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
