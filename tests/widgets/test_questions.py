"""What a page asks about a job: counts in every order, details of runs, two runs side by side."""

from __future__ import annotations

import gc
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from compiler_config.config import CompilerConfig, QuantumResultsFormat, Tket

import oqc_notebook
from oqc_notebook.archive import provenance
from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.sdk.answers import Run
from oqc_notebook.sdk.outputs import JobError, JobResult
from oqc_notebook.static import ranking
from oqc_notebook.static.settings import settings_of
from oqc_notebook.static.view import job_view
from oqc_notebook.widgets.panel import Panel
from oqc_notebook.widgets.questions import answer
from tests.support import BELL, EXACT, ONE, LocalQpu
from tests.widgets.conftest import Channel

MakePanel = Callable[..., tuple[Panel, Channel]]

pytestmark = pytest.mark.anyio

COUNTS = {"001": 500, "110": 300, "010": 150, "100": 50}


def ran(*results: Any, **inputs: Any) -> Job:
    """A job whose runs left these data, or errors, without a session."""
    job = Job(BELL, "qpu:local:1:exact", **inputs)
    for result in results:
        run_again(job, result)
    return job


def run_again(job: Job, result: Any) -> None:
    job._begin_run({})
    job.task_id = uuid.uuid4()
    if isinstance(result, str):
        job._reach(JobState.FAILED)
        output: Any = JobError(400, result, job=job)
    else:
        job._reach(JobState.COMPLETED)
        output = JobResult(result, job=job)
    assert job._run is not None
    output.state_times = dict(job._run.state_times)
    job._finish(output)


def counts_of(job: Job, **question: Any) -> list[str]:
    bars = answer(job, {"what": "counts", "register": "c", "top": 16, **question})["bars"]
    return [bits for bits, _ in bars]


@pytest.fixture(scope="module")
def large() -> Job:
    """A result of 2^20 different bitstrings, of which some are more frequent than others."""
    counts = {f"{i:020b}": 1 + (i % 7 == 0) + (i % 1000 == 1) * 3 for i in range(2**20)}
    return ran({"c": counts})


# ---- counts ----


def test_counts_are_sorted_by_count_or_bitstring_in_the_order_that_is_shown() -> None:
    job = ran({"c": COUNTS})
    assert counts_of(job) == ["001", "110", "010", "100"]
    assert counts_of(job, sort="bits") == ["001", "010", "100", "110"]
    # as the page shows them: 001, 010, 011, 100
    assert counts_of(job, sort="bits", mirrored=True) == ["100", "010", "110", "001"]
    assert counts_of(job, top=2) == ["001", "110"]


def test_counts_are_filtered_by_a_pattern_and_what_matches_is_summed() -> None:
    job = ran({"c": COUNTS})
    found = answer(
        job, {"what": "counts", "register": "c", "top": 1, "sort": "bits", "pattern": "?*0"}
    )
    assert found == {"bars": [["010", 150]], "matching": [3, 500]}
    assert counts_of(job, pattern="01*") == ["010"]
    assert counts_of(job, pattern="01*", mirrored=True) == ["110", "010"]
    assert counts_of(job, pattern="111") == []
    with pytest.raises(ValueError, match=r"\? \(one bit\)"):
        counts_of(job, pattern="[01]")


def test_no_pattern_takes_for_ever() -> None:
    job = ran({"c": {"0" * 200: 1}})
    began = time.monotonic()
    assert counts_of(job, pattern="*0" * 50 + "1") == []
    assert time.monotonic() - began < 10


def test_counts_of_an_earlier_run_and_of_another_register() -> None:
    job = ran({"c": {"0": 3}}, {"c": {"1": 4}, "d": {"0": 1, "1": 3}})
    assert counts_of(job, run=1) == ["0"]
    assert counts_of(job) == ["1"]
    assert counts_of(job, register="d") == ["1", "0"]
    for question in ({"register": "e"}, {"run": 3}, {"run": 0}, {"run": "1"}):
        with pytest.raises(ValueError, match="no"):
            counts_of(job, **question)


def test_counts_are_copied_in_the_order_that_is_shown() -> None:
    job = ran({"c": COUNTS})
    question = {"what": "copy", "register": "c", "sort": "bits", "mirrored": True}
    assert answer(job, question | {"form": "CSV"})["text"] == (
        "bitstring (c[0] rightmost),count\n001,50\n010,150\n011,300\n100,500\n"
    )
    copied = json.loads(answer(job, question | {"form": "JSON", "mirrored": False})["text"])
    assert copied == {
        "register": "c",
        "bit_order": "c[0] is the leftmost bit",
        "shots": 1000,
        "counts": COUNTS,
    }
    assert list(copied["counts"]) == sorted(COUNTS)


