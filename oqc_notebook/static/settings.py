"""A configuration in words: what it asks for, one line for each setting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, Flag
from typing import Any

from compiler_config.config import (
    CompilerConfig,
    InlineResultsProcessing,
    QuantumResultsFormat,
    ResultsFormatting,
)

from oqc_notebook.sdk.configs import DEFAULT_SHOTS

#: As the methods of QuantumResultsFormat are called.
_FORMATS = {
    InlineResultsProcessing.Raw: "raw",
    InlineResultsProcessing.Binary: "binary",
    InlineResultsProcessing.NumpyArrays: "numpy arrays",
}


def settings_of(config: Any) -> list[tuple[str, str]]:
    """Give the settings of a configuration by name, in words.

    Parameters
    ----------
    config
        The configuration, only to be read; None asks for the defaults.

    Returns
    -------
    list of (str, str)
        Shots, results format and optimizations always; others where they are not what
        they are by default.
    """
    if config is None:
        return [
            ("shots", f"{DEFAULT_SHOTS} (default)"),
            ("results format", "binary count (default)"),
            ("optimizations", "default"),
        ]
    told = vars(config)
    repeats = told.get("repeats")
    settings = [
        ("shots", f"{DEFAULT_SHOTS} (default)" if repeats is None else str(repeats)),
        ("results format", _written(told.get("results_format"))),
        ("optimizations", _written(told.get("optimizations"))),
    ]
    if type(config) is not CompilerConfig:
        settings.insert(0, ("kind", type(config).__name__))
    usual = vars(CompilerConfig())
    for name, value in told.items():
        if name in ("repeats", "results_format", "optimizations"):
            continue
        if name not in usual or _written(value) != _written(usual[name]):
            settings.append((name.replace("_", " "), _written(value)))
    return settings


def _written(value: Any) -> str:
    """Give a setting's value in words."""
    match value:
        case None:
            return "default"
        case bool():
            return "yes" if value else "no"
        case QuantumResultsFormat():
            return _format(value)
        case Flag():
            return ", ".join(str(member.name) for member in value) or str(value.name)
        case Enum():
            return value.name
        case list() | tuple():
            return ", ".join(map(_written, value)) or "none"
        case Mapping():
            return json.dumps(value, ensure_ascii=False, default=str)
        case str() | int() | float():
            return str(value)
    try:
        parts = vars(value)
    except TypeError:
        return str(value)
    inside = ", ".join(
        _written(each) if isinstance(each, Enum) else f"{name.replace('_', ' ')}: {_written(each)}"
        for name, each in parts.items()
        if each is not None and getattr(each, "name", "") != "Empty"
    )
    return f"{type(value).__name__}: {inside}" if inside else type(value).__name__


def _format(results: QuantumResultsFormat) -> str:
    transforms = getattr(results, "transforms", None)
    if transforms is not None and ResultsFormatting.BinaryCount in transforms:
        return "binary count"
    words = _FORMATS.get(getattr(results, "format", None), "default")
    if transforms is not None and ResultsFormatting.SquashBinaryResultArrays in transforms:
        return f"{words}, squashed"
    return words
