"""Fixtures for all tests: the real local QPU, in its own process, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oqc_notebook.sdk import OqcSdk
from tests.faulty import FaultyProxy
from tests.support import EXACT, LocalQpu


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["v3", "v4"])
def dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each dialect of the service in turn; sessions that are made after this speak it."""
    monkeypatch.setenv("OQC_QCAAS_V4", "1" if request.param == "v4" else "")
    return str(request.param)


@pytest.fixture(scope="session")
def local_qpu() -> Iterator[LocalQpu]:
    """A local QPU without artificial delays, shared by the tests of a session."""
    with LocalQpu("--latency", "0", "--seed", "7") as qpu:
        yield qpu


@pytest.fixture
def proxy(local_qpu: LocalQpu) -> Iterator[FaultyProxy]:
    """A proxy in front of the local QPU that can spoil answers."""
    with FaultyProxy(local_qpu.url) as proxy:
        yield proxy


@pytest.fixture
def proxied(local_qpu: LocalQpu, proxy: FaultyProxy) -> OqcSdk:
    """A session, not opened yet, that reaches the local QPU through the proxy."""
    return OqcSdk(proxy.url, local_qpu.token, default_qpu_id=EXACT)
