"""What each magic is for and what it takes: the one place where that is written down.

The help (``%oqc_run?``), the parsing of a line, the completion and the README's table
are all made from it.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: What an argument is; completion offers what there is of it.
Kind: TypeAlias = Literal["job", "qpu", "saved", "variable", "register", "text", "number", "switch"]


@dataclass(frozen=True)
class Argument:
    """An argument or option of a magic.

    Attributes
    ----------
    name
        ``"NAME"`` for an argument, ``"--shots N"`` for an option.
    help
        What it means.
    kind
        What it is.
    required
        Whether it has to be there.
    read
        How its text becomes a value.
    """

    name: str
    help: str
    kind: Kind = "text"
    required: bool = False
    read: Callable[[str], Any] = str

    @property
    def flag(self) -> str:
        """How it begins on the line: ``--shots``, or its name."""
        return self.name.split()[0]

    @property
    def usage(self) -> str:
        """How it is written in a line of usage."""
        return self.name if self.required else f"[{self.name}]"


@dataclass(frozen=True)
class Magic:
    """A magic.

    Attributes
    ----------
    name
        Its name, without percent signs.
    summary
        What it does, in one line.
    arguments
        What it takes.
    details
        More about it.
    examples
        Cells that use it.
    is_cell
        Whether it takes the rest of the cell.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...] = ()
    details: str = ""
    examples: tuple[str, ...] = ()
    is_cell: bool = False

    @property
    def written(self) -> str:
        """Its name as it is typed."""
        return ("%%" if self.is_cell else "%") + self.name

    @property
    def usage(self) -> str:
        """How it is typed, with all that it takes."""
        return " ".join([self.written, *(argument.usage for argument in self.arguments)])


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


_JOB = Argument("NAME", "the job or composite; without it, the most recent one", "job")
_QPU = "--qpu ID"
_NO_WAIT = Argument("--no-wait", "submit it and go on; its panel follows it", "switch")

