"""Bit order, and counts as scipp arrays.

OQC writes ``c[0]`` of a classical register as the leftmost character and calls
that big-endian; Qiskit prints it rightmost. scipp (the extra ``scipp``) is
imported when one of these functions is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    import scipp

    from oqc_notebook.sdk.outputs import JobResult

#: The integers of scipp have 64 bits, one of them for the sign.
_LARGEST_INDEX = 2**63 - 1

OnLengthMismatch: TypeAlias = Literal["raise", "pad"]


class Endianness(Enum):
    """Which end of a bitstring is which.

    ``BIG`` is OQC's order, as the service sends it; ``LITTLE`` is its mirror
    image, Qiskit's.
    """

    BIG = "big"
    LITTLE = "little"


def _in_order(bitstring: str, endianness: Endianness) -> str:
    return bitstring[::-1] if endianness is Endianness.LITTLE else bitstring


def _scipp() -> Any:
    try:
        import scipp
    except ImportError:
        raise ImportError(
            "Counts as scipp arrays need scipp: pip install 'oqc-notebook[scipp]'"
        ) from None
    return scipp


def bits(s: str, endianness: Endianness = Endianness.BIG) -> scipp.Variable:
    """Give the index of a bitstring in the ``bit`` coordinate, as a scipp scalar.

    Parameters
    ----------
    s
        The bitstring, such as ``"011"``.
    endianness
        The order that `s` is written in. The index is that of OQC's order, so
        ``bits("011")`` and ``bits("110", Endianness.LITTLE)`` are both 3.

    Raises
    ------
    ValueError
        If `s` is empty, holds anything but 0 and 1, or stands for a number of more
        than 63 bits.
    """
    if not s or set(s) - {"0", "1"}:
        raise ValueError(f"{s!r} is not a bitstring of 0 and 1.")
    index = int(_in_order(s, endianness), 2)
    if index > _LARGEST_INDEX:
        raise ValueError(f"The bitstring {s!r} is too long: an index of scipp has 63 bits.")
    return _scipp().scalar(index, unit=None)


def _register_counts(result: JobResult, creg: str) -> Mapping[str, int]:
    register = result.data.get(creg, {}) if isinstance(result.data, Mapping) else {}
    if not isinstance(register, Mapping):
        raise ValueError(
            f"Register {creg!r} holds {type(register).__name__}, not counts; run with "
            "results_format=QuantumResultsFormat().binary_count(), the default."
        )
    return register


def results_to_counts_dataarray(
    results: Sequence[JobResult],
    creg: str,
    endianness: Endianness = Endianness.BIG,
    on_length_mismatch: OnLengthMismatch = "raise",
) -> scipp.DataArray:
    """Give the counts of a classical register as a 2-D scipp array.

    Parameters
    ----------
    results
        At least one result with binary counts.
    creg
        Name of the classical register.
    endianness
        Order of the labels in the ``bitstring`` coordinate.
    on_length_mismatch
        What to do where bitstrings differ in length: ``"raise"``, or ``"pad"``
        the shorter ones with zeros on the left.

    Returns
    -------
    scipp.DataArray
        Counts of shape (results, bitstrings) over the dimensions ``result`` and
        ``bit``, with coordinates ``result`` (index), ``bit`` (the bitstring in
        OQC's order read as a binary number) and ``bitstring`` (its label).

    Raises
    ------
    ValueError
        If there is no result, a result holds no counts, lengths differ, or a bitstring
        stands for a number of more than 63 bits.
    KeyError
        If no result has the register.
    """
    if on_length_mismatch not in ("raise", "pad"):
        raise ValueError(f"on_length_mismatch is 'raise' or 'pad', not {on_length_mismatch!r}.")
    if not results:
        raise ValueError("There is no result to convert; did every run fail? See .errors().")
    registers = [_register_counts(result, creg) for result in results]
    lengths = {len(bitstring) for register in registers for bitstring in register}
    if not lengths:
        raise KeyError(f"No result has counts of a classical register {creg!r}.")
    if len(lengths) > 1 and on_length_mismatch == "raise":
        raise ValueError(
            f"The bitstrings of register {creg!r} differ in length ({sorted(lengths)}); "
            "on_length_mismatch='pad' fills the shorter ones with zeros on the left."
        )
    width = max(lengths)
    rows = [_padded(register.items(), width) for register in registers]
    columns = sorted({bitstring for row in rows for bitstring in row})
    indices = [int(bitstring, 2) for bitstring in columns]
    if indices[-1] > _LARGEST_INDEX:
        raise ValueError(
            f"Register {creg!r} has {width} bits, an index of scipp only 63; use to_dataframe()."
        )
    return _dataarray(
        [[row[bitstring] for bitstring in columns] for row in rows],
        indices,
        [_in_order(bitstring, endianness) for bitstring in columns],
    )


def filter_counts_dataarray(da: scipp.DataArray, pattern: str) -> scipp.DataArray:
    """Keep the columns whose label matches a pattern of ``0``, ``1`` and ``*`` (either).

    Raises
    ------
    ValueError
        If the pattern is empty, holds other characters, or is not as long as
        the bitstrings.
    """
    if not pattern or set(pattern) - set("01*"):
        raise ValueError(f"{pattern!r} is not a pattern of 0, 1 and *.")
    labels = [str(label) for label in da.coords["bitstring"].values]
    if labels and len(labels[0]) != len(pattern):
        raise ValueError(
            f"The pattern {pattern!r} has {len(pattern)} characters, the bitstrings "
            f"{len(labels[0])}."
        )
    kept = [
        i
        for i, label in enumerate(labels)
        if all(p in ("*", c) for p, c in zip(pattern, label, strict=True))
    ]
    return _dataarray(
        da.values[:, kept].tolist(),
        [int(da.coords["bit"].values[i]) for i in kept],
        [labels[i] for i in kept],
    )


def _padded(items: Iterable[tuple[str, int]], width: int) -> Counter[str]:
    row: Counter[str] = Counter()
    for bitstring, count in items:
        row[bitstring.zfill(width)] += count
    return row


def _dataarray(counts: list[list[int]], values: list[int], labels: list[str]) -> scipp.DataArray:
    import numpy as np  # comes with scipp

    sc = _scipp()
    # what is no whole number stays what it is; an array of nothing has no type of its own
    table = np.asarray(counts, dtype=None if values else np.int64)
    table = table.reshape(len(counts), len(values))
    names = labels or np.array([], dtype="U1")
    return sc.DataArray(
        data=sc.array(dims=["result", "bit"], values=table, unit=None),
        coords={
            "result": sc.arange("result", len(counts), unit=None, dtype=int),
            "bit": sc.array(dims=["bit"], values=np.asarray(values, dtype=np.int64), unit=None),
            "bitstring": sc.array(dims=["bit"], values=names, unit=None),
        },
    )
