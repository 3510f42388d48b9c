"""Replay: the same cells get the archived jobs and answers back, and there is no network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from oqc_notebook.archive.plain_html import is_plain
from tests.archive.replays import (
    CONNECT,
    EVERYTHING,
    all_ok,
    comparable,
    live_kernel,
    offline_kernel,
    replayed,
    run_live,
)
from tests.archive.support import make_notebook, names_in, read, runs_in
from tests.faulty import FaultyProxy, answer
from tests.sdk.test_crashes import Ledger
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu
from tests.support_kernel import Kernel

MAKE = f"job = sdk.create_job(program={BELL!r}, fetch_diagnostics=True, label='pair')"

PLAIN = (
    CONNECT,
    EVERYTHING,
    MAKE,
    "await job.submit()\nprint(job, job.state_times, job.in_flight)",
    "await job.wait()\neverything(job)",
    "await job.execute(); await job.execute()\neverything(job)",
    "oqc_notebook.run(job.refresh())\neverything(job)",
    "job.reconfigure(job.history.first)\noutputs = await job.history.last.reexecute()\n"
    "everything(job)\nprint(outputs)",
    f"bad = sdk.create_job(program={BROKEN!r}, qpu_id={EXACT!r})\nawait bad.execute()\n"
    "everything(bad)",
    "refused = sdk.create_job(program=job.program, qpu_id='qpu:uk:9:removed')\n"
    "await refused.execute()\neverything(refused)",
    "stopped = sdk.create_job(program=job.program)\nawait stopped.submit()\n"
    "await stopped.cancel()\neverything(stopped)",
    "seen = []\nwatched = sdk.create_job(program=job.program)\n"
    "stop = watched.observe(lambda job: seen.append((job.state, job.task_id, job.state_times)))\n"
    "await watched.execute()\nprint(seen)",
)

COMPOSITES = (
    CONNECT,
    EVERYTHING,
    f"sweep = sdk.create_job(program=[{BELL!r}, {ONE!r}, {BROKEN!r}, {BELL!r}], label=[*'abcd'])",
    "await sweep.execute()\nprint(sweep, sweep.outputs)\nfor job in sweep.jobs: everything(job)",
    f"sweep.jobs[2].reconfigure(program={ONE!r})\nawait sweep.rerun_failed()\n"
    "for job in sweep.jobs: everything(job)",
    f"sweep.add(sdk.create_job(program={BELL!r}))\nawait sweep.execute()\nprint(sweep.history)",
    "sweep.to_dataframe()",
    "half = sdk.create_job(program=[sweep.jobs[0].program] * 2)\nawait half.submit()\n"
    "await half.cancel()\nprint(half, [job.task_id for job in half.jobs])",
)

LOOK_UPS = (
    CONNECT,
    "print(sdk, sdk.default_qpu_id, sdk.qpu_name(sdk.default_qpu_id), sdk.qpu_item('none'))",
    "print(await sdk.list_qpus())\nprint(await sdk.get_qpu())\nprint(await sdk.get_features())",
    "print(await sdk.get_calibration())\nprint(await sdk.get_system_status())",
    "import datetime\nprint(await sdk.get_next_window())\n"
    "print([await sdk.get_wait_time() for _ in range(3)])\n"
    "print(len(await sdk.list_tasks(start=datetime.date.today())))",
    "try:\n    await sdk.get_calibration('qpu:uk:9:removed')\n"
    "except Exception as exc:\n    print(type(exc), exc)",
    f"job = sdk.create_job(program={ONE!r})\nawait job.execute()\nprint(await job.get_wait_time())",
    "print(oqc_notebook.run(sdk.list_qpus()) == await sdk.list_qpus())",
    "%oqc_qpus",
)

BY_TASK = (
    CONNECT,
    EVERYTHING,
    f"job = sdk.create_job(program={BELL!r})\nawait job.submit()\njob.save('in-flight.json')\n"
    "loaded = sdk.load('in-flight.json')\nawait loaded.wait()\nprint(job, loaded)\n"
    "everything(loaded)",
    "await job.refresh()\nprint(job.state, job.result == loaded.result)",
    "attached = await sdk.attach(job.task_id)\neverything(attached)",
    f"left = sdk.create_job(program={ONE!r})\nawait left.submit()\nprint(left)",
)


#: The local QPU takes 0.4 s for a job.
TIMES = (
    CONNECT,
    EVERYTHING,
    # a busy machine may not even have submitted it by then
    f"job = sdk.create_job(program={BELL!r})\ntry:\n    await job.execute(timeout_s=0.1)\n"
    "except TimeoutError:\n    print(job.ended, job.history)",
    "await job.wait()\neverything(job)",
    f"both = sdk.create_job(program=[{ONE!r}, {BELL!r}])\n"
    "try:\n    await both.execute(timeout_s=0.1)\nexcept TimeoutError:\n    print(both.ended)\n"
    "await both.execute(timeout_s=30)\nfor job in both.jobs: everything(job)",
)


RUN_AND_TELL = "await job.execute()\nprint(job.task_id)"


@pytest.mark.parametrize(
    "cells",
    [PLAIN, COMPOSITES, LOOK_UPS, TIMES],
    ids=["jobs", "composites", "questions", "waits"],
)
def test_the_same_cells_show_the_same_in_every_field_without_a_network(
    tmp_path: Path, local_qpu: LocalQpu, cells: tuple[str, ...]
) -> None:
    notebook = tmp_path / "lab.ipynb"
    live = run_live(notebook, local_qpu, *cells)
    before = {name: (tmp_path / "lab.oqc" / name).read_bytes() for name in archived(tmp_path)}
    again = all_ok(replayed(notebook, *cells))
    for then, now in zip(comparable(live), comparable(again), strict=True):
        assert now == then
    assert before == {n: (tmp_path / "lab.oqc" / n).read_bytes() for n in archived(tmp_path)}


#: While the service calls their jobs running.
IN_FLIGHT = (
    CONNECT,
    f"job = sdk.create_job(program={BELL!r})\nawait job.submit()\nprint(job.status)",
    "await job.refresh()\nprint(job, job.status, list(job.state_times))",
    "%oqc_status job",
    "try:\n    await job.wait(timeout_s=2)\nexcept TimeoutError as exc:\n    print(exc)",
    f"import os\nboth = sdk.create_job(program=[{ONE!r}, {BELL!r}])\n"
    "try:\n    await both.execute(timeout_s=float(os.environ['PATIENCE_S']))\n"
    "except TimeoutError:\n    print([child.status for child in both.jobs])",
    "await both.jobs[0].cancel()\nprint(both.jobs[0].state, both.jobs[0].cancel_requested)",
    "for _ in range(2):\n    await both.refresh()\n    print(both)",
)
THEN = ("await job.refresh()\nprint(job)", "await both.wait()\nprint(both)")


def test_jobs_in_flight_are_where_they_were_and_their_time_is_not_waited_for_again(
    tmp_path: Path, local_qpu: LocalQpu, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = tmp_path / "lab.ipynb"
    cells = ("%load_ext oqc_notebook", EVERYTHING, *IN_FLIGHT, *THEN, "everything(job)")
    make_notebook(notebook, *cells)
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    proxy.spoil("POST", "/tasks/cancel_many", answer=answer(200, {}), forward=False, times=None)
    monkeypatch.setenv("PATIENCE_S", "2")
    with live_kernel(notebook, proxy.url, local_qpu.token) as kernel:
        live = all_ok(kernel.run(*cells[:-3]))
        proxy.faults.clear()
        live += all_ok(kernel.run("await job.wait()", *cells[-3:]))
        all_ok(kernel.run("assert sdk._recorder.flush()"))
    del live[len(cells) - 3]  # the wait
    assert "RUNNING" in live[4].text
    monkeypatch.setenv("PATIENCE_S", "3600")
    again = all_ok(replayed(notebook, *cells))
    for then, now in zip(comparable(live), comparable(again), strict=True):
        assert now == then


def archived(folder: Path) -> list[str]:
    """The files of the archive that are not made again by themselves."""
    return [name for name in names_in(folder / "lab.oqc") if name not in ("index.json", ".lock")]


def test_what_is_known_by_its_task_is_found_by_its_task(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = tmp_path / "lab.ipynb"
    live = run_live(notebook, local_qpu, *BY_TASK)
    again = replayed(notebook, *BY_TASK, "await left.wait()")
    assert [cell.status for cell in again] == ["ok"] * len(BY_TASK) + ["error"]
    assert comparable(again[:-1]) == comparable(live)
    assert "its kernel ended, it was in flight" in again[-1].message


def test_the_local_qpu_is_introduced_as_it_was_and_not_started(tmp_path: Path) -> None:
    notebook = tmp_path / "lab.ipynb"
    cells = ("%load_ext oqc_notebook\n%oqc_connect --as sdk", f"%%oqc_job bell\n{BELL}", "bell")
    make_notebook(notebook, *cells)
    env = without_service(notebook)
    with Kernel(cwd=str(tmp_path), env=env) as kernel:
        live = all_ok(kernel.run(*cells))
        all_ok(kernel.run("assert sdk._recorder.flush()"))
    assert live[0].text.startswith("Connected to the local QPU at http://127.0.0.1:")
    again = all_ok(replayed(notebook, *cells))
    assert [cell.text for cell in again] == [cell.text for cell in live]


def without_service(notebook: Path) -> dict[str, str]:
    names = ("OQC_URL", "OQC_AUTH_TOKEN", "OQC_NOTEBOOK_MODE")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    return {**kept, "OQC_NOTEBOOK_PATH": str(notebook)}


def test_the_newest_execution_of_a_cell_is_served_and_older_ones_stay(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = tmp_path / "lab.ipynb"
    run = "await job.execute()\nprint(job.task_id)"
    cells = (CONNECT, MAKE, run)
    first = run_live(notebook, local_qpu, *cells)[-1].text
    second = run_live(notebook, local_qpu, *cells, run)
    make_notebook(notebook, *cells)  # which has the last cell once: it was executed twice
    now = replayed(notebook, *cells)[-1].text.splitlines()
    assert now[-1] == second[3].text.strip()
    assert len({now[-1], first.splitlines()[-1], second[2].text.splitlines()[-1]}) == 3
    assert len(runs_in(tmp_path / "lab.oqc")) == 3


def test_a_cell_with_the_token_in_it_is_known_again(tmp_path: Path, local_qpu: LocalQpu) -> None:
    notebook = tmp_path / "lab.ipynb"
    key = f"import oqc_notebook\nkey = {local_qpu.token!r}\n"
    connect = f"sdk = oqc_notebook.connect({local_qpu.url!r}, authentication_token=key)\n"
    make = f"job = sdk.create_job(program={ONE!r}, qpu_id={EXACT!r})\n"
    cell = key + connect + make + RUN_AND_TELL
    live = run_live(notebook, local_qpu, cell)
    assert comparable(all_ok(replayed(notebook, cell))) == comparable(live)


# ---- panels ----


@pytest.mark.parametrize("mode", ["reuse", "replay"])
def test_cells_of_the_same_source_are_told_apart_by_the_ids_of_the_front_end(
    tmp_path: Path, local_qpu: LocalQpu, mode: str
) -> None:
    notebook = make_notebook(tmp_path / "lab.ipynb", RUN_AND_TELL, RUN_AND_TELL)
    first, second = (cell.id for cell in nbformat.read(notebook, as_version=4).cells)
    make = f"job = sdk.create_job(program={ONE!r})"
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_URL": local_qpu.url}
    env |= {"OQC_AUTH_TOKEN": local_qpu.token, "OQC_NOTEBOOK_MODE": "live"}

    def executed(*ids: str) -> dict[str, str]:
        """Run cells, and give the task that each told last."""
        with Kernel(cwd=str(tmp_path), env=env) as kernel:
            all_ok(kernel.run(CONNECT, make))
            told = {}
            for id_ in ids:
                (cell,) = all_ok(kernel.run(RUN_AND_TELL, metadata={"cellId": id_}))
                told[id_] = cell.text.splitlines()[-1]
            all_ok(kernel.run("sdk._recorder.flush()"))
        return told

    live = executed(first, second, first)
    assert live[first] != live[second]
    env["OQC_NOTEBOOK_MODE"] = mode
    before = Ledger(local_qpu)
    assert executed(first, second) == executed(second, first) == live
    assert before.runs() == set()


def test_a_panel_shows_at_once_what_it_showed_last(tmp_path: Path, local_qpu: LocalQpu) -> None:
    notebook = tmp_path / "lab.ipynb"
    cells = (CONNECT, MAKE + "\njob", "await job.execute()", "await job.execute()\njob")
    live = run_live(notebook, local_qpu, *cells)
    again = all_ok(replayed(notebook, *cells))
    twin = again[1].outputs[1]["text/plain"]
    assert "○ CREATED" in live[1].outputs[1]["text/plain"]
    assert "✓ COMPLETED" in twin
    assert "Runs: 2" in twin
    # and so it is drawn from the jobs that were given back
    assert again[3].outputs[1] == live[3].outputs[1]
    assert twin == live[3].outputs[1]["text/plain"]


def test_damaged_and_hostile_files_are_passed_over(tmp_path: Path, local_qpu: LocalQpu) -> None:
    notebook = tmp_path / "lab.ipynb"
    cells = (CONNECT, MAKE + "\njob", "await job.execute()\nprint(job.task_id)")
    live = run_live(notebook, local_qpu, *cells)
    (answers,) = tmp_path.glob("lab.oqc/sessions/*.answers.jsonl")
    (run,) = tmp_path.glob("lab.oqc/runs/*/*.json")
    wait = json.loads(answers.read_text().splitlines()[-1])
    wait |= {"name": "wait", "arguments": [], "ordinal": 0, "answer": [0, "RUNNING", {}]}
    wait["cell_sha256"] = read(run)["oqc_archive"]["provenance"]["cell"]["sha256"]
    more = json.dumps(wait).encode() + b'\n{"name": 5}\n\xff'
    answers.write_bytes(b"{\n" + answers.read_bytes() + more)
    (panel,) = tmp_path.glob("lab.oqc/panels/*/*.json")
    (panel.parent / "0009.json").write_text("[]")
    shown = read(panel)
    shown["bundle"]["text/html"] += "<script>alert()</script>"
    panel.write_text(json.dumps(shown))
    again = all_ok(replayed(notebook, *cells))
    assert again[2].text == live[2].text
    assert "○ CREATED" in again[1].outputs[1]["text/plain"]
    assert "script" not in again[1].outputs[1]["text/html"]
    run.write_text("{}")
    assert "which should hold it, cannot be read." in replayed(notebook, *cells)[2].message


@pytest.mark.parametrize(
    "html",
    [
        "<script>1</script>", "<img src=x>", "<p onclick='x'>", "<a href='https://x'>x</a>",
        "<p style='background:url(//x)'>", "<style>@import 'x'</style>", "<svg><p></svg>",
        "<!-- x -->", "<!doctype html>", "<?php ?>", "<form action=x>", "<b\n/onclick=x>",
        "<STYLE>b{background:URL (x)}</STYLE>", "<![CDATA[x]]>", "<meta http-equiv=refresh>",
    ],
)  # fmt: skip
def test_html_that_does_more_than_show_is_not_plain(html: str) -> None:
    assert not is_plain(f"<p>before</p>{html}")


def test_what_panels_leave_is_plain() -> None:
    notebooks = Path(__file__).parents[2] / "notebooks"
    panels = [read(path)["bundle"]["text/html"] for path in notebooks.glob("*.oqc/panels/*/*")]
    assert len(panels) > 5
    assert all(map(is_plain, panels))


# ---- what is not there ----

TEXT = f"program = {BELL!r}"
SHOTS = (
    "from compiler_config.config import CompilerConfig, QuantumResultsFormat as F\n"
    "config = CompilerConfig(repeats=100, results_format=F().binary_count())"
)
RUN = (
    "job = sdk.create_job(program=program, config=config, qpu_id=qpu)\nawait job.execute()\n"
    "print(job.task_id)"
)


@pytest.fixture(scope="module")
def kernel(local_qpu: LocalQpu, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel in replay, of a notebook that ran a job."""
    notebook = tmp_path_factory.mktemp("lab") / "lab.ipynb"
    run_live(notebook, local_qpu, CONNECT, TEXT, SHOTS, f"qpu = {EXACT!r}", RUN)
    with offline_kernel(notebook) as kernel:
        all_ok(kernel.run("%load_ext oqc_notebook", CONNECT))
        yield kernel


