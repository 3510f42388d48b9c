"""Whatever text comes from elsewhere, it is shown as text and makes no lines or tags of its own."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oqc_notebook.static.html import composite_html, job_html
from oqc_notebook.static.text import composite_text, job_text, visible
from tests.static.test_twin import ALLOWED, Tags

#: Characters that could end a tag, an attribute, a comment, a style, or a line.
_MARKUP = ["<script>hit()</script>", "</style>", "-->", "]]>", "\"'><img src=x onerror=hit()>"]
_UNSEEN = ["\u202e", "\u2066", "\x00", "\x1b[31m", "\n", "\t", "\r", "\xad", "\ud800", "\U000e0041"]
_TEMPLATES = ["$x$", "\\(x\\)", "{{hit()}}", "${hit()}", "%s", "{0}", "&lt;"]
_TROUBLE = st.sampled_from([*_MARKUP, *_UNSEEN, *_TEMPLATES])
texts = st.lists(st.one_of(_TROUBLE, st.text(max_size=8)), max_size=6).map("".join)
some_text = st.one_of(st.none(), texts)
states = st.sampled_from(["CREATED", "RUNNING", "COMPLETED", "FAILED"])
counts = st.integers(0, 10**9)
errors = st.one_of(st.none(), st.fixed_dictionaries({"code": st.just(400), "message": texts}))

registers = st.builds(
    lambda name, bars: {
        "name": name,
        "total": sum(count for _, count in bars),
        "distinct": len(bars),
        "bars": bars,
        "other": [3, 5],
    },
    texts,
    st.lists(st.tuples(texts, counts).map(list), max_size=3),
)
runs = st.fixed_dictionaries(
    {
        "run": st.integers(1, 99),
        "state": states,
        "symbol": st.just("✓"),
        "received": st.sampled_from([None, "2026-11-22T14:02:33Z"]),
        "took_s": st.sampled_from([None, 2.1]),
        "error": errors,
    }
)
unfollowed = st.none() | st.fixed_dictionaries(
    {
        "since": st.sampled_from([None, "2026-11-22T14:02:33Z"]),
        "why": st.just("its session is closed"),
    }
)
origins = st.none() | st.fixed_dictionaries(
    {
        "asked": st.just("2026-11-22T14:02:33Z"),
        "facts": st.lists(st.tuples(texts, texts).map(list), max_size=2),
    }
)
jobs = st.fixed_dictionaries(
    {
        "kind": st.just("job"),
        "name": some_text,
        "label": some_text,
        "state": states,
        "status": some_text,
        "symbol": st.just("✓"),
        "qpu": st.fixed_dictionaries({"id": texts, "name": texts}),
        "simulated": st.booleans(),
        "shots": st.integers(1, 10**6),
        "cancel_requested": st.booleans(),
        "unfollowed": unfollowed,
        "times": st.just({}),
        "error": errors,
        "registers": st.lists(registers, max_size=2),
        "other_data": some_text,
        "program": texts,
        "run_count": st.just(3),
        "runs": st.lists(runs, max_size=2),
        "origin": origins,
    }
)
rows = st.fixed_dictionaries(
    {
        "label": texts,
        "qpu": texts,
        "state": states,
        "took_s": st.just(1.0),
        "top": st.lists(st.tuples(texts, counts).map(list), max_size=3),
        "total": st.integers(1, 10**9),
        "error": some_text,
    }
)
composites = st.fixed_dictionaries(
    {
        "kind": st.just("composite"),
        "name": some_text,
        "state": states,
        "symbol": st.just("✓"),
        "children": st.just(2),
        "tallies": st.just({"COMPLETED": 1, "FAILED": 1}),
        "qpus": st.lists(texts, min_size=1, max_size=3),
        "simulated": st.booleans(),
        "unfollowed": unfollowed,
        "ended": st.just(None),
    }
)

#: Every style that a twin gives anything; none of them comes from elsewhere.
_STYLE = re.compile(r"([a-z-]+:[#\w %./]+;?)+")


def check(html: str, text: str, *, at_most_lines: int) -> None:
    tags = Tags(html)
    assert tags.open == []
    assert tags.tags <= ALLOWED
    for name, value in tags.attributes:
        assert name in {"class", "max", "min", "scope", "style", "value"}
        if name == "style":
            assert _STYLE.fullmatch(value), value
    for shown in (tags.text, text):
        assert visible(shown) == shown
        shown.encode()
    assert len(text.split("\n")) <= at_most_lines


@given(jobs)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_job(view: dict[str, Any]) -> None:
    message = view["error"]["message"] if view["error"] else ""
    lines = 1 + 1 + message.count("\n") + 2 + 1 + len(view["runs"]) + 1
    lines += sum(2 + len(register["bars"]) for register in view["registers"])
    check(job_html(view), job_text(view), at_most_lines=lines)


@given(composites, st.lists(rows, max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_composite(view: dict[str, Any], children: list[dict[str, Any]]) -> None:
    html, text = composite_html(view, children), composite_text(view, children)
    check(html, text, at_most_lines=2 + len(children))
