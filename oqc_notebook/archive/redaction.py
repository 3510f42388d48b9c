"""Taking secrets out of texts that are written down."""

from __future__ import annotations

import os
import re
from typing import Any

#: What stands in place of a secret.
HIDDEN = "<hidden>"

#: What stands there in an export that was made without secrets.
REMOVED = "[token removed]"

#: A shorter text may occur by chance (characters).
_SHORTEST = 6

_NAME = r"[\w-]*(?:token|passw|secret|credential|api[-_]?key)[\w-]*"
_IS_SECRET = re.compile(_NAME, re.IGNORECASE)

#: A text that is given to a name which says that it is a secret.
_GIVEN = re.compile(
    rf"({_NAME}[\"']?\]?(?:\s*[=:,]|\s*:\s*[\w.|\[\] ]+=)\s*(?:\(\s*)?[rbfu]{{0,2}})"
    r"(\"\"\"|'''|\"|')((?:(?!\2)[^\n])+)\2",
    re.IGNORECASE,
)
#: The same without quotes: for the environment, by a magic or in a shell. No reference to a name.
_IN_ENVIRONMENT = re.compile(
    rf"((?:%(?:set_)?env[ \t]+{_NAME}(?:[ \t]*=|[ \t])|(?:\bexport[ \t]+|![ \t]*){_NAME}=)[ \t]*)"
    r"(?!=)[^\s\"'\\<>&;{}$\[]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer\s+)[\w.~+/=-]{6,}", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?")
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@\"']+@")

#: Secrets that sessions of this process were given.
_known: set[str] = set()


def remember(*secrets: str | None) -> None:
    """Take down secrets that are to be left out from now on."""
    _known.update(secret for secret in secrets if secret and len(secret) >= _SHORTEST)


def remember_credential(credential: Any) -> None:
    """Take down the secrets of a session's credential."""
    fields: dict[str, Any] = getattr(credential, "__dict__", {})
    for name, value in fields.items():
        if isinstance(value, str) and _IS_SECRET.search(name):
            remember(value)


def tokens_of(credential: Any) -> list[str]:
    """Give the tokens that a session's credential holds."""
    fields: dict[str, Any] = getattr(credential, "__dict__", {})
    return [value for name, value in fields.items() if isinstance(value, str) and "token" in name]


def redacted(text: str, mark: str = HIDDEN) -> str:
    """Give a text with what is, or looks like, a secret replaced by `mark`.

    Those are the tokens and passwords of this process's sessions and of its environment
    (``OQC_AUTH_TOKEN`` and the like), what is given to names such as ``token``, Bearer
    values and JSON web tokens.
    """
    text = without_known(text, mark)
    text = _GIVEN.sub(rf"\1\2{mark}\2", text)
    text = _IN_ENVIRONMENT.sub(rf"\1{mark}", text)
    text = _BEARER.sub(rf"\1{mark}", text)
    text = _JWT.sub(mark, text)
    return _IN_ADDRESS.sub(f"{mark}@", text)


def without_known(text: str, mark: str = HIDDEN) -> str:
    """Give a text with the secrets of this process replaced, whatever they are called in it."""
    for secret in sorted(_known | _of_environment(), key=len, reverse=True):
        text = text.replace(secret, mark)
    return text


def _of_environment() -> set[str]:
    return {
        value
        for name, value in os.environ.items()
        if name.startswith("OQC_") and _IS_SECRET.search(name) and len(value) >= _SHORTEST
    }
