"""First in, first out; states that can be seen; cancellation; repeatable results."""

from __future__ import annotations

import time

import pytest

FINAL = {"COMPLETED", "FAILED", "CANCELLED"}


def test_tasks_end_in_order_and_are_seen_on_their_way(start_qpu, bell):
    qpu = start_qpu("--latency", "0.3", "--workers", "2")
    qpu.run(bell)
    slow = bell.replace("h q[0];", "h q[0];\nmeasure q -> c;\nreset q;\n" * 20 + "h q[0];")
    started = time.monotonic()
    ids = qpu.submit(*[slow, *[bell] * 24] * 2)
    seen: dict[str, list[str]] = {task_id: [] for task_id in ids}
    while True:
        states = {s["task_id"]: s["status"] for s in qpu.get("/tasks") if s["task_id"] in seen}
        ended = [states[task_id] in FINAL for task_id in ids]
        assert ended == sorted(ended, reverse=True)
        for task_id, state in states.items():
            if state not in seen[task_id]:
                seen[task_id].append(state)
        if all(ended):
            break
        assert time.monotonic() < started + 30
        time.sleep(0.02)
    # One after the other, the latency alone would take 30 s.
    assert time.monotonic() - started < 15
    in_order = ["SUBMITTED", "RUNNING", "COMPLETED"]
    for states in seen.values():  # one may have been missed between two looks
        assert states == [state for state in in_order if state in states]
    assert set().union(*seen.values()) == set(in_order)


def test_wait_times_follow_the_queue(start_qpu, bell, endless):
    qpu = start_qpu("--latency", "0", "--workers", "1")
    qpu.run(bell)
    ids = qpu.submit(endless, *[bell] * 5)
    answer = qpu.post("/monitoring/qpu_wait_time", {"targets": [qpu.exact]})["qpu_wait_times"][0]
    assert answer["tasks_in_queue"] == 6
    body = {"task_ids": ids, "qpu_id": qpu.exact}
    times = qpu.post("/monitoring/task_wait_time", body)["task_wait_times"]
    assert [time["tasks_before"] for time in times] == list(range(6))
    estimates = [time["estimated_completion_time"] for time in times]
    assert estimates == sorted(estimates)
    # The other QPU waits for a simulator, not for this queue.
    answer = qpu.post("/monitoring/qpu_wait_time", {"targets": [qpu.small]})["qpu_wait_times"][0]
    assert answer["tasks_in_queue"] == 0

    qpu.until(lambda: qpu.status(ids[0]) == "RUNNING")
    busy = {worker.pid for worker in qpu.workers()}
    assert [qpu.status(task_id) for task_id in ids[1:]] == ["SUBMITTED"] * 5
    # Queued tasks are cancelled at once, the running one with its simulator.
    qpu.post("/tasks/cancel_many", {"tasks": ids[1:3]})
    assert [qpu.status(task_id) for task_id in ids[1:3]] == ["CANCELLED"] * 2
    qpu.post("/tasks/cancel_many", {"tasks": [ids[0]]})
    info = qpu.info(ids[0])
    assert info["status"] == "CANCELLED"
    assert info["results"] is None
    assert "SERVER_CANCELLED" in info["timings"]
    assert [qpu.info(task_id)["status"] for task_id in ids[3:]] == ["COMPLETED"] * 3
    assert not busy & {worker.pid for worker in qpu.workers()}
    # What has ended stays as it is.
    qpu.post("/tasks/cancel_many", {"tasks": ids})
    assert [qpu.status(task_id) for task_id in ids] == ["CANCELLED"] * 3 + ["COMPLETED"] * 3


def test_cancelling_what_waits_out_its_latency(start_qpu, bell):
    qpu = start_qpu("--latency", "1", "--workers", "1")
    first, second = qpu.submit(bell, bell)
    qpu.post("/tasks/cancel_many", {"tasks": [first]})
    assert qpu.status(first) == "CANCELLED"
    qpu.until(lambda: "RECEIVER_FINISHED" in qpu.get(f"/tasks/{second}/timings")["timings"])
    assert qpu.status(second) == "RUNNING"
    qpu.post("/tasks/cancel_many", {"tasks": [second]})
    assert qpu.info(second)["results"] is None
    assert qpu.status(second) == "CANCELLED"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_queues_share_the_simulators(start_qpu, bell, workers):
    qpu = start_qpu("--latency", "0", "--workers", workers)
    many = qpu.submit(*[bell] * 100)
    one = qpu.submit(bell, qpu_id=qpu.small)[0]
    qpu.info(one)
    assert qpu.status(many[-1]) in {"SUBMITTED", "RUNNING"}
    qpu.info(many[-1])


def test_a_seed_makes_results_repeatable(start_qpu, bell):
    def results(*arguments: str) -> list[object]:
        qpu = start_qpu("--latency", "0", *arguments)
        exact = qpu.submit(*[bell] * 4)
        small = qpu.submit(*[bell] * 2, qpu_id=qpu.small)
        return [qpu.info(task_id)["results"] for task_id in exact + small]

    first = results("--seed", "7", "--workers", "2")
    assert first == results("--seed", "7", "--workers", "1")
    assert first != results("--seed", "8", "--workers", "1")
    assert first != results("--workers", "1")
    assert len({str(result) for result in first}) > 1
