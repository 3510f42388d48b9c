"""The most frequent bitstrings of a result, found once however often they are shown."""

from __future__ import annotations

import heapq
import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from oqc_notebook.sdk.frames import counts_of
from oqc_notebook.sdk.outputs import JobResult

#: The most bitstrings of a register that are shown at once.
MOST_SHOWN = 256

#: Results with fewer bitstrings are read anew each time, which costs less than a millisecond.
_WORTH_KEEPING = 1000


class Ranked(NamedTuple):
    """The counts of one classical register.

    Attributes
    ----------
    counts : mapping of str to int
        The result's own counts, only to be read.
    total : int
        Shots.
    top : list of tuple
        The most frequent bitstrings with their counts, at most 256.
    """

    counts: Mapping[str, int]
    total: int
    top: list[tuple[str, int]]

    def most_frequent(self, number: int) -> list[tuple[str, int]]:
        """Give the most frequent bitstrings with their counts; equal counts by bitstring."""
        if number <= MOST_SHOWN:
            return self.top[:number]
        return most_frequent(self.counts, number)


Registers: TypeAlias = dict[str, Ranked]


class _Kept(NamedTuple):
    """The ranking of a result that is large and still there."""

    result: weakref.ref[JobResult]
    mark: tuple[Any, ...]
    registers: Registers


#: By the id of the result; outputs have no hash.
_kept: dict[int, _Kept] = {}


def ranked(result: JobResult) -> Registers | None:
    """Give the registers of a result by name; None where it holds no counts.

    A large result is ranked once. It is ranked anew where it holds other counts than
    before, as far as numbers of bitstrings and shots tell.
    """
    data = result._data
    key = id(result)
    kept = _kept.get(key)
    if kept is not None and kept.result() is result and kept.mark == _mark(data):
        return kept.registers
    registers = rank(data)
    if registers and sum(len(register.counts) for register in registers.values()) > _WORTH_KEEPING:
        forget = weakref.ref(result, lambda _: _kept.pop(key, None))
        _kept[key] = _Kept(forget, _mark(data), registers)
    return registers


def rank(data: Any) -> Registers | None:
    """Rank the counts in a result's data; None where it holds no counts."""
    checked = counts_of(data)
    if checked is None:
        return None
    return {
        name: Ranked(counts, sum(counts.values()), most_frequent(counts, MOST_SHOWN))
        for name, counts in zip(checked, data.values(), strict=True)
    }


def most_frequent(counts: Mapping[str, int], number: int) -> list[tuple[str, int]]:
    """Give the bitstrings with the highest counts; equal counts by bitstring."""
    return heapq.nsmallest(number, counts.items(), key=lambda item: (-item[1], item[0]))


def _mark(data: Any) -> tuple[Any, ...]:
    """Give what is the same as long as the counts are, as far as that is found out quickly."""
    try:
        return tuple(
            (name, id(counts), len(counts), sum(counts.values())) for name, counts in data.items()
        )
    except (AttributeError, TypeError):
        return ()  # these are no counts
