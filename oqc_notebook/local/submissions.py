"""What the bodies of requests must look like."""

from __future__ import annotations

from typing import Any

from oqc_notebook.local.configs import ConfigError, read_config
from oqc_notebook.local.errors import ApiError, quote
from oqc_notebook.local.qpus import Qpu
from oqc_notebook.local.tasks import Submission


def text_field(body: dict[str, Any], name: str) -> str:
    """Return a field that must be there and be text."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(400, f"{name} is {quote(value)}; it must be text")
    return value


def optional_text_field(body: dict[str, Any], name: str) -> str | None:
    """Return a field that is text, null or missing."""
    return None if body.get(name) is None else text_field(body, name)


def tag_field(body: dict[str, Any]) -> str | None:
    """Return the tag; clients send an empty one for none."""
    return None if body.get("tag") == "" else optional_text_field(body, "tag")


def list_field(body: dict[str, Any], name: str) -> list[Any]:
    """Return a field that must be a list with something in it."""
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise ApiError(400, f"{name} is {quote(value)}; it must be a list that is not empty")
    return value


def whole_number(value: Any, name: str, least: int, most: int) -> int:
    """Return a value that must be a whole number within limits."""
    if type(value) is not int or not least <= value <= most:
        raise ApiError(400, f"{name} is {quote(value)}; it must be from {least} to {most}")
    return value


def read_submission(item: dict[str, Any], qpu: Qpu) -> Submission:
    """Read one entry of the list of tasks in a submission.

    Parameters
    ----------
    item
        The entry.
    qpu
        The QPU that it names.

    Raises
    ------
    ApiError
        If the entry cannot become a task. Whether its program is one shows when it runs.
    """
    program = text_field(item, "program")
    external = item.get("external_config")
    if external:
        asked = ", ".join(external) if isinstance(external, dict) else quote(external)
        raise ApiError(400, f"external_config asks for {asked}, which {qpu.name} does not simulate")
    config = optional_text_field(item, "config")
    try:
        read = read_config(config, qpu.max_shots)
    except ConfigError as error:
        raise ApiError(400, str(error)) from error
    return Submission(
        program=program,
        config=config,
        shots=read.shots,
        results_format=read.results_format,
        warning=read.warning,
        tag=tag_field(item),
    )
