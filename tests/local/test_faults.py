"""What a client of the local QPU gets when things go wrong, over real HTTP."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from oqc_notebook.testing import LocalQpu, local_qpu
from tests.support import BELL, EXACT, SIMULATOR, until


@pytest.fixture
def client(oqc_local_qpu: LocalQpu) -> Iterator[httpx.Client]:
    headers = {"Authentication-Token": oqc_local_qpu.token}
    with httpx.Client(base_url=oqc_local_qpu.url, headers=headers) as client:
        yield client


def submit(client: httpx.Client, program: str = BELL, qpu_id: str = EXACT, **fields: Any) -> str:
    task = {"program": program, "qpu_id": qpu_id, **fields}
    response = client.post("/tasks/submit", json={"tasks": [task]})
    assert response.status_code == 200, response.text
    return str(response.json()[0]["task_id"])


def ended(client: httpx.Client, task_id: str) -> dict[str, Any]:
    def info() -> Any:
        answer = client.get(f"/tasks/{task_id}/all_info").json()
        return answer if answer["status"] in {"COMPLETED", "FAILED", "CANCELLED"} else None

    return dict(until(info))


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 504, 418])
def test_a_refusal_has_the_shapes_of_the_service(
    oqc_local_qpu: LocalQpu, client: httpx.Client, status: int
) -> None:
    oqc_local_qpu.faults.refuse(status)
    response = client.get("/admin/qpu")
    assert response.status_code == status
    answer = response.json()
    assert answer["detail"] == answer["response"]["errors"][0] != ""
    assert "retry-after" not in response.headers
    assert client.get("/admin/qpu").status_code == 200


def test_a_refusal_with_a_text_and_retry_after(
    oqc_local_qpu: LocalQpu, client: httpx.Client
) -> None:
    oqc_local_qpu.faults.refuse(429, text="slow down, please", retry_after=7)
    response = client.get("/admin/qpu")
    assert response.json()["detail"] == "slow down, please"
    assert response.headers["retry-after"] == "7"


def test_a_web_page_instead_of_an_answer(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    oqc_local_qpu.faults.html()
    response = client.get("/admin/qpu")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_a_slow_answer(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    oqc_local_qpu.faults.slow(30.0, "qpus")
    with pytest.raises(httpx.ReadTimeout):
        client.get("/admin/qpu", timeout=0.2)
    oqc_local_qpu.faults.slow(0.2, "qpus")
    began = time.monotonic()
    assert len(client.get("/admin/qpu").json()["items"]) == 4
    assert time.monotonic() - began >= 0.2


def test_a_truncated_answer(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    oqc_local_qpu.faults.truncate(bytes=25)
    with client.stream("GET", "/admin/qpu") as response:
        assert response.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="received 25 bytes"):
            response.read()
    assert client.get("/admin/qpu").status_code == 200


@pytest.mark.parametrize("spoil", ["drop", "html", "refuse"])
@pytest.mark.parametrize("accepted", [False, True])
def test_an_answer_is_lost_before_or_after_the_service_accepts(
    oqc_local_qpu: LocalQpu, client: httpx.Client, spoil: str, accepted: bool
) -> None:
    (task_id,) = client.post("/tasks", json={"qpu_id": EXACT, "task_count": 1}).json()
    how: dict[str, Callable[[], None]] = {
        "drop": lambda: oqc_local_qpu.faults.drop("submit", accepted=accepted),
        "html": lambda: oqc_local_qpu.faults.html("submit", accepted=accepted),
        "refuse": lambda: oqc_local_qpu.faults.refuse(503, "submit", accepted=accepted),
    }
    how[spoil]()
    if spoil == "drop":
        with pytest.raises(httpx.RemoteProtocolError):
            submit(client, task_id=task_id)
    else:
        with pytest.raises((AssertionError, json.JSONDecodeError)):
            submit(client, task_id=task_id)
    if accepted:
        assert ended(client, task_id)["status"] == "COMPLETED"
    else:
        assert client.get(f"/tasks/{task_id}/status").json()["status"] == "CREATED"
        submit(client, task_id=task_id)


def test_a_purged_task_is_not_known_any_more(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    kept, purged = submit(client), submit(client)
    for task_id in (kept, purged):
        ended(client, task_id)
    oqc_local_qpu.faults.purge(uuid.UUID(purged))
    for _ in range(2):
        response = client.get(f"/tasks/{purged}/all_info")
        assert response.status_code == 404
        assert "was purged" in response.json()["detail"]
    assert client.get(f"/tasks/{kept}/status").json()["status"] == "COMPLETED"
    listed = [task["task_id"] for task in client.get("/tasks").json()]
    assert listed == [kept]


def test_a_task_is_purged_in_a_state(client: httpx.Client, oqc_local_qpu: LocalQpu) -> None:
    endless = "OPENQASM 3.0;\nqubit q;\nbit c;\nc = measure q;\nwhile (!c) { c = measure q; }\n"
    oqc_local_qpu.faults.purge(state="RUNNING", after=1)
    task_id = submit(client, endless)
    seen = []

    def purged() -> bool:
        response = client.get(f"/tasks/{task_id}/status")
        seen.append(response.json().get("status", response.status_code))
        return response.status_code == 404

    until(purged)
    assert seen.count("RUNNING") == 1
    # what was purged while it ran leaves its simulator to others
    assert ended(client, submit(client))["status"] == "COMPLETED"


def test_a_qpu_that_is_removed_takes_its_tasks_along(
    oqc_local_qpu: LocalQpu, client: httpx.Client
) -> None:
    task_id, other = submit(client, qpu_id=SIMULATOR), submit(client)
    ended(client, task_id)
    oqc_local_qpu.faults.remove_qpu(SIMULATOR)
    assert SIMULATOR not in client.get("/admin/qpu").text + client.get("/qpus").text
    assert SIMULATOR not in client.get("/monitoring/statuses").text + client.get("/tasks").text
    for path in (f"/admin/qpu/{SIMULATOR}", f"/tasks/{task_id}/all_info"):
        assert client.get(path).status_code == 404
    body = {"tasks": [{"program": BELL, "qpu_id": SIMULATOR}]}
    assert client.post("/tasks/submit", json=body).status_code == 404
    assert client.post("/tasks/cancel_many", json={"tasks": [task_id]}).status_code == 404
    assert ended(client, other)["status"] == "COMPLETED"
    oqc_local_qpu.faults.clear()
    assert ended(client, task_id)["status"] == "COMPLETED"


def test_a_qpu_with_fewer_qubits_says_so_and_refuses_what_does_not_fit(
    oqc_local_qpu: LocalQpu, client: httpx.Client
) -> None:
    (reserved,) = client.post("/tasks", json={"qpu_id": EXACT, "task_count": 1}).json()
    oqc_local_qpu.faults.fewer_qubits(EXACT, 2)
    features = json.loads(client.get(f"/admin/qpu/{EXACT}").json()["feature_set"])
    assert features["qubit_count"] == 2
    three = BELL.replace("q[2]", "q[3]").replace("c[2]", "c[3]")
    info = ended(client, submit(client, three))
    assert "2" in info["task_error"]["error_message"]
    assert ended(client, submit(client, task_id=reserved))["status"] == "COMPLETED"
    oqc_local_qpu.faults.fewer_qubits(EXACT, 3)
    assert ended(client, submit(client, three))["status"] == "COMPLETED"


def test_a_configuration_is_rejected_and_nothing_is_submitted(
    oqc_local_qpu: LocalQpu, client: httpx.Client
) -> None:
    oqc_local_qpu.faults.reject_config("erasures are not offered any more")
    submit(client)  # it has none
    data = {"repeats": 10}
    config = json.dumps({"$type": "<class 'compiler_config.config.CompilerConfig'>", "$data": data})
    task = {"program": BELL, "qpu_id": EXACT, "config": config}
    response = client.post("/tasks/submit", json={"tasks": [task]})
    assert response.status_code == 400
    assert response.json()["detail"] == (
        "Submission rejected: task 1 of 1: config: erasures are not offered any more"
    )
    assert len(client.get("/tasks").json()) == 1
    submit(client, config=config)


def test_a_crash_fails_one_task(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    oqc_local_qpu.faults.crash_worker(after=1)
    ids = [submit(client) for _ in range(3)]
    states = [ended(client, task_id)["status"] for task_id in ids]
    assert states == ["COMPLETED", "FAILED", "COMPLETED"]
    error = client.get(f"/tasks/{ids[1]}/error").json()["task_error"]
    assert error["error_code"] == 500
    assert "the simulator ended at this program" in error["error_message"]


def test_faults_say_what_is_left_of_them(oqc_local_qpu: LocalQpu, client: httpx.Client) -> None:
    faults = oqc_local_qpu.faults
    faults.refuse(503, "qpus", times=2, after=1)
    faults.remove_qpu(SIMULATOR)
    faults.drop("submit", times="always", after_s=1000.0)
    seen = [client.get("/admin/qpu").status_code for _ in range(2)]
    assert seen == [200, 503]
    assert faults.pending() == [
        {"kind": "refuse", "status": 503, "call": "qpus", "times": 1, "after": 0},
        {"kind": "remove_qpu", "qpu_id": SIMULATOR},
        {"kind": "drop", "call": "submit", "times": "always", "after": 0, "after_s": 1000.0},
    ]
    submit(client)  # its time has not come
    assert oqc_local_qpu.calls() == {"qpus": 2, "submit": 1}
    faults.clear()
    assert faults.pending() == []


def test_calls_without_the_token_use_up_no_fault(oqc_local_qpu: LocalQpu) -> None:
    oqc_local_qpu.faults.refuse(503)
    assert httpx.get(f"{oqc_local_qpu.url}/admin/qpu").status_code == 401
    assert len(oqc_local_qpu.faults.pending()) == 1
    assert oqc_local_qpu.calls() == {}


def test_ended_tasks_are_purged_after_a_while_which_passes_faster_at_speed() -> None:
    with local_qpu(retention=20.0, latency=2.0, speed=100.0) as qpu:
        headers = {"Authentication-Token": qpu.token}
        with httpx.Client(base_url=qpu.url, headers=headers) as client:
            reserved = client.post("/tasks", json={"qpu_id": EXACT, "task_count": 1}).json()[0]
            began = time.monotonic()
            task_id = submit(client)
            assert ended(client, task_id)["status"] == "COMPLETED"
            until(lambda: client.get(f"/tasks/{task_id}/status").status_code == 404)
            assert 0.24 < time.monotonic() - began < 15
            # one that was only reserved is kept
            assert client.get(f"/tasks/{reserved}/status").json()["status"] == "CREATED"
