"""Rows as they travel: a table of values, in which names and words stand once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from oqc_notebook.widgets.facts import Facts

#: Bitstrings of more bits than this travel as hexadecimal numbers.
_FEW_BITS = 32

_BITS = frozenset("01")

#: Columns in which the same few words come again and again.
_OF_WORDS = ("qpu", "state")


def packed(rows: Sequence[Facts]) -> Facts:
    """Give rows as one table; assets/packing.js makes rows of it again.

    Parameters
    ----------
    rows
        Facts with the same names each.

    Returns
    -------
    dict
        ``columns`` (the names), ``words`` (by column, what its numbers stand for) and
        ``rows`` (lists of values; those at the end that are None are left out). A
        ``top`` of long bitstrings is their length, then in turn a bitstring as a hexadecimal
        number and its count.
    """
    columns = list(rows[0]) if rows else []
    words = {
        name: list(dict.fromkeys(row[name] for row in rows))
        for name in _OF_WORDS
        if name in columns
    }
    numbers = {name: {word: n for n, word in enumerate(found)} for name, found in words.items()}
    return {
        "columns": columns,
        "words": words,
        "rows": [_values(row, columns, numbers) for row in rows],
    }


def packed_changes(changes: Iterable[tuple[int, Facts]]) -> list[Facts]:
    """Give what changed in rows as tables, one for those in which the same facts changed.

    Parameters
    ----------
    changes
        The places of rows, and those of their facts that changed.

    Returns
    -------
    list of dict
        ``columns`` (the names) and ``rows`` (lists of the place and the values).
    """
    tables: dict[tuple[str, ...], list[list[Any]]] = {}
    for place, changed in changes:
        values = [_short(name, value) for name, value in changed.items()]
        tables.setdefault(tuple(changed), []).append([place, *values])
    return [{"columns": list(names), "rows": rows} for names, rows in tables.items()]


def _values(row: Facts, columns: list[str], numbers: dict[str, dict[str, int]]) -> list[Any]:
    values = [
        numbers[name][row[name]] if name in numbers else _short(name, row[name]) for name in columns
    ]
    while values and values[-1] is None:
        values.pop()
    return values


def _short(name: str, value: Any) -> Any:
    """Give a value as it travels: top counts of long bitstrings as numbers in one list."""
    if name != "top" or not value:
        return value
    lengths = {len(bits) for bits, _ in value}
    if len(lengths) > 1 or max(lengths) <= _FEW_BITS or set("".join(b for b, _ in value)) - _BITS:
        return value
    return [*lengths, *(each for bits, count in value for each in (f"{int(bits, 2):x}", count))]
