"""One run for one intent, whatever moment a process is killed at; and processes that sleep.

A real process loads a job from its file and executes it, and is killed with SIGKILL at a
chosen moment. A second one loads the same file and executes. What was run is counted at
the service, not by the library.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from tests.faulty import FaultyProxy, answer
from tests.support import EXACT, ONE, PRICED, LocalQpu, until

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGSTOP"), reason="there are no such signals here"
)

#: Executes the job of a file and saves it there. Arguments: the file and, as JSON, options.
SCRIPT = """
import asyncio, json, os, signal, sys, time
from oqc_notebook.sdk import OqcSdk
from oqc_notebook.sdk.home import Home

path, options = sys.argv[1], json.loads(sys.argv[2])

def say(text):
    print(text, flush=True)

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

record, sync = Home.record, os.fsync

def record_and_die(home):
    record(home)
    die()

def sync_slowly_once(descriptor):
    os.fsync = sync
    time.sleep(1.0)
    sync(descriptor)

match options.get("spoilt"):
    case "dies before recording":
        Home.record = die
    case "dies before the new file takes its place":
        os.replace = die
    case "dies after recording":
        Home.record = record_and_die
    case "slow disk":
        os.fsync = sync_slowly_once

async def main():
    async with OqcSdk(os.environ["OQC_URL"], os.environ["OQC_AUTH_TOKEN"]) as sdk:
        job = sdk.load(path)
        if options.get("saves_changes"):
            job.observe(lambda _: job.save(path))
        say("loaded")
        began = time.time()
        try:
            await job.execute(timeout_s=options.get("timeout_s", 60.0))
        except TimeoutError:
            say(f"timeout {time.time() - began}")
            await job.wait(60.0)
        say("ended")
        if options.get("lingers"):
            sys.stdin.readline()
        job.save(path)

asyncio.run(main())
"""


class Client:
    """A process that executes the job of a file."""

    def __init__(self, url: str, token: str, path: Path, **options: Any) -> None:
        self._said = path.with_name(path.name + ".said")
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, str(path), json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OQC_URL": url, "OQC_AUTH_TOKEN": token},
            )

    @property
    def said(self) -> list[str]:
        """The lines that it has printed so far."""
        return self._said.read_text().splitlines()

    def says(self, word: str) -> str:
        """Wait for a line that begins with a word; fail if the process ends without it."""

        def line() -> str | None:
            over = self.process.poll() is not None
            found = next((line for line in self.said if line.startswith(word)), None)
            if over and found is None:
                raise RuntimeError(f"It ended before it said {word!r}: {self.said}")
            return found

        return str(until(line))

    def kill(self) -> None:
        """Kill it, which must not have ended by itself."""
        assert self.process.poll() is None, self.said
        self.process.kill()
        self.dies()

    def dies(self) -> None:
        """Wait until it has been killed."""
        self._ends(-signal.SIGKILL)

    def ends_well(self) -> None:
        """Wait until it has executed and saved its job."""
        self._ends(0)

    def _ends(self, code: int) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=30)
        assert self.process.returncode == code, self.said

    def stop(self) -> None:
        """Stop it (SIGSTOP), and wait until it stands still."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.process.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


class Ledger:
    """What the service was given since the test began, as the service itself tells it."""

    def __init__(self, qpu: LocalQpu) -> None:
        self._qpu = qpu
        self._before: set[str] = set()
        self._before = set(self.tasks())

    def tasks(self) -> dict[str, str]:
        """Ids and states, those that are only reserved too."""
        tasks = httpx.get(
            f"{self._qpu.url}/tasks",
            headers={"Authentication-Token": self._qpu.token},
            trust_env=False,
        ).json()
        return {x["task_id"]: x["status"] for x in tasks if x["task_id"] not in self._before}

    def runs(self) -> set[str]:
        """Ids of the tasks that were submitted."""
        return {task_id for task_id, status in self.tasks().items() if status != "CREATED"}

    def all_ended(self, count: int) -> bool:
        """Whether so many tasks were submitted and have completed."""
        return list(self.tasks().values()).count("COMPLETED") == count


