"""The same program runs on the published SDK, unmodified, and on ours, with the same outcome.

Both talk to our local QPU.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.peers.running import Sdk
from tests.support import EXACT, QPUS, SIMULATOR, LocalQpu

pytestmark = pytest.mark.peers

Seen = dict[str, Any]


@pytest.fixture(scope="module")
def tours(
    theirs: Sdk,
    ours: Sdk,
    local_qpu: LocalQpu,
    slow_qpu: LocalQpu,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Seen]:
    """What each SDK saw on its way."""
    return {
        name: sdk.run(
            "tour_of_sdk",
            url=local_qpu.url,
            token=local_qpu.token,
            slow_url=slow_qpu.url,
            slow_token=slow_qpu.token,
            qpu_ids=[EXACT, SIMULATOR],
            folder=str(tmp_path_factory.mktemp(name)),
        )
        for name, sdk in (("theirs", theirs), ("ours", ours))
    }


@pytest.fixture(params=["theirs", "ours"])
def seen(request: pytest.FixtureRequest, tours: dict[str, Seen]) -> Seen:
    return tours[request.param]


def test_the_qpus_are_listed(seen: Seen) -> None:
    assert [qpu[0] for qpu in seen["reads"]["qpus"]] == list(QPUS)
    assert all(active is True for _, _, active in seen["reads"]["qpus"])


def test_features_are_given_for_the_default_and_for_a_named_qpu(seen: Seen) -> None:
    assert seen["reads"]["features"]["qubit_count"] == 32
    assert seen["reads"]["other_features"]["qubit_count"] == 8


def test_the_next_window_is_a_naive_time(seen: Seen) -> None:
    kind, text = seen["reads"]["next_window"]
    assert kind == "datetime"
    assert "+" not in text


@pytest.mark.parametrize("document", ["qpus", "features", "other_features"])
def test_both_sdks_read_the_same_documents(document: str, tours: dict[str, Seen]) -> None:
    assert tours["ours"]["reads"][document] == tours["theirs"]["reads"][document]


@pytest.mark.parametrize("document", ["status", "other_status", "calibration", "old_calibration"])
def test_both_sdks_read_documents_of_the_same_shape(document: str, tours: dict[str, Seen]) -> None:
    # the times in them differ
    assert shape(tours["ours"]["reads"][document]) == shape(tours["theirs"]["reads"][document])


def test_a_bell_job_gives_its_counts(seen: Seen) -> None:
    job = seen["job"]["first"]
    assert job["state"] == "COMPLETED"
    assert job["result"]["data"] == seen["job"]["data"]
    assert set(seen["job"]["data"]["c"]) == {"00", "11"}
    assert sum(seen["job"]["data"]["c"].values()) == 500


def test_diagnostics_come_with_a_job_that_asks_for_them(seen: Seen) -> None:
    job = seen["job"]["first"]
    assert {"SERVER_RECEIVED", "SERVER_FINISHED"} <= job["timings"].keys()
    assert job["metadata"]["id"] == job["task_id"]
    assert job["metrics"] is not None
    for name in ("timings", "metrics", "metadata"):
        assert job["result"][name] == job["history"][0][name] == job[name]


def test_a_saved_job_is_loaded_and_executed_again(seen: Seen) -> None:
    first, loaded, second = (seen["job"][name] for name in ("first", "loaded", "second"))
    assert loaded == first
    assert second["state"] == "COMPLETED"
    assert second["history"] == [*first["history"], second["result"]]
    assert second["task_id"] != first["task_id"]


def test_an_output_of_the_history_is_executed_again(seen: Seen) -> None:
    second, third = seen["job"]["second"], seen["job"]["third"]
    assert third["state"] == "COMPLETED"
    assert third["history"] == [*second["history"], third["result"]]


def test_a_failed_job_says_where_its_program_is_wrong(seen: Seen) -> None:
    job = seen["failed"]["job"]
    assert job["state"] == "FAILED"
    assert job["error"]["error_message"].startswith("5:1 ")
    assert job["outputs"] == job["history"] == [job["error"]]
    kind, code, details = seen["failed"]["raised"]
    assert kind == "JobFailed"
    assert [code, details] == [job["error"]["error_code"], job["error"]["error_message"]]


def test_a_composite_runs_on_two_qpus_and_is_loaded_and_run_again(seen: Seen) -> None:
    first, loaded, second = (seen["composite"][name] for name in ("first", "loaded", "second"))
    assert loaded == first
    assert first["completed"] is second["completed"] is True
    assert [child["qpu_id"] for child in first["jobs"]] == [EXACT, SIMULATOR]
    assert first["outputs"] == [child["result"] for child in first["jobs"]]
    for composite in (first, second):
        bell, one = composite["outputs"]
        assert sum(bell["data"]["c"].values()) == 200
        assert sum(one["data"]["c"].values()) == 200  # of the noisy QPU
    assert [len(child["history"]) for child in second["jobs"]] == [2, 2]


def test_cancelled_jobs_are_cancelled_on_the_server_too(seen: Seen) -> None:
    assert seen["cancelled"] == ["CANCELLED"] * 3


def test_an_account_does_instead_of_a_token(seen: Seen) -> None:
    assert seen["with_password"] == list(QPUS)


def test_jobs_describe_themselves_alike(tours: dict[str, Seen]) -> None:
    for part in ("job", "failed", "composite"):
        assert shape(tours["ours"][part]) == shape(tours["theirs"][part])


def shape(document: Any) -> Any:
    """Give the names in a document, and the types of what they name."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(value) for value in document]
    return type(document).__name__
