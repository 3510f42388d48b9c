"""live, reuse and replay: what each submits, how it is chosen, and changing it on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oqc_notebook import archive
from tests.archive.replays import (
    CONNECT,
    EVERYTHING,
    all_ok,
    comparable,
    offline_kernel,
    run_live,
)
from tests.archive.support import NotebookKernel, kernel_of, names_in, read, runs_in
from tests.sdk.test_crashes import Ledger
from tests.support import BELL, EXACT, ONE, LocalQpu
from tests.support_kernel import Cell, Kernel

CELLS = (
    CONNECT,
    EVERYTHING,
    "shots = 1000",
    f"bell = sdk.create_job(program={BELL!r}, fetch_diagnostics=True)\n"
    "await bell.execute(); await bell.execute()\neverything(bell)",
    f"sweep = sdk.create_job(program=[{ONE!r}, {BELL!r}])\nawait sweep.execute()\n"
    "for job in sweep.jobs: everything(job)",
    "from compiler_config.config import CompilerConfig, QuantumResultsFormat as F\n"
    "counts = F().binary_count()\n"
    f"few = sdk.create_job(program={BELL!r}, config=[CompilerConfig(repeats=n, "
    "results_format=counts) for n in (10, shots, 20)])\nawait few.execute()\n"
    "for job in few.jobs: everything(job)",
)


def run_in(mode: str, notebook: Path, qpu: LocalQpu, *cells: str) -> list[Cell]:
    """Run cells in a new kernel of a notebook, in a mode."""
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_URL": qpu.url}
    env |= {"OQC_AUTH_TOKEN": qpu.token, "OQC_NOTEBOOK_MODE": mode}
    with Kernel(cwd=str(notebook.parent), env=env) as kernel:
        done = all_ok(kernel.run(*cells))
        all_ok(kernel.run("assert sdk._recorder.flush()"))
    return done


# ---- reuse ----


def test_restart_and_run_all_in_reuse_costs_nothing(tmp_path: Path, local_qpu: LocalQpu) -> None:
    notebook = tmp_path / "lab.ipynb"
    live = run_live(notebook, local_qpu, *CELLS)
    runs, before = names_in(tmp_path / "lab.oqc", "runs/**/*"), Ledger(local_qpu)
    again = run_in("reuse", notebook, local_qpu, *CELLS)
    assert before.runs() == set()
    assert comparable(again) == comparable(live)
    assert names_in(tmp_path / "lab.oqc", "runs/**/*") == runs
    assert names_in(tmp_path / "lab.oqc", "live/*") == []


def test_only_what_is_new_or_changed_is_submitted_and_then_it_is_archived_too(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = tmp_path / "lab.ipynb"
    live = run_live(notebook, local_qpu, *CELLS)
    changed = [cell.replace("shots = 1000", "shots = 500") for cell in CELLS]
    new = f"new = sdk.create_job(program={ONE!r})\nawait new.execute()"
    before = Ledger(local_qpu)
    again = run_in("reuse", notebook, local_qpu, *changed, new)
    assert len(before.runs()) == 2  # the child with other shots, and the new job
    assert comparable(again)[:5] == comparable(live)[:5]
    then, now = (cells[5].text.splitlines() for cells in (live, again))
    assert [a == b for a, b in zip(then, now, strict=True)] == [True] * 4 + [False] * 4 + [True] * 4
    composites = names_in(tmp_path / "lab.oqc", "runs/*/*-composite.json")
    newest = read(tmp_path / "lab.oqc" / composites[-1])["oqc_archive"]
    tasks = [read(tmp_path / "lab.oqc" / child["run"])["task_id"] for child in newest["children"]]
    assert [task in "".join(now) for task in tasks] == [True] * 3
    assert names_in(tmp_path / "lab.oqc", "live/*") == []
    # and all of it is unchanged from now on
    before = Ledger(local_qpu)
    run_in("reuse", notebook, local_qpu, *changed, new)
    run_in("reuse", notebook, local_qpu, *CELLS)
    assert before.runs() == set()


def test_a_reused_job_goes_on_as_itself(tmp_path: Path, local_qpu: LocalQpu) -> None:
    notebook = tmp_path / "lab.ipynb"
    make = f"bell = sdk.create_job(program={BELL!r})\nawait bell.execute()"
    run_live(notebook, local_qpu, CONNECT, make)
    again = "await bell.execute()\nprint(len(bell.history))"
    done = run_in("reuse", notebook, local_qpu, CONNECT, make, again)
    assert done[-1].text == "2\n"
    first, second = (file["oqc_archive"] for file in runs_in(tmp_path / "lab.oqc"))
    assert (second["job"], second["runs"]) == (first["job"], 2)
    assert second["previous"] == names_in(tmp_path / "lab.oqc", "runs/*/*.json")[0]


def test_a_run_of_the_same_kernel_is_reused(tmp_path: Path, local_qpu: LocalQpu) -> None:
    make = f"bell = sdk.create_job(program={BELL!r})\nawait bell.execute()\nprint(bell.task_id)"
    before = Ledger(local_qpu)
    done = run_in("reuse", tmp_path / "lab.ipynb", local_qpu, CONNECT, make, make)
    assert done[1].text.endswith(done[2].text)
    assert len(before.runs()) == 1


IN_FLIGHT = (
    f"job = sdk.create_job(program={BELL!r})\nawait job.submit()",
    f"sweep = sdk.create_job(program=[{ONE!r}, {BELL!r}])\nawait sweep.submit()",
)
TASKS = "print(json.dumps([str(one.task_id) for one in [job, *sweep.jobs]]))"


def test_what_a_killed_kernel_left_in_flight_goes_on_in_reuse_and_is_not_submitted_again(
    tmp_path: Path,
) -> None:
    notebook, folder = tmp_path / "lab.ipynb", tmp_path / "lab.oqc"
    with LocalQpu("--latency", "5") as qpu:
        ledger = Ledger(qpu)
        with kernel_of(notebook, qpu) as kernel:
            kernel.ok(*IN_FLIGHT)
            tasks = kernel.told(TASKS)
            kernel.kill()
        with kernel_of(notebook, qpu) as kernel:
            kernel.ok("%oqc_mode reuse", *IN_FLIGHT)
            assert kernel.told(TASKS) == tasks
            kernel.ok("await job.wait()\nawait sweep.wait()")
            kernel.ok("assert job.completed and len(sweep.completed_jobs) == 2")
            kernel.ok("assert sdk._recorder.flush()", *IN_FLIGHT)  # and what it gave is archived
            assert kernel.told(TASKS) == tasks
            (left,) = kernel.ok("%oqc_resume --list")
            assert left.text == "The archive has nothing that is not here already.\n"
        assert ledger.runs() == set(tasks)
    assert names_in(folder, "live/*") == []
    assert len(names_in(folder, "runs/*/*.json")) == 4  # three runs, and the composite


def test_what_another_kernel_follows_or_another_server_has_is_not_taken_up_in_reuse(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = tmp_path / "lab.ipynb"
    with LocalQpu("--latency", "600") as qpu:
        with kernel_of(notebook, qpu) as first:
            first.ok(*IN_FLIGHT)
            tasks = set(first.told(TASKS))
            with kernel_of(notebook, qpu) as second:
                second.ok("%oqc_mode reuse", *IN_FLIGHT)
                assert tasks.isdisjoint(second.told(TASKS))
                second.kill()
            first.kill()
        with kernel_of(notebook, local_qpu) as third:
            third.ok("%oqc_mode reuse", *IN_FLIGHT, "await job.wait()\nawait sweep.wait()")
            third.ok("assert job.completed and len(sweep.completed_jobs) == 2")


# ---- changing the mode ----


def test_the_mode_is_said_and_chosen_by_a_magic(tmp_path: Path, local_qpu: LocalQpu) -> None:
    make = f"bell = sdk.create_job(program={BELL!r})\nawait bell.execute()\nprint(bell.task_id)"
    with NotebookKernel(tmp_path / "lab.ipynb", local_qpu.url, local_qpu.token) as kernel:
        before = Ledger(local_qpu)
        said, live, reuse, reused, replay, replayed = kernel.ok(
            "%oqc_mode", make, "%oqc_mode reuse", make, "%oqc_mode replay", make
        )
        assert said.text == "The mode is live: every run is submitted.\n"
        assert reuse.text.startswith("The mode is reuse: unchanged cells get")
        assert replay.text.startswith("The mode is replay: everything comes from the archive")
        assert live.text.endswith(reused.text)
        assert replayed.text == reused.text
        assert len(before.runs()) == 1
        # the session is live, but in replay nothing is submitted
        (new,) = kernel.run(f"await sdk.create_job(program={ONE!r}).execute()")
        assert new.error == "NotArchivedError"
        _, again = kernel.ok("%oqc_mode live", make)
        assert again.text != reused.text
        assert len(before.runs()) == 2
        (wrong,) = kernel.run("%oqc_mode on")
        assert "%oqc_mode: The mode is live, reuse or replay, not 'on'." in wrong.stderr


def test_a_session_of_replay_says_that_it_cannot_submit(
    tmp_path: Path, local_qpu: LocalQpu
) -> None:
    notebook = tmp_path / "lab.ipynb"
    run = f"job = sdk.create_job(program={ONE!r})\nawait job.execute()"
    run_live(notebook, local_qpu, CONNECT, run)
    with offline_kernel(notebook) as kernel:
        all_ok(kernel.run(CONNECT, run, "%load_ext oqc_notebook", "%oqc_mode live"))
        (cell,) = kernel.run(run)
        assert cell.error == "SessionUnreachableError"
        assert "opened in replay" in cell.message
        assert "call connect() again" in cell.message


def test_the_mode_of_a_process_is_its_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OQC_NOTEBOOK_MODE", "")  # so that it is unset again after the test
    assert archive.mode() == "live"
    archive.set_mode("reuse")
    assert (archive.mode(), os.environ["OQC_NOTEBOOK_MODE"]) == ("reuse", "reuse")
    monkeypatch.setenv("OQC_NOTEBOOK_MODE", "replay")
    assert archive.mode() == archive.chosen_mode() == "replay"
    with pytest.raises(ValueError, match="live, reuse or replay, not 'off'"):
        archive.set_mode("off")  # type: ignore[arg-type]
    monkeypatch.setenv("OQC_NOTEBOOK_MODE", "dead")
    with pytest.raises(ValueError, match="not 'dead'"):
        archive.mode()


def test_reuse_and_replay_work_in_scripts(tmp_path: Path, local_qpu: LocalQpu) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import oqc_notebook\n"
        f"sdk = oqc_notebook.connect(archive='jobs.oqc', default_qpu_id={EXACT!r})\n"
        f"jobs = [sdk.create_job(program={BELL!r}) for _ in range(2)]\n"
        "for job in jobs: oqc_notebook.run(job.execute())\n"
        "print([(str(job.task_id), job.result.data) for job in jobs])\n"
        "print(oqc_notebook.run(sdk.list_qpus()))\n"
    )

    def run(mode: str, url: str) -> str:
        env = {**os.environ, "OQC_URL": url, "OQC_AUTH_TOKEN": local_qpu.token}
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path, env={**env, "OQC_NOTEBOOK_MODE": mode}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    live = run("live", local_qpu.url)
    before = Ledger(local_qpu)
    assert run("reuse", local_qpu.url) == live
    assert run("replay", "http://127.0.0.1:9") == live
    assert before.runs() == set()
