"""The heat map of a composite: the share of each bitstring in the counts of each child."""

from __future__ import annotations

import base64
import heapq
import sys
import threading
import weakref
from array import array
from typing import NamedTuple

from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.frames import counts_of
from oqc_notebook.static.view import data_of
from oqc_notebook.widgets.facts import Facts

#: Bitstrings that have a column of their own; what is left of a child's counts is "other".
_MOST_COLUMNS = 64
#: Lines of a map; where there are more children, a line is the mean of several.
_MOST_LINES = 400
#: A share of 1 as it is sent, and what stands where there are no counts.
_ONE, _NOTHING = 65534, 65535
#: What is left of a sum after rounding, where nothing should be.
_GONE = 1e-9

Registers = dict[str, dict[str, int]]


class _Seen(NamedTuple):
    """A child's counts, and which output they are of."""

    output: object
    registers: Registers


class HeatMap:
    """The counts of a composite's children, of which only those that are new are read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[_Seen] = []
        #: By register: the sum of each bitstring's shares over all children.
        self._sums: dict[str, dict[str, float]] = {}

    def draw(self, jobs: list[Job], question: Facts) -> Facts:
        """Give the map of some children.

        Parameters
        ----------
        jobs
            The composite's children.
        question
            ``register`` (None: the first), ``first`` and ``end``: of which children.

        Returns
        -------
        dict
            ``registers`` (names), ``register``, ``bits`` (of the columns, in order),
            ``has_other`` (whether a last column has the rest), ``first`` and ``end``,
            ``per_line`` (children), ``data``: Base64 of 16-bit numbers, line by line,
            where 65534 is a share of 1 and 65535 means that there are no counts.
        """
        with self._lock:
            self._read(jobs)
            registers = list(self._sums)
            register = question.get("register")
            if register not in registers:
                register = registers[0] if registers else None
            first = min(max(int(question.get("first") or 0), 0), len(jobs))
            end = min(int(question.get("end") or len(jobs)), len(jobs))
            sums = self._sums.get(register or "", {})
            bits = sorted(heapq.nlargest(_MOST_COLUMNS, sums, key=lambda b: (sums[b], b)))
            per_line = max(-(-(end - first) // _MOST_LINES), 1)
            lines = [
                _mean([_shares(seen, register, bits) for seen in self._seen[at : at + per_line]])
                for at in range(first, end, per_line)
            ]
        has_other = any(line is not None and line[-1] > 0.5 / _ONE for line in lines)
        width = len(bits) + has_other
        return {
            "registers": registers,
            "register": register,
            "bits": bits,
            "has_other": has_other,
            "first": first,
            "end": end,
            "per_line": per_line,
            "data": _encoded(lines, width),
        }

    def _read(self, jobs: list[Job]) -> None:
        """Take over the counts that are others than before."""
        for seen in self._seen[len(jobs) :]:
            self._sum(seen, -1)
        del self._seen[len(jobs) :]
        for place, job in enumerate(jobs):
            output = job._output
            if place < len(self._seen):
                if self._seen[place].output is output:
                    continue
                self._sum(self._seen[place], -1)
            seen = _Seen(output, counts_of(data_of(job)) or {})
            self._seen[place : place + 1] = [seen]
            self._sum(seen, 1)

    def _sum(self, seen: _Seen, by: int) -> None:
        for register, counts in seen.registers.items():
            total = sum(counts.values())
            sums = self._sums.setdefault(register, {})
            # a child's rarer bitstrings are in none of the columns anyway
            for bits in heapq.nlargest(_MOST_COLUMNS, counts, key=lambda b: (counts[b], b)):
                share = counts[bits] / total if total else 0.0
                sums[bits] = sums.get(bits, 0.0) + by * share
                if sums[bits] < _GONE:
                    del sums[bits]
            if not sums:
                del self._sums[register]


#: The maps of composites, as long as these are there.
_maps: weakref.WeakKeyDictionary[CompositeJob, HeatMap] = weakref.WeakKeyDictionary()


def heat_map(composite: CompositeJob, question: Facts) -> Facts:
    """Give the heat map that a page asks for; see :meth:`HeatMap.draw`."""
    return _maps.setdefault(composite, HeatMap()).draw(list(composite.jobs), question)


def _shares(seen: _Seen, register: str | None, bits: list[str]) -> list[float] | None:
    """Give the shares of bitstrings in a child's counts, and that of the others."""
    counts = seen.registers.get(register or "")
    total = sum(counts.values()) if counts else 0
    if counts is None or not total:
        return None
    shares = [counts.get(each, 0) / total for each in bits]
    return [*shares, 1 - sum(shares)]


def _mean(lines: list[list[float] | None]) -> list[float] | None:
    """Give the mean of the lines of children that have counts."""
    there = [line for line in lines if line is not None]
    if len(there) <= 1:
        return there[0] if there else None
    return [sum(column) / len(there) for column in zip(*there, strict=True)]


def _encoded(lines: list[list[float] | None], width: int) -> str:
    numbers = array("H")
    for line in lines:
        if line is None:
            numbers.extend([_NOTHING] * width)
        else:
            numbers.extend(min(max(round(share * _ONE), 0), _ONE) for share in line[:width])
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
