"""Jobs and composites as HTML that needs no script, kernel or style sheet of its own.

It is read in notebooks without a kernel, in untrusted ones, on code hosts and in
exports, in light and dark: text takes the colour of the page, states have literal
colours of their own, and only tables, meters and ``details`` are used, which the
sanitizers let through.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from oqc_notebook.sdk.frames import bit_order
from oqc_notebook.static import text as plain
from oqc_notebook.static.text import PROGRAM_SHOWN, ROWS_SHOWN, visible
from oqc_notebook.static.view import SYMBOLS

#: Hides the line "Error displaying widget: model not found" of the panel above, whose
#: twin this is, where the panel could not be drawn.
_HIDE_DEAD_PANEL = (
    "<style>.jp-OutputArea-child:has(> .jp-OutputArea-output.lm-Panel):not(:has(.oqc-live))"
    ":has(+ .jp-OutputArea-child .oqc-twin){display:none}</style>"
)

#: Dollars in programs, names and errors are no formulas: MathJax 2 and 3 leave these alone.
_NO_MATHS = "tex2jax_ignore mathjax_ignore"

#: Longest label that is kept in one line (characters).
_SHORT = 40

_OK, _BAD = "color:#00664d;background:#e3f4ee", "color:#a33c00;background:#fdece1"
_RUNNING, _WAITING = "color:#004f80;background:#e2f0fa", "color:#4b5560;background:#eef1f4"

_STATE_STYLES = {"COMPLETED": _OK, "FAILED": _BAD, "RUNNING": _RUNNING}

_CHIP = "border-radius:9px;padding:1px 8px;font-weight:600;white-space:nowrap"
_BADGE = (
    "color:#6b3f69;background:#f6eaf4;border-radius:4px;padding:0 6px;font-size:85%;font-weight:600"
)
#: Columns of figures, which are aligned on the right.
_NUMBERS = frozenset({"#", "count", "%", "run", "runs", "took", "qubits", "queue"})

#: Browsers and Jupyter disagree on how a table looks, so each cell says it.
_LEFT = "text-align:left"
_RIGHT = "text-align:right"
_LINE = "text-align:left;white-space:nowrap"
_MONO = "font-family:monospace;text-align:left"
_TABLE = "border-collapse:collapse;margin:6px 0"
_CAPTION = "text-align:left;font-weight:600;padding:2px 0;caption-side:top;white-space:nowrap"


def job_html(view: dict[str, Any]) -> str:
    """Give a job as HTML.

    Parameters
    ----------
    view
        What :func:`.view.job_view` gives; and ``origin``, where it is known: when the latest
        run was ``asked`` for (ISO time) and ``facts`` (``[name, words]``) about where it
        comes from.
    """
    return _twin(_job_parts(view))


def _job_parts(view: dict[str, Any]) -> list[str]:
    parts = [_headline(view, f"{view['shots']} shots")]
    if view["error"]:
        parts.append(_error(view))
    parts += [_register(register) for register in view["registers"]]
    if view["other_data"]:
        parts.append(f"<pre>{_text(view['other_data'])}</pre>")
    if view["runs"]:
        parts.append(_history(view))
    parts.append(_program(view["program"]))
    if origin := view.get("origin"):
        parts.append(_origin(origin))
    return parts


def composite_html(view: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """Give a composite as HTML.

    Parameters
    ----------
    view
        What :func:`.view.composite_view` gives.
    rows
        What :func:`.view.row_view` gives for each child; at most 200 are shown.
    """
    return _twin(_composite_parts(view, rows))


def _composite_parts(view: dict[str, Any], rows: Sequence[dict[str, Any]]) -> list[str]:
    tallies = " ".join(
        f"{_chip(state, SYMBOLS[state])} {n}" for state, n in view["tallies"].items()
    )
    parts = [_headline(view, f"{view['children']} children"), _line(tallies)]
    if rows:
        body = [_child(index, row) for index, row in enumerate(rows[:ROWS_SHOWN])]
        heads = ["#", "label", "QPU", "state", "took", "counts", "error"]
        # a QPU that the headline names, and what no child has, is left out
        known = {"QPU"} if len(view["qpus"]) == 1 else set()
        heads, body = _kept(heads, body, known)
        caption = f"Children ({bit_order()})"
        parts.append(_table(caption, heads, body))
    if len(rows) > ROWS_SHOWN:
        parts.append(_line(f"… and {len(rows) - ROWS_SHOWN} more"))
    return parts


def read_only_html(view: dict[str, Any], rows: Sequence[dict[str, Any]], note: str) -> str:
    """Give a job or composite that has no live panel as HTML.

    Parameters
    ----------
    view, rows
        As for :func:`job_html` or :func:`composite_html`.
    note
        Why it is not live.
    """
    is_job = view["kind"] == "job"
    parts = _job_parts(view) if is_job else _composite_parts(view, rows)
    return _box("oqc-read-only", [*parts, _line(f"<i>{_text(note)}</i>")])


def listing_html(
    headline: str, heads: Sequence[str], rows: Sequence[Sequence[str]], more: int = 0
) -> str:
    """Give a table of texts as HTML, such as the jobs of a session.

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
    body = [
        [
            _cell(_state(cell) if head == "state" else _text(cell), _style_of(head, cell))
            for head, cell in zip(heads, row, strict=True)
        ]
        for row in rows
    ]
    parts = [_line(f"<b>{_text(headline)}</b>")]
    if rows:
        parts.append(_table("", list(heads), body))
    if more > 0:
        parts.append(_line(f"… and {more} more"))
    return _twin(parts)