def test_too_many_counts_to_copy_say_what_to_do(large: Job) -> None:
    with pytest.raises(ValueError, match=r"1048576 bitstrings .* job.result.to_dataframe\(\)"):
        answer(large, {"what": "copy", "register": "c", "form": "CSV"})


def test_a_million_bitstrings_are_ranked_once_and_hold_nothing_up(large: Job) -> None:
    job_view(large)
    began = time.perf_counter()
    view = job_view(large)
    again = time.perf_counter() - began
    (register,) = view["registers"]
    assert register["distinct"] == 2**20
    assert register["other"][0] == 2**20 - 16
    assert register["total"] == sum(count for _, count in register["bars"]) + register["other"][1]
    questions: list[dict[str, Any]] = [
        {"sort": "count", "top": 256},
        {"sort": "bits", "top": 256},
        {"sort": "bits", "top": 256, "mirrored": True},
        {"sort": "count", "top": 256, "pattern": "0*11?1"},
    ]
    slowest = 0.0
    for question in questions:
        began = time.perf_counter()
        assert len(counts_of(large, **question)) == 256
        slowest = max(slowest, time.perf_counter() - began)
    print(f"\n2^20 bitstrings: a view {1e3 * again:.0f} ms, the slowest answer {slowest:.2f} s")
    assert again < 2
    assert slowest < 15
    assert len(json.dumps(view)) < 5000


def test_counts_that_are_changed_in_place_are_ranked_anew(large: Job) -> None:
    before = job_view(large)["registers"][0]
    large.history.last.data["c"]["0" * 20] += 1000
    after = job_view(large)["registers"][0]
    assert after["bars"][0] == ["0" * 20, 1002]
    assert after["total"] == before["total"] + 1000
    large.history.last.data["c"]["0" * 20] -= 1000


def test_what_is_kept_of_a_result_goes_with_it() -> None:
    job = ran({"c": {f"{i:012b}": 1 for i in range(2**12)}})
    gc.collect()
    before = len(ranking._kept)
    job_view(job)
    assert len(ranking._kept) == before + 1
    del job
    gc.collect()
    assert len(ranking._kept) == before


# ---- the details of a run ----


async def test_a_run_tells_its_inputs_and_diagnostics(local_qpu: LocalQpu) -> None:
    async with local_qpu.sdk() as sdk:
        config = CompilerConfig(
            repeats=7, results_format=QuantumResultsFormat().binary_count(), optimizations=Tket()
        )
        job = sdk.create_job(program=BELL, config=config, fetch_diagnostics=True)
        await job.execute()
        details = answer(job, {"what": "run", "run": 1})
    assert details["inputs"]["program"] == BELL
    assert details["inputs"]["qpu"]["name"].startswith("Exact")
    assert ["shots", "7"] in details["inputs"]["settings"]
    assert details["diagnostics"]["timings"]["SERVER_FINISHED"]
    assert details["registers"][0]["total"] == 7
    json.dumps(details, allow_nan=False)


def test_settings_are_told_in_words_where_they_are_not_the_default() -> None:
    config = CompilerConfig(
        results_format=QuantumResultsFormat().squash_binary_result_arrays(),
        optimizations=Tket().default(),
        repeats=20,
        driven_reset=True,
    )
    assert settings_of(config) == [
        ("shots", "20"),
        ("results format", "binary, squashed"),
        ("optimizations", "Tket: DefaultMappingPass, DirectionalCXGates"),
        ("driven reset", "yes"),
    ]
    assert settings_of(None)[0] == ("shots", "1000 (default)")


def test_earlier_runs_come_in_blocks() -> None:
    job = ran(*[{"c": {"0": n + 1}} for n in range(120)])
    runs = [answer(job, {"what": "runs", "block": block})["runs"] for block in (2, 1, 0, 3)]
    assert [run["run"] for block in runs for run in block] == list(range(120, 0, -1))


