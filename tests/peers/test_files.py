"""Files of the published SDK load here, and ours load there, with all state equal."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.running import Sdk
from tests.support import EXACT, LocalQpu

pytestmark = pytest.mark.peers

OPTIMIZATIONS = (
    *("base", "tket_empty", "tket_default", "tket_minimum", "tket_two"),
    *("qiskit", "qasm2", "qasm3", "qir"),
)
CONFIGS = (
    *("default", "every_setting"),
    *("format_binary", "format_binary_count", "format_raw", "format_squash"),
    *(f"optimization_{name}" for name in OPTIMIZATIONS),
    *("erado_default", "erado_every_setting"),
    *("experimental_plain", "experimental_noise", "experimental_every_setting"),
)
IN_FLIGHT = (
    *("submitted", "running", "composite_submitted"),
    *("submitted_after_a_good_run", "submitted_after_a_failed_run"),
)
ENDED = (
    *("completed", "completed_with_config", "completed_binary", "completed_raw"),
    *("completed_squash", "completed_erado", "completed_experimental", "completed_unicode"),
    *("completed_with_diagnostics", "failed", "failed_with_diagnostics", "refused"),
    *("cancelled", "cancelled_after_a_good_run", "several_runs", "failed_after_a_good_run"),
    *("refreshed_when_completed", "cancelled_when_completed", "refused_after_a_good_run"),
    *("composite_ended", "composite_run_twice", "composite_mixed"),
)
NEW = (
    *("fresh", "unicode", "marked", "raises", "reconfigured"),
    *("composite_fresh", "composite_of_one"),
)
KINDS = (*NEW, *(f"config_{name}" for name in CONFIGS), *ENDED, *IN_FLIGHT)

#: Where a program or a configuration is one that the local QPU cannot run.
FAILING = {
    *("failed", "failed_with_diagnostics", "failed_after_a_good_run"),
    *("refused", "refused_after_a_good_run"),
    *("config_experimental_noise", "config_experimental_every_setting"),
}
FAILING_CHILDREN = {"composite_ended": [1], "composite_mixed": [1]}

Described = dict[str, Any]


@dataclass(frozen=True)
class Saved:
    """The files that an SDK saved, and its jobs as they were then."""

    folder: Path
    jobs: dict[str, Described]

    def load(self, sdk: Sdk, again: Path) -> dict[str, Described]:
        """Load the files with `sdk`, which saves each again in `again`."""
        return sdk.run("load_jobs", folder=str(self.folder), save_to=str(again))


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def save(
    local_qpu: LocalQpu, slow_qpu: LocalQpu, new_folder: Callable[[], Path]
) -> Callable[[Sdk], Saved]:
    def save(sdk: Sdk) -> Saved:
        folder = new_folder()
        jobs = sdk.run(
            "save_jobs",
            url=local_qpu.url,
            token=local_qpu.token,
            slow_url=slow_qpu.url,
            slow_token=slow_qpu.token,
            qpu_id=EXACT,
            folder=str(folder),
        )
        return Saved(folder, jobs)

    return save


@pytest.fixture(scope="module")
def their_files(theirs: Sdk, save: Callable[[Sdk], Saved]) -> Saved:
    return save(theirs)


@pytest.fixture(scope="module")
def our_files(ours: Sdk, save: Callable[[Sdk], Saved]) -> Saved:
    return save(ours)


# ---- loading ----


@pytest.fixture(scope="module")
def our_copies(new_folder: Callable[[], Path]) -> Path:
    """Where their files lie after they were loaded and saved here."""
    return new_folder()


@pytest.fixture(scope="module")
def theirs_loaded_here(their_files: Saved, ours: Sdk, our_copies: Path) -> dict[str, Described]:
    return their_files.load(ours, our_copies)


@pytest.fixture(scope="module")
def theirs_loaded_there(
    their_files: Saved, theirs: Sdk, new_folder: Callable[[], Path]
) -> dict[str, Described]:
    return their_files.load(theirs, new_folder())


@pytest.fixture(scope="module")
def our_copies_loaded_there(
    theirs_loaded_here: dict[str, Described],
    our_copies: Path,
    theirs: Sdk,
    new_folder: Callable[[], Path],
) -> dict[str, Described]:
    return theirs.run("load_jobs", folder=str(our_copies), save_to=str(new_folder()))


@pytest.fixture(scope="module")
def their_copies(new_folder: Callable[[], Path]) -> Path:
    """Where our files lie after they were loaded and saved there."""
    return new_folder()


@pytest.fixture(scope="module")
def ours_loaded_there(our_files: Saved, theirs: Sdk, their_copies: Path) -> dict[str, Described]:
    return our_files.load(theirs, their_copies)


@pytest.fixture(scope="module")
def ours_loaded_here(
    our_files: Saved, ours: Sdk, new_folder: Callable[[], Path]
) -> dict[str, Described]:
    return our_files.load(ours, new_folder())


@pytest.fixture(scope="module")
def their_copies_loaded_here(
    ours_loaded_there: dict[str, Described],
    their_copies: Path,
    ours: Sdk,
    new_folder: Callable[[], Path],
) -> dict[str, Described]:
    return ours.run("load_jobs", folder=str(their_copies), save_to=str(new_folder()))


def test_each_sdk_saved_every_kind_of_job(their_files: Saved, our_files: Saved) -> None:
    assert sorted(their_files.jobs) == sorted(KINDS)
    assert sorted(our_files.jobs) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_file_loads_here_as_it_was_saved(
    kind: str, their_files: Saved, theirs_loaded_here: dict[str, Described]
) -> None:
    saved = without_earlier_runs(their_files.jobs[kind])
    assert without_earlier_runs(theirs_loaded_here[f"{kind}.json"]) == saved
    assert without_earlier_runs(theirs_loaded_here[f"{kind}.model.json"]) == saved


@pytest.mark.parametrize("kind", KINDS)
def test_our_file_loads_there_as_it_was_saved(
    kind: str, our_files: Saved, ours_loaded_there: dict[str, Described]
) -> None:
    expected = as_loaded_there(our_files.jobs[kind])
    assert ours_loaded_there[f"{kind}.json"] == expected
    assert ours_loaded_there[f"{kind}.model.json"] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_our_file_loads_here_as_it_was_saved(
    kind: str, our_files: Saved, ours_loaded_here: dict[str, Described]
) -> None:
    assert ours_loaded_here[f"{kind}.json"] == our_files.jobs[kind]
    assert ours_loaded_here[f"{kind}.model.json"] == our_files.jobs[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_file_that_was_saved_again_here_loads_there(
    kind: str,
    theirs_loaded_there: dict[str, Described],
    our_copies_loaded_there: dict[str, Described],
) -> None:
    for name in (f"{kind}.json", f"{kind}.model.json"):
        direct = without_earlier_runs(theirs_loaded_there[name])
        assert without_earlier_runs(our_copies_loaded_there[name]) == direct


@pytest.mark.parametrize("kind", KINDS)
def test_our_file_that_was_saved_again_there_loads_here(
    kind: str,
    ours_loaded_there: dict[str, Described],
    their_copies_loaded_here: dict[str, Described],
) -> None:
    for name in (f"{kind}.json", f"{kind}.model.json"):
        assert their_copies_loaded_here[name] == ours_loaded_there[name]


# ---- running what was loaded ----


@dataclass(frozen=True)
class Ran:
    """What an SDK made of the files of another: each job as it was loaded, and as it ended."""

    before: dict[str, Described]
    after: dict[str, Described]


@pytest.fixture(scope="module")
def run_saved(local_qpu: LocalQpu, slow_qpu: LocalQpu) -> Callable[[Sdk, Saved], Ran]:
    def run_saved(sdk: Sdk, saved: Saved) -> Ran:
        ran: dict[str, dict[str, Described]] = {}
        idle = [kind for kind in KINDS if kind not in IN_FLIGHT]
        for qpu, names in ((local_qpu, idle), (slow_qpu, IN_FLIGHT)):
            ran |= sdk.run(
                "run_saved_jobs",
                url=qpu.url,
                token=qpu.token,
                folder=str(saved.folder),
                names=names,
            )
        return Ran(
            {name: job["before"] for name, job in ran.items()},
            {name: job["after"] for name, job in ran.items()},
        )

    return run_saved


@pytest.fixture(scope="module")
def theirs_run_here(their_files: Saved, ours: Sdk, run_saved: Callable[[Sdk, Saved], Ran]) -> Ran:
    return run_saved(ours, their_files)


@pytest.fixture(scope="module")
def ours_run_there(our_files: Saved, theirs: Sdk, run_saved: Callable[[Sdk, Saved], Ran]) -> Ran:
    return run_saved(theirs, our_files)


@pytest.fixture(scope="module")
def ours_run_here(our_files: Saved, ours: Sdk, run_saved: Callable[[Sdk, Saved], Ran]) -> Ran:
    return run_saved(ours, our_files)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in IN_FLIGHT])
@pytest.mark.parametrize("direction", ["theirs_run_here", "ours_run_there"])
def test_a_loaded_job_runs_anew(kind: str, direction: str, request: pytest.FixtureRequest) -> None:
    ran: Ran = request.getfixturevalue(direction)
    before, after = children(ran.before[kind]), children(ran.after[kind])
    states = [job["state"] for job in after]
    assert states == expected_states(kind, len(after))
    for old, new in zip(before, after, strict=True):
        assert new["history"][:-1] == old["history"]
        assert new["history"][-1] == new["outputs"][0]
        assert len(new["outputs"]) == 1
        assert new["task_id"] is None or new["task_id"] != old["task_id"]
        for name in ("program", "qpu_id", "config", "tag", "hybrid_marker"):
            assert new[name] == old[name]
        for name in ("program", "qpu_id", "config", "task_id"):
            assert new["outputs"][0][name] == new[name]


@pytest.mark.parametrize("kind", IN_FLIGHT)
@pytest.mark.parametrize("direction", ["theirs_run_here", "ours_run_there"])
def test_a_job_that_was_saved_in_flight_is_waited_for(
    kind: str, direction: str, request: pytest.FixtureRequest
) -> None:
    ran: Ran = request.getfixturevalue(direction)
    for old, new in zip(children(ran.before[kind]), children(ran.after[kind]), strict=True):
        assert new["state"] == "COMPLETED"
        assert new["task_id"] == old["task_id"]
        assert new["result"]["task_id"] == new["task_id"]
        assert new["error"] is None
        assert new["outputs"] == [new["result"]]
        assert new["history"] == [*old["history"], new["result"]]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in IN_FLIGHT])
def test_a_file_is_submitted_with_the_same_configuration_there_and_here(
    kind: str, ours_run_there: Ran, ours_run_here: Ran, local_qpu: LocalQpu
) -> None:
    there, here = children(ours_run_there.after[kind]), children(ours_run_here.after[kind])
    for theirs, ours in zip(there, here, strict=True):
        if ours["task_id"] is None or theirs["task_id"] is None:
            assert ours["error"]["error_code"] == theirs["error"]["error_code"] == 400
            continue
        assert sent(ours, local_qpu) == sent(theirs, local_qpu)


def sent(job: Described, qpu: LocalQpu) -> tuple[Any, Any]:
    """Give the configuration and the tag that a QPU was sent for the job's latest run."""
    answer = httpx.get(
        f"{qpu.url}/tasks/{job['task_id']}/metadata",
        headers={"Authentication-Token": qpu.token},
        trust_env=False,
    )
    metadata = answer.json()["metadata"]
    config = json.loads(metadata["config"])
    for name in ("noise", "bond_dimension", "noise_model"):
        # the published SDK sends these a second time, where nothing reads them
        config["$data"].pop(name, None)
    return config, metadata["tag"]


