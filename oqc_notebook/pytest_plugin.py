"""Validating notebooks with pytest and nbval: archived ones are replayed.

This module is loaded in every pytest run of everybody who has the package installed, so
it imports nothing but pytest and the standard library, and does nothing without nbval.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


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