def message(kernel: Kernel, *cells: str) -> str:
    all_ok(kernel.run(TEXT, SHOTS, f"qpu = {EXACT!r}"))
    *before, last = kernel.run(*cells)
    all_ok(before)
    assert last.error == "NotArchivedError", last
    assert "%oqc_mode live" in last.message
    return last.message


def test_a_changed_program_is_shown_with_its_difference(kernel: Kernel) -> None:
    said = message(kernel, "program = program.replace('h q[0]', 'x q[0]')", RUN)
    assert said.startswith("This run is not in the archive lab.oqc: its program changed since.\n")
    assert "\n-h q[0];\n+x q[0];\n" in said


def test_a_changed_configuration_is_shown_with_its_difference(kernel: Kernel) -> None:
    said = message(kernel, SHOTS.replace("100", "250"), RUN)
    assert "its configuration changed since." in said
    assert '-    "repeats": 100' in said
    assert '+    "repeats": 250' in said


def test_a_changed_qpu_is_shown_with_its_difference(kernel: Kernel) -> None:
    said = message(kernel, "qpu = 'qpu:local:2:simulator'", RUN)
    assert "its QPU changed since." in said
    assert f"\n-{EXACT}\n+qpu:local:2:simulator\n" in said


def test_a_changed_cell_is_shown_with_its_difference(kernel: Kernel) -> None:
    said = message(kernel, RUN.replace("print(job.task_id)", "print(job.state)"))
    assert "this cell changed since it was run." in said
    assert "\n-print(job.task_id)\n+print(job.state)\n" in said


