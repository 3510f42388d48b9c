"""The classes that configurations are made of, and comparing and copying them."""

from __future__ import annotations

import copy
from enum import Enum
from typing import Any

from compiler_config.config import (
    CalibrationArguments,
    CompilerConfig,
    ErrorMitigationConfig,
    InlineResultsProcessing,
    MetricsType,
    OptimizationConfig,
    Qasm2Optimizations,
    Qasm3Optimizations,
    QatOptimizations,
    QIROptimizations,
    Qiskit,
    QiskitOptimizations,
    QuantumResultsFormat,
    ResultsFormatting,
    Tket,
    TketOptimizations,
)
from compiler_config.experimental.erado.config import (
    EradoConfig,
    ErasureModel,
    IdlingErrorConfig,
)

#: The enums, by the names that the library writes.
ENUMS: dict[str, type[Enum]] = {
    f"<enum '{kind.__module__}.{kind.__name__}'>": kind
    for kind in (
        ErasureModel,
        ErrorMitigationConfig,
        InlineResultsProcessing,
        MetricsType,
        QatOptimizations,
        QiskitOptimizations,
        ResultsFormatting,
        TketOptimizations,
    )
}
ENUM_NAMES = {kind: name for name, kind in ENUMS.items()}
#: The other classes, by the names that the library writes.
CLASSES: dict[str, type[Any]] = {
    str(kind): kind
    for kind in (
        CalibrationArguments,
        CompilerConfig,
        EradoConfig,
        IdlingErrorConfig,
        OptimizationConfig,
        Qasm2Optimizations,
        Qasm3Optimizations,
        QIROptimizations,
        Qiskit,
        QuantumResultsFormat,
        Tket,
    )
}
LIBRARY = tuple(CLASSES.values())
#: The types of values that JSON holds as they are.
LEAVES = frozenset({type(None), bool, int, float, str})


def library_class(kind: type[Any]) -> type[Any]:
    """Give the library's class that this one is or comes from."""
    return next(base for base in kind.__mro__ if base in LIBRARY)


def name_of(kind: type[Any]) -> str:
    """Give the full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def same(one: Any, other: Any) -> bool:
    """Tell whether two configurations are written alike."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in LEAVES:
        # as text, because 0.0 equals -0.0
        return repr(one) == repr(other)
    if kind in (list, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if kind is dict:
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return not isinstance(one, Enum) and hasattr(one, "__dict__") and same(vars(one), vars(other))


def duplicate(value: Any) -> Any:
    """Give a configuration like this one that shares nothing with it."""
    kind = type(value)
    if kind in LEAVES or isinstance(value, Enum):
        return value
    if kind is list:
        return [duplicate(item) for item in value]
    if kind is dict:
        return {key: duplicate(item) for key, item in value.items()}
    if isinstance(value, LIBRARY):
        made = object.__new__(kind)
        vars(made).update((name, duplicate(item)) for name, item in vars(value).items())
        return made
    return copy.deepcopy(value)
