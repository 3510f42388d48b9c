"""What saving and loading cost: ``python -m tests.benchmarks.saving [--peer PYTHON]``.

CPU seconds, the least of several runs, each client in processes of its own, one that saves
and a later one that loads; needs ``orjson``. The floor is orjson on the content of the
published SDK's file and one write of it, or one read and orjson. With ``--peer``, the path of
a Python that has the published SDK, that file is its own and its times are shown; else it is
ours with the repeats put back and without what the format has not.

- first: the first save of runs that have just ended. The JSON of each output was made after its
  run was seen to end, which is not counted; the save puts it together and writes it out.
- again: the next save. Nobody has read a result in between.
- read: another save, after every result was read, so that each may have changed.
- loaded: the first save of what was loaded.
- load: of the file that these leave, which has the times of each run's states.
- load, no times: of one without them, as the published format has not got them either.

The aim is 1 x the floor for a save (first and again) and 1.5 x for a load. Memory is the peak of
the process' resident memory, less what it was before, of one first save or one load
(Linux only); the aim is 0.6 x the published SDK's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Children, runs of each, and whether the jobs have a configuration.
SIZES = [(200, 10, False), (200, 100, False), (2000, 10, False), (200, 10, True)]

TITLES = {
    "again": "save, again",
    "first": "save, first",
    "read": "save, read",
    "loaded": "save, loaded",
    "load": "load",
    "no times": "load, no times",
}

_COMMON = """
import copy, gc, json, re, sys, time, uuid
from pathlib import Path
from compiler_config.config import CompilerConfig, Qasm2Optimizations, QuantumResultsFormat

children, runs, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[4]
CONFIG = CompilerConfig(
    repeats=1000,
    results_format=QuantumResultsFormat().binary_count(),
    optimizations=Qasm2Optimizations(),
)
PROGRAM = "".join(
    ['OPENQASM 2.0;\\ninclude "qelib1.inc";\\nqreg q[5];\\ncreg c[5];\\n']
    + [f"u3(0.{i},0.{i + 7},0.{i + 9}) q[{i % 5}];\\n" for i in range(45)]
    + ["measure q -> c;\\n"]
)

def inputs(child):
    config = copy.deepcopy(CONFIG) if sys.argv[3] == "True" else None
    return {"program": f"{PROGRAM}// {child}\\n", "qpu_id": "qpu:uk:2:d865b5a184", "config": config}

def counts(run):
    return {"c": {format(i, "05b"): (i * 31 + run) % 97 for i in range(24)}}

def cpu(work, before=lambda: None, times=5):
    least = float("inf")
    for _ in range(times):
        given = before()
        gc.collect()
        began = time.process_time()
        made = work() if given is None else work(given)
        least = min(least, time.process_time() - began)
        del made, given
    return least

def megabytes(what):
    try:
        return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1e3
    except FileNotFoundError:
        return float("nan")

def peak(work):
    sdk.from_snapshot(sdk.create_job(**inputs(0)).to_snapshot())  # what it imports is not counted
    gc.collect()
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")
    before = megabytes("VmRSS")
    made = work()
    return megabytes("VmHWM") - before
"""

_OURS = """
from oqc_notebook.sdk import OqcSdk, CompositeJob
from oqc_notebook.sdk.snapshot_text import write_down
sdk = OqcSdk("https://example.com")

def composite():
    jobs = []
    for child in range(children):
        job = sdk.create_job(**inputs(child))
        for run in range(runs):
            job._begin_run({})
            job._reserved(uuid.uuid4())
            job._submitted()
            job._take_over(job._run, {"status": "RUNNING"})
            job._take_over(job._run, {"status": "COMPLETED", "results": counts(run)})
            write_down(job, job._output)  # as the poller does after the looks that see runs end
        jobs.append(job)
    return CompositeJob(jobs)

def read(made):
    for output in made.history:
        output.data
"""

_PUBLISHED = """
from oqc_qcaas_sdk import OqcSdk, CompositeJob, JobState
from oqc_qcaas_sdk.job_output import JobResult
sdk = OqcSdk(url="https://example.com", authentication_token="x")

def composite():
    made = CompositeJob()
    for child in range(children):
        job = sdk.create_job(**inputs(child))
        for run in range(runs):
            result = JobResult(counts(run), job=job, task_id=uuid.uuid4())
            result.compiler_config = copy.deepcopy(job.config)
            job._activity_history.append(result)
        job.task_id, job._result, job._state = result.task_id, result, JobState.COMPLETED
        made.add(job)
    return made