def test_a_cell_that_was_never_archived_says_so(kernel: Kernel) -> None:
    said = message(kernel, f"await sdk.create_job(program={ONE!r}).execute()")
    assert "no run of this cell was ever archived." in said


def test_more_runs_than_are_archived_are_refused(kernel: Kernel) -> None:
    # the same cell, with a job that runs twice when it is executed
    more = "sdk.create_job = lambda make=sdk.create_job, **x: Twice(make(**x))"
    twice = (
        "class Twice:\n    def __init__(self, job): self.job = job\n"
        "    async def execute(self):\n        await self.job.execute()\n"
        "        await self.job.execute()"
    )
    said = message(kernel, f"{twice}\n{more}", RUN)
    all_ok(kernel.run("del sdk.create_job"))
    assert "this cell asks for more runs of it than are archived: 1 run." in said


def test_a_magic_shows_the_difference_line_by_line(kernel: Kernel) -> None:
    (cell,) = kernel.run(f"%%oqc_job other\n{BELL}")
    (shown,) = cell.traceback
    assert shown.startswith("NotArchivedError: This run is not in the archive lab.oqc: ")
    assert "\nIn replay mode nothing is submitted." in shown


def test_an_answer_that_is_not_archived_says_so(kernel: Kernel) -> None:
    said = message(kernel, "await sdk.get_calibration()")
    assert f"The answer to calibration('{EXACT}') is not in the archive lab.oqc" in said


def test_a_session_of_its_own_is_refused(kernel: Kernel) -> None:
    (cell,) = kernel.run(
        "from oqc_notebook.sdk import OqcSdk\n"
        "await OqcSdk('http://127.0.0.1:9', authentication_token='t').open()"
    )
    assert cell.error == "SessionError"
    assert cell.message.startswith("The mode is replay, in which no service is reached")


def test_an_archive_without_runs_says_what_to_do(tmp_path: Path) -> None:
    with offline_kernel(tmp_path / "new.ipynb") as kernel:
        (no_runs,) = kernel.run(CONNECT)
        (no_archive,) = kernel.run(CONNECT.replace("connect(", "connect(archive=False, "))
    assert no_runs.error == no_archive.error == "NotArchivedError"
    assert "There is nothing to replay: jobs.oqc" in no_runs.message
    assert "archive=False is none." in no_archive.message
    assert names_in(tmp_path) == []
