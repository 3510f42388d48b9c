"""``oqc-notebook demo``: the whole way, for real, on this machine."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import oqc_notebook
from oqc_notebook.guide import notebooks_folder
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

#: One program of the sweep: a rotation by an angle, measured.
ROTATION = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
ry({angle}) q[0];
measure q -> c;
"""

SWEEP = [round(step * math.pi / 8, 6) for step in range(9)]

#: Stock pages ask other hosts for scripts that ours do not need.
_OFFLINE = dict.fromkeys(
    (
        "require_js_url",
        "mathjax_url",
        "jquery_url",
        "mermaid_js_url",
        "mermaid_layout_elk_js_url",
    ),
    "",
)

_JOB_FILE, _COMPOSITE_FILE = "bell.json", "sweep.json"


def main(folder: Path | None = None) -> int:
    """Run the demonstration; give the exit status."""
    try:
        folder = _new_folder(folder)
        print(f"1. Connecting (snapshots go to {folder})")
        sdk = oqc_notebook.connect()
        print("\n2. A job: a Bell pair, 1000 shots")
        job = sdk.create_job(program=BELL)
        _execute(job)
        _show(job)
        print(f"\n3. A composite of {len(SWEEP)} jobs: ry(θ) for θ from 0 to π")
        composite = sdk.create_job(program=[ROTATION.format(angle=a) for a in SWEEP])
        assert isinstance(composite, CompositeJob)
        _execute(composite)
        _show_sweep(composite)
        print("\n4. Saving both")
        for runnable, name in ((job, _JOB_FILE), (composite, _COMPOSITE_FILE)):
            runnable.save(folder / name)
            print(f"   {folder / name}")
        print("\n5. A fresh process loads them and runs them again")
        again = subprocess.run(
            [sys.executable, "-m", "oqc_notebook.demo", str(folder)], check=False
        )
        if again.returncode:
            return again.returncode
        print("\n6. The quickstart notebook, executed in a real kernel")
        for path in _execute_notebook("01_quickstart.ipynb", folder):
            print(f"   {path}")
    except Exception as exc:
        print(f"The demo failed: {exc}", file=sys.stderr)
        return 1
    print(
        f"\nDone. Everything is in {folder}: open the HTML page in a browser, the notebook in "
        "Jupyter, and load a snapshot with sdk.load(path)."
    )
    return 0


def _execute_notebook(name: str, folder: Path) -> list[Path]:
    """Execute one of our notebooks in `folder`; give it, its page, archive and snapshots."""
    import nbformat
    from nbclient import NotebookClient
    from nbconvert.exporters import HTMLExporter

    path = folder / name
    notebook = nbformat.read(notebooks_folder() / name, as_version=4)
    # The kernel of a plain file does not know its notebook, and where to save beside it.
    environment = os.environ | {"OQC_NOTEBOOK_PATH": str(path)}
    nbformat.write(notebook, path)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],  # it warns of its own transport, which stays here
    )
    client.execute(env=environment)
    nbformat.write(notebook, path)
    html, _ = HTMLExporter(**_OFFLINE).from_notebook_node(notebook)
    page = path.with_suffix(".html")
    page.write_text(html, encoding="utf-8")
    sidecar = path.with_suffix(".oqc")
    return [path, page, sidecar, *sorted((sidecar / "saved").glob("*.json"))]


def run_again(folder: Path) -> int:
    """Load what :func:`main` saved, and run it again; give the exit status."""
    offline = OqcSdk(url="https://example.com")
    saved = offline.load(folder / _JOB_FILE)
    assert isinstance(saved, Job)
    print("   Loaded without a network:")
    _show(saved)
    sdk = oqc_notebook.connect()
    job, composite = sdk.load(folder / _JOB_FILE), sdk.load(folder / _COMPOSITE_FILE)
    assert isinstance(job, Job)
    assert isinstance(composite, CompositeJob)
    _execute(job)
    _show(job)
    _execute(composite)
    _show_sweep(composite)
    for runnable, name in ((job, _JOB_FILE), (composite, _COMPOSITE_FILE)):
        runnable.save(folder / name)
    runs = len(job.history), len(composite.history)
    if runs != (2, 2 * len(SWEEP)):
        print(f"   The histories hold {runs} runs, not 2 of each program.", file=sys.stderr)
        return 1
    print(f"   Both runs of each program are in the histories, and saved in {folder}")
    return 0


def _new_folder(folder: Path | None) -> Path:
    """Make the folder; the default one is numbered if it exists."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return folder.absolute()
    number = 1
    while True:
        chosen = Path("oqc-demo" if number == 1 else f"oqc-demo-{number}")
        try:
            chosen.mkdir()
        except FileExistsError:
            number += 1
        else:
            return chosen.absolute()


def _execute(runnable: Job | CompositeJob) -> None:
    """Execute, printing each state that is seen, and fail if a run does."""
    began = time.perf_counter()
    seen: list[str] = []

    def note(_: Job) -> None:
        if (state := runnable.state.value) not in seen:
            seen.append(state)

    stop = runnable.observe(note)
    oqc_notebook.run(runnable.execute())
    stop()
    print(f"   {' → '.join(seen)} in {time.perf_counter() - began:.1f} s")
    runnable.raise_for_status()


def _show(job: Job) -> None:
    """Print the counts of a job as bars; c[0] is the leftmost bit."""
    assert job.result is not None
    for register, counts in job.result.data.items():
        print(f"   {job.state}, counts of register {register} ({register}[0] is leftmost):")
        _bars(counts)


def _bars(counts: dict[str, int]) -> None:
    shots = sum(counts.values())
    for bitstring, count in sorted(counts.items()):
        print(f"     {bitstring}  {'█' * round(40 * count / shots):<40} {count}")


def _show_sweep(composite: CompositeJob) -> None:
    """Print the share of ones of each child beside sin²(θ/2)."""
    for angle, output in zip(SWEEP, composite.outputs, strict=True):
        counts: dict[str, Any] = output.data["c"]
        share = counts.get("1", 0) / sum(counts.values())
        expected = math.sin(angle / 2) ** 2
        print(f"     θ = {angle:4.2f}  {'█' * round(40 * share):<40} {share:.3f} ({expected:.3f})")


if __name__ == "__main__":
    sys.exit(run_again(Path(sys.argv[1])))
