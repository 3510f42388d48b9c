"""Two runs of a job side by side: what they ran, and how far their counts are apart."""

from __future__ import annotations

import difflib
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, TypeAlias

from oqc_notebook.sdk import Job
from oqc_notebook.sdk.outputs import JobError, JobOutput, JobResult
from oqc_notebook.static.ranking import Ranked, ranked
from oqc_notebook.static.view import TOP_BITSTRINGS
from oqc_notebook.widgets.facts import Facts
from oqc_notebook.widgets.run_details import inputs_view, output_of

#: A bitstring, and its counts in both runs.
Bar: TypeAlias = tuple[str, int, int]

#: Lines of a comparison of programs that are sent, and of programs that are compared at all.
_MOST_LINES, _LONGEST_PROGRAM = 200, 3000


def comparison(job: Job, question: Facts) -> Facts:
    """Compare two runs.

    Parameters
    ----------
    job
        The job.
    question
        ``a`` and ``b``: the numbers of the runs.

    Returns
    -------
    dict
        ``notes`` (what there is to know, in words), ``settings`` (``[name, a, b]`` where
        they differ), ``program`` (lines of a comparison, or None where it is the same)
        and ``registers`` (see :func:`distances`).

    Raises
    ------
    ValueError
        If there is no such run.
    """
    numbers = question.get("a"), question.get("b")
    a, b = (output_of(job, number) for number in numbers)
    notes = [
        note
        for number, output in zip(numbers, (a, b), strict=True)
        for note in _why_no_counts(number, output)
    ]
    registers = [] if notes else distances(_registers(a), _registers(b))
    program = _program_lines(a, b, notes)
    settings = _other_settings(job, a, b)
    if program is None and not settings:
        notes.append("Both ran the same program with the same configuration.")
    return {"notes": notes, "settings": settings, "program": program, "registers": registers}


def distances(a: Mapping[str, Ranked], b: Mapping[str, Ranked]) -> list[Facts]:
    """Compare the counts of two runs, register by register.

    Returns
    -------
    list of dict
        For each register ``name``; ``shots`` (of `a` and of `b`; None where a run does
        not have it), and where both have shots: ``distance`` (total variation
        distance), ``noise`` (about how large it is between two samples of the same
        distribution), ``bars`` (``[bitstring, count in a, count in b]``, the largest
        shares first) and ``other`` (``[bitstrings, shots of a, shots of b]``).
    """
    return [_compared(name, a.get(name), b.get(name)) for name in dict.fromkeys([*a, *b])]


def _compared(name: str, a: Ranked | None, b: Ranked | None) -> Facts:
    facts: Facts = {"name": name, "shots": [a and a.total, b and b.total]}
    if a is None or b is None or not (a.total and b.total):
        return facts
    # bitstrings with the same two counts are taken together: of a million, they are few
    pairs = Counter((in_a, in_b) for _, in_a, in_b in _side_by_side(a, b))
    distance, noise = _distance(pairs, a.total, b.total)
    bars = _largest(pairs, a, b)
    rest_of_a = a.total - sum(in_a for _, in_a, _ in bars)
    rest_of_b = b.total - sum(in_b for *_, in_b in bars)
    return facts | {
        "distance": distance,
        "noise": noise,
        "bars": [list(bar) for bar in bars],
        "other": [sum(pairs.values()) - len(bars), rest_of_a, rest_of_b],
    }


def _side_by_side(a: Ranked, b: Ranked) -> Iterator[Bar]:
    """Give each bitstring with its counts in both."""
    yield from zip(a.counts, a.counts.values(), map(b.counts.get, a.counts, repeat(0)), strict=True)
    for bits in b.counts.keys() - a.counts.keys():
        yield bits, 0, b.counts[bits]


def _distance(pairs: Counter[tuple[int, int]], a: int, b: int) -> tuple[float, float]:
    """Give the total variation distance, and how large it is by chance alone, about."""
    distance = chance = 0.0
    for (in_a, in_b), bitstrings in pairs.items():
        distance += bitstrings * abs(in_a / a - in_b / b)
        share = (in_a + in_b) / (a + b)
        # the mean of the size of a normal deviate; that of a rare bitstring is not larger
        # than the two shares together
        deviate = math.sqrt(2 / math.pi * share * (1 - share) * (1 / a + 1 / b))
        chance += bitstrings * min(deviate, 2 * share)
    return distance / 2, chance / 2


def _largest(pairs: Counter[tuple[int, int]], a: Ranked, b: Ranked) -> list[Bar]:
    """Give the bitstrings with the largest shares in both together."""

    def size(in_a: int, in_b: int) -> float:
        return in_a / a.total + in_b / b.total

    least, found = 0.0, 0
    for pair in sorted(pairs, key=lambda pair: size(*pair), reverse=True):
        found += pairs[pair]
        if found >= TOP_BITSTRINGS:
            least = size(*pair)
            break
    large = {pair for pair in pairs if size(*pair) >= least}
    bars = (bar for bar in _side_by_side(a, b) if bar[1:] in large)
    return heapq.nsmallest(TOP_BITSTRINGS, bars, key=lambda bar: (-size(*bar[1:]), bar[0]))


def _registers(output: JobOutput) -> Mapping[str, Ranked]:
    return (ranked(output) or {}) if isinstance(output, JobResult) else {}


def _why_no_counts(number: Any, output: JobOutput) -> Iterable[str]:
    if isinstance(output, JobError):
        ended = "was cancelled" if "CANCELLED" in vars(output)["state_times"] else "failed"
        yield f"Run {number} {ended}, so it has no counts."
    elif not _registers(output):
        yield f"The result of run {number} holds no counts."


def _program_lines(a: JobOutput, b: JobOutput, notes: list[str]) -> list[str] | None:
    """Give the lines that tell the programs apart; None where they are the same."""
    if a.program == b.program:
        return None
    texts = [(output.program or "").splitlines() for output in (a, b)]
    if max(map(len, texts)) > _LONGEST_PROGRAM:
        notes.append("The programs differ; they are too long to be compared line by line.")
        return []
    lines = [
        f"line {line.split(',')[0][4:]}:" if line.startswith("@@") else line
        for line in difflib.unified_diff(texts[0], texts[1], n=1, lineterm="")
    ][2:]
    notes.append("The programs differ:" if lines else "The programs differ in line ends only.")
    rest = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"… and {rest} more lines"] if rest > 0 else lines


def _other_settings(job: Job, a: JobOutput, b: JobOutput) -> list[list[str]]:
    told = []
    for output in (a, b):
        inputs = inputs_view(job, None, output.qpu_id, vars(output)["compiler_config"])
        told.append({"QPU": inputs["qpu"]["name"], **dict(inputs["settings"])})
    names = dict.fromkeys([*told[0], *told[1]])
    both = [[name, *(each.get(name, "default") for each in told)] for name in names]
    return [
        each for each in both if len({word.removesuffix(" (default)") for word in each[1:]}) > 1
    ]
