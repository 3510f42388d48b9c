"""Servers of JupyterLab and Notebook 7, a browser, and notebooks that are open in it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.lab import CHROMIUM, Lab, Notebook, Notebook7, chromium_is_there, launch
from tests.faulty import FaultyProxy, StagedQpu
from tests.support import LocalQpu

OpenNotebook: TypeAlias = Callable[..., Notebook]

# Fixtures live as long as this package and no longer: while playwright's synchronous
# interface is open, an event loop runs in this thread, which other tests must not meet.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not chromium_is_there():
        message = f"There is no Chromium at {CHROMIUM}."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Lab]:
    """A JupyterLab server; the browser is asked for first, since without it there are no tests."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture(scope="package")
def notebook7(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Lab]:
    """A server of Notebook 7."""
    notebook7 = Notebook7(tmp_path_factory.mktemp("notebook7"))
    yield notebook7
    notebook7.stop()


@pytest.fixture(params=["lab", "notebook7"])
def either(request: pytest.FixtureRequest) -> Lab:
    """JupyterLab in one test, and Notebook 7 in another."""
    server: Lab = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="package")
def slow_qpu() -> Iterator[LocalQpu]:
    """A local QPU whose jobs wait for longer than a test takes."""
    with LocalQpu("--latency", "600") as qpu:
        yield qpu


@pytest.fixture
def staged_qpu(local_qpu: LocalQpu, proxy: FaultyProxy) -> StagedQpu:
    """A local QPU whose tasks stay SUBMITTED, and then RUNNING, until the test says so."""
    return StagedQpu(proxy, local_qpu.token, "SUBMITTED")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    yield page
    page.close()


@pytest.fixture
def open_notebook(lab: Lab, page: Page, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Write a notebook with the given cells and open it: ``open_notebook("1 + 1", ...)``."""
    yield from _opening(lab, page, _name_of(request))


@pytest.fixture
def open_in_notebook7(
    notebook7: Lab, page: Page, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """As ``open_notebook``, in Notebook 7."""
    yield from _opening(notebook7, page, _name_of(request))


@pytest.fixture
def open_in_either(
    either: Lab, page: Page, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """As ``open_notebook``, in JupyterLab in one test and in Notebook 7 in another."""
    yield from _opening(either, page, _name_of(request))


def _name_of(request: pytest.FixtureRequest) -> str:
    """Give a test's name, with its parameters, as a file can be called anywhere."""
    return re.sub(r"\W+", "-", request.node.name).strip("-")


def _opening(server: Lab, page: Page, name: str) -> Iterator[OpenNotebook]:
    opened: list[Notebook] = []

    def write_and_open(*cells: str) -> Notebook:
        opened.append(Notebook(server, page, server.write(name, *cells)).open())
        return opened[-1]

    yield write_and_open
    if opened:
        opened[-1].end_kernels()


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for screenshots, the same for all tests of a run."""
    return tmp_path_factory.getbasetemp()
