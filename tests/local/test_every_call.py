"""The local QPU answers every call of the REST API, of both versions."""

from __future__ import annotations

from typing import Any

import pytest

# Method, path and body of each call; ID and TASK stand for a QPU's and a task's id.
SHARED = [
    ("POST", "/tasks/submit", {"tasks": [{"program": "PROGRAM", "qpu_id": "ID"}]}),
    ("GET", "/tasks/TASK/all_info", None),
    ("GET", "/tasks/TASK/status", None),
    ("GET", "/tasks/TASK/results", None),
    ("GET", "/tasks/TASK/error", None),
    ("GET", "/tasks/TASK/timings", None),
    ("GET", "/tasks/TASK/metadata", None),
    ("GET", "/tasks/TASK/execution_metadata", None),
    ("POST", "/tasks/cancel_many", {"tasks": ["TASK"]}),
    ("GET", "/tasks?start_date=2026-01-01&end_date=2999-01-01", None),
    ("POST", "/monitoring/task_wait_time", {"task_ids": ["TASK"], "qpu_id": "ID"}),
    ("POST", "/monitoring/qpu_wait_time", {"targets": ["ID"]}),
]
V3 = [
    ("GET", "/admin/version", None),
    ("GET", "/admin/qpu?per_page=1000", None),
    ("GET", "/admin/qpu/ID", None),
    ("POST", "/tasks", {"qpu_id": "ID", "task_count": 2, "tag": None}),
    ("GET", "/monitoring/statuses", None),
    ("GET", "/monitoring/calibrations?qpu_id=ID&date=2026-11-23", None),
    ("GET", "/windows/next", None),
    ("POST", "/admin/logout", {}),
    ("POST", "/admin/login?include_auth_token=true", {"email": "a@b.uk", "password": "TOKEN"}),
]
V4 = [
    ("GET", "/healthz", None),
    ("GET", "/qpus", None),
    ("GET", "/qpus/ID/features", None),
    ("GET", "/qpus/ID/benchmarks", None),
    ("GET", "/qpus/ID/status", None),
    ("POST", "/tasks", {"tasks": [{"qpu_id": "ID", "tag": None}]}),
]


@pytest.fixture(scope="module")
def stands_for(local_qpu: Any, bell: str) -> dict[str, str]:
    (task_id,) = local_qpu.submit(bell)
    local_qpu.info(task_id)
    return {
        "ID": local_qpu.exact,
        "TASK": task_id,
        "PROGRAM": bell,
        "TOKEN": local_qpu.ready["token"],
    }


def filled(value: Any, stands_for: dict[str, str]) -> Any:
    """Put what the capital words stand for into a body."""
    if isinstance(value, dict):
        return {key: filled(item, stands_for) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, stands_for) for item in value]
    return stands_for.get(value, value)


@pytest.mark.parametrize(("method", "path", "body"), [*V3, *V4, *SHARED])
def test_every_call_is_answered(
    local_qpu: Any, stands_for: dict[str, str], method: str, path: str, body: Any
) -> None:
    for name in ("ID", "TASK"):
        path = path.replace(f"/{name}", f"/{stands_for[name]}")
        path = path.replace(f"={name}", f"={stands_for[name]}")
    response = local_qpu.client.request(method, path, json=filled(body, stands_for))
    assert response.status_code == 200, response.text
    assert response.json() is not None


def test_documents_of_a_qpu_are_wrapped_in_v4(local_qpu: Any) -> None:
    for name in ("features", "benchmarks", "status"):
        document = local_qpu.get(f"/qpus/{local_qpu.exact}/{name}")
        assert document.keys() == {"qpu_id", "data"}
        assert document["qpu_id"] == local_qpu.exact
        assert document["data"]


def test_ids_reserved_in_v4_are_submitted_as_in_v3(local_qpu: Any, bell: str) -> None:
    wanted = [{"qpu_id": local_qpu.exact, "tag": "a"}, {"qpu_id": local_qpu.small, "tag": None}]
    first, second = local_qpu.post("/tasks", {"tasks": wanted})["tasks"]
    tasks = [
        {"program": bell, "qpu_id": local_qpu.exact, "task_id": first},
        {"program": bell, "qpu_id": local_qpu.small, "task_id": second},
    ]
    answer = local_qpu.post("/tasks/submit", {"tasks": tasks})
    assert answer == [{"task_id": first}, {"task_id": second}]
    assert [local_qpu.info(each)["status"] for each in (first, second)] == ["COMPLETED"] * 2
