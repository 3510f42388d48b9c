"""What is left to read without a kernel: HTML and text of jobs and composites."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.outputs import JobError, JobResult
from oqc_notebook.sdk.states import JobState
from oqc_notebook.static.html import composite_html, job_html
from oqc_notebook.static.text import (
    composite_text,
    duration,
    error_line,
    job_text,
    percent,
    time_of,
    visible,
)
from oqc_notebook.static.view import SYMBOLS, composite_view, job_view, row_view
from oqc_notebook.widgets.bundle import ASSETS

CASES = json.loads((Path(__file__).parent / "cases.json").read_text())

#: What the sanitizers of untrusted notebooks let through, and the style of the page itself.
ALLOWED = {
    *("b", "caption", "details", "div", "meter", "p", "pre", "span", "style", "summary"),
    *("table", "td", "th", "tr"),
}

EVIL = "<img src=x onerror=alert(1)>\u202e'\"&</script>"


def ended_job(*, error: str | None = None, label: str | None = None) -> Job:
    """A job as a session leaves it, without one."""
    job = Job("OPENQASM 2.0;", "qpu:local:1:exact", task_id=uuid.UUID(int=7))
    job.label = label
    job._run = Run.of(job)
    for state in (JobState.CREATED, JobState.SUBMITTED, JobState.RUNNING):
        job._reach(state)
    if error is None:
        job._reach(JobState.COMPLETED)
        job._finish(JobResult({"c": {"00": 507, "11": 493}}, job=job))
    else:
        job._reach(JobState.FAILED)
        job._finish(JobError(400, error, job=job))
    return job


def page_of(job: Job | CompositeJob, name: str | None = None) -> str:
    if isinstance(job, CompositeJob):
        rows = [row_view(i, child) for i, child in enumerate(job.jobs)]
        return composite_html(composite_view(job, name), rows)
    return job_html(job_view(job, name))


def text_of(job: Job | CompositeJob, name: str | None = None) -> str:
    if isinstance(job, CompositeJob):
        rows = [row_view(i, child) for i, child in enumerate(job.jobs)]
        return composite_text(composite_view(job, name), rows)
    return job_text(job_view(job, name))


class Tags(HTMLParser):
    """Reads a page: its tags, their attributes, its text, and whether all tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_figures_read_as_in_the_live_panel() -> None:
    for text, shown in CASES["visible"]:
        assert visible(text) == shown
    for seconds, shown in CASES["duration"]:
        assert duration(seconds) == shown
    for count, total, shown in CASES["percent"]:
        assert percent(count, total) == shown
    for code, message, shown in CASES["error"]:
        assert error_line({"code": code, "message": message}) == shown


def test_a_job_as_text() -> None:
    job = ended_job()
    lines = text_of(job, "bell").splitlines()
    assert lines[0].startswith(
        "Job bell: ✓ COMPLETED on qpu:local:1:exact, SIMULATED, 1000 shots, as of "
    )
    assert lines[1] == "  Counts of register c (c[0] is the leftmost bit):"
    assert lines[2] == f"    00  {'█' * 20}  507  50.7 %"
    assert lines[3] == f"    11  {'█' * 19}   493  49.3 %"
    assert lines[4] == "  Runs: 1"


def test_a_failed_job_says_why() -> None:
    job = ended_job(error="5:1 'hadamard' is not defined")
    assert "400: 5:1 'hadamard' is not defined" in text_of(job)
    assert "400: 5:1 &#x27;hadamard&#x27; is not defined" in page_of(job)


def test_an_excerpt_keeps_its_columns_and_rows_show_the_first_line() -> None:
    message = "5:1 'hadamard' is not defined\n    hadamard q[0];\n    ^"
    job = ended_job(error=message)
    assert "\n  400: 5:1 'hadamard' is not defined\n      hadamard q[0];\n      ^\n" in text_of(job)
    assert "<pre>    hadamard q[0];\n    ^</pre>" in page_of(job)
    for shown in (text_of(CompositeJob([job])), page_of(CompositeJob([job]))):
        assert "is not defined …" in shown
        assert "hadamard q[0]" not in shown