def expected_states(kind: str, jobs: int) -> list[str]:
    failing = [0] if kind in FAILING else FAILING_CHILDREN.get(kind, [])
    return ["FAILED" if index in failing else "COMPLETED" for index in range(jobs)]


# ---- what differs on purpose ----


def children(job: Described) -> list[Described]:
    """Give the children of a composite, or the job itself."""
    jobs: list[Described] = job.get("jobs", [job])
    return jobs


def as_loaded_there(job: Described) -> Described:
    """Change what the published SDK reads in another way than it was written.

    It gives an output without a configuration, or without a task id, those of its job, also where
    the output was written as having none.
    """
    changed = copy.deepcopy(job)
    for child in children(changed):
        for output in (child["result"], child["error"], *child["outputs"], *child["history"]):
            for name in ("config", "task_id") if output is not None else ():
                output[name] = child[name] if output[name] is None else output[name]
    if "jobs" in changed:
        changed["outputs"] = [output for child in changed["jobs"] for output in child["outputs"]]
    return changed


def without_earlier_runs(job: Described) -> Described:
    """Leave out the result and the error that belong to a run before the one in flight.

    The published SDK keeps them in place until the new run ends.
    """
    changed = copy.deepcopy(job)
    if changed.get("state") in ("SUBMITTED", "RUNNING"):
        for name in ("result", "error", "outputs"):
            del changed[name]
    return changed
