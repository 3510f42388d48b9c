"""The published client, unmodified, works with our local QPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.peers.running import run
from tests.support import EXACT, QPUS, SIMULATOR, LocalQpu

pytestmark = pytest.mark.peers

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def seen(published_client: Path, local_qpu: LocalQpu, slow_qpu: LocalQpu) -> Seen:
    """What the client saw on its way."""
    return run(
        published_client,
        "tour_of_client",
        url=local_qpu.url,
        token=local_qpu.token,
        slow_url=slow_qpu.url,
        slow_token=slow_qpu.token,
        qpu_ids=[EXACT, SIMULATOR],
    )


def test_it_finds_the_server_and_its_qpus(seen: Seen) -> None:
    assert seen["initialized"] is True
    assert seen["server_version"]
    assert seen["default_qpu_id"] == EXACT
    assert seen["qpus"] == seen["with_password"] == list(QPUS)


def test_it_runs_a_bell_task(seen: Seen) -> None:
    bell = seen["bell"]
    assert bell["errored"] is False
    assert set(bell["result"]["c"]) == {"00", "11"}
    assert sum(bell["result"]["c"].values()) == 500


def test_it_reads_every_part_of_a_task(seen: Seen) -> None:
    bell = seen["bell"]
    info = bell["all_info"]
    assert bell["results"] == bell["result"] == info["results"]
    assert bell["status"] == info["status"] == "COMPLETED"
    assert bell["errors"] is None
    assert bell["metrics"] == info["execution_metadata"]
    assert bell["metadata"] == info["metadata"]
    assert bell["metadata"]["tag"] == "a tag"
    assert bell["timings"] == info["timings"]


def test_it_lists_the_task(seen: Seen) -> None:
    (listed,) = [task for task in seen["bell"]["listed"] if task["task_id"] == seen["bell"]["id"]]
    assert listed["status"] == "COMPLETED"
    assert listed["tag"] == "a tag"


def test_it_runs_several_tasks_at_once(seen: Seen) -> None:
    assert [sum(each["c"].values()) for each in seen["several"]] == [1000] * 3  # with noise


def test_it_is_told_where_a_program_is_wrong(seen: Seen) -> None:
    assert seen["failed"]["errored"] is True
    assert seen["failed"]["message"].startswith("5:1 ")
    assert seen["failed"]["message_again"] == seen["failed"]["message"]


def test_it_cancels_what_waits_and_what_is_only_reserved(seen: Seen) -> None:
    assert seen["cancelled"] == ["CANCELLED", "CANCELLED"]


def test_it_reads_documents_and_estimates(seen: Seen) -> None:
    assert '"qubit_count": 8' in seen["features"]
    assert seen["calibration"]["qpu_id"] == EXACT
    assert seen["status"]
    assert seen["next_window"].endswith("Z")
    assert len(seen["bell"]["estimates"]["task_wait_times"]) == 1
    assert [each["qpu_id"] for each in seen["qpu_estimates"]["qpu_wait_times"]] == [
        EXACT,
        SIMULATOR,
    ]
