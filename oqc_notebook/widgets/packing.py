"""Rows as they travel: a table of values, in which names and words stand once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oqc_notebook.widgets.facts import Facts

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
        ``rows`` (lists of values; those at the end that are None are left out).
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


def _values(row: Facts, columns: list[str], numbers: dict[str, dict[str, int]]) -> list[Any]:
    values = [numbers[name][row[name]] if name in numbers else row[name] for name in columns]
    while values and values[-1] is None:
        values.pop()
    return values
