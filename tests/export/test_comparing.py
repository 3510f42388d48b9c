"""Two archives, run by run."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest
from compiler_config.config import CompilerConfig

import oqc_notebook
from tests.archive.test_nbval import execute
from tests.sdk.test_snapshots import answered, failed, new_job, submitted
from tests.support import BELL, EXACT, ONE, LocalQpu

GUIDE = Path(__file__).parents[2] / "notebooks"
CELLS = (
    f"%load_ext oqc_notebook\n%oqc_connect --qpu {EXACT} --as sdk",
    f"%%oqc_job bell --shots SHOTS\n{BELL}",
    f"sweep = sdk.create_job(program=[{ONE!r}, PROGRAM])\nawait sweep.execute()",
)


def notebook(path: Path, qpu: LocalQpu, shots: int, program: str) -> Path:
    path.parent.mkdir()
    cells = [c.replace("SHOTS", str(shots)).replace("PROGRAM", repr(program)) for c in CELLS]
    return execute(path, qpu, *cells)


def snapshot(path: Path, *results: Any, **inputs: Any) -> Path:
    job = new_job(**inputs)
    for result in results:
        if result == "no":
            failed(submitted(job))
        else:
            answered(submitted(job), "COMPLETED", results=result)
    job.save(path)
    return path


def test_two_executions_of_a_notebook_differ_by_chance_alone(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    a = notebook(tmp_path / "a" / "x.ipynb", local_qpu, 1000, BELL)
    b = notebook(tmp_path / "b" / "x.ipynb", local_qpu, 1000, BELL)
    found = oqc_notebook.diff(a, b.with_suffix(".oqc"))
    assert [run.run for run in found.runs] == ["bell, run 1", "sweep[0], run 1", "sweep[1], run 1"]
    assert not found.differs
    assert "3 runs in both, 0 of them different" in repr(found)
    assert found.environment == []


def test_what_was_changed_between_two_executions_is_told(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    a = notebook(tmp_path / "a" / "x.ipynb", local_qpu, 1000, BELL)
    b = notebook(tmp_path / "b" / "x.ipynb", local_qpu, 500, BELL.replace("h q[0]", "x q[0]"))
    found = oqc_notebook.diff(a, b)
    bell, first, second = found.runs
    assert bell.settings == [("shots", "1000", "500")]
    assert bell.counts[0].shots == (1000, 500)
    assert not first.differs
    assert "-h q[0];" in second.program
    assert "+x q[0];" in second.program
    (counts,) = second.counts
    assert counts.distance == pytest.approx(0.5, abs=0.1)
    assert counts.differs
    text = repr(found)
    assert "shots: 1000 | 500" in text
    assert "by chance about 0.0" in text


UNNAMED = (
    CELLS[0],
    f"jobs = [sdk.create_job(program=program) for program in [{ONE!r}, {BELL!r}, {ONE!r}]]\n"
    "import asyncio\nawait asyncio.gather(*(job.execute() for job in jobs))",
    f"%%oqc_job bell\n{BELL}",
)


def test_jobs_without_a_name_are_matched_by_their_cell_and_what_they_ran(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    a = execute(tmp_path / "a" / "x.ipynb", local_qpu, *UNNAMED)
    moved = (UNNAMED[0], UNNAMED[2].replace("%%oqc_job bell", "%%oqc_job pair"), UNNAMED[1])
    b = execute(tmp_path / "b" / "x.ipynb", local_qpu, *moved)
    found = oqc_notebook.diff(a, b)
    assert len(found.runs) == 4
    assert not found.differs, found
    assert (found.only_in_a, found.only_in_b) == ([], [])
    assert sorted(run.run for run in found.runs) == [
        "bell, run 1",
        *(f"unnamed, run {number}" for number in (1, 2, 3)),
    ]


def test_of_a_cell_that_was_executed_again_the_newest_execution_is_compared(
    local_qpu: LocalQpu, tmp_path: Path
) -> None:
    a = notebook(tmp_path / "a" / "x.ipynb", local_qpu, 1000, BELL)
    b = notebook(tmp_path / "b" / "x.ipynb", local_qpu, 1000, BELL)
    execute(b, local_qpu, *[cell.source for cell in nbformat.read(b, as_version=4).cells])
    found = oqc_notebook.diff(a, b)
    assert len(found.runs) == 3
    assert not found.differs, found
    assert found.left_out == (0, 3)
    assert "left out of b: 3 runs of earlier executions of cells" in repr(found)


def counts_of(chosen: random.Random, shots: int, bitstrings: int) -> dict[str, int]:
    return dict(Counter(f"{chosen.randrange(bitstrings):010b}" for _ in range(shots)))


@pytest.mark.parametrize("shots", [20, 1000])
@pytest.mark.parametrize("bitstrings", [1, 2, 300, 2**40])
def test_chance_is_not_called_a_difference_and_is_told_as_large_as_it_is(
    bitstrings: int, shots: int, tmp_path: Path
) -> None:
    chosen = random.Random(5)
    for name in "ab":
        runs = [{"c": counts_of(chosen, shots, bitstrings)} for _ in range(40)]
        snapshot(tmp_path / f"{name}.json", *runs)
    found = oqc_notebook.diff(tmp_path / "a.json", tmp_path / "b.json")
    assert not found.differs, found
    counts = [run.counts[0] for run in found.runs]
    distance = sum(each.distance or 0.0 for each in counts) / len(counts)
    assert distance == pytest.approx(sum(each.chance or 0.0 for each in counts) / 40, rel=0.2)


def test_a_difference_among_very_many_bitstrings_is_found(tmp_path: Path) -> None:
    chosen = random.Random(5)
    one = {"c": counts_of(chosen, 1000, 256)}
    other = {"c": counts_of(chosen, 1000, 128)}  # a qubit that is stuck
    a, b = snapshot(tmp_path / "a.json", one), snapshot(tmp_path / "b.json", other)
    assert oqc_notebook.diff(a, b).differs


def test_results_that_are_no_counts_and_failures_are_told(tmp_path: Path) -> None:
    a = snapshot(tmp_path / "a.json", {"c": {"0": 7}}, [0.5], "no", {"c": {"0": 5}})
    b = snapshot(tmp_path / "b.json", "no", [0.25], "no", {"c": {"0": 5}, "d": {"1": 1}}, [1])
    found = oqc_notebook.diff(a, b)
    first, raw, refused, more = found.runs
    assert first.outcome == ("counts", "(420) no such gate")
    assert raw.outcome == ("[0.5]", "[0.25]")
    assert not refused.differs
    assert [(each.register, each.shots) for each in more.counts] == [
        ("c", (5, 5)),
        ("d", (None, 1)),
    ]
    assert found.only_in_b == ["job, run 5"]
    assert "only in b: job, run 5" in repr(found)


def test_markup_in_a_program_is_shown_as_text(tmp_path: Path) -> None:
    a = snapshot(tmp_path / "a.json", {"c": {"0": 7}}, program="<b>")
    b = snapshot(tmp_path / "b.json", {"c": {"0": 7}}, program="<script>alert(1)</script>")
    assert "<script>" not in oqc_notebook.diff(a, b)._repr_html_()


def test_what_a_file_says_neither_steers_a_terminal_nor_looks_like_lines_of_its_own(
    tmp_path: Path,
) -> None:
    unseen = "\x1b]0;title\x07\nonly in a: all"
    a = snapshot(tmp_path / "a.json", {unseen: {"0": 7}}, unseen, program=unseen, qpu_id=unseen)
    b = snapshot(tmp_path / "b.json", {"c": {"0": 7}}, "no")
    told = repr(oqc_notebook.diff(a, b))
    assert "\\x1b]0;title" in told
    assert "\x1b" not in told
    assert not any(line.startswith("only in") for line in told.splitlines())


def test_configurations_are_compared_whole(tmp_path: Path) -> None:
    one, other = CompilerConfig(repeats=5), CompilerConfig(repeats=5, passive_reset_time=1e-4)
    a = snapshot(tmp_path / "a.json", {"c": {"0": 7}}, config=one)
    b = snapshot(tmp_path / "b.json", {"c": {"0": 7}}, config=other)
    (run,) = oqc_notebook.diff(a, b).runs
    assert any("0.0001" in word for setting in run.settings for word in setting)
    assert not oqc_notebook.diff(a, a).differs


def test_a_snapshot_differs_from_an_archive_in_its_runs_and_not_in_where_they_ran(
    tmp_path: Path,
) -> None:
    saved = snapshot(tmp_path / "a.json", {"c": {"0": 7}})
    found = oqc_notebook.diff(GUIDE / "01_quickstart.ipynb", saved)
    assert found.only_in_a
    assert found.only_in_b == ["job, run 1"]
    assert found.environment == []


@pytest.mark.parametrize(
    ("a", "b", "status", "said"),
    [
        ("01_quickstart.ipynb", "01_quickstart.oqc", 0, "0 of them different"),
        ("01_quickstart.ipynb", "02_composite_jobs.ipynb", 1, "only in a: "),
        ("01_quickstart.ipynb", "no.zip", 2, "no.zip"),
    ],
)
def test_the_command_line_tells_by_its_status(a: str, b: str, status: int, said: str) -> None:
    command = [sys.executable, "-m", "oqc_notebook.cli", "diff", a, b]
    done = subprocess.run(command, cwd=GUIDE, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
