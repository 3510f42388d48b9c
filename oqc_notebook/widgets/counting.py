"""Counts as a page asks for them: sorted, filtered, the first so many, or all as text."""

from __future__ import annotations

import csv
import fnmatch
import heapq
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from oqc_notebook.sdk import Job
from oqc_notebook.sdk.frames import bit_order
from oqc_notebook.sdk.outputs import JobResult
from oqc_notebook.static.ranking import MOST_SHOWN, Ranked, most_frequent, ranked
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.run_details import output_of

#: The most bitstrings that are copied from a page; more of them are for a table in a cell.
MOST_COPIED = 20_000


def counts(job: Job, question: Facts) -> Facts:
    """Give the counts of a register in the way that a page asks for.

    Parameters
    ----------
    job
        The job.
    question
        ``run``, ``register``, ``sort`` ("count" or "bits"), ``top`` (at most 256),
        ``mirrored`` (whether the page shows c[0] rightmost) and ``pattern``, in the
        order that the page shows: ``0``, ``1``, ``?`` (one bit), ``*`` (any bits).

    Returns
    -------
    dict
        ``bars`` (``[bitstring, count]``, c[0] leftmost) and ``matching``
        (``[bitstrings, shots]`` that match the pattern).

    Raises
    ------
    ValueError
        If there are no such counts, or that is no pattern.
    """
    register = _register(job, question)
    top = min(max(int(question.get("top") or 0), 1), MOST_SHOWN)
    pattern = str(question.get("pattern") or "")
    found: Mapping[str, int] = register.counts
    shots = register.total
    if pattern:
        matches = _matcher(pattern[::-1] if question.get("mirrored") else pattern)
        found = {bits: count for bits, count in found.items() if matches(bits)}
        shots = sum(found.values())
    if question.get("sort") == "bits":
        shown = heapq.nsmallest(top, found, key=_order(question))
        bars = [(bits, found[bits]) for bits in shown]
    else:
        bars = most_frequent(found, top) if pattern else register.most_frequent(top)
    return {"bars": [list(bar) for bar in bars], "matching": [len(found), shots]}


def counts_text(job: Job, question: Facts) -> Facts:
    """Give all counts of a register as text, to be copied.

    Parameters
    ----------
    job
        The job.
    question
        ``run``, ``register``, ``sort`` and ``mirrored`` as for :func:`counts`;
        ``form``: "CSV" or "JSON".

    Raises
    ------
    ValueError
        If there are no such counts, or too many of them.
    """
    register = _register(job, question)
    if len(register.counts) > MOST_COPIED:
        raise ValueError(
            f"{len(register.counts)} bitstrings are too many to be copied: "
            "job.result.to_dataframe() gives them as a table."
        )
    mirrored = bool(question.get("mirrored"))
    if question.get("sort") == "bits":
        ordered = sorted(register.counts.items(), key=lambda item: _order(question)(item[0]))
    else:
        ordered = most_frequent(register.counts, len(register.counts))
    shown = {bits[::-1] if mirrored else bits: count for bits, count in ordered}
    name, end = str(question.get("register")), "rightmost" if mirrored else "leftmost"
    if question.get("form") == "CSV":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([(f"bitstring ({name}[0] {end})", "count"), *shown.items()])
        return {"text": text.getvalue()}
    document = {
        "register": name,
        "bit_order": bit_order(name, end),
        "shots": register.total,
        "counts": shown,
    }
    return {"text": json.dumps(document, ensure_ascii=False, indent=1)}


def _register(job: Job, question: Facts) -> Ranked:
    output = output_of(job, question.get("run"))
    registers = ranked(output) if isinstance(output, JobResult) else None
    register = (registers or {}).get(str(question.get("register")))
    if register is None:
        raise ValueError("This run has no counts of such a register.")
    return register


def _matcher(pattern: str) -> Callable[[str], Any]:
    if set(pattern) - set("01?*"):
        raise ValueError("A pattern holds 0, 1, ? (one bit) and * (any bits).")
    # fnmatch's expression never tries a way twice, however many stars there are
    return re.compile(fnmatch.translate(pattern)).match


def _order(question: Facts) -> Callable[[str], str]:
    """Give by what bitstrings are sorted, as the page shows them."""
    if question.get("mirrored"):
        return lambda bits: bits[::-1]
    return str
