"""Completion on the lines of magics: job names, options, QPU ids, saved files."""

from __future__ import annotations

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from oqc_notebook import archive
from oqc_notebook.magics.table import MAGICS, Argument, Magic
from oqc_notebook.magics.workspace import Workspace
from oqc_notebook.sdk.frames import counts_of

#: Before IPython's own matchers, so that what they find in Python can be left out.
_FIRST = 1000


def register(here: Workspace) -> None:
    """Have IPython complete the lines of the magics."""
    by_command = {magic.written: magic for magic in MAGICS}
    # IPython takes the name of a line magic without its percent sign, too
    by_command |= {magic.name: magic for magic in MAGICS if not magic.is_cell}

    @context_matcher(priority=_FIRST, identifier="oqc_notebook")  # type: ignore[untyped-decorator]
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        before, _, word = context.text_until_cursor.rpartition(" ")
        command, *words = before.split() or [""]
        kind, found = "", list[str]()
        if command in by_command:
            kind, found = _candidates(here, by_command[command], words, word)
        return {
            "completions": [SimpleCompletion(x, type=kind) for x in found if x.startswith(word)],
            "matched_fragment": word,
            "suppress": True,
        }

    here.ip.Completer.custom_matchers.append(matcher)


def _candidates(
    here: Workspace, magic: Magic, words: list[str], word: str
) -> tuple[str, list[str]]:
    """Give what may come next, and what kind of thing that is."""
    options = {a.flag: a for a in magic.arguments if a.flag.startswith("--")}
    last = options.get(words[-1]) if words else None
    if last is not None and last.kind != "switch":
        return last.kind, _values(here, last, words)
    if word.startswith("-"):
        return "option", [flag for flag in options if flag not in words]
    positional = [a for a in magic.arguments if not a.flag.startswith("--")]
    given = _positionals(options, words)
    if given >= len(positional):
        return "", []
    return positional[given].kind, _values(here, positional[given], words)


def _positionals(options: dict[str, Argument], words: list[str]) -> int:
    """Count the words that are neither an option nor an option's value."""
    taking = {flag for flag, argument in options.items() if argument.kind != "switch"}
    pairs = zip(["", *words], words, strict=False)
    return sum(word not in options and before not in taking for before, word in pairs)


def _values(here: Workspace, argument: Argument, words: list[str]) -> list[str]:
    match argument.kind:
        case "job":
            return list(here.jobs())
        case "qpu":
            return list(here.qpu_ids())
        case "saved":
            names = [file.name for file in archive.saved(here.latest_session())]
            return [f"'{name}'" if " " in name else name for name in names]
        case "register":
            jobs = here.jobs()
            named = [name for name in words if name in jobs] or [here.latest or ""]
            outputs = jobs[named[0]].outputs if named[0] in jobs else ()
            counts = (counts_of(getattr(output, "data", None)) for output in outputs)
            return list(dict.fromkeys(name for registers in counts for name in registers or ()))
        case _:
            return []
