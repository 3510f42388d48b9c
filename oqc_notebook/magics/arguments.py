"""From a magic's line to its arguments, and the help that says what they are."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import textwrap
from typing import NoReturn

from IPython.core.error import UsageError

from oqc_notebook.magics.table import Magic

NO_SECRETS_HERE = (
    "a token does not belong on this line, where the notebook and its history keep it. Set "
    "OQC_AUTH_TOKEN before Jupyter starts, or leave it out and you are asked for it. Now "
    "clear this cell, and have the token replaced."
)

#: An option or assignment that looks like a secret's.
_SECRET = re.compile(
    r"(?:^|\s)(?:-+[\w-]*(?:token|passw|secret|credential|api-?key|email)"
    r"|[\w-]*(?:token|passw|secret|credential|api[-_]?key)[\w-]*\s*=)",
    re.IGNORECASE,
)


#: A shorter text may be in a line by chance (characters).
_SHORTEST_TOKEN = 6


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def parsed(magic: Magic, line: str) -> argparse.Namespace:
    """Read the line of a magic.

    Raises
    ------
    UsageError
        If it does not fit; the message is one line, and never repeats what may be a
        secret.
    """
    refuse_secrets(magic, line)
    try:
        return _parser(magic).parse_intermixed_args(_words(line))
    except (ValueError, argparse.ArgumentError) as exc:
        said = str(exc)
        if magic.name == "oqc_connect":  # the words that do not fit may be a token
            said = "this does not fit" if "unrecognized" in said else said
        raise UsageError(f"{said}. Usage: {magic.usage}") from None


def refuse_secrets(magic: Magic, line: str) -> None:
    """Refuse a line that holds a token or a password, without repeating it.

    Raises
    ------
    UsageError
        If it holds one.
    """
    known = os.environ.get("OQC_AUTH_TOKEN") or ""
    if _SECRET.search(line) or (len(known) >= _SHORTEST_TOKEN and known in line):
        raise UsageError(NO_SECRETS_HERE)
    if magic.name == "oqc_connect" and _holds_a_stray_word(magic, line):
        raise UsageError(NO_SECRETS_HERE)


def _holds_a_stray_word(magic: Magic, line: str) -> bool:
    """Tell whether a word of the line is neither an option, nor its value, nor an address."""
    options = {argument.flag for argument in magic.arguments if argument.flag.startswith("--")}
    try:
        words = _words(line)
    except ValueError:
        return False
    return any(
        not word.startswith("--")
        and before not in options
        and re.fullmatch(r"https?://[^@?#\s]+", word) is None
        for before, word in zip(["", *words], words, strict=False)
    )


def help_text(magic: Magic) -> str:
    """Give the help of a magic: usage, what it does, its arguments, examples."""
    parts = [magic.usage, magic.summary]
    if magic.details:
        parts.append(textwrap.fill(magic.details, 88))
    if magic.arguments:
        width = max(len(argument.name) for argument in magic.arguments)
        rows = [f"  {argument.name:{width}}  {argument.help}" for argument in magic.arguments]
        parts.append("\n".join(["Arguments:", *rows]))
    if magic.examples:
        examples = "\n\n".join(textwrap.indent(cell, "  ") for cell in magic.examples)
        if not magic.is_cell:
            examples = examples.replace("\n\n", "\n")
        parts.append(f"Examples:\n{examples}")
    return "\n\n".join(parts) + "\n"


def _words(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split = True
    reader.commenters = ""
    reader.escape = ""  # a path of Windows is full of backslashes
    return list(reader)


def _parser(magic: Magic) -> _Parser:
    parser = _Parser(prog=magic.written, add_help=False, allow_abbrev=False)
    for argument in magic.arguments:
        if argument.kind == "switch":
            parser.add_argument(argument.flag, action="store_true")
        elif argument.flag.startswith("--"):
            parser.add_argument(argument.flag, type=argument.read, metavar=argument.name.split()[1])
        else:
            nargs = None if argument.required else "?"
            parser.add_argument(argument.flag, nargs=nargs, metavar=argument.name)
    return parser
