"""What the tests of replay need: notebooks that are archived, and kernels without a network."""

from __future__ import annotations

import os
from pathlib import Path

from tests.archive.support import make_notebook
from tests.support import EXACT, LocalQpu
from tests.support_kernel import Cell, Kernel

CONNECT = f"import oqc_notebook\nsdk = oqc_notebook.connect(default_qpu_id={EXACT!r})"

#: Makes it an error to reach for the network, to speak HTTP, or to start a process.
NO_NETWORK = """
import httpx, socket, subprocess

class Refusing(socket.socket):
    def __init__(self, family=-1, *args, **kwargs):
        assert family == socket.AF_UNIX, "a socket was made"  # which event loops need
        super().__init__(family, *args, **kwargs)

def refuse(*args, **kwargs):
    raise AssertionError("the network was reached for")

socket.socket = Refusing
httpx.AsyncClient.__init__ = httpx.Client.__init__ = subprocess.Popen.__init__ = refuse
socket.getaddrinfo = refuse
"""

#: Gives everything that a job holds, as text.
EVERYTHING = """
def everything(job):
    def text_of(config):
        return config and config.to_json()
    names = ("program", "qpu_id", "task_id", "tag", "timings", "metrics", "metadata",
             "label", "cancel_requested", "state", "status", "state_times", "ended", "completed")
    of_output = ("qpu_id", "task_id", "program", "received", "timings", "metrics", "metadata",
                 "state_times", "data", "error_code", "error_message")
    print({name: str(getattr(job, name)) for name in names}, job.error, job.outputs)
    print([{n: str(getattr(run, n, "")) for n in of_output} for run in job.history])
    print(text_of(job.config), [text_of(run.compiler_config) for run in job.history])
    print(job.to_snapshot().model_dump_json())
"""


def run_live(notebook: Path, qpu: LocalQpu, *cells: str) -> list[Cell]:
    """Run cells in a live kernel of a notebook, which is made of them, and archive them."""
    make_notebook(notebook, *cells)
    with live_kernel(notebook, qpu.url, qpu.token) as kernel:
        done = all_ok(kernel.run(*cells))
        all_ok(kernel.run("assert sdk._recorder.flush()"))
    return done


def live_kernel(notebook: Path, url: str, token: str) -> Kernel:
    """A kernel of a notebook in which every run is submitted."""
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_URL": url}
    env |= {"OQC_AUTH_TOKEN": token, "OQC_NOTEBOOK_MODE": "live"}
    return Kernel(cwd=str(notebook.parent), env=env)


def offline_kernel(notebook: Path, mode: str = "replay") -> Kernel:
    """A kernel of a notebook that has no network, no service and no token."""
    env = {**os.environ, "OQC_NOTEBOOK_PATH": str(notebook), "OQC_NOTEBOOK_MODE": mode}
    env["OQC_URL"] = "http://127.0.0.1:9"
    env.pop("OQC_AUTH_TOKEN", None)
    kernel = Kernel(cwd=str(notebook.parent), env=env)
    all_ok(kernel.run(NO_NETWORK))
    return kernel


def replayed(notebook: Path, *cells: str) -> list[Cell]:
    """Run cells in replay, where there is no network."""
    with offline_kernel(notebook) as kernel:
        return kernel.run(*cells)


def all_ok(cells: list[Cell]) -> list[Cell]:
    for cell in cells:
        assert cell.status == "ok", "\n".join([cell.text, *cell.traceback])
    return cells


def comparable(cells: list[Cell]) -> list[object]:
    """What cells printed and showed, without the views of widgets, as nbval compares it."""
    return [
        (
            cell.text,
            [{k: v for k, v in out.items() if "widget" not in k} for out in cell.outputs],
        )
        for cell in cells
    ]
