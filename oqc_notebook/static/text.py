"""Jobs and composites as plain text, from the facts of :mod:`oqc_notebook.static.view`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from textwrap import indent
from typing import Any

from oqc_notebook.sdk.frames import bit_order
from oqc_notebook.static.view import SYMBOLS

#: Rows of a composite that are shown without a kernel.
ROWS_SHOWN = 200

#: Longest piece of a program that is shown without a kernel (characters).
PROGRAM_SHOWN = 4000

#: Control characters but tab and line feed, those that turn the direction of text, are not
#: drawn or take no room, line separators, and halves of surrogate pairs, which no file can hold.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)

_BAR_CHARACTERS = 20

#: Longest bitstring that the row of a child has in full.
_LONGEST_BITS = 24


def visible(text: object) -> str:
    r"""Give a text with its unseen characters written out, as ``\u202e``.

    So what stands in a program, an error or a file cannot make a reader see another
    order of characters than there is.
    """
    return _UNSEEN.sub(lambda match: _written_out(match[0]), str(text))


def one_line(text: object) -> str:
    """Give a text as it stands in one line, so that it cannot look like lines of its own."""
    return " ".join(visible(text).split())


def first_line(text: object) -> str:
    """Give the first line of a text, such as an error without the excerpt of the program."""
    first, _, rest = str(text).strip().partition("\n")
    return f"{one_line(first)} …" if rest else one_line(first)


def _written_out(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# ---- figures ----


def duration(seconds: float | None) -> str:
    """Give seconds as people say them; nothing for None."""
    if seconds is None:
        return ""
    seconds = max(seconds, 0.0)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours}:{minutes:02}:{rest:02}" if hours or days else f"{minutes:02}:{rest:02}"
    return f"{days} d {clock}" if days else clock


def time_of(iso: str | None) -> str:
    """Give an ISO time to the second, in UTC; one without a zone says so."""
    if iso is None:
        return ""
    time = datetime.fromisoformat(iso)
    if time.tzinfo is None:
        return f"{time:%Y-%m-%d %H:%M:%S} (zone unknown)"
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def percent(count: int, total: int) -> str:
    """Give a share in per cent; what is there is not told as none, nor what is not all as all."""
    if not total:
        return ""
    share = 100 * count / total
    if 0 < share < 0.05:
        return "<0.1 %"
    return ">99.9 %" if 99.95 <= share < 100 else f"{share:.1f} %"


def as_of(view: dict[str, Any]) -> str:
    """Give the time that a view stands for: when the run ended, or else now.

    The end of a run does not change any more, so that the same job gives the same
    text at any later time. What is in flight and not followed stands as it was last heard.
    """
    if unfollowed := view["unfollowed"]:
        since = time_of(unfollowed["since"]) or "a time that is not known"
        return f"{since}, not followed since then: {unfollowed['why']}"
    ends: list[str] = []
    if view["kind"] == "composite":
        ends = [view["ended"]] if view["ended"] else []
    elif view["state"] in ("COMPLETED", "FAILED", "CANCELLED"):
        ends = [view["times"][view["state"]]] if view["state"] in view["times"] else []
        ends = ends or [run["received"] for run in view["runs"][:1] if run["received"]]
    return time_of(ends[0] if ends else datetime.now(UTC).isoformat())


def title(view: dict[str, Any]) -> str:
    """Give what a job is called."""
    kind = "Composite job" if view["kind"] == "composite" else "Job"
    called = view["name"] or view.get("label")
    return f"{kind} {one_line(called)}" if called else kind


def qpus(view: dict[str, Any]) -> str:
    """Give the QPUs of a view."""
    names = view["qpus"] if view["kind"] == "composite" else [view["qpu"]["name"]]
    return one_line(", ".join(names))


def tally(view: dict[str, Any]) -> str:
    """Give how many children are in which state."""
    return ", ".join(f"{SYMBOLS[s]} {n} {s}" for s, n in view["tallies"].items())


# ---- texts ----


def job_text(view: dict[str, Any]) -> str:
    """Give a job as text.

    Parameters
    ----------
    view
        What :func:`.view.job_view` gives.
    """
    lines = [_headline(view, [f"{view['shots']} shots"])]
    if view["error"]:
        lines.append(indent(error_line(view["error"]), "  "))
    for register in view["registers"]:
        name = one_line(register["name"])
        lines.append(f"  Counts of register {name} ({bit_order(name)}):")
        lines += [f"    {line}" for line in _bars(register)]
    if view["other_data"]:
        lines.append(f"  Result: {visible(view['other_data'])}")
    if view["runs"]:
        lines.append(f"  Runs: {view['run_count']}")
        lines += [f"    {line}" for line in _table(map(run_cells, view["runs"]))]
        lines += _more(view["run_count"] - len(view["runs"]), "earlier")
    return "\n".join(lines)


def composite_text(view: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Give a composite as text.

    Parameters
    ----------
    view
        What :func:`.view.composite_view` gives.
    rows
        What :func:`.view.row_view` gives for each child; at most 200 are shown.
    """
    lines = [_headline(view, [f"{view['children']} children"]), f"  {tally(view)}"]
    shown = [row_cells(index, row) for index, row in enumerate(rows[:ROWS_SHOWN])]
    lines += [f"    {line}" for line in _table(shown)]
    return "\n".join(lines + _more(len(rows) - ROWS_SHOWN, "more"))


