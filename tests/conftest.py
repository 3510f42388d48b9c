"""Fixtures for all tests: the real local QPU, in its own process, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import LocalQpu


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def local_qpu() -> Iterator[LocalQpu]:
    """A local QPU without artificial delays, shared by the tests of a session."""
    with LocalQpu("--latency", "0", "--seed", "7") as qpu:
        yield qpu