class Gate:
    """Holds a request back, before the service gets it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open = asyncio.Event()
        #: The first line of the service's answer to it.
        self.answered: bytes | None = None

    async def passed(self) -> None:
        await self._open.wait()

    def release(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)


class GatedProxy(FaultyProxy):
    """Can hold submissions back, and deliver them when whoever sent them is gone."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self._gates: list[Gate] = []
        self._submissions = 0

    def hold(self) -> Gate:
        """Hold the next submission back, after those that are held already."""
        self._gates.append(Gate(self._loop))
        return self._gates[-1]

    async def _pass_on(self, head: bytes, body: bytes) -> bytes:
        number = self._submissions
        self._submissions += b"/tasks/submit" in head.split(b"\r\n")[0]
        if number == self._submissions or number >= len(self._gates):
            return await super()._pass_on(head, body)
        gate = self._gates[number]
        await gate.passed()
        raw = await super()._pass_on(head, body)
        gate.answered = raw.split(b"\r\n")[0]
        return raw


@pytest.fixture
def ledger(local_qpu: LocalQpu) -> Ledger:
    return Ledger(local_qpu)


@pytest.fixture
def gated(local_qpu: LocalQpu) -> Iterator[GatedProxy]:
    with GatedProxy(local_qpu.url) as proxy:
        yield proxy


def new_file(path: Path, children: int | None) -> Path:
    """Save a job, or a composite of so many children, that was never run."""
    sdk = OqcSdk("http://127.0.0.1:1", default_qpu_id=EXACT)
    job = sdk.create_job(program=ONE if children is None else [ONE] * children)
    job.save(path)
    return path


def members_of(path: Path) -> list[Job]:
    """The job of a file, or the children of its composite."""
    job = OqcSdk("http://127.0.0.1:1").load(path)
    return job.jobs if isinstance(job, CompositeJob) else [job]


def ids_in(path: Path) -> list[str | None]:
    """The task ids that a file holds."""
    return [None if job.task_id is None else str(job.task_id) for job in members_of(path)]


def assert_each_ran_once(path: Path, ledger: Ledger, runs: int = 1) -> None:
    """Check that every job of a file has ended well, and that nothing else was run."""
    members = members_of(path)
    for job in members:
        assert job.completed
        assert job.error is None
        assert len(job.history) == runs
        assert job.history.last is job.result
        assert job.history.last.data == {"c": {"1": 1000}}
    in_histories = [str(output.task_id) for job in members for output in job.history]
    assert len(set(in_histories)) == len(in_histories)
    assert ledger.runs() == set(in_histories)


# ---- kill -9 between any two steps ----


@dataclass
class Moment:
    """A moment that a process is killed at.

    Parameters
    ----------
    method, path, spoilt
        What the proxy does so that the moment lasts.
    reached
        Whether the moment is there, for so many jobs.
    recorded
        Whether the file holds the ids at that moment.
    arrived
        Whether the service has the submission at that moment.
    options
        What the process itself does at that moment.
    """

    name: str
    recorded: bool
    arrived: bool
    method: str = ""
    path: str = ""
    spoilt: dict[str, Any] = field(default_factory=dict)
    reached: Callable[[FaultyProxy, Ledger, int], object] | None = None
    options: dict[str, Any] = field(default_factory=dict)