"""

_TIMES = """
made = composite()
figures = {
    "first": cpu(lambda made: made.save(path), composite),
    "again": cpu(lambda: made.save(path)),
}
if "read" in globals():
    read(made)
    figures["read"] = cpu(lambda: made.save(path))
    for run in (job._run for job in made.jobs):
        run.state_times.clear()
    for output in made.history:
        output.state_times.clear()
    made.save(path + ".plain")
print(json.dumps(figures))
"""

_LATER = """
figures = {"load": cpu(lambda: sdk.load(path))}
if "read" in globals():
    figures["no times"] = cpu(lambda: sdk.load(path + ".plain"))
    figures["loaded"] = cpu(lambda made: made.save(path), lambda: sdk.load(path))
print(json.dumps(figures))
"""

_MEMORY_OF_SAVE = """
made = composite()
print(json.dumps({"memory of save": peak(lambda: made.save(path))}))
"""

_MEMORY_OF_LOAD = """
print(json.dumps({"memory of load": peak(lambda: sdk.load(path))}))
"""

_WITH_REPEATS = """
made = json.loads(sdk.load(path).to_snapshot().model_dump_json())
for job in made["jobs"]:
    for block in (job, job["result"], *job["history"]):
        block.pop("oqc_notebook", None)
Path(path).write_text(json.dumps(made, indent=2))
print("{}")
"""

_FLOOR = """
import orjson
content = orjson.loads(Path(path).read_bytes())
def save():
    with open(path, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
def load():
    with open(path, "rb") as file:
        return orjson.loads(file.read())
print(json.dumps({"save": cpu(save), "load": cpu(load)}))
"""


def run(python: str, script: str, size: tuple[int, int, bool], path: Path) -> dict[str, float]:
    """Run a script in an interpreter of its own, on one file; give the figures it prints."""
    command = [python, "-c", _COMMON + script, *map(str, size), str(path)]
    figures: dict[str, float] = json.loads(subprocess.check_output(command))
    return figures


def figures(python: str, sdk: str, size: tuple[int, int, bool], path: Path) -> dict[str, float]:
    """Measure an SDK; the file that it saved last is left at `path`."""
    saved = run(python, sdk + _TIMES, size, path) | run(python, sdk + _MEMORY_OF_SAVE, size, path)
    loaded = run(python, sdk + _LATER, size, path)
    return saved | loaded | run(python, sdk + _MEMORY_OF_LOAD, size, path)


def lines(size: tuple[int, int, bool], peer: str | None, folder: Path) -> Iterator[str]:
    """Measure one size; give the lines of its table."""
    ours, full = folder / "ours.json", folder / "full.json"
    mine = figures(sys.executable, _OURS, size, ours)
    theirs: dict[str, float] = {}
    if peer is not None:
        theirs = figures(peer, _PUBLISHED, size, full)
    else:
        full.write_bytes(ours.read_bytes())
        run(sys.executable, _OURS + _WITH_REPEATS, size, full)
    floor = run(sys.executable, _FLOOR, size, full)
    children, runs, config = size
    yield (
        f"{children} children x {runs} runs{', with a configuration' if config else ''}: "
        f"{ours.stat().st_size / 1e6:.1f} MB (with the repeats {full.stat().st_size / 1e6:.1f} MB)"
    )
    yield f"  {'':16}{'ours':>9}{'floor':>9}{'ratio':>8}{'published':>11}{'ratio':>8}"
    for name, title in TITLES.items():
        least = floor[title[:4]]
        line = f"  {title:16}{mine[name]:9.4f}{least:9.4f}{mine[name] / least:8.2f}"
        if name in theirs:
            line += f"{theirs[name]:11.4f}{theirs[name] / least:8.2f}"
        yield line
    for name in ("memory of save", "memory of load"):
        line = f"  {name:16}{mine[name]:6.0f} MB"
        if name in theirs:
            ratio = mine[name] / theirs[name]
            line += f"; published {theirs[name]:.0f} MB; ours is {ratio:.2f} x that"
        yield line


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description="Measure saving and loading.")
    parser.add_argument("--peer", help="path of a Python that has the published SDK")
    peer = parser.parse_args().peer
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            for line in lines(size, peer, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
