"""How far two runs are apart: their counts, and the lines of their programs."""

from __future__ import annotations

import difflib
import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any, TypeAlias

from oqc_notebook.static.ranking import Ranked
from oqc_notebook.static.view import TOP_BITSTRINGS

#: A bitstring, and its counts in both runs.
Bar: TypeAlias = tuple[str, int, int]

#: Lines of a comparison of programs that are given, and of programs that are compared at all.
_MOST_LINES, _LONGEST_PROGRAM = 200, 3000


def distances(a: Mapping[str, Ranked], b: Mapping[str, Ranked]) -> list[dict[str, Any]]:
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


def _compared(name: str, a: Ranked | None, b: Ranked | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": name, "shots": [a and a.total, b and b.total]}
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
        # by chance, a bitstring's shots fall into either run as in a binomial law, but for a
        # frequent one, which is nearly all of both runs, more evenly
        both = in_a + in_b
        deviation = _mean_deviation(both, a / (a + b)) * math.sqrt(1 - both / (a + b))
        chance += bitstrings * deviation * (1 / a + 1 / b)
    return distance / 2, chance / 2


def _mean_deviation(trials: int, p: float) -> float:
    """Give the mean absolute deviation of a binomial law, by de Moivre's formula."""
    above = math.floor(trials * p) + 1
    if above > trials:
        return 0.0
    ways = math.lgamma(trials + 1) - math.lgamma(above + 1) - math.lgamma(trials - above + 1)
    return 2 * above * math.exp(ways + above * math.log(p) + (trials - above + 1) * math.log1p(-p))


def most_by_chance(chance: float, a: int, b: int, probability: float) -> float:
    """Give the distance that is exceeded by chance alone with at most a probability.

    That is McDiarmid's inequality: each shot moves the distance by no more than one over the
    number of shots of its run.

    Parameters
    ----------
    chance
        The mean distance by chance.
    a, b
        The shots of both runs.
    probability
        How often it may be exceeded.
    """
    return chance + math.sqrt(-math.log(probability) / 2 * (1 / a + 1 / b))


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


def program_lines(a: str, b: str) -> tuple[list[str], str]:
    """Give the lines that tell two programs apart, and what there is to know in words."""
    texts = a.splitlines(), b.splitlines()
    if max(map(len, texts)) > _LONGEST_PROGRAM:
        return [], "The programs differ; they are too long to be compared line by line."
    lines = [
        f"line {line.split(',')[0][4:]}:" if line.startswith("@@") else line
        for line in difflib.unified_diff(*texts, n=1, lineterm="")
    ][2:]
    note = "The programs differ:" if lines else "The programs differ in line ends only."
    rest = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"… and {rest} more lines"] if rest > 0 else lines, note