MOMENTS = [
    Moment(
        "before the reservation arrives",
        recorded=False,
        arrived=False,
        method="POST",
        path="/tasks",
        spoilt={"forward": False, "delay_s": 60.0},
        reached=lambda proxy, ledger, jobs: proxy.count("POST", "/tasks"),
    ),
    Moment(
        "before the answer to the reservation",
        recorded=False,
        arrived=False,
        method="POST",
        path="/tasks",
        spoilt={"delay_s": 60.0},
        reached=lambda proxy, ledger, jobs: len(ledger.tasks()) == jobs,
    ),
    Moment(
        "before the ids are recorded",
        recorded=False,
        arrived=False,
        options={"spoilt": "dies before recording"},
    ),
    Moment(
        "before the file with the ids takes its place",
        recorded=False,
        arrived=False,
        options={"spoilt": "dies before the new file takes its place"},
    ),
    Moment(
        "before the submission is sent",
        recorded=True,
        arrived=False,
        options={"spoilt": "dies after recording"},
    ),
    Moment(
        "before the submission arrives",
        recorded=True,
        arrived=False,
        method="POST",
        path="/tasks/submit",
        spoilt={"forward": False, "delay_s": 60.0},
        reached=lambda proxy, ledger, jobs: proxy.count("POST", "/tasks/submit"),
    ),
    Moment(
        "before the answer to the submission",
        recorded=True,
        arrived=True,
        method="POST",
        path="/tasks/submit",
        spoilt={"delay_s": 60.0},
        reached=lambda proxy, ledger, jobs: len(ledger.runs()) == jobs,
    ),
    Moment(
        "while it waits",
        recorded=True,
        arrived=True,
        method="GET",
        path="/all_info",
        spoilt={"answer": answer(200, {"status": "RUNNING"}), "times": None},
        reached=lambda proxy, ledger, jobs: proxy.count("GET", "/all_info") > 1,
    ),
    Moment(
        "before the ended run is saved",
        recorded=True,
        arrived=True,
        options={"lingers": True},
    ),
]

BOTH_KINDS = pytest.mark.parametrize("children", [None, 5], ids=["job", "composite"])


def killed_at(
    moment: Moment, path: Path, proxy: FaultyProxy, token: str, ledger: Ledger, jobs: int
) -> None:
    """Execute the job of a file in a process, which is killed at a moment."""
    if moment.method:
        proxy.spoil(moment.method, moment.path, **moment.spoilt)
    with Client(proxy.url, token, path, **moment.options) as client:
        if moment.reached is not None:
            until(lambda: moment.reached and moment.reached(proxy, ledger, jobs))
            client.kill()
        elif moment.options.get("lingers"):
            client.says("ended")
            client.kill()
        else:
            client.dies()
    proxy.faults.clear()


@BOTH_KINDS
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_a_process_that_is_killed_leaves_one_run_to_the_next(
    proxy: FaultyProxy,
    local_qpu: LocalQpu,
    ledger: Ledger,
    tmp_path: Path,
    moment: Moment,
    children: int | None,
) -> None:
    path = new_file(tmp_path / "job.json", children)
    jobs = children or 1
    killed_at(moment, path, proxy, local_qpu.token, ledger, jobs)
    recorded = ids_in(path)
    assert all((task_id is not None) == moment.recorded for task_id in recorded)
    assert len(ledger.runs()) == (jobs if moment.arrived else 0)

    with Client(proxy.url, local_qpu.token, path) as client:
        client.ends_well()
    assert_each_ran_once(path, ledger)
    assert len(ledger.runs()) == jobs
    if moment.recorded:
        assert ids_in(path) == recorded
        assert set(ledger.tasks()) == set(recorded)


@pytest.mark.parametrize(
    "moment",
    [moment for moment in MOMENTS if moment.name.endswith(("submission", "is sent", "is saved"))],
    ids=lambda moment: moment.name,
)
def test_a_process_that_is_killed_in_a_second_run_keeps_the_first(
    proxy: FaultyProxy,
    local_qpu: LocalQpu,
    ledger: Ledger,
    tmp_path: Path,
    moment: Moment,
) -> None:
    jobs = 5
    path = new_file(tmp_path / "composite.json", jobs)
    with Client(proxy.url, local_qpu.token, path) as client:
        client.ends_well()
    first = [job.result for job in members_of(path)]

    if moment.reached is not None:  # the tasks of the first run are not those to wait for
        proxy.spoil(moment.method, moment.path, **moment.spoilt)
        with Client(proxy.url, local_qpu.token, path) as client:
            until(lambda: len(ledger.runs()) == 2 * jobs)
            client.kill()
        proxy.faults.clear()
    else:
        killed_at(moment, path, proxy, local_qpu.token, ledger, jobs)
    with Client(proxy.url, local_qpu.token, path) as client:
        client.ends_well()
    assert_each_ran_once(path, ledger, runs=2)
    assert [job.history.first for job in members_of(path)] == first