def listing_text(
    headline: str, heads: Sequence[str], rows: Sequence[Sequence[str]], more: int = 0
) -> str:
    """Give a table of texts, such as the jobs of a session.

    Parameters
    ----------
    headline
        What is listed.
    heads
        The names of the columns; states stand below "state".
    rows
        The cells.
    more
        How many rows were left out.
    """
    states = [head == "state" for head in heads]
    shown = [
        [f"{SYMBOLS[cell]} {cell}" if is_state else one_line(cell) for cell, is_state in cells]
        for cells in (zip(row, states, strict=True) for row in rows)
    ]
    table = [f"  {line}" for line in _table([list(heads), *shown])] if shown else []
    return "\n".join([one_line(headline), *table, *_more(more, "more")])


def run_cells(run: dict[str, Any]) -> list[str]:
    """Give a run of a history as the cells of a row."""
    return [
        str(run["run"]),
        time_of(run["received"]) or "time unknown",
        duration(run["took_s"]),
        f"{run['symbol']} {run['state']}",
        first_line(error_line(run["error"])) if run["error"] else "",
    ]


def _short(bits: str) -> str:
    """Give a bitstring so that three of them have room in a row: the ends of a long one."""
    return bits if len(bits) <= _LONGEST_BITS else f"{bits[:10]}…{bits[-10:]}"


def row_cells(index: int, row: dict[str, Any]) -> list[str]:
    """Give a child of a composite as the cells of a row."""
    counts = ", ".join(f"{_short(one_line(bits))}: {count}" for bits, count in row["top"])
    if row["total"] > sum(count for _, count in row["top"]):
        counts += ", …"
    return [
        str(index),
        one_line(row["label"]),
        one_line(row["qpu"]),
        f"{SYMBOLS[row['state']]} {row['state']}",
        duration(row["took_s"]),
        counts,
        first_line(row["error"] or ""),
    ]


def error_line(error: dict[str, Any]) -> str:
    """Give an error as one text, with its code where it has one."""
    code = error["code"]
    coded = "" if code is None or code < 0 else f"{code}: "
    return f"{coded}{visible(error['message'])}"


def other_line(register: dict[str, Any]) -> str:
    """Give what a register holds besides the bitstrings that are shown; nothing if nothing."""
    bitstrings, shots = register["other"]
    return f"other: {bitstrings} bitstrings, {shots} shots" if bitstrings else ""


def _headline(view: dict[str, Any], more: list[str]) -> str:
    facts = [f"{title(view)}: {view['symbol']} {view['state']} on {qpus(view)}"]
    if view["simulated"]:
        facts.append("SIMULATED")
    if view.get("cancel_requested"):
        facts.append("cancel requested")
    return ", ".join([*facts, *more, f"as of {as_of(view)}"])


def _bars(register: dict[str, Any]) -> Iterable[str]:
    total = register["total"]
    most = max((count for _, count in register["bars"]), default=0)
    for bits, count in register["bars"]:
        bar = "█" * round(_BAR_CHARACTERS * count / most) if most else ""
        yield f"{one_line(bits)}  {bar:<{_BAR_CHARACTERS}}  {count}  {percent(count, total)}"
    if other := other_line(register):
        yield other


def _table(rows: Iterable[list[str]]) -> Iterable[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        yield "  ".join(cells).rstrip()


def _more(count: int, word: str) -> list[str]:
    return [f"    … and {count} {word}"] if count > 0 else []