def test_a_run_tells_where_it_comes_from(local_qpu: LocalQpu, tmp_path: Path) -> None:
    folder = tmp_path / "a.oqc"
    sdk = oqc_notebook.connect(local_qpu.url, authentication_token=local_qpu.token, archive=folder)
    job = sdk.create_job(program=ONE, qpu_id=EXACT)
    oqc_notebook.run(job.execute())
    origin = answer(job, {"what": "run", "run": 1})["origin"]
    facts = dict(origin["facts"])
    assert facts["service"] == local_qpu.url
    assert facts["versions"].startswith("python 3.")
    assert origin["asked"] == provenance(job)["asked"]
    assert origin["source"] is None  # no cell asked for it
    oqc_notebook.run(sdk.close())
    unrecorded = ran({"c": {"0": 1}})
    assert answer(unrecorded, {"what": "run", "run": 1})["origin"] is None


def test_looking_at_a_job_does_not_make_its_saves_slow(local_qpu: LocalQpu) -> None:
    job = ran(*[{"c": {"0": n + 1}} for n in range(3)])
    for output in job.history:
        output._seal()
    job_view(job)
    for question in (
        {"what": "run", "run": 2},
        {"what": "runs", "block": 0},
        {"what": "counts", "register": "c"},
        {"what": "compare", "a": 1, "b": 2},
    ):
        answer(job, question)
    assert all(output._sealed for output in job.history)


def test_data_in_another_format_is_told_as_a_whole_unless_it_is_too_long() -> None:
    job = ran({"c": [[0.5, float("nan")]]}, {"c": [0.25] * 200_000}, "no")
    whole = answer(job, {"what": "data", "run": 1})
    assert whole == {"document": {"c": [[0.5, "nan"]]}}
    assert job_view(ran({"c": [0.25] * 200_000}))["other_data"].startswith('{"c": [0.25, 0.25')
    for run, words in ((2, r"job\.result\.data"), (3, "no result")):
        with pytest.raises(ValueError, match=words):
            answer(job, {"what": "data", "run": run})


def test_a_composite_has_no_runs_of_its_own() -> None:
    with pytest.raises(ValueError, match="cannot tell 'run'"):
        answer(CompositeJob([ran({"c": {"0": 1}})]), {"what": "run", "run": 1})


# ---- two runs ----


def compare(job: Job, a: int = 1, b: int = 2) -> dict[str, Any]:
    return answer(job, {"what": "compare", "a": a, "b": b})


def test_the_total_variation_distance_is_half_the_sum_of_the_differences() -> None:
    job = ran({"c": {"00": 50, "11": 50}}, {"c": {"00": 200, "01": 200}})
    found = compare(job)
    assert found["notes"] == ["Both ran the same program with the same configuration."]
    (register,) = found["registers"]
    assert register["distance"] == pytest.approx(0.5)
    assert register["shots"] == [100, 400]
    assert register["bars"] == [["00", 50, 200], ["01", 0, 200], ["11", 50, 0]]
    assert register["other"] == [0, 0, 0]


def test_the_distance_of_the_same_counts_is_0_and_of_others_1() -> None:
    job = ran({"c": {"0": 5}}, {"c": {"0": 9}}, {"c": {"1": 9}})
    assert compare(job)["registers"][0]["distance"] == 0
    assert compare(job, 2, 3)["registers"][0]["distance"] == 1


def test_what_is_not_among_the_largest_is_summed() -> None:
    counts = {f"{i:06b}": i + 1 for i in range(64)}
    (register,) = compare(ran({"c": counts}, {"c": counts}))["registers"]
    shown = sum(count for _, count, _ in register["bars"])
    assert register["other"] == [48, sum(counts.values()) - shown, sum(counts.values()) - shown]


def test_the_noise_is_about_what_two_samples_of_one_distribution_are_apart() -> None:
    import random

    def sample(seed: int) -> dict[str, int]:
        chosen = random.Random(seed).choices(range(8), weights=[8, 4, 2, 1, 1, 1, 1, 1], k=1000)
        return {f"{i:03b}": chosen.count(i) for i in range(8)}

    job = ran(*[{"c": sample(seed)} for seed in range(40)])
    found = [compare(job, a, a + 1)["registers"][0] for a in range(1, 40)]
    mean = sum(register["distance"] for register in found) / len(found)
    assert found[0]["noise"] == pytest.approx(mean, rel=0.15)