def _style_of(head: str, cell: str) -> str:
    if head in _NUMBERS:
        return _RIGHT
    return _LINE if len(cell) <= _SHORT else _LEFT


def _twin(parts: Iterable[str]) -> str:
    return _HIDE_DEAD_PANEL + _box("oqc-twin", parts)


def _box(name: str, parts: Iterable[str]) -> str:
    style = "border-left:3px solid #888;padding:2px 12px"
    return f'<div class="{name} {_NO_MATHS}" style="{style}">{"".join(parts)}</div>'


def _headline(view: dict[str, Any], size: str) -> str:
    facts = [
        f"<b>{_text(plain.title(view))}:</b> {_chip(view['state'], view['symbol'])} "
        f"on {_text(plain.qpus(view))}"
    ]
    if view["simulated"]:
        facts.append(f'<span style="{_BADGE}">SIMULATED</span>')
    if view.get("cancel_requested"):
        facts.append("cancel requested")
    facts += [size, f"as of {plain.as_of(view)}"]
    return _line(", ".join(facts))


def _error(view: dict[str, Any]) -> str:
    first, _, rest = plain.error_line(view["error"]).partition("\n")
    # a run that was cancelled has an error as well: the words of the one who cancelled it
    mark = "" if view["state"] == "CANCELLED" else f"{_chip('FAILED', '✕', 'error')} "
    line = _line(mark + _text(first))
    return f"{line}<pre>{_text(rest)}</pre>" if rest else line  # an excerpt with its columns


def _register(register: dict[str, Any]) -> str:
    name, total = plain.one_line(register["name"]), register["total"]
    body = [
        [
            _cell(_text(bits), _MONO),
            _cell(_meter(count, total)),
            _cell(str(count), _RIGHT),
            _cell(plain.percent(count, total), _RIGHT),
        ]
        for bits, count in register["bars"]
    ]
    caption = f"Counts, register {name} ({bit_order(name)}), {total} shots"
    table = _table(caption, ["bits", "share", "count", "%"], body)
    return table + _line(_text(other)) if (other := plain.other_line(register)) else table


