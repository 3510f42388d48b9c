"""Shots to the results format that a task asks for.

A shot is an integer whose bit ``i`` is the value of classical bit ``i`` of the circuit. In every
format bit 0 of a register comes first: ``c[0]`` is the leftmost character of a bitstring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Register:
    """A classical register: its name and which bits of the circuit it is made of, in order."""

    name: str
    bits: list[int]


def format_results(
    results_format: str,
    registers: Iterable[Register],
    counts: Mapping[int, int],
    shots_in_order: Iterable[int],
) -> dict[str, Any]:
    """Return the results of a task, one entry a register.

    Parameters
    ----------
    results_format
        ``"binary_count"``: how often each bitstring was seen. ``"binary"``: each bit's majority.
        ``"squash"``: the same as one bitstring. ``"raw"``: for each bit its value in every shot,
        +1.0 for 0 and -1.0 for 1, where a readout would lie without noise.
    registers
        The classical registers of the program.
    counts
        How often each shot was seen.
    shots_in_order
        The shots one by one; used for ``"raw"`` only.
    """
    if results_format == "raw":
        return _raw(registers, list(shots_in_order))
    per_register = _count(registers, counts)
    if results_format == "binary_count":
        return {name: dict(counter) for name, counter in per_register.items()}
    majorities = {name: _majority(counter) for name, counter in per_register.items()}
    if results_format == "squash":
        return {name: "".join(map(str, bits)) for name, bits in majorities.items()}
    return dict(majorities)


def _count(registers: Iterable[Register], counts: Mapping[int, int]) -> dict[str, Counter[str]]:
    registers = list(registers)
    width = 1 + max((bit for register in registers for bit in register.bits), default=0)
    per_register: dict[str, Counter[str]] = {register.name: Counter() for register in registers}
    for shot, count in counts.items():
        bits = format(shot, f"0{width}b")[::-1]
        for register in registers:
            per_register[register.name]["".join([bits[bit] for bit in register.bits])] += count
    return per_register


def _majority(counter: Counter[str]) -> list[int]:
    shots = counter.total()
    width = len(next(iter(counter)))
    ones = [0] * width
    for bits, count in counter.items():
        for index, bit in enumerate(bits):
            if bit == "1":
                ones[index] += count
    return [int(2 * count > shots) for count in ones]


def _raw(registers: Iterable[Register], shots: list[int]) -> dict[str, list[list[float]]]:
    return {
        register.name: [
            [-1.0 if shot >> bit & 1 else 1.0 for shot in shots] for bit in register.bits
        ]
        for register in registers
    }
