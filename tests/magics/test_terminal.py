"""The magics in IPython in a terminal: no kernel, no running loop, no panels."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faulty import FaultyProxy, answer
from tests.support import BELL, BROKEN, EXACT, ONE, LocalQpu, until

CONNECT = f"%load_ext oqc_notebook\n%oqc_connect --qpu {EXACT}\n"


def ipython(
    folder: Path, url: str, token: str, script: str, *options: str
) -> subprocess.Popen[str]:
    (folder / "script.ipy").write_text(CONNECT + script)
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", *options]
    env = {**os.environ, "OQC_URL": url, "OQC_AUTH_TOKEN": token, "IPYTHONDIR": str(folder / "ip")}
    env.pop("OQC_NOTEBOOK_PATH", None)
    return subprocess.Popen(
        [*command, "script.ipy"],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_everything_is_text(tmp_path: Path, local_qpu: LocalQpu) -> None:
    script = f"""
%oqc_qpus
get_ipython().run_cell_magic("oqc_job", "one --shots 100", {ONE!r})
%oqc_run --no-wait
%oqc_run
%oqc_history
%oqc_counts
%oqc_save
%oqc_load one again
sdk = again._client
pair = sdk.create_job(program=[{BELL!r}, {BROKEN!r}])
%oqc_run pair
%oqc_jobs
%oqc_run nope
"""
    process = ipython(tmp_path, local_qpu.url, local_qpu.token, script)
    out, err = process.communicate(timeout=60)
    assert f"Default QPU: Exact 32-qubit ({EXACT})." in out
    assert "8-qubit Simulator (SIMULATED)  qpu:local:2:simulator  8" in out
    assert "3 jobs of the session with http" in out
    assert re.search("pair +2 jobs +Exact 32-qubit +✕ FAILED .* 1 FAILED, 1 COMPLETED", out)
    assert "Job one: ✓ COMPLETED on Exact 32-qubit, SIMULATED, 100 shots" in out
    assert "one: register c, 100 shots (c[0] is the leftmost bit)" in out
    assert f"Saved one to {tmp_path / 'jobs.oqc' / 'saved' / 'one.json'}" in out
    assert "Job again: ✓ COMPLETED" in out
    assert "Composite job pair: ✕ FAILED" in out
    assert "hadamard" in out
    assert "Traceback" not in out + err
    assert "UsageError: %oqc_run: There is no job called 'nope'. The jobs here: " in out + err
    assert "Live panel" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_wait_in_one_line(
    tmp_path: Path, local_qpu: LocalQpu, proxy: FaultyProxy
) -> None:
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    script = f'get_ipython().run_cell_magic("oqc_job", "one", {ONE!r})\nprint("not run")\n'
    process = ipython(tmp_path, proxy.url, local_qpu.token, script)
    until(lambda: proxy.count("GET", "/all_info") > 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert "Interrupted: one goes on. '%oqc_run one' waits for it again" in out + err
    assert "Traceback" not in out + err
    assert "not run" not in out