def test_a_row_has_room_for_long_bitstrings_and_a_job_has_them_in_full() -> None:
    job = ended_job()
    bits = "01" * 50
    job._finish(JobResult({"c": {bits: 600, bits[::-1]: 400}}, job=job))
    for shown in (text_of(CompositeJob([job])), page_of(CompositeJob([job]))):
        assert "0101010101…0101010101: 600, 1010101010…1010101010: 400" in shown
        assert bits not in shown
    assert bits in text_of(job)
    assert bits in page_of(job)


def test_a_cancelled_run_is_not_called_failed() -> None:
    job = ended_job(error="The run was cancelled.")
    view = job_view(job) | {"state": "CANCELLED", "symbol": "⊘", "runs": []}
    page = job_html(view)
    assert "The run was cancelled." in page
    assert "✕" not in page


def test_the_time_is_that_of_the_end_and_so_the_same_at_any_later_time() -> None:
    job = ended_job()
    ended = job.state_times["COMPLETED"]
    assert f"as of {ended:%Y-%m-%d %H:%M:%S} UTC" in text_of(job)
    assert text_of(job) == text_of(job)
    composite = CompositeJob([job, ended_job()])
    assert f"as of {ended:%Y-%m-%d %H:%M:%S} UTC" in text_of(composite)


def test_the_time_of_a_job_that_has_not_ended_is_now() -> None:
    text = text_of(Job("program", "qpu"))
    assert f"as of {datetime.now(UTC):%Y-%m-%d %H:%M}" in text
    assert "SIMULATED" not in text


@pytest.mark.parametrize(
    ("states", "known"),
    [
        (("SUBMITTED", "RUNNING", "COMPLETED"), {"queued_s": 1.0, "ran_s": 1.0}),
        (("SUBMITTED", "COMPLETED"), {"took_s": 2.0}),
        (("SUBMITTED", "FAILED"), {"took_s": 2.0}),
        (("SUBMITTED", "CANCELLED"), {"queued_s": 1.0}),
        (("SUBMITTED",), {}),
    ],
)
def test_a_run_that_nobody_saw_running_is_not_said_to_have_been_queued(
    states: tuple[str, ...], known: dict[str, float]
) -> None:
    job = Job("p", "q")
    job._run = Run.of(job)
    for second, state in enumerate(("CREATED", *states)):
        job._run.state_times[state] = datetime(2026, 11, 22, 14, 2, second, tzinfo=UTC)
    told = job_view(job)
    assert {name: told[name] for name in ("queued_s", "ran_s", "took_s") if told[name]} == known


def test_what_is_in_flight_and_not_followed_stands_as_it_was_last_heard() -> None:
    sdk = OqcSdk("https://example.com", "t")
    jobs = [sdk.create_job(program="p", qpu_id="q"), Job("p", "q")]
    for job in jobs:
        job._begin_run({})
        job._reserved(uuid.uuid4())
        job._submitted()
        job._run.state_times["SUBMITTED"] = datetime(2026, 11, 22, 14, 2, 33, tzinfo=UTC)
        del job._run.state_times["CREATED"]
    for job, why in zip(jobs, ["its session is not open", "it belongs to no session"], strict=True):
        for shown in (job, CompositeJob([job])):
            words = f"as of 2026-11-22 14:02:33 UTC, not followed since then: {why}"
            assert words in text_of(shown)
            assert words in page_of(shown)
    jobs[1]._run.state_times.clear()
    assert "as of a time that is not known, not followed" in text_of(jobs[1])


def test_where_the_latest_run_comes_from_can_be_read() -> None:
    view = job_view(ended_job())
    assert "comes from" not in job_html(view)
    facts = [["notebook", "bell.ipynb"], ["git", EVIL]]
    page = job_html(view | {"origin": {"asked": "2026-11-22T14:02:33Z", "facts": facts}})
    tags = Tags(page)
    assert tags.tags <= ALLOWED
    for words in ("2026-11-22 14:02:33 UTC", "bell.ipynb", "<img src=x onerror=alert(1)>"):
        assert words in tags.text


