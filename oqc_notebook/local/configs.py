"""Reads the configuration of a task, which is JSON text from outside.

The text is what ``compiler_config`` writes: objects as ``{"$type": ..., "$data": {...}}`` and flags
as ``{"$type": ..., "$value": n}``. It is read here with the json module and explicit checks only.
compiler_config's own reader builds objects from it and checks no values, which is no way to treat
text that a server is sent.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from oqc_notebook.local.errors import quote

DEFAULT_SHOTS = 1000

_TYPE = re.compile(r"<class '([\w.]+)\.(\w+)'>")
_COMPILER_MODULES = {
    "compiler_config.config",
    "scc.compiler.config",
    "qat.purr.compiler.config",
}
_ERADO_MODULES = {"compiler_config.experimental.erado.config"}

# Flag values of compiler_config: InlineResultsProcessing and ResultsFormatting.
_RAW, _BINARY = 1, 2
_BINARY_COUNT, _SQUASH = 1, 4


class ConfigError(ValueError):
    """A configuration that cannot be used; its text says why."""


@dataclass(frozen=True)
class RunConfig:
    """What a configuration asks of a run.

    Attributes
    ----------
    shots
        Number of shots.
    results_format
        ``"binary_count"``, ``"binary"``, ``"raw"`` or ``"squash"``.
    warning
        What the configuration asks for and a run here does without, or None.
    """

    shots: int = DEFAULT_SHOTS
    results_format: str = "binary_count"
    warning: str | None = None


def read_config(text: str | None, max_shots: int) -> RunConfig:
    """Read the ``config`` text of a submitted task.

    Parameters
    ----------
    text
        JSON text of a CompilerConfig or an EradoConfig; None takes binary counts of 1000 shots.
    max_shots
        Most shots of the QPU that the task is for.

    Raises
    ------
    ConfigError
        If the text cannot be read, or a value in it is not possible.
    """
    if text is None:
        return RunConfig()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError("config is not valid JSON") from error
    if not isinstance(document, dict):
        raise ConfigError("config is not a JSON object")
    match = _TYPE.fullmatch(str(document.get("$type")))
    module, name = match.groups() if match else ("", "")
    data = document.get("$data")
    if not isinstance(data, dict):
        raise ConfigError('config has no "$data" object')
    if name == "CompilerConfig" and module in _COMPILER_MODULES:
        return _compiler_config(data, max_shots)
    if name == "EradoConfig" and module in _ERADO_MODULES:
        return _erado_config(data, max_shots)
    raise ConfigError(
        f"config has the type {quote(document.get('$type'))}; "
        "a CompilerConfig or an EradoConfig is needed"
    )


def _compiler_config(data: dict[str, Any], max_shots: int) -> RunConfig:
    for field in ("repetition_period", "passive_reset_time"):
        if data.get(field) is not None:
            _number(field, data[field], 0, math.inf)
    return RunConfig(
        shots=_shots(data.get("repeats"), max_shots),
        results_format=_results_format(data.get("results_format")),
    )


def _erado_config(data: dict[str, Any], max_shots: int) -> RunConfig:
    for field in ("erasure_rate", "false_positive_rate", "false_negative_rate"):
        if field in data:
            _number(field, data[field], 0, 1)
    return RunConfig(
        shots=_shots(data.get("repeats"), max_shots),
        warning="Warning: this QPU simulates no erasures; the results are those without any.",
    )


def _shots(repeats: Any, max_shots: int) -> int:
    if repeats is None:
        return DEFAULT_SHOTS
    if type(repeats) is not int or not 1 <= repeats <= max_shots:
        raise ConfigError(
            f"repeats (the number of shots) is {quote(repeats)}; "
            f"it must be a whole number from 1 to {max_shots}"
        )
    return repeats


def _number(field: str, value: Any, least: float, most: float) -> None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    if not fits or value == math.inf:
        span = f"from {least} to {most}" if most < math.inf else f"not less than {least}"
        raise ConfigError(f"{field} is {quote(value)}; it must be a number {span}")


def _results_format(document: Any) -> str:
    if document is None:
        return "binary"
    data = document.get("$data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise ConfigError(f"results_format is {quote(document)}; a QuantumResultsFormat is needed")
    processing = _flags("results_format.format", data.get("format"))
    transforms = _flags("results_format.transforms", data.get("transforms"))
    if transforms & _BINARY_COUNT:
        return "binary_count"
    if processing & _RAW and processing & _BINARY:
        raise ConfigError("results_format.format asks for raw and binary results at once")
    if processing & _RAW:
        return "raw"
    return "squash" if transforms & _SQUASH else "binary"


def _flags(field: str, document: Any) -> int:
    if document is None:
        return 0
    value = document.get("$value") if isinstance(document, dict) else None
    if type(value) is not int or value < 0:
        raise ConfigError(f"{field} is {quote(document)}; a flag is needed")
    return value
