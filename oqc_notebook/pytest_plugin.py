"""With pytest and nbval, archived notebooks are replayed; and ``oqc_local_qpu``, a fixture.

This module is loaded in every pytest run of everybody who has the package installed, so
it imports nothing but pytest and the standard library, and does nothing unless it is asked to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from oqc_notebook.testing import LocalQpu


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--oqc-live``."""
    group = parser.getgroup("nbval")
    group.addoption(
        "--oqc-live",
        action="store_true",
        help="Run the jobs of notebooks on the service (nbval replays them from their archives "
        "otherwise). Nothing is archived.",
    )


@pytest.hookimpl(hookwrapper=True, tryfirst=True)  # the kind that every pytest knows
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tell the kernel that nbval starts, or restarts, which notebook it is of and what to do."""
    if type(item.parent).__name__ != "IPyNbFile":
        yield
        return
    live = item.config.getoption("--oqc-live")
    told = {
        "OQC_NOTEBOOK_PATH": str(item.path),
        "OQC_NOTEBOOK_MODE": "live" if live else "replay",
        "OQC_NOTEBOOK_ARCHIVE": "off" if live else "",
        "OQC_NOTEBOOK_VALIDATION": "1",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@pytest.fixture(scope="session")
def _oqc_local_qpus() -> Iterator[list[LocalQpu]]:
    started: list[LocalQpu] = []
    yield started
    for qpu in started:
        qpu.stop()


@pytest.fixture
def oqc_local_qpu(_oqc_local_qpus: list[LocalQpu]) -> LocalQpu:
    """Give a local QPU as it is at its start, whatever other tests did to it.

    It is one process for all tests, or another one after a test that ended it. It has no tasks and
    no faults, and with the seed 1, so a test gets the same shots whenever it runs. See
    :class:`oqc_notebook.testing.LocalQpu`.
    """
    from oqc_notebook.testing import local_qpu

    if not _oqc_local_qpus or not _oqc_local_qpus[-1].is_alive:
        _oqc_local_qpus.append(local_qpu(seed=1))
    _oqc_local_qpus[-1].reset()
    return _oqc_local_qpus[-1]
