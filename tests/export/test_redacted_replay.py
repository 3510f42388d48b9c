"""An archive that was exported without its secrets is still one: it is replayed strictly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.archive.test_nbval import STRICT, execute, passed, validate
from tests.support import BELL, EXACT, ONE, LocalQpu


@pytest.fixture
def shared(local_qpu: LocalQpu, tmp_path: Path) -> Path:
    """The folder of a notebook full of its session's token, as somebody else extracts it."""
    token = local_qpu.token
    (tmp_path / "mine").mkdir()
    notebook = execute(
        tmp_path / "mine" / "lab.ipynb",
        local_qpu,
        f"%load_ext oqc_notebook\n%oqc_connect --qpu {EXACT} --as sdk",
        f"mine = {token!r}\nprint(mine)",
        f"job = sdk.create_job(program={ONE!r})  # {token}\nawait job.execute()\njob",
        f"%%oqc_job bell\n// {token}\n{BELL}",
        "bell, bell.task_id, bell.program",
        f"both = sdk.create_job(program=[{ONE!r}, {BELL + '// ' + token!r}], label=[mine, 'x'])\n"
        "await both.execute()\nboth",
        "await job.execute()\nprint(job.history)\nmine = sdk.qpu_name(job.qpu_id)",
    )
    assert token in notebook.read_text()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OQC_")}
    for arguments in (
        ["export", "--redact", "lab.ipynb"],
        ["extract", "lab.html", str(tmp_path / "theirs")],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "oqc_notebook.cli", *arguments],
            cwd=notebook.parent, env=kept, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path / "theirs"


def test_a_redacted_archive_is_replayed_strictly_and_holds_no_token(
    shared: Path, local_qpu: LocalQpu
) -> None:
    files = [path for path in shared.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert local_qpu.token not in path.read_text(), path
    assert "[token removed]" in (shared / "lab.ipynb").read_text()
    assert "7 passed" in passed(validate(shared, *STRICT, "lab.ipynb"))
