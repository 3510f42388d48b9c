"""Secrets in what is to be exported: where they are, and taking them out.

Looked for are JSON web tokens, values of ``Authentication-Token`` and ``Bearer``, and the
tokens of the sessions that the archive records, by their salted hashes.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nbconvert.filters import strip_ansi
from pydantic import ValidationError

from oqc_notebook.archive.cells import mark_of
from oqc_notebook.archive.formats import SessionFile
from oqc_notebook.archive.records import inputs_sha256
from oqc_notebook.archive.redaction import REMOVED
from oqc_notebook.archive.token_marks import TokenMark, marked_words
from oqc_notebook.export.bundle import Bundle
from oqc_notebook.sdk import Job
from oqc_notebook.sdk.persistence import load_file

#: Its header is short: encoded data may begin like one again and again.
_JWT = re.compile(r"(eyJ[\w-]{1,4000}+)\.[\w-]+(?:\.[\w-]*)?", re.ASCII)
_VALUE = r"([\w.~+/=-]{8,})"
#: What a text in Python begins with.
_PREFIX = r"(?:[bfru]{1,2}(?=[\"']))?"
#: The header, also as a column of a table; and the argument of that name, where what it is given
#: is quoted.
_HEADER = re.compile(
    rf"Authentication(?:-Token[\"'\\\]]*(?:\s*[:=,]\s*|[ \t]+){_PREFIX}[\"'\\]*"
    rf"|_Token[\"'\\\]]*(?::\s*\w+)?\s*[:=,]\s*{_PREFIX}\\?[\"']{{1,3}}){_VALUE}",
    re.IGNORECASE | re.ASCII,
)
_BEARER = re.compile(rf"\bBearer\s+{_VALUE}", re.IGNORECASE | re.ASCII)

#: What stands in a text without being read: a line's end as Python writes it, and tags of HTML.
_LINE_END = re.compile(r"\\[nrt]")
_TAG = re.compile(r"<[^<>]*>")

#: A value as long as this is a token even without a digit; a word of prose is shorter.
_LONG = 20

#: How many places an error names.
_NAMED = 5


@dataclass(frozen=True)
class Secret:
    """A secret that was found.

    Attributes
    ----------
    place
        Where: "cell 3, output 1 (text)", or a file of the archive and the place in it.
    kind
        What it is, in words, with its length.
    text
        The secret itself, which nothing shows.
    """

    place: str
    kind: str
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}"


class SecretsFoundError(ValueError):
    """There are secrets in what is to be exported.

    Attributes
    ----------
    secrets : list of Secret
        Where they are.
    """

    def __init__(self, secrets: list[Secret], remedy: str) -> None:
        self.secrets = secrets
        named = "; ".join(map(str, secrets[:_NAMED]))
        more = f"; and {len(secrets) - _NAMED} more" if len(secrets) > _NAMED else ""
        super().__init__(f"Not exported, since it holds secrets. {named}{more}. {remedy}")


def without_secrets(bundle: Bundle, *, redact: bool, remedy: str) -> Bundle:
    """Give a bundle that holds no secrets: itself, or a redacted copy.

    Parameters
    ----------
    bundle
        What is to be exported.
    redact
        Whether secrets are replaced in a copy; else they are an error.
    remedy
        What the error says can be done.

    Raises
    ------
    SecretsFoundError
        If there are secrets, and `redact` is not given.
    """
    found = find_secrets(bundle)
    if found and redact:
        bundle = _redacted(bundle, {secret.text for secret in found})
        found = find_secrets(bundle)
    if found:
        raise SecretsFoundError(found, remedy)
    return bundle


def find_secrets(bundle: Bundle) -> list[Secret]:
    """Find the secrets in the notebook's cells and outputs, and in the archive's files."""
    marks = _marks_of(bundle)
    found = []
    for name, content in bundle.files.items():
        for steps, text in _texts(name, content):
            place = _in_notebook(steps) if name == bundle.notebook else _in_file(name, steps)
            key = steps[-1] if steps else ""
            found += [Secret(place, *each) for each in _secrets_in(text, key, marks)]
    return list(dict.fromkeys(found))


def _marks_of(bundle: Bundle) -> list[TokenMark]:
    marks = []
    for name, content in bundle.files.items():
        if name.startswith(f"{bundle.sidecar}/sessions/") and name.endswith(".json"):
            try:
                marks += SessionFile.model_validate_json(content).tokens
            except ValidationError:
                continue
    return marks


def _secrets_in(text: str, key: str | int, marks: list[TokenMark]) -> Iterator[tuple[str, str]]:
    """Find the secrets of a text: of what kind they are, and themselves."""
    text = _LINE_END.sub("\n", strip_ansi(text))
    if isinstance(key, str) and key.lower() == "authentication-token":
        text = f"{key}: {text}"
    if key == "text/html":
        text += "\n\n" + " ".join(html.unescape(_TAG.sub(" ", text)).split())
    found: dict[str, str] = {}
    for match in _JWT.finditer(text):
        if _is_header(match[1]):
            found[match[0]] = "a JSON web token"
    for kind, pattern in (("Authentication-Token", _HEADER), ("Bearer", _BEARER)):
        for match in pattern.finditer(text):
            if len(match[1]) >= _LONG or re.search(r"\d", match[1]):
                found.setdefault(match[1], f"the value of {kind}")
    for start, end in marked_words(text, marks):
        found[text[start:end]] = "the token of a session"
    for secret, kind in found.items():
        yield f"{kind}, {len(secret)} characters", secret


def _is_header(part: str) -> bool:
    """Whether this is the first part of a JSON web token, and not just any base64."""
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return False
    return isinstance(header, dict) and "alg" in header


# ---- where ----


def _texts(name: str, content: bytes) -> Iterator[tuple[list[str | int], str]]:
    """Give all texts of a file, each with the steps that lead to it."""
    text = content.decode(errors="replace")
    try:
        if name.endswith(".jsonl"):
            lines = enumerate(text.splitlines(), 1)
            for steps, value in [(f"line {n}", json.loads(line)) for n, line in lines if line]:
                yield from _texts_of(value, [steps])
        else:
            yield from _texts_of(json.loads(text), [])
    except (ValueError, RecursionError):  # no JSON, or not to its end
        for number, line in enumerate(text.splitlines(), 1):
            yield [f"line {number}"], line


def _texts_of(value: Any, steps: list[str | int]) -> Iterator[tuple[list[str | int], str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, list):
        if value and all(isinstance(line, str) for line in value):  # as notebooks keep text
            yield steps, "".join(value)
            for line in value:
                yield steps, line
            return
        for index, item in enumerate(value):
            yield from _texts_of(item, [*steps, index])
    elif isinstance(value, dict):
        for key, item in value.items():
            yield [*steps, "a name"], key
            yield from _texts_of(item, [*steps, key])


def _in_notebook(steps: list[str | int]) -> str:
    match steps:
        case ["cells", int(cell), "outputs", int(output), *rest]:
            kinds = [step for step in rest if isinstance(step, str) and step != "data"]
            return f"cell {cell + 1}, output {output + 1}" + (f" ({kinds[0]})" if kinds else "")
        case ["cells", int(cell), *rest]:
            part = "" if rest[:1] == ["source"] else f" ({rest[0]})" if rest else ""
            return f"cell {cell + 1}{part}"
        case _:
            return f"the notebook's {_written(steps)}"


def _in_file(name: str, steps: list[str | int]) -> str:
    return f"{name}, {_written(steps)}"


def _written(steps: list[str | int]) -> str:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return written.lstrip(".")


# ---- taking them out ----


def _redacted(bundle: Bundle, secrets: set[str]) -> Bundle:
    """Replace secrets in a copy.

    A cell or a program that held one is another one afterwards. Runs name them by their
    hashes, so those are replaced, too: then a replay finds them.
    """
    longest_first = sorted(secrets, key=len, reverse=True)
    hashes: dict[bytes, bytes] = {}
    files = {}
    for name, content in bundle.files.items():
        clean = content
        for secret in longest_first:
            clean = clean.replace(secret.encode(), REMOVED.encode())
        files[name] = clean
        if clean != content:
            then, now = _hashes_in(name, content), _hashes_in(name, clean)
            hashes |= {old: new for old, new in zip(then, now, strict=False) if old != new}
    for old, new in hashes.items():
        files = {name: content.replace(old, new) for name, content in files.items()}
    return Bundle(bundle.notebook, files)


def _hashes_in(name: str, content: bytes) -> list[bytes]:
    """Give the hashes of the cells that a file holds, and that of the inputs of its job."""
    sources = [text for steps, text in _texts(name, content) if steps[-1:] == ["source"]]
    hashes = [mark_of(source) for source in sources]
    with contextlib.suppress(ValueError, TypeError, AttributeError):  # it is no job
        job = load_file(content, name, None)
        if isinstance(job, Job):
            hashes.append(inputs_sha256(job))
    return [hash_.encode() for hash_ in hashes]
