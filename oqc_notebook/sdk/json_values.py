"""Values that JSON can hold, copied and checked; NaN and infinities, which it cannot.

A result is copied exactly or refused: a tuple that comes back as a list, or a key
that comes back as text, would be a different result.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Literal, TypeAlias, cast

from oqc_notebook.sdk.errors import SnapshotError

#: Steps from the name of a field inwards.
Place: TypeAlias = tuple[str | int, ...]
#: The places of NaN and infinities, where the plain fields have null.
NonFinite: TypeAlias = list[tuple[list[str | int], Literal["nan", "inf", "-inf"]]]

#: Readers of JSON, ours and the published SDK's, give up at 200 levels; a file needs some itself.
MAX_DEPTH = 128

#: Readers of JSON give up at numbers with more than 4300 digits.
_LARGEST_INT = 10**4299

_PLAIN_LEAVES = frozenset({type(None), bool, str})
_ONLY_TEXT = frozenset({str})
_ONLY_INTS = frozenset({int})
_ONLY_FLOATS = frozenset({float})


def copied(value: Any, place: Place, non_finite: NonFinite) -> Any:
    """Copy a JSON value; NaN and infinities become None and are noted in `non_finite`.

    Raises
    ------
    SnapshotError
        If it is, or holds, something that JSON cannot hold; the message names its place.
    """
    kind = type(value)
    if kind in _PLAIN_LEAVES:
        return value
    if kind is int:
        if -_LARGEST_INT < value < _LARGEST_INT:
            return value
        raise SnapshotError(f"{spelled(place)} is a number with too many digits to be read again.")
    if kind is float:
        if math.isfinite(value):
            return value
        word = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        non_finite.append((list(place), cast(Any, word)))
        return None
    if len(place) > MAX_DEPTH:
        raise SnapshotError(f"{place[0]} is nested more than {MAX_DEPTH} levels deep.")
    if kind is dict:
        if not _ONLY_TEXT.issuperset(map(type, value)):
            key = next(key for key in value if type(key) is not str)
            raise SnapshotError(
                f"{spelled(place)} has the key {key!r:.80}; JSON holds only text as keys."
            )
        if _is_flat(value.values()):
            return value.copy()
        return {key: copied(item, (*place, key), non_finite) for key, item in value.items()}
    if kind is list:
        if _is_flat(value):
            return value.copy()
        return [copied(item, (*place, i), non_finite) for i, item in enumerate(value)]
    raise SnapshotError(
        f"{spelled(place)} is a {kind.__module__}.{kind.__qualname__}, which JSON cannot hold "
        "unchanged."
    )


def is_too_deep(value: Any) -> bool:
    """Tell whether a JSON value is nested more deeply than a reader goes."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        containers = [item for item in level if isinstance(item, dict | list)]
        if not containers:
            return False
        level = [
            item
            for container in containers
            for item in (container.values() if isinstance(container, dict) else container)
        ]
    return True


def put_back(fields: dict[str, Any], non_finite: NonFinite) -> None:
    """Put NaN and infinities back where the plain fields have null."""
    for place, word in non_finite:
        node: Any = fields
        try:
            for step in place[:-1]:
                node = node[step]
            if node[place[-1]] is None:
                node[place[-1]] = float(word)
        except (LookupError, TypeError):
            continue  # the plain field was changed by hand, and wins


def spelled(place: Place) -> str:
    """Write a place as the Python expression that leads there."""
    return str(place[0]) + "".join(f"[{step!r}]" for step in place[1:])


def in_unicode(value: Any) -> Any:
    """Copy a JSON value with a replacement character for each half of a surrogate pair."""
    if isinstance(value, dict):
        return {in_unicode(key): in_unicode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_unicode(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def not_unicode(value: Any, place: Place = ()) -> Place | None:
    """Find a text that is not valid Unicode."""
    if isinstance(value, dict):
        for key, item in value.items():
            found = not_unicode(key, (*place, key)) or not_unicode(item, (*place, key))
            if found:
                return found
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if found := not_unicode(item, (*place, i)):
                return found
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return place
    return None


def _is_flat(values: Collection[Any]) -> bool:
    """Tell, at the speed of C, whether a shallow copy of these values is a whole one."""
    kinds = set(map(type, values))
    if kinds == _ONLY_INTS:
        return bool(min(values) > -_LARGEST_INT and max(values) < _LARGEST_INT)
    if kinds == _ONLY_FLOATS:
        return all(map(math.isfinite, values))
    return kinds <= _PLAIN_LEAVES
