"""Knowing a session's token again without keeping it: by a salted hash.

A record of a session lies next to the notebook and travels with it, so it must not help
to find the token. The hash is PBKDF2 with a salt, of tokens only that are long enough not
to be guessed: trying a word takes about as long for somebody who guesses as for the
check before an export, which has thousands of words to try.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, Field

#: A shorter token could be guessed from its hash (characters).
SHORTEST = 16

#: Of a new hash: about 0.2 ms for a word, so 10,000 words take seconds.
_ROUNDS = 1000

#: What tokens consist of, and what may stand between a token and other words.
_WORD = re.compile(r"[\w.~+/=:-]+", re.ASCII)
_BETWEEN = re.compile(r"[_.~+/=:-]")


class TokenMark(BaseModel):
    """A token's salted hash.

    Attributes
    ----------
    salt
        Of the archive, so that a token of many sessions has one hash.
    rounds
        Of PBKDF2.
    length
        Of the token (characters), which spares most words from being tried.
    pbkdf2_sha256
        The hash, in hexadecimal.
    """

    salt: str
    rounds: Annotated[int, Field(ge=1, le=100_000)]  # a crafted file does not hold up anybody
    length: Annotated[int, Field(ge=SHORTEST, le=100_000)]
    pbkdf2_sha256: str


def token_mark(token: str, salt: str) -> TokenMark | None:
    """Give the hash of a token; None if it is too short, or no single word."""
    if len(token) < SHORTEST or not _WORD.fullmatch(token):
        return None
    hashed = _hashed(token, salt, _ROUNDS)
    return TokenMark(salt=salt, rounds=_ROUNDS, length=len(token), pbkdf2_sha256=hashed)


def marked_words(text: str, marks: Iterable[TokenMark]) -> Iterator[tuple[int, int]]:
    """Find the words of a text that are one of the tokens: where each begins and ends."""
    by_kind: dict[tuple[str, int, int], set[str]] = {}
    for mark in marks:
        kind = (mark.salt, mark.rounds, mark.length)
        by_kind.setdefault(kind, set()).add(mark.pbkdf2_sha256)
    for (salt, rounds, length), hashes in by_kind.items():
        for start in _starts_of_words(text, length):
            if _hashed(text[start : start + length], salt, rounds) in hashes:
                yield start, start + length


def _starts_of_words(text: str, length: int) -> Iterator[int]:
    """Find the words, and parts of them between separators, that have this length."""
    for run in _WORD.finditer(text):
        first, last = run.span()
        if last - first < length:
            continue
        starts = {first, *(at.end() for at in _BETWEEN.finditer(text, first, last))}
        starts |= {at.start() for at in _BETWEEN.finditer(text, first, last)}
        for start in sorted(starts):
            end = start + length
            if end == last or (
                end < last and (_BETWEEN.match(text, end) or _BETWEEN.match(text, end - 1))
            ):
                yield start


@functools.lru_cache(maxsize=100_000)
def _hashed(word: str, salt: str, rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", word.encode(), salt.encode(), rounds).hex()
