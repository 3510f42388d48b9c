"""The JSON form of configurations, as ``compiler-config`` writes it, written and read.

Plain configurations come out letter by letter as the library writes them. Its own
reader is not used: it lets a document set any attribute, methods included. Its
writer neither, because it refuses a subclass of a configuration and changes tuples.

An object node is ``{"$type": ..., "$data": {...}}``. What is more than the library's
class has, a subclass and attributes of its own, is in a key ``$oqc_notebook`` that
the library does not read.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum, Flag
from typing import Any

from oqc_notebook.sdk.config_types import (
    CLASSES,
    ENUM_NAMES,
    ENUMS,
    LEAVES,
    LIBRARY,
    library_class,
    name_of,
)
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.json_values import MAX_DEPTH, is_too_deep

#: The key of what the library's class cannot say.
EXTENSION = "$oqc_notebook"

#: Where older versions of the library kept the same classes.
_OLD_MODULES = ("scc.compiler.config", "qat.purr.compiler.config")
_MODULE = "compiler_config.config"

_TUPLE = str(tuple)

Node = dict[str, Any]


# ---- writing ----


def object_node(value: Any, home: type[Any], elsewhere: frozenset[str] = frozenset()) -> Node:
    """Make the node of a configuration.

    Parameters
    ----------
    value
        The configuration.
    home
        The class that a reader gives it without being told more; the node names the
        class of an instance of a subclass.
    elsewhere
        Attributes that the caller writes itself.

    Raises
    ------
    SnapshotError
        If an attribute is something that the form cannot hold; the message names it.
    """
    try:
        return _object_node(value, home, elsewhere, home.__name__)
    except RecursionError:
        raise SnapshotError(f"A {home.__name__} is nested too deeply to be saved.") from None


def text_of(node: Node) -> str:
    """Write the node of a configuration as JSON.

    Raises
    ------
    SnapshotError
        If it is nested more deeply than a reader goes, or a number has too many digits.
    """
    _check_depth(node)
    try:
        return json.dumps(node)
    except ValueError as exc:
        raise SnapshotError(f"A configuration cannot be written: {exc}") from None


def _object_node(value: Any, home: type[Any], elsewhere: frozenset[str], place: str) -> Node:
    kind = library_class(home)
    names = vars(kind()).keys()
    attributes = vars(value)
    for name in names:
        if name not in attributes:
            raise SnapshotError(f"{place} has no attribute {name!r}.")
    if slots := _in_slots(value):
        raise SnapshotError(
            f"{place} keeps {', '.join(slots)} in __slots__, which the JSON form of a "
            "configuration cannot hold."
        )
    node: Node = {"$type": str(kind)}
    if is_dataclass(kind):
        node["$dataclass"] = True
    node["$data"] = {name: _node(attributes[name], f"{place}.{name}") for name in names}
    more: Node = {
        name: _node(item, f"{place}.{name}")
        for name, item in attributes.items()
        if name not in names and name not in elsewhere
    }
    if more or type(value) is not home:
        node[EXTENSION] = {"v": 1}
        if type(value) is not home:
            node[EXTENSION]["class"] = name_of(type(value))
        if more:
            node[EXTENSION]["data"] = more
    return node


def _in_slots(value: Any) -> list[str]:
    """Name the attributes that an object of a subclass has besides its dictionary."""
    declared = (vars(kind).get("__slots__", ()) for kind in type(value).__mro__)
    names = [name for slots in declared for name in ([slots] if type(slots) is str else slots)]
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _node(value: Any, place: str) -> Any:
    kind = type(value)
    if kind in LEAVES:
        return value
    if kind in ENUM_NAMES:
        return {"$type": ENUM_NAMES[kind], "$value": value.value}
    if kind is list:
        return [_node(item, f"{place}[{i}]") for i, item in enumerate(value)]
    if kind is tuple:
        items = [_node(item, f"{place}[{i}]") for i, item in enumerate(value)]
        return {"$type": _TUPLE, "$data": items}
    if kind is dict:
        for key in value:
            if type(key) is not str or key == "$type":
                raise SnapshotError(f"{place} has the key {key!r:.80}, which cannot be saved.")
        return {key: _node(item, f"{place}[{key!r}]") for key, item in value.items()}
    if isinstance(value, LIBRARY):
        return _object_node(value, library_class(kind), frozenset(), place)
    raise SnapshotError(
        f"{place} is a {kind.__module__}.{kind.__qualname__}, which the JSON form of a "
        "configuration cannot hold unchanged."
    )


# ---- reading ----


def parsed(text: str) -> Node:
    """Read the text of a configuration as a JSON object.

    Raises
    ------
    SnapshotError
        If it is no JSON, or no object.
    """
    try:
        node = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SnapshotError(f"A configuration is not valid JSON: {exc}") from None
    if not isinstance(node, dict):
        raise SnapshotError(f"A configuration is a JSON object, not {type(node).__name__}.")
    _check_depth(node)
    return node


def _check_depth(node: Node) -> None:
    if is_too_deep(node):
        raise SnapshotError(f"A configuration is nested more than {MAX_DEPTH} levels deep.")


def object_of(node: Node, home: type[Any], aliases: frozenset[str] = frozenset()) -> Any:
    """Make the configuration of a node.

    Parameters
    ----------
    node
        The node, as :func:`object_node` or the library makes it.
    home
        The class of the configuration, unless the node names a subclass that is
        defined in this process. No module is imported for it.
    aliases
        Other names of the class.

    Raises
    ------
    SnapshotError
        If it is the node of something else, or sets what such a configuration does
        not have.
    """
    kind = library_class(home)
    name = _present_name(node.get("$type"))
    if CLASSES.get(name) is not kind and name not in aliases:
        raise SnapshotError(f"A {home.__name__} cannot be of type {name!r:.100}.")
    return _object_of(node, kind, home)


def _object_of(node: Node, kind: type[Any], home: type[Any]) -> Any:
    data = _dict_in(node, "$data")
    defaults = vars(kind())
    for name in data:
        if name not in defaults:
            raise SnapshotError(f"A {kind.__name__} has no attribute {name!r:.80}.")
    more: Node = {}
    made_of = home
    if EXTENSION in node:
        extension = _dict_in(node, EXTENSION)
        if "class" in extension:
            made_of = _defined(extension["class"], home)
        more = _dict_in(extension, "data") if "data" in extension else {}
    for name in more:
        if not _may_be_set(made_of, name):
            raise SnapshotError(f"A {made_of.__name__} has no attribute {name!r:.80} to set.")
    try:
        made = object.__new__(made_of)
    except TypeError as exc:
        raise SnapshotError(f"A {made_of.__name__} cannot be made: {exc}") from None
    vars(made).update(defaults)
    vars(made).update((name, _value_of(item)) for name, item in (data | more).items())
    return made


def _value_of(node: Any) -> Any:
    if isinstance(node, list):
        return [_value_of(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$type" not in node:
        return {key: _value_of(item) for key, item in node.items()}
    name = _present_name(node["$type"])
    if name in ENUMS:
        return _member(ENUMS[name], node.get("$value"))
    if name in CLASSES:
        return _object_of(node, CLASSES[name], CLASSES[name])
    if name == _TUPLE and isinstance(node.get("$data"), list):
        return tuple(map(_value_of, node["$data"]))
    raise SnapshotError(f"A configuration holds an unknown type: {name!r:.100}.")


def _member(kind: type[Enum], value: Any) -> Enum:
    if issubclass(kind, Flag):
        if type(value) is not int or value < 0:
            raise SnapshotError(f"{value!r:.80} is no {kind.__name__}.")
        known = sum(member.value for member in kind)
        if value & ~known:
            warnings.warn(
                f"A configuration sets bits of {kind.__name__} that have no meaning any more "
                f"({value & ~known}); they are left out.",
                UserWarning,
                stacklevel=2,
            )
        return kind(value & known)
    try:
        return kind(value)
    except (ValueError, TypeError):
        raise SnapshotError(f"{value!r:.80} is no {kind.__name__}.") from None


def _present_name(name: Any) -> str:
    text = str(name)
    for old in _OLD_MODULES:
        text = text.replace(old, _MODULE)
    return text


def _dict_in(node: Node, key: str) -> Node:
    value = node.get(key)
    if not isinstance(value, dict):
        raise SnapshotError(f"A configuration has no object at {key!r}.")
    return value


def _defined(name: Any, home: type[Any]) -> type[Any]:
    """Give the class of that name, the newest if it was defined several times."""
    found = [kind for kind in _with_subclasses(home) if name_of(kind) == name]
    if not found:
        warnings.warn(
            f"The configuration class {name!r:.100} is not defined here, so its configuration "
            f"becomes a {home.__name__}; define or import the class before loading.",
            UserWarning,
            stacklevel=2,
        )
    return found[-1] if found else home


def _with_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for subclass in type.__subclasses__(kind):
        yield from _with_subclasses(subclass)


def _may_be_set(kind: type[Any], name: str) -> bool:
    """Tell whether an attribute of that name hides neither a method nor a property."""
    if not name.isidentifier() or name.startswith("__"):
        return False
    found = inspect.getattr_static(kind, name, None)
    return not callable(found) and not hasattr(type(found), "__get__")