def test_times_say_their_zone_or_that_it_is_unknown() -> None:
    assert time_of("2026-11-22T14:02:33.2Z") == "2026-11-22 14:02:33 UTC"
    assert time_of("2026-11-22T14:02:33+02:00") == "2026-11-22 12:02:33 UTC"
    assert time_of("2026-11-22T14:02:33") == "2026-11-22 14:02:33 (zone unknown)"
    assert time_of(None) == ""


@pytest.mark.parametrize("kind", ["job", "composite"])
def test_pages_need_nothing_and_close_what_they_open(kind: str) -> None:
    jobs = [ended_job(label="θ = 0.1"), ended_job(error="no")]
    page = page_of(jobs[0] if kind == "job" else CompositeJob(jobs), "bell")
    tags = Tags(page)
    assert tags.open == []
    assert tags.tags <= ALLOWED
    assert {name for name, _ in tags.attributes} <= {
        "class",
        "max",
        "min",
        "scope",
        "style",
        "value",
    }
    assert not any("var(" in value or "url(" in value for _, value in tags.attributes)


def test_everything_from_elsewhere_is_only_text() -> None:
    job = ended_job(error=EVIL, label=EVIL)
    job.program = EVIL
    job.qpu_id = EVIL
    for shown in (job, CompositeJob([job])):
        page = page_of(shown, EVIL)
        tags = Tags(page)
        assert tags.tags <= ALLOWED
        assert "\u202e" not in page
        assert "<img src=x onerror=alert(1)>\\u202e'\"&</script>" in tags.text.replace(
            "\u00a0", " "
        )
        assert "\u202e" not in text_of(shown, EVIL)


def test_halves_of_characters_can_be_written_to_a_file() -> None:
    job = ended_job(error="\ud800")
    page_of(job).encode()
    text_of(job).encode()


def test_at_most_200_children_and_so_many_more() -> None:
    composite = CompositeJob([ended_job() for _ in range(203)])
    page, text = page_of(composite), text_of(composite)
    assert page.count("<tr>") == 201
    assert "… and 3 more" in page
    assert text.splitlines()[-1] == "    … and 3 more"
    assert len(json.dumps(page)) + len(json.dumps(text)) < 150_000


def test_many_bitstrings_and_runs_are_told_as_a_rest() -> None:
    job = ended_job()
    counts = {f"{n:05b}": 1 for n in range(32)}
    job._output = JobResult({"c": counts}, job=job)
    assert "other: 16 bitstrings, 16 shots" in text_of(job)
    assert "other: 16 bitstrings, 16 shots" in page_of(job)
    job._history._items *= 5
    view = job_view(job, last_runs=3)
    assert [run["run"] for run in view["runs"]] == [5, 4, 3]
    assert "… and 2 earlier" in job_text(view)
    assert "… and 2 earlier" in job_html(view)


def test_a_long_program_is_cut_and_says_so() -> None:
    job = ended_job()
    job.program = "x" * 5000
    assert "… and 1000 more characters" in page_of(job)


def test_a_result_without_counts_is_shown_as_it_is() -> None:
    job = ended_job()
    job._output = JobResult({"c": [0.5, 0.5]}, job=job)
    assert '{"c": [0.5, 0.5]}' in text_of(job)
    assert "{&quot;c&quot;: [0.5, 0.5]}" in page_of(job)


def test_an_empty_composite_and_one_that_never_ran() -> None:
    assert "0 children" in text_of(CompositeJob())
    sdk = OqcSdk("https://example.com", "t")
    composite = sdk.create_job(program=["a", "b"], qpu_id="q")
    assert isinstance(composite, CompositeJob)
    assert "○ 2 CREATED" in text_of(composite)
    assert "CREATED" in page_of(composite)


def test_the_same_symbols_in_the_twin_and_the_browser() -> None:
    facts = (ASSETS / "facts.js").read_text()
    for state, symbol in SYMBOLS.items():
        assert f'{state}: "{symbol}"' in facts
