"""What the README shows is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from oqc_notebook.local.scenario import read_scenario
from oqc_notebook.magics import MAGICS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def shared_as_one_file(folder: Path) -> list[str]:
    """Run the commands of the section on sharing, on the guide's first notebook; say what came."""
    shutil.copy(ROOT / "notebooks" / "01_quickstart.ipynb", folder / "bell.ipynb")
    shutil.copytree(ROOT / "notebooks" / "01_quickstart.oqc", folder / "bell.oqc")
    section = README.partition("## Share a notebook as one file")[2].partition("\n## ")[0]
    said = []
    for commands in re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL):
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=folder,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    return said


def test_the_commands_of_the_section_on_sharing(tmp_path: Path) -> None:
    exported, redacted, extracted = shared_as_one_file(tmp_path)
    assert str(tmp_path / "bell.html") in exported
    assert str(tmp_path / "bell.html") in redacted
    assert str(tmp_path / "bell-of-anna" / "bell.ipynb") in extracted
    assert " passed" in extracted


def test_the_snippets_run_one_after_the_other(tmp_path: Path) -> None:
    shared_as_one_file(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(snippets) >= 6
    body = textwrap.indent("\n".join(snippets), "    ")
    script = f"import asyncio\nasync def main():\n{body}\nasyncio.run(main())\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "qpu:local:2:simulator 8-qubit Simulator" in done.stdout
    assert "COMPLETED 2" in done.stdout
    assert (tmp_path / "bell.json").exists()
    assert (tmp_path / "sweep.json").exists()


def test_the_test_in_the_section_on_failures_passes(tmp_path: Path) -> None:
    bell, *_ = re.findall(r'^bell = """.*?^"""$', README, flags=re.DOTALL | re.MULTILINE)
    (snippet,) = re.findall(r"```python\n(def test_.*?)```", README, flags=re.DOTALL)
    (tmp_path / "test_mine.py").write_text(f"import oqc_notebook\n{bell}\n{snippet}")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_scenario_is_one(tmp_path: Path) -> None:
    (scenario,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "busy.toml").write_text(scenario)
    (fault,) = read_scenario(tmp_path / "busy.toml")
    assert fault.document()["after_s"] == 60


def test_the_table_of_magics_is_that_of_the_code() -> None:
    rows = [f"| `{magic.usage}` | {magic.summary} |" for magic in MAGICS]
    assert "\n".join(["| magic | what it does |", "| --- | --- |", *rows, ""]) in README


def test_the_files_of_an_archive_are_those_that_the_layout_names() -> None:
    (layout,) = re.findall(r"```text\nbell\.ipynb\nbell\.oqc/\n(.*?)```", README, flags=re.DOTALL)
    named = set(re.findall(r"^  ([\w.-]+)(?:/| )", layout, flags=re.MULTILINE))
    archives = list(ROOT.glob("notebooks/*.oqc"))
    there = {path.name for archive in archives for path in archive.glob("[!.]*")}
    sessions = {path.name for archive in archives for path in archive.glob("sessions/*")}
    assert len(archives) >= 7
    assert there | {"index.json", "live", "saved"} == named
    kinds = {re.sub(r"^[^.]+", "SESSION", name) for name in sessions if ".lock" not in name}
    assert kinds == set(re.findall(r"sessions/(\S+)", layout))


def test_every_picture_is_there_and_small() -> None:
    for name in re.findall(r'src(?:set)?="([^"]+)"', README):
        assert 0 < (ROOT / name).stat().st_size < 150_000


def test_ci_runs_the_set_up_and_test_commands_as_they_stand_here() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    for heading in ("Set up and run", "Test"):
        assert re.search(rf"^## {heading}$(?:(?!^##).)*?```sh\n\S", README, re.M | re.S)
        assert re.search(rf"readme_command '?{heading}", ci)