MAGICS = (
    Magic(
        "oqc_connect",
        "Connect to OQC's service, or to the local QPU.",
        (
            Argument("URL", "address of the service; by default OQC_URL, else the local QPU"),
            Argument(_QPU, "the QPU of jobs that name none", "qpu"),
            Argument("--as NAME", "also give the session this name in Python", "variable"),
        ),
        "The token is taken from OQC_AUTH_TOKEN. Where that is not set, you are asked for it; "
        "never write it on the line, where the notebook would keep it.",
        (
            "%oqc_connect",
            "%oqc_connect https://qcaas.example.com --qpu qpu:uk:2:d865b5a184",
            "%oqc_connect --as sdk",
        ),
    ),
    Magic(
        "oqc_qpus",
        "Show the QPUs: status, qubits, queue, price, features and calibration.",
        details="As of now; the panel's Refresh asks again. In Python: oqc_notebook.qpus(sdk).",
        examples=("%oqc_qpus",),
    ),
    Magic(
        "oqc_jobs",
        "Show every job of this session, and list what else the archive has.",
        details="Filter the jobs, and open one. The newest come first. In Python: "
        "oqc_notebook.jobs(sdk), and oqc_notebook.archive.archived(sdk) for what only the "
        "notebook's archive has.",
        examples=("%oqc_jobs",),
    ),
    Magic(
        "oqc_job",
        "Make a job of the program in the cell, run it, and show it.",
        (
            Argument("NAME", "the variable that the job gets", "variable", required=True),
            Argument(_QPU, "the QPU; else the default one", "qpu"),
            Argument("--shots N", "how often to run the circuit", "number", read=_positive),
            Argument("--config VAR", "the variable that holds a CompilerConfig", "variable"),
            Argument("--no-run", "make the job, and do not run it", "switch"),
            _NO_WAIT,
        ),
        "The cell holds OpenQASM 2 or 3, or QIR, as it is. Running the cell again makes a new "
        "job. An interrupt ends the wait, and the job goes on.",
        (
            "%%oqc_job bell --shots 200\n"
            'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
            "h q[0];\ncx q[0], q[1];\nmeasure q -> c;",
            "%%oqc_job flipped --no-run\n"
            'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\n'
            "x q[0];\nmeasure q -> c;",
        ),
        is_cell=True,
    ),
    Magic(
        "oqc_run",
        "Run a job, wait for it, and show it.",
        (
            _JOB,
            _NO_WAIT,
            Argument(
                "--timeout S", "wait at most this many seconds; else without limit", read=_seconds
            ),
        ),
        "A run that is in flight is joined, never submitted a second time. An interrupt, or the "
        "end of the time, ends the wait only: the job goes on.",
        ("%oqc_run", "%oqc_run bell --timeout 60", "%oqc_run flipped --no-wait"),
    ),
    Magic(
        "oqc_status",
        "Ask once how a job is doing, and say it in a line.",
        (_JOB,),
        examples=("%oqc_status", "%oqc_status bell"),
    ),
    Magic(
        "oqc_cancel",
        "Cancel a job that is in flight.",
        (_JOB,),
        "What has ended stays as it is.",
        ("%oqc_cancel", "%oqc_cancel flipped"),
    ),
    Magic(
        "oqc_save",
        "Save a job, with all its runs, and say where.",
        (
            _JOB,
            Argument("PATH", "the file; else NAME.json in the notebook's own folder", "text"),
        ),
        "The folder lies next to the notebook and is called like it, with .oqc at the end. "
        "There, another job's file is never replaced; a file that you name is.",
        ("%oqc_save", "%oqc_save bell", "%oqc_save bell bell-of-today.json"),
    ),
    Magic(
        "oqc_load",
        "Load a saved job and show it; without a file, list the saved ones.",
        (
            Argument("PATH", "the file, or the name that the job was saved as", "saved"),
            Argument("NAME", "the variable that it gets; else the file's name", "variable"),
        ),
        "Files of the published SDK can be loaded, too. Nothing is asked of the server.",
        ("%oqc_load", "%oqc_load bell", "%oqc_load bell-of-today.json yesterday"),
    ),
    Magic(
        "oqc_export",
        "Export this notebook with its archive as one page that opens anywhere.",
        (
            Argument("PATH", "the file; else it is called like the notebook, with .html", "text"),
            Argument("--redact", "replace tokens by [token removed] in the page", "switch"),
        ),
        "The notebook is exported as it was last saved, and an earlier export of it is replaced. "
        "Where there is a token in it, nothing is exported, and it is said where. "
        "In Python: oqc_notebook.export_notebook().",
        ("%oqc_export", "%oqc_export for-a-colleague.html"),
    ),
    Magic(
        "oqc_resume",
        "Give back what was in flight when a kernel died, and let it go on.",
        (
            Argument("NAME", "the job or composite, also one that has ended; else all in flight"),
            Argument("--list", "only list what the notebook's archive holds", "switch"),
        ),
        "What the server has is followed; what had not reached it is submitted under the id that "
        "was reserved for it, so each runs once. Jobs get their names back where those are free. "
        "What has ended is given back by its name, and not run again. In Python: "
        "await oqc_notebook.archive.resume(sdk).",
        ("%oqc_resume --list", "%oqc_resume", "%oqc_resume bell"),
    ),
    Magic(
        "oqc_mode",
        "Say or choose what a run does: live, reuse or replay.",
        (Argument("MODE", "live, reuse or replay; without it, the mode is said"),),
        "live submits every run. reuse gives unchanged cells their archived runs back and "
        "submits only what is new or changed, so that Restart & Run All costs nothing. replay "
        "takes everything from the notebook's archive and reaches no service: connect after it. "
        "In Python: oqc_notebook.archive.set_mode('reuse'); for all kernels: OQC_NOTEBOOK_MODE.",
        ("%oqc_mode", "%oqc_mode reuse", "%oqc_mode replay"),
    ),
    Magic(
        "oqc_diff",
        "Compare two archives, or two snapshots, run by run.",
        (
            Argument("A", "a notebook with its archive, an export, or a snapshot", required=True),
            Argument("B", "another one", required=True),
        ),
        "Programs, configurations, counts and environment are told where they differ; counts "
        "differ by chance, too, and it is said by how much. In Python: oqc_notebook.diff(a, b).",
        ("%oqc_diff bell.ipynb bell-of-anna.html",),
    ),
    Magic(
        "oqc_history",
        "List the runs of a job.",
        (_JOB,),
        "In Python: job.history; the counts of all runs: job.history_dataframe().",
        ("%oqc_history", "%oqc_history bell"),
    ),
    Magic(
        "oqc_counts",
        "Show the counts of a job's newest result as bars.",
        (
            _JOB,
            Argument("--register R", "only this classical register", "register"),
            Argument(
                "--top N", "only the N most frequent bitstrings (16)", "number", read=_positive
            ),
        ),
        "c[0] is the leftmost bit. In Python: job.result.data, or job.result.to_dataframe().",
        ("%oqc_counts", "%oqc_counts bell --register c --top 4"),
    ),
)