@BOTH_KINDS
@pytest.mark.parametrize("order", ["before the next one's", "after the next one's"])
def test_a_submission_that_arrives_after_its_process_was_killed_is_no_second_run(
    gated: GatedProxy,
    local_qpu: LocalQpu,
    ledger: Ledger,
    tmp_path: Path,
    children: int | None,
    order: str,
) -> None:
    path = new_file(tmp_path / "job.json", children)
    late = gated.hold()
    with Client(gated.url, local_qpu.token, path) as client:
        until(lambda: gated.count("POST", "/tasks/submit"))
        client.kill()
    if order == "before the next one's":
        own = gated.hold()
        with Client(gated.url, local_qpu.token, path) as client:
            # it was told CREATED, and submits
            until(lambda: gated.count("POST", "/tasks/submit") == 2)
            late.release()
            until(lambda: late.answered)
            own.release()
            client.ends_well()
        assert own.answered is not None
        assert b" 409 " in own.answered
    else:
        with Client(gated.url, local_qpu.token, path) as client:
            client.ends_well()
        late.release()
        assert b" 409 " in until(lambda: late.answered)
    assert_each_ran_once(path, ledger)


def test_a_process_that_is_killed_between_two_batches_leaves_the_rest_to_the_next(
    gated: GatedProxy, local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "composite.json"
    sdk = OqcSdk("http://127.0.0.1:1", default_qpu_id=EXACT)
    sdk.create_job(program=[ONE + "//" + "x" * 30_000] * 7).save(path)
    gated.hold().release()
    gated.hold()
    with Client(gated.url, local_qpu.token, path) as client:
        until(lambda: gated.count("POST", "/tasks/submit") == 2)
        client.kill()
    assert 0 < len(ledger.runs()) < 7
    recorded = ids_in(path)
    with Client(gated.url, local_qpu.token, path) as client:
        client.ends_well()
    assert_each_ran_once(path, ledger)
    assert ids_in(path) == recorded


def test_ids_of_two_qpus_are_both_recorded_though_the_first_record_is_slow(
    proxy: FaultyProxy, local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "composite.json"
    OqcSdk("http://127.0.0.1:1").create_job(program=ONE, qpu_id=[EXACT, PRICED]).save(path)
    proxy.spoil("POST", "/tasks/submit", delay_s=60.0, times=2)
    proxy.spoil("POST", "/tasks")
    # it comes while the file with the ids of the first QPU is on its way to the disk
    proxy.spoil("POST", "/tasks", delay_s=0.4)
    with Client(proxy.url, local_qpu.token, path, spoilt="slow disk") as client:
        until(lambda: len(ledger.runs()) == 2)
        client.kill()
    proxy.faults.clear()
    assert set(ids_in(path)) == ledger.runs()
    with Client(proxy.url, local_qpu.token, path) as client:
        client.ends_well()
    assert_each_ran_once(path, ledger)


def test_children_that_had_ended_when_the_process_was_killed_are_not_run_again(
    proxy: FaultyProxy, local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path
) -> None:
    path = new_file(tmp_path / "composite.json", 5)
    # two looks are answered by the service, the others say that the task still runs
    proxy.spoil("GET", "/all_info", times=2)
    proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    with Client(proxy.url, local_qpu.token, path, saves_changes=True) as client:
        until(lambda: sorted(job.ended for job in members_of(path)) == [False] * 3 + [True] * 2)
        until(lambda: all(job.in_flight for job in members_of(path) if not job.ended))
        client.kill()
    proxy.faults.clear()
    with Client(proxy.url, local_qpu.token, path) as client:
        client.ends_well()
    assert_each_ran_once(path, ledger)


def test_executing_a_composite_again_after_a_timeout_goes_on_with_the_same_runs(
    proxy: FaultyProxy, local_qpu: LocalQpu, ledger: Ledger, tmp_path: Path
) -> None:
    path = new_file(tmp_path / "composite.json", 5)
    proxy.spoil("GET", "/all_info", times=2)
    fault = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)

    async def twice() -> None:
        async with OqcSdk(proxy.url, local_qpu.token) as sdk:
            composite = sdk.load(path)
            with pytest.raises(TimeoutError):
                await composite.execute(timeout_s=1.0)
            assert isinstance(composite, CompositeJob)
            assert len(composite.completed_jobs) == 2
            fault.times = 0
            await composite.execute()
            composite.save(path)

    asyncio.run(twice())
    assert_each_ran_once(path, ledger)


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_kills_at_random_moments_leave_one_run_of_each_of_many_children(
    local_qpu: LocalQpu, tmp_path: Path, kills: int
) -> None:
    moments = random.Random(4)
    for kill in range(kills):
        ledger = Ledger(local_qpu)
        path = new_file(tmp_path / f"composite-{kill}.json", 40)
        for _ in range(moments.choice([1, 1, 2])):  # some are killed twice
            with Client(local_qpu.url, local_qpu.token, path, lingers=True) as client:
                client.says("loaded")
                time.sleep(moments.uniform(0.0, 0.4))
                client.kill()
        with Client(local_qpu.url, local_qpu.token, path) as client:
            client.ends_well()
        assert_each_ran_once(path, ledger)
        assert len(ledger.runs()) == 40


# ---- a laptop asleep ----


def sleep_until(moment: float) -> None:
    """Let wall time pass."""
    until(lambda: time.monotonic() >= moment, seconds=moment - time.monotonic() + 5.0)


@pytest.mark.parametrize("seconds", [3.0, pytest.param(60.0, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("method", "path", "spoilt"),
    [
        ("GET", "/all_info", {"delay_s": 0.5, "answer": answer(200, {"status": "RUNNING"})}),
        ("GET", "/all_info", {"delay_s": 0.5, "drop": True}),
        ("POST", "/tasks/submit", {"delay_s": 0.5, "drop": True}),
    ],
    ids=["look", "look that is dropped", "submission that is dropped"],
)
def test_a_process_that_sleeps_during_a_request_sees_the_result_when_it_wakes(
    proxy: FaultyProxy,
    local_qpu: LocalQpu,
    ledger: Ledger,
    tmp_path: Path,
    method: str,
    path: str,
    spoilt: dict[str, Any],
    seconds: float,
) -> None:
    file = new_file(tmp_path / "composite.json", 2)
    proxy.spoil(method, path, times=None if method == "GET" else 1, **spoilt)
    with Client(proxy.url, local_qpu.token, file, timeout_s=None) as client:
        until(lambda: proxy.count(method, path))
        client.stop()
        began = time.monotonic()
        until(lambda: ledger.all_ended(2))
        proxy.faults.clear()
        sleep_until(began + seconds)
        client.go_on()
        began = time.monotonic()
        client.ends_well()
        assert time.monotonic() - began < 9.5  # a look that is given up takes 10 s
    assert_each_ran_once(file, ledger)


@pytest.mark.parametrize(
    ("timeout_s", "asleep_s"),
    [(2.5, 1.5), (1.5, 2.5), pytest.param(30.0, 60.0, marks=pytest.mark.soak)],
    ids=["wakes before it", "wakes after it", "wakes long after it"],
)
def test_a_timeout_is_kept_in_wall_time_by_a_process_that_sleeps(
    proxy: FaultyProxy,
    local_qpu: LocalQpu,
    ledger: Ledger,
    tmp_path: Path,
    timeout_s: float,
    asleep_s: float,
) -> None:
    path = new_file(tmp_path / "job.json", None)
    running = proxy.spoil("GET", "/all_info", answer=answer(200, {"status": "RUNNING"}), times=None)
    with Client(proxy.url, local_qpu.token, path, timeout_s=timeout_s) as client:
        until(lambda: proxy.count("GET", "/all_info"))
        client.stop()
        sleep_until(time.monotonic() + asleep_s)
        client.go_on()
        waited = float(client.says("timeout").split()[1])
        assert max(timeout_s, asleep_s) <= waited + 0.1
        assert waited < max(timeout_s, asleep_s) + 1.0
        running.times = 0
        client.ends_well()  # the job stayed in flight
    assert_each_ran_once(path, ledger)
