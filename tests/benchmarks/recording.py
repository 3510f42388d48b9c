"""What recording runs in an archive costs: ``python -m tests.benchmarks.recording [FOLDER]``.

A composite is executed against the timed service, which ends all jobs 0.5 s after their
submission, with and without an archive: how much later the submission is sent, how much
later the end is seen, what is written for a change, how long resuming takes. And how
long the session's loop is held up at most by 10,000 children in 50 composites, beside
the longest that Python's collector of cycles took in that time, which is part of it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import oqc_notebook
from oqc_notebook import archive
from oqc_notebook.archive import writer
from oqc_notebook.sdk import Job, OqcSdk
from tests.benchmarks.polling import service

CHILDREN = (1, 200, 2000)
PROGRAM = "OPENQASM 2.0; // about as long as a small program is\n" * 6

run = oqc_notebook.run


class Counter:
    """Counts what the archive writes."""

    def __init__(self) -> None:
        self.files = self.bytes = 0
        write = writer.write_files

        def counting(contents: dict[Path, bytes], *, once: bool = False) -> None:
            self.files += len(contents)
            self.bytes += sum(map(len, contents.values()))
            write(contents, once=once)

        writer.write_files = counting  # type: ignore[assignment]


class Stopwatch:
    """Measures how long a reservation is held up."""

    def __init__(self, recorder: archive.Archive) -> None:
        self.held_up_s = 0.0
        reserved = recorder.reserved

        async def timed(jobs: Sequence[Job]) -> None:
            began = time.perf_counter()
            await reserved(jobs)
            self.held_up_s = time.perf_counter() - began

        recorder.reserved = timed  # type: ignore[method-assign]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def executed(sdk: OqcSdk, count: int) -> tuple[Any, float, float]:
    """Execute a composite; give it, how long that took, and the CPU time."""
    composite = sdk.create_job(program=[PROGRAM], qpu_id="qpu:timed")
    composite.add([sdk.create_job(program=PROGRAM, qpu_id="qpu:timed") for _ in range(count - 1)])
    began, used = time.perf_counter(), cpu()
    run(composite.execute(timeout_s=300))
    return composite, time.perf_counter() - began, cpu() - used


def measure(folder: Path, count: int, counter: Counter) -> None:
    """Print the figures for a composite of so many children."""
    with service("together", 0.5) as url:
        sdk = OqcSdk(url, "x")
        run(sdk.open())
        _, without_s, without_cpu = executed(sdk, count)
        recorder = archive.attach(sdk, folder / f"{count}.oqc")
        watch = Stopwatch(recorder)
        executed(sdk, 1)  # what is done once in a session is not counted
        recorder.flush()
        counter.files = counter.bytes = 0
        composite, with_s, with_cpu = executed(sdk, count)
        began = time.perf_counter()
        recorder.flush()
        rest_s = time.perf_counter() - began
        print(f"{count} children")
        print(f"  reservation held up   {watch.held_up_s * 1000:7.1f} ms")
        print(f"  execute               {with_s:7.2f} s  (without an archive {without_s:.2f} s)")
        print(
            f"  CPU                   {with_cpu:7.2f} s  (without an archive {without_cpu:.2f} s)"
        )
        print(f"  on the disk after     {rest_s * 1000:7.1f} ms more")
        print(f"  files, KB written     {counter.files:7d}, {counter.bytes / 1024:.0f}")
        changed = composite.jobs[-1]
        run(changed.execute())
        recorder.flush()
        counter.files = counter.bytes = 0
        run(changed.execute())
        recorder.flush()
        print(f"  one child's next run  {counter.files:7d} files, {counter.bytes / 1024:.1f} KB")
        began = time.perf_counter()
        archive.rebuild_index(folder / f"{count}.oqc")
        print(f"  index rebuilt         {(time.perf_counter() - began) * 1000:7.1f} ms")
        run(sdk.close())


class Watch:
    """Measures how long a loop is held up, and how long full collections take."""

    def __init__(self) -> None:
        self.longest_s = self.collection_s = self._began = 0.0
        self.is_on = True
        gc.callbacks.append(self._collecting)

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif info["generation"] == 2:
            self.collection_s = max(self.collection_s, time.perf_counter() - self._began)

    async def watch(self) -> None:
        """Look every millisecond, on the loop."""
        while self.is_on:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest_s = max(self.longest_s, time.perf_counter() - began - 0.001)

    def taken(self) -> str:
        """Give what was measured since the last time."""
        said = f"{self.longest_s * 1000:7.1f} ms  (a collection {self.collection_s * 1000:.1f} ms)"
        self.longest_s = self.collection_s = 0.0
        return said


def measure_blocks(folder: Path) -> None:
    """Print for how long the loop does nothing else while many composites are executed."""
    with service("together", 0.5) as url:
        sdk = OqcSdk(url, "x")
        run(sdk.open())
        recorder = archive.attach(sdk, folder / "blocks.oqc")
        connection = sdk._connection
        assert connection is not None
        watch = Watch()
        watching = asyncio.run_coroutine_threadsafe(watch.watch(), connection.loop)
        composites = [
            sdk.create_job(program=[PROGRAM] * 200, qpu_id="qpu:timed") for _ in range(50)
        ]

        async def submit() -> None:
            await asyncio.gather(*(each.submit(timeout_s=None) for each in composites))

        async def wait() -> None:
            await asyncio.gather(*(each.wait(timeout_s=600) for each in composites))

        print("50 composites of 200 children")
        watch.taken()
        asyncio.run(submit())  # on a loop of its own, as a kernel has one
        print(f"  longest block, submission {watch.taken()}")
        asyncio.run(wait())
        print(f"  longest block, results    {watch.taken()}")
        watch.is_on = False
        watching.result()
        gc.callbacks.remove(watch._collecting)
        recorder.flush(120)
        run(sdk.close())


def main() -> None:
    """Measure composites of several sizes."""
    counter = Counter()
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        print(f"in {os.path.dirname(folder)}, {os.cpu_count()} CPUs")
        for count in CHILDREN:
            measure(Path(folder), count, counter)
        measure_blocks(Path(folder))


if __name__ == "__main__":
    main()