def _history(view: dict[str, Any]) -> str:
    body = []
    for run in view["runs"]:
        number, received, took, _, error = plain.run_cells(run)
        body.append(
            [
                _cell(number, _RIGHT),
                _cell(_text(received), _LINE),
                _cell(took, _RIGHT),
                _cell(_chip(run["state"], run["symbol"])),
                _cell(_text(error)),
            ]
        )
    heads = ["run", "received", "took", "outcome", "error"]
    table = _table("History", *_kept(heads, body, set()))
    count, rest = view["run_count"], view["run_count"] - len(view["runs"])
    more = _line(f"… and {rest} earlier") if rest > 0 else ""
    runs = "1 run" if count == 1 else f"{count} runs"
    return f"<details><summary>{runs}</summary>{table}{more}</details>"


def _program(program: str) -> str:
    shown = program[:PROGRAM_SHOWN]
    rest = len(program) - len(shown)
    more = f"\n… and {rest} more characters" if rest else ""
    return f"<details><summary>program</summary><pre>{_text(shown)}{more}</pre></details>"


def _origin(origin: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope='row' style='{_LINE}'>{_text(name)}</th>{_cell(_text(words))}</tr>"
        for name, words in [("asked for", plain.time_of(origin["asked"])), *origin["facts"]]
    )
    table = f'<table style="{_TABLE}">{rows}</table>'
    return f"<details><summary>where the latest run comes from</summary>{table}</details>"


def _child(index: int, row: dict[str, Any]) -> list[str]:
    number, label, qpu, _, took, counts, error = plain.row_cells(index, row)
    share = f"{_meter(row['top'][0][1], row['total'])} " if row["top"] else ""
    return [
        _cell(number, _RIGHT),
        _cell(_text(label), _LINE if len(label) <= _SHORT else _LEFT),
        _cell(_text(qpu), _LINE),
        _cell(_state(row["state"])),
        _cell(took, _RIGHT),
        _cell(share + _text(counts), _LINE),
        _cell(_text(error)),
    ]


def _table(caption: str, heads: list[str], body: Iterable[list[str]]) -> str:
    head = "".join(
        f'<th scope="col" style="{_RIGHT if name in _NUMBERS else _LEFT}">{name}</th>'
        for name in heads
    )
    rows = "".join(f"<tr>{''.join(cells)}</tr>" for cells in body)
    title = f'<caption style="{_CAPTION}">{_text(caption)}</caption>' if caption else ""
    return f'<table style="{_TABLE}">{title}<tr>{head}</tr>{rows}</table>'


def _kept(
    heads: list[str], body: list[list[str]], without: set[str]
) -> tuple[list[str], list[list[str]]]:
    """Give a table's columns without some, and without those in which nothing stands."""
    kept = [
        column
        for column, head in enumerate(heads)
        if head not in without and any(cells[column] != _cell("") for cells in body)
    ]
    return [heads[column] for column in kept], [[cells[c] for c in kept] for cells in body]


def _cell(content: str, style: str = _LEFT) -> str:
    # in the file of a notebook each double quote takes two characters, and cells are many
    return f"<td style='{style}'>{content}</td>" if content else "<td></td>"


def _meter(count: int, total: int) -> str:
    return f"<meter max='{total}' value='{count}'>{count}</meter>"


def _line(content: str) -> str:
    return f'<p style="margin:4px 0">{content}</p>'


def _chip(state: str, symbol: str, word: str | None = None) -> str:
    style = f"{_STATE_STYLES.get(state, _WAITING)};{_CHIP}"
    return f'<span style="{style}">{symbol} {_text(word or state)}</span>'


def _state(state: str) -> str:
    """Give a state in a row: only those stand out that want to be seen among many."""
    words = f"{SYMBOLS[state]}\u00a0{_text(state)}"
    if state not in ("RUNNING", "FAILED"):
        return words
    return f"<span style='{_STATE_STYLES[state]};border-radius:9px;padding:0 6px'>{words}</span>"


def _text(text: object) -> str:
    return html.escape(visible(text))
