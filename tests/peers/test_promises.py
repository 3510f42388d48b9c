"""Ours keeps every promise; what the published SDK does is noted beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.peers.promises.run import PROMISES
from tests.peers.promises_table import Outcome, all_outcomes, outcome_of, table
from tests.peers.running import Sdk
from tests.support import LocalQpu

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(os.name == "nt", reason="some scenarios need fork and resource limits"),
]


@pytest.fixture(scope="module")
def theirs_meanwhile(theirs: Sdk) -> Iterator[Future[dict[str, Outcome]]]:
    """The outcomes of the published SDK, which come while ours are looked at."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit(all_outcomes, theirs)


@pytest.fixture(scope="module")
def seen() -> dict[str, Outcome]:
    """The outcomes of ours so far."""
    return {}


@pytest.mark.parametrize("name", PROMISES)
def test_ours_keeps_the_promise(
    name: str,
    ours: Sdk,
    local_qpu: LocalQpu,
    theirs_meanwhile: Future[dict[str, Outcome]],
    seen: dict[str, Outcome],
) -> None:
    seen[name] = outcome_of(PROMISES[name], ours, local_qpu)
    assert seen[name].broken_by is None
    assert seen[name].other_machines == ()


def test_a_table_of_both_is_made(
    seen: dict[str, Outcome],
    theirs_meanwhile: Future[dict[str, Outcome]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = theirs_meanwhile.result()
    assert theirs.keys() == PROMISES.keys()
    assert any(outcome.kept for outcome in theirs.values())  # so it does run
    if seen.keys() != PROMISES.keys():
        pytest.skip("only some promises were looked at")
    with capsys.disabled():
        print("\n" + table(seen, theirs))