def test_runs_that_differ_say_in_what() -> None:
    job = ran({"c": {"0": 1}})
    job.program = BELL.replace("h q[0];", "x q[0];")
    job.config = CompilerConfig(repeats=500)
    run_again(job, {"d": {"0": 1}})
    run_again(job, "went wrong")
    run_again(job, {"d": [1]})
    found = compare(job)
    assert found["notes"] == ["The programs differ:"]
    assert found["program"] == ["line 4:", " creg c[2];", "-h q[0];", "+x q[0];", " cx q[0], q[1];"]
    assert ["shots", "1000 (default)", "500"] in found["settings"]
    assert found["registers"] == [
        {"name": "c", "shots": [1, None]},
        {"name": "d", "shots": [None, 1]},
    ]
    assert compare(job, 2, 3)["notes"][0] == "Run 3 failed, so it has no counts."
    assert compare(job, 2, 4)["notes"][0] == "The result of run 4 holds no counts."
    with pytest.raises(ValueError, match="no such run"):
        compare(job, 1, 9)


def test_two_results_of_a_million_bitstrings_are_compared(large: Job) -> None:
    job = ran(large.history.last.data, large.history.last.data)
    began = time.perf_counter()
    (register,) = compare(job)["registers"]
    print(f"\n2^20 bitstrings: compared in {time.perf_counter() - began:.1f} s")
    assert register["distance"] == 0
    assert time.perf_counter() - began < 15


# ---- inputs of earlier runs ----


def say(channel: Channel) -> str:
    return channel.notes()[-1]


async def test_an_earlier_runs_inputs_are_put_in_place_and_back(make_panel: MakePanel) -> None:
    sdk = OqcSdk("https://example.com", "t")
    job = sdk.create_job(program="old", qpu_id="q", config=CompilerConfig(repeats=20))
    run_again(job, {"c": {"0": 20}})
    job.program, mine = "new", CompilerConfig(repeats=30)
    job.config = mine
    run_again(job, {"c": {"0": 30}})
    panel, channel = make_panel(job)
    task, history = job.task_id, len(job.history)

    channel.receive(do="restore", run=1)
    assert (job.program, job.config and job.config.repeats) == ("old", 20)
    assert job.config is not job.history[0].compiler_config
    assert say(channel) == (
        "The next run uses the program and configuration of run 1 (20 shots). "
        "Nothing was submitted."
    )
    # nothing else changes: neither the state nor what the latest run left
    assert (job.state, job.task_id, len(job.history)) == ("COMPLETED", task, history)
    assert panel.view["restored"] == {"run": 1, "shown": f"{task}/2"}
    inputs = answer(job, {"what": "inputs"})
    assert (inputs["next"]["program"], inputs["latest"]["program"]) == ("old", "new")

    channel.receive(do="undo")
    assert (job.program, job.config) == ("new", mine)
    assert job.config is mine
    assert panel.view["restored"] is None
    assert answer(job, {"what": "inputs"})["latest"] is None
    channel.receive(do="undo")
    assert say(channel) == "There is nothing to put back."


async def test_inputs_that_are_in_place_are_not_put_there_again(make_panel: MakePanel) -> None:
    job = OqcSdk("https://example.com", "t").create_job(program="p", qpu_id="q")
    run_again(job, {"c": {"0": 1}})
    _, channel = make_panel(job)
    channel.receive(do="restore", run=1)
    assert say(channel) == "The next run uses the inputs of run 1 already."
    channel.receive(do="restore", run=2)
    assert say(channel) == "There is no such run."


async def test_what_was_changed_since_is_not_overwritten_by_undo(make_panel: MakePanel) -> None:
    job = OqcSdk("https://example.com", "t").create_job(program="old", qpu_id="q")
    run_again(job, {"c": {"0": 1}})
    job.program = "new"
    _, channel = make_panel(job)
    channel.receive(do="restore", run=1)
    job.program = "newest"
    channel.receive(do="undo")
    assert job.program == "newest"
    assert say(channel) == "The inputs were changed meanwhile: nothing was put back."


async def test_inputs_of_a_run_in_flight_stay(make_panel: MakePanel) -> None:
    job = OqcSdk("https://example.com", "t").create_job(program="old", qpu_id="q")
    run_again(job, {"c": {"0": 1}})
    job.program, job.task_id, job._run = "new", uuid.uuid4(), Run.of(job)
    job._state = JobState.RUNNING
    _, channel = make_panel(job)
    channel.receive(do="restore", run=1)
    assert job.program == "new"
    assert say(channel) == "It is in flight: its inputs stay as they are."
