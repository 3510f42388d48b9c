"""The text of a program: its comments, and places in it."""

from __future__ import annotations

import re
from typing import Any

_COMMENT = re.compile(r"//[^\n]*|/\*.*?(\*/|\Z)", re.DOTALL)
_BEFORE, _AFTER = 40, 50
_INDENT = "    "


class ProgramError(Exception):
    """A program that cannot be run.

    Parameters
    ----------
    text
        What is wrong.
    line, column
        Where, both counted from 1, if it is known.
    """

    def __init__(self, text: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.column = column

    def told(self, program: str) -> str:
        """Return the text for the author of the program, with the place in it."""
        # A parser quotes what it does not know, also what would steer a terminal.
        text = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in self.text)
        if self.line is None:
            return text
        column = self.column or 1
        shown = excerpt(program, self.line, column)
        return f"{self.line}:{column} {text}" + (f"\n{shown}" if shown else "")


def error_at(span: Any, text: str) -> ProgramError:
    """Give an error at the place of a node of OpenQASM 3's parser, where that is known."""
    if span is None:
        return ProgramError(text)
    return ProgramError(text, span.start_line, span.start_column + 1)


def without_comments(program: str) -> str:
    """Return a program with blanks for its comments, so that every place in it stays the same.

    Raises
    ------
    ProgramError
        If a comment has no end.
    """

    def blank(match: re.Match[str]) -> str:
        if match.group(1) == "":
            raise ProgramError("this comment has no end", *place(program, match.start()))
        return re.sub(r"[^\n]", " ", match.group())

    return _COMMENT.sub(blank, program)


def place(program: str, offset: int) -> tuple[int, int]:
    """Return the line and the column of a character, both counted from 1."""
    before = program[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def excerpt(program: str, line: int, column: int) -> str:
    """Return the part of a line around a column, and a caret below it; "" past the end."""
    lines = program.split("\n")
    if not 1 <= line <= len(lines):
        return ""
    # What is no printable character would move the caret, or could not be shown at all.
    text = "".join(char if char.isprintable() else " " for char in lines[line - 1])
    at = min(column - 1, len(text))
    first = max(0, at - _BEFORE) if len(text) > _BEFORE + _AFTER else 0
    last = len(text) if len(text) - at <= _AFTER else at + _AFTER
    start, end = ("…" if first else ""), ("…" if last < len(text) else "")
    shown = f"{_INDENT}{start}{text[first:last]}{end}".rstrip()
    return f"{shown}\n{' ' * (len(_INDENT) + len(start) + at - first)}^"
