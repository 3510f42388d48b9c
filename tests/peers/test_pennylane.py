"""PennyLane's plugin for QCaaS, unmodified, runs its circuits on our local QPU."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.peers.running import run
from tests.support import EXACT, LocalQpu

pytestmark = pytest.mark.peers

#: Six standard deviations of an expectation of 4000 shots: less than once in 10**8 runs.
FAR = 6 / math.sqrt(4000)


@pytest.fixture(scope="module")
def seen(pennylane_plugin: Path, local_qpu: LocalQpu) -> dict[str, Any]:
    """What PennyLane made of the results."""
    qpu = {"url": local_qpu.url, "token": local_qpu.token, "qpu_id": EXACT}
    found: dict[str, Any] = run(pennylane_plugin, "tour_of_pennylane", **qpu)
    return found


def test_it_counts_the_shots_of_a_bell_pair(seen: dict[str, Any]) -> None:
    assert seen["bell"].keys() == {"00", "11"}
    assert sum(seen["bell"].values()) == 2000


def test_it_finds_the_expectations_of_a_rotation(seen: dict[str, Any]) -> None:
    for angle, expectation in seen["expectations"].items():
        assert expectation == pytest.approx(math.cos(float(angle)), abs=FAR)


def test_its_first_wire_is_the_leftmost_bit(seen: dict[str, Any]) -> None:
    excited = math.sin(0.6) ** 2
    assert seen["probabilities"] == pytest.approx([1 - excited, 0, excited, 0], abs=FAR)


def test_it_finds_the_slope_by_shifting_the_parameter(seen: dict[str, Any]) -> None:
    assert seen["slope"] == pytest.approx(-math.sin(0.7), abs=FAR)
