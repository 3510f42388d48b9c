"""Type checkers read ``tests/typed_api.py`` and find nothing wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = "tests/typed_api.py"


def checker(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a type checker as it is configured for this project."""
    return subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_public_api_passes_mypy() -> None:
    pytest.importorskip("mypy")
    done = checker("mypy", "--strict", FILE)
    assert done.returncode == 0, done.stdout


def test_the_public_api_passes_pyright() -> None:
    pytest.importorskip("pyright")
    done = checker("pyright", "--pythonpath", sys.executable, FILE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["mypy", "pyright"])
def test_a_wrong_type_is_found(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    text = (ROOT / FILE).read_text()
    right = "assert_type(job.result, JobResult | None)"
    assert text.count(right) == 1
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace(right, "assert_type(job.result, JobResult)"))
    options = ["--strict"] if name == "mypy" else ["--pythonpath", sys.executable]
    done = checker(name, *options, str(wrong))
    assert done.returncode == 1, done.stdout
    assert done.stdout.count("assert") == 1, done.stdout
