"""The command line: demo and qpu."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from oqc_notebook.sdk import OqcSdk

COMMAND = [sys.executable, "-m", "oqc_notebook.cli"]


def oqc_notebook(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_demo_runs_saves_loads_in_a_fresh_process_and_runs_again(tmp_path: Path) -> None:
    done = oqc_notebook("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # nothing that frightens a newcomer
    assert "results are simulated on this machine" in done.stdout
    assert "Both runs of each program are in the histories" in done.stdout
    sdk = OqcSdk("https://example.com")
    assert len(sdk.load(tmp_path / "oqc-demo" / "bell.json").history) == 2
    sweep = sdk.load(tmp_path / "oqc-demo" / "sweep.json")
    assert len(sweep.history) == 18
    assert sweep.completed
    # and the notebook, executed in a real kernel, with its snapshots and a page
    folder = tmp_path / "oqc-demo"
    assert sdk.load(folder / "01_quickstart.oqc" / "saved" / "bell.json").history
    notebook = json.loads((folder / "01_quickstart.ipynb").read_text())
    assert "SIMULATED" in json.dumps(notebook["cells"])
    page = (folder / "01_quickstart.html").read_text()
    assert "Counts, register c" in page or "Counts of register c" in page
    assert not re.findall(r"""(?:src|href)=["']?https?://""", page)
    # again: the default folder is numbered, nothing is overwritten
    assert oqc_notebook("demo", cwd=tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["oqc-demo", "oqc-demo-2"]


def test_demo_takes_a_folder(tmp_path: Path) -> None:
    assert oqc_notebook("demo", "a/b", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a" / "b" / "bell.json").exists()


def test_demo_fails_with_a_status_and_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = oqc_notebook("demo", "file", cwd=tmp_path)
    assert done.returncode != 0
    assert "The demo failed" in done.stderr


def test_lab_opens_jupyterlab_on_a_copy_that_keeps_what_was_changed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "01_quickstart.ipynb").write_text("changed")
    # JupyterLab itself says its version and ends
    done = oqc_notebook("lab", "mine", "--", "--version", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "begin with 01_quickstart.ipynb" in done.stdout
    assert (tmp_path / "mine" / "01_quickstart.ipynb").read_text() == "changed"
    assert (tmp_path / "mine" / "04_variational_loop.ipynb").exists()


def test_qpu_prints_one_json_line_and_lives_until_it_is_stopped(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "qpu", "--port", "0"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,  # its end does not end the QPU
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert set(ready) == {"url", "token", "pid"}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import oqc_notebook as o; print(o.run(o.connect().list_qpus())[0]['id'])",
        ],
        env={**os.environ, "OQC_URL": ready["url"], "OQC_AUTH_TOKEN": ready["token"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "qpu:local:1:exact\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert process.stdout.read() == ""
    process.stdout.close()


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["qpu", "--help"]])
def test_help_helps(tmp_path: Path, arguments: list[str]) -> None:
    done = oqc_notebook(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "usage: oqc-notebook" in done.stdout
    for word in {"--help": ["demo", "qpu"], "demo": ["FOLDER"], "qpu": ["--seed", "--port"]}[
        arguments[0]
    ]:
        assert word in done.stdout


def test_no_command_says_which_there_are(tmp_path: Path) -> None:
    done = oqc_notebook(cwd=tmp_path)
    assert done.returncode == 2
    assert "demo" in done.stderr
