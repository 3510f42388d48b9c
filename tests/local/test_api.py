"""Every call of the API: what it answers, and what it refuses."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CALLS = [
    ("GET", "/admin/qpu"),
    ("GET", "/admin/qpu/qpu:local:1:exact"),
    ("POST", "/tasks"),
    ("GET", "/tasks"),
    ("POST", "/tasks/submit"),
    ("POST", "/tasks/cancel_many"),
    ("GET", "/tasks/x/all_info"),
    ("GET", "/tasks/x/status"),
    ("GET", "/monitoring/statuses"),
    ("GET", "/monitoring/calibrations"),
    ("POST", "/monitoring/task_wait_time"),
    ("POST", "/monitoring/qpu_wait_time"),
    ("GET", "/windows/next"),
    ("GET", "/no/such/call"),
]
POSTS = [path for method, path in CALLS if method == "POST"] + ["/admin/login"]


def test_version_needs_no_token(local_qpu):
    assert httpx.get(local_qpu.ready["url"] + "/admin/version").json()["version"]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("headers", [{}, {"Authentication-Token": "wrong é".encode()}])
def test_every_other_call_needs_the_token(local_qpu, method, path, headers):
    response = httpx.request(method, local_qpu.ready["url"] + path, headers=headers)
    assert response.status_code == 401
    assert "oken" in response.json()["response"]["errors"][0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil@127.0.0.1"},
        {"Host": "127.0.0.1:x"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
    ],
)
def test_web_pages_are_refused(local_qpu, headers):
    for path in ("/admin/version", "/admin/qpu"):
        assert local_qpu.client.get(path, headers=headers).status_code == 403


def test_own_names_and_origin_are_served(local_qpu):
    port = httpx.URL(local_qpu.ready["url"]).port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", "localhost", "127.0.0.1:8888"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        item = local_qpu.client.get("/admin/qpu", headers=headers).json()["items"][0]
        assert item["url"] == f"http://{host}"


def test_login_with_the_token_as_password(local_qpu):
    url, token = local_qpu.ready["url"], local_qpu.ready["token"]
    assert httpx.post(url + "/admin/logout", json={}).status_code == 200
    login = {"email": "someone@example.org", "password": token}
    answer = httpx.post(url + "/admin/login?include_auth_token=true", json=login).json()
    assert answer["response"]["user"]["authentication_token"] == token
    for password in ("wrong", "\ud800", "é"):
        body = json.dumps(login | {"password": password})
        assert httpx.post(url + "/admin/login", content=body).status_code == 401


def test_qpus(local_qpu):
    answer = local_qpu.get("/admin/qpu", per_page="1000")
    assert (answer["total"], answer["page"], answer["per_page"]) == (4, 1, 1000)
    exact, small, *_ = answer["items"]
    assert (exact["id"], exact["name"]) == ("qpu:local:1:exact", "Exact 32-qubit")
    assert (small["id"], small["name"]) == ("qpu:local:2:simulator", "8-qubit Simulator")
    for item, qubits in ((exact, 32), (small, 8)):
        assert item["active"] is True
        assert item["url"] == local_qpu.ready["url"]
        features = json.loads(item["feature_set"])
        assert features["qubit_count"] == qubits
        assert features["Maximum Shots"] == 100_000
        assert features["simulator"]
        assert features["always_on"]
        assert {"status", "generation", "region", "price_per_shot", "price_per_task"} <= set(item)
        assert local_qpu.get(f"/admin/qpu/{item['id']}") == item
    assert [i["id"] for i in local_qpu.get("/admin/qpu", per_page="1", page="2")["items"]] == [
        small["id"]
    ]
    for query in ("per_page=0", "per_page=x", "per_page=99999", "page=-1", "page=" + "9" * 9999):
        assert local_qpu.client.get(f"/admin/qpu?{query}").status_code == 400
    assert local_qpu.client.get("/admin/qpu/qpu:uk:9:none").status_code == 404


def test_reserve_then_submit_once(local_qpu, bell):
    body = {"qpu_id": local_qpu.exact, "task_count": 2, "tag": "mine"}
    first, second = local_qpu.post("/tasks", body)
    assert uuid.UUID(first) != uuid.UUID(second)
    assert local_qpu.status(first) == "CREATED"
    assert local_qpu.get(f"/tasks/{first}/all_info")["metadata"]["tag"] == "mine"

    submission = {"tasks": [{"program": bell, "qpu_id": local_qpu.exact, "task_id": first}]}
    assert local_qpu.post("/tasks/submit", submission) == [{"task_id": first}]
    assert first in local_qpu.refused("/tasks/submit", submission, 409)
    assert local_qpu.info(first)["status"] == "COMPLETED"
    assert "COMPLETED" in local_qpu.refused("/tasks/submit", submission, 409)

    wrong_qpu = {"program": bell, "qpu_id": local_qpu.small, "task_id": second}
    assert "reserved" in local_qpu.refused("/tasks/submit", {"tasks": [wrong_qpu]}, 400)
    assert local_qpu.post("/tasks/cancel_many", {"tasks": [second]}) == "OK"
    assert local_qpu.status(second) == "CANCELLED"
    late = {"program": bell, "qpu_id": local_qpu.exact, "task_id": second}
    assert "CANCELLED" in local_qpu.refused("/tasks/submit", {"tasks": [late]}, 409)


@pytest.mark.parametrize("count", [0, -1, 10_001, "2", 1.5, True, None])
def test_reserve_refuses(local_qpu, count):
    body = {"qpu_id": local_qpu.exact, "task_count": count}
    assert "task_count" in local_qpu.refused("/tasks", body, 400)


def test_a_batch_with_one_bad_task_is_refused_whole(local_qpu, bell):
    ids = local_qpu.post("/tasks", {"qpu_id": local_qpu.exact, "task_count": 2})
    good = {"program": bell, "qpu_id": local_qpu.exact, "task_id": ids[0]}
    bad: list[tuple[Any, int, str]] = [
        ({**good, "task_id": ids[1], "program": None}, 400, "program"),
        ({**good, "task_id": ids[1], "qpu_id": "qpu:uk:1:x"}, 404, "qpu:uk:1:x"),
        ({**good, "task_id": ids[1], "config": "{"}, 400, "JSON"),
        ({**good, "task_id": ids[1], "tag": 5}, 400, "tag"),
        ({**good, "task_id": ids[1], "external_config": {"noise_enabled": True}}, 400, "noise"),
        ({**good, "task_id": 7}, 400, "task_id"),
        ({**good, "task_id": str(uuid.uuid4())}, 404, "has ended"),
        (good, 400, "twice"),
        ("text", 400, "object"),
    ]
    for item, status, said in bad:
        text = local_qpu.refused("/tasks/submit", {"tasks": [good, item]}, status)
        assert text.startswith("Submission rejected: task 2 of 2: ")
        assert said in text
    assert [local_qpu.status(task_id) for task_id in ids] == ["CREATED", "CREATED"]


def test_everything_about_a_task(local_qpu, bell):
    config = json.dumps(
        {
            "$type": "<class 'compiler_config.config.CompilerConfig'>",
            "$data": {"repeats": 10, "results_format": None},
        }
    )
    before = datetime.now(UTC)
    task_id = local_qpu.submit(bell, tag="a tag \ud800", config=config)[0]
    info = local_qpu.info(task_id)
    after = datetime.now(UTC)
    assert info["status"] == "COMPLETED"
    assert info["task_error"] is None
    assert info["metadata"] | {"created_at": ""} == {
        "id": task_id,
        "qpu_id": local_qpu.exact,
        "config": config,
        "tag": "a tag \ud800",
        "created_at": "",
    }
    names = ["RECEIVED", "ENQUEUED", "DEQUEUED", "FINISHED"]
    times = [info["timings"][f"SERVER_{name}"] for name in names]
    assert times == sorted(times)
    assert all(text[10] == " " and len(text) == 32 for text in times)
    assert before <= datetime.fromisoformat(times[0]) <= datetime.fromisoformat(times[-1]) <= after
    assert info["execution_metadata"]["optimized_circuit"].startswith("OPENQASM 2.0;")
    assert info["execution_metadata"]["optimized_instruction_count"] == 4
    for part, key in {"error": "task_error"}.items() | {
        (name, name) for name in ("status", "results", "timings", "metadata", "execution_metadata")
    }:
        assert local_qpu.get(f"/tasks/{task_id}/{part}")[key] == info[key]


def test_unknown_tasks(local_qpu):
    gone = str(uuid.uuid4())
    for part in ("all_info", "status", "results"):
        response = local_qpu.client.get(f"/tasks/{gone}/{part}")
        assert response.status_code == 404
        assert response.json()["response"]["errors"] == [
            f"task {gone} is not known here: it was purged, or the local QPU that ran this "
            "has ended"
        ]
    assert local_qpu.client.get("/tasks/nonsense/all_info").status_code == 404
    assert "has ended" in local_qpu.refused("/tasks/cancel_many", {"tasks": [gone]}, 404)


def test_unknown_calls(local_qpu):
    assert local_qpu.client.get("/nothing/here").status_code == 404
    assert local_qpu.client.delete("/admin/qpu").status_code == 405
    assert local_qpu.client.get("/tasks/x/nothing").status_code == 404
    assert local_qpu.client.get("/admin/qpu/").status_code == 404


def test_summaries_between_dates(local_qpu, bell):
    start = datetime.now(UTC)
    ids = local_qpu.submit(bell, bell, tag="summary")
    end = datetime.now(UTC)

    def listed(**params: str) -> list[str]:
        return [summary["task_id"] for summary in local_qpu.get("/tasks", **params)]

    assert listed()[-2:] == ids
    assert listed(start_date=str(start), end_date=str(end)) == ids
    assert listed(start_date=start.isoformat()) == ids
    # As the clients send it: the plus sign of the zone as it is.
    url = f"/tasks?start_date={start}&end_date={end}"
    assert [s["task_id"] for s in local_qpu.client.get(url).json()] == ids
    naive = start.replace(tzinfo=None)
    assert listed(start_date=str(naive)) == ids
    assert ids[0] in listed(end_date=str(start.date()))
    assert listed(end_date=str(start.date() - timedelta(days=1))) == []
    assert listed(start_date=str(end + timedelta(seconds=1))) == []
    summary = local_qpu.get("/tasks")[-1]
    assert summary["tag"] == "summary"
    assert summary["qpu_id"] == local_qpu.exact
    for text in ("yesterday", "2024-13-01", "9999-12-31", "\x00", "2024-01-01T00:00:00+99:00"):
        assert local_qpu.client.get("/tasks", params={"end_date": text}).status_code == 400
    assert listed(end_date="0001-01-01 00:00:00+14:00") == []


def test_monitoring(local_qpu):
    statuses = local_qpu.get("/monitoring/statuses")
    assert [status["qpu_id"] for status in statuses][:2] == [local_qpu.exact, local_qpu.small]
    calibrations = "/monitoring/calibrations"
    document = local_qpu.get(calibrations, qpu_id=local_qpu.exact, date="2024-02-29")
    assert document["qpu_id"] == local_qpu.exact
    for query in ("", "?qpu_id=qpu:local:1:exact&date=2023-02-29", "?qpu_id=x&date=29.2.2024"):
        assert local_qpu.client.get(calibrations + query).status_code == 400
    assert local_qpu.client.get(calibrations + "?qpu_id=x").status_code == 404


def test_wait_times(local_qpu, bell):
    ids = local_qpu.submit(*[bell] * 3)
    for task_id in ids:
        local_qpu.info(task_id)
    targets = [local_qpu.exact, local_qpu.small]
    answer = local_qpu.post("/monitoring/qpu_wait_time", {"targets": targets})
    exact, small = answer["qpu_wait_times"]
    assert [exact["qpu_id"], small["qpu_id"]] == targets
    assert exact["average_processing_seconds"] > 0
    assert exact["tasks_in_queue"] == 0
    assert exact["estimated_availability_time"] >= exact["timestamp"]
    assert exact["windows"] == []
    body = {"task_ids": ids, "qpu_id": local_qpu.exact}
    times = local_qpu.post("/monitoring/task_wait_time", body)["task_wait_times"]
    assert [time["task_id"] for time in times] == ids
    local_qpu.refused("/monitoring/task_wait_time", body | {"qpu_id": "x"}, 404)
    local_qpu.refused("/monitoring/qpu_wait_time", {"targets": ["x"]}, 404)
    local_qpu.refused("/monitoring/qpu_wait_time", {"targets": [1]}, 400)


def test_the_window_is_open(local_qpu):
    starting = local_qpu.get("/windows/next")["next_window"]["starting"]
    now = datetime.strptime(starting, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_large_requests_are_refused(local_qpu, bell):
    def send(size: int) -> httpx.Response:
        task = {"program": bell + "//" + " " * size, "qpu_id": local_qpu.exact}
        return local_qpu.client.post("/tasks/submit", json={"tasks": [task]})

    assert send(120_000).status_code == 200
    for size in (131_072, 3_000_000):
        response = send(size)
        assert response.status_code == 413
        assert "131072 bytes" in response.json()["response"]["errors"][0]

    def endless_body() -> Any:
        for _ in range(300):
            yield b" " * 1000

    assert local_qpu.client.post("/tasks/submit", content=endless_body()).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        b'{"tasks":' * 10_000,
        b"1" * 9999,
    ],
)
@pytest.mark.parametrize("path", POSTS)
def test_bodies_that_are_no_object(local_qpu, path, body):
    response = local_qpu.client.post(path, content=body)
    assert response.status_code == 400
    assert "body" in response.json()["response"]["errors"][0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["tasks", "program", "qpu_id", "config", "task_id", "task_count", "targets", "task_ids"]
)
NEARLY = st.recursive(
    JSON | st.sampled_from(["qpu:local:1:exact", "OPENQASM 2.0;"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(POSTS), body=st.dictionaries(FIELDS, NEARLY, max_size=4))
def test_no_body_makes_the_server_fail(local_qpu, path, body):
    response = local_qpu.client.post(path, content=json.dumps(body))
    assert response.status_code in {200, 400, 401, 404}
    if response.status_code != 200:
        assert response.json()["response"]["errors"][0]
