"""Two archives, run by run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_configurations_are_compared_whole(tmp_path: Path) -> None:
    one, other = CompilerConfig(repeats=5), CompilerConfig(repeats=5, passive_reset_time=1e-4)
    a = snapshot(tmp_path / "a.json", {"c": {"0": 7}}, config=one)
    b = snapshot(tmp_path / "b.json", {"c": {"0": 7}}, config=other)
    (run,) = oqc_notebook.diff(a, b).runs
    assert any("0.0001" in word for setting in run.settings for word in setting)
    assert not oqc_notebook.diff(a, a).differs


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
