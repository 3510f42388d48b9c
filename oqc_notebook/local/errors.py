"""Refusals of the service and how their texts quote what was sent."""

from __future__ import annotations

import json
from typing import Any

_QUOTE_LENGTH = 60


class ApiError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status
        HTTP status of the answer.
    text
        What is wrong, for the person who reads it.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def quote(value: Any) -> str:
    """Return a value that came from outside as short JSON text, for use in an error."""
    text = json.dumps(value, default=lambda _: "...")
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 3] + "..."
