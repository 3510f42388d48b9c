"""When the next look at a line of jobs is due, on a clock that the tests turn."""

from __future__ import annotations

import pytest

from oqc_notebook.sdk import Job
from oqc_notebook.sdk.pace import CEILING_S, FLOOR_S, Line


def line_of(count: int) -> tuple[Line, list[Job]]:
    line = Line(0.0)
    jobs = [Job(str(i), "q") for i in range(count)]
    for job in jobs:
        line.add(job, 0.0)
    return line, jobs


def test_a_job_is_seen_at_most_a_tenth_of_its_time_late_with_a_floor_and_a_ceiling() -> None:
    line, _ = line_of(1)
    now, looks = 0.0, 0
    while now < 3600:
        due = line.due()
        assert FLOOR_S - 1e-9 <= due - now <= max(FLOOR_S, min(0.1 * now, CEILING_S)) + 1e-9
        now, looks = due, looks + 1
        line.looked(0, now)
    assert looks < 330


def test_a_steady_slow_pace_is_learned_and_costs_few_looks_for_each_job() -> None:
    line, jobs = line_of(50)
    now, looks, ended = 0.0, 0, 0
    late: list[float] = []
    while line.jobs:
        now = line.due()
        found = 0
        while line.jobs and now >= 2.0 * (ended + 1):  # one ends every two seconds
            del line.jobs[jobs[ended]]
            ended += 1
            found += 1
            late.append(now - 2.0 * ended)
        looks += found + bool(line.jobs)
        line.looked(found, now)
    assert looks / 50 < 3
    assert sorted(late)[25] < 0.6


def test_a_new_job_makes_looks_frequent_again() -> None:
    line, _ = line_of(1)
    line.looked(0, 1000.0)
    assert line.due() == 1000.0 + CEILING_S
    line.add(Job("new", "q"), 1001.0)
    assert line.due() == pytest.approx(1001.0 + FLOOR_S)


def test_many_jobs_that_came_together_are_looked_at_more_often() -> None:
    first, later = [], []
    for count in (50, 100, 200, 1000):
        line, _ = line_of(count)
        first.append(line.due())
        line.looked(0, 60.0)
        later.append(line.due() - 60.0)
    assert first == pytest.approx([FLOOR_S, FLOOR_S / 2, FLOOR_S / 4, FLOOR_S / 4])
    assert later == pytest.approx([6.0, 3.0, 1.5, 1.5])


def test_jobs_that_come_one_by_one_cost_as_many_looks_whether_many_wait_or_few() -> None:
    looks = []
    for count in (1, 300):
        line, _ = line_of(count)
        looks.append(0)
        for came in range(10, 610, 10):
            while (due := line.due()) < came:
                line.looked(0, due)
                looks[-1] += 1
            line.add(Job("new", "q"), float(came))
    assert looks[1] < 1.2 * looks[0]


def test_a_server_that_asks_to_be_left_alone_is() -> None:
    line, _ = line_of(1)
    line.disturbed(7.0, 0.0)
    assert line.due() == 7.0


def test_jobs_out_of_turn_are_looked_at_rarely_until_they_turn_out_to_end_out_of_turn() -> None:
    line, jobs = line_of(10)
    assert line.stray(0.5) == []
    assert line.stray(1.5) == [jobs[1]]
    assert line.stray(1.6) == []
    assert not line.strayed(1, 0)
    assert line.stray(3.0) == [jobs[2]]
    del line.jobs[jobs[2]]
    assert line.strayed(1, 1)  # so more are looked at, at once
    assert line.stray(3.0) == [jobs[3], jobs[4]]
    assert not line.strayed(2, 0)
    assert line.stray_looks == 1


def test_every_job_has_its_turn_out_of_turn() -> None:
    line, jobs = line_of(4)
    seen = []
    for now in range(10, 70, 10):
        seen += line.stray(float(now))
        line.strayed(1, 0)
    assert seen == [jobs[1], jobs[2], jobs[3]] * 2


def test_a_job_alone_is_never_looked_at_out_of_turn() -> None:
    line, _ = line_of(1)
    assert line.stray(100.0) == []


def test_waking_from_sleep_makes_looks_frequent_again() -> None:
    line, _ = line_of(1)
    line.looked(0, 60.0)
    assert line.due() > 65.0
    line.woke(60.0)
    assert line.due() == pytest.approx(60.0 + FLOOR_S)
