"""Kernels for the tests of the magics."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faulty import FaultyProxy
from tests.support import EXACT, LocalQpu
from tests.support_kernel import Kernel


def kernel_in(folder: Path, url: str, token: str) -> Kernel:
    """A kernel whose notebook is ``lab.ipynb`` in `folder`, connected to a service."""
    (folder / "lab.ipynb").write_text("{}")
    place = {"OQC_NOTEBOOK_PATH": str(folder / "lab.ipynb")}
    env = {**os.environ, **place, "OQC_URL": url, "OQC_AUTH_TOKEN": token}
    kernel = Kernel(cwd=str(folder), env=env)
    cells = kernel.run("%load_ext oqc_notebook", f"%oqc_connect --qpu {EXACT} --as sdk")
    assert [cell.status for cell in cells] == ["ok", "ok"], cells
    return kernel


@pytest.fixture(scope="module")
def shared(local_qpu: LocalQpu, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A connected kernel for the tests of a module; each uses names of its own."""
    with kernel_in(tmp_path_factory.mktemp("shared"), local_qpu.url, local_qpu.token) as kernel:
        yield kernel


@pytest.fixture
def kernel(local_qpu: LocalQpu, tmp_path: Path) -> Iterator[Kernel]:
    """A connected kernel for one test."""
    with kernel_in(tmp_path, local_qpu.url, local_qpu.token) as kernel:
        yield kernel


@pytest.fixture
def slow(local_qpu: LocalQpu, proxy: FaultyProxy, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel connected through the proxy that can spoil answers."""
    with kernel_in(tmp_path, proxy.url, local_qpu.token) as kernel:
        yield kernel
