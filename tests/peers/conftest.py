"""The published clients, each installed into an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.running import Sdk
from tests.support import LocalQpu

SDK = "oqc-qcaas-sdk==0.1.24"
CLIENT = "oqc-qcaas-client==3.22.1"
VALIDATOR = "roc-validator==0.13.0"
#: The plugin calls what later versions of PennyLane do not have any more.
PLUGIN = ("pennylane-oqcqcaas==0.2.2", CLIENT, "pennylane==0.42.3")


@pytest.fixture(scope="session")
def published_sdk(request: pytest.FixtureRequest) -> Path:
    """An interpreter with the published SDK."""
    return _interpreter_with(request.config, SDK)


@pytest.fixture(scope="session")
def published_client(request: pytest.FixtureRequest) -> Path:
    """An interpreter with the published client."""
    return _interpreter_with(request.config, CLIENT)


@pytest.fixture(scope="session")
def pennylane_plugin(request: pytest.FixtureRequest) -> Path:
    """An interpreter with PennyLane and its plugin for QCaaS."""
    return _interpreter_with(request.config, *PLUGIN)


@pytest.fixture(scope="session")
def crate_validator(request: pytest.FixtureRequest) -> Path:
    """An interpreter with the validator of RO-Crates."""
    return _interpreter_with(request.config, VALIDATOR)


@pytest.fixture(scope="session")
def theirs(published_sdk: Path) -> Sdk:
    """The published SDK."""
    return Sdk(published_sdk, "oqc_qcaas_sdk")


@pytest.fixture(scope="session")
def ours() -> Sdk:
    """Our SDK."""
    return Sdk(Path(sys.executable), "oqc_notebook.sdk")


@pytest.fixture(scope="session")
def slow_qpu() -> Iterator[LocalQpu]:
    """A local QPU whose tasks are seen as SUBMITTED, and again as RUNNING, for half a second."""
    with LocalQpu("--latency", "0.5", "--seed", "7") as qpu:
        yield qpu


def _interpreter_with(config: pytest.Config, *requirements: str) -> Path:
    """Give an interpreter with `requirements`, from an earlier run where there is one."""
    base, version = _base_interpreter()
    environments = config.cache.mkdir("peers")
    folder = environments / f"{'-'.join(requirements)}-python{version}"
    if not _python_in(folder).exists():
        # made under another name, so that what has this one is complete
        with tempfile.TemporaryDirectory(dir=environments, prefix="unfinished-") as unfinished:
            made = Path(unfinished) / "environment"
            _run([base, "-m", "venv", made])
            _run([_python_in(made), "-m", "pip", "install", "--quiet", *requirements])
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return _python_in(folder)


def _base_interpreter() -> tuple[str, str]:
    """Give an interpreter that the published packages support, and its version."""
    if sys.version_info < (3, 13):
        return sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in ("3.12", "3.11"):
        found = shutil.which(f"python{version}")
        # a stand-in of a version manager can be there without the version itself
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found, version
    pytest.skip("the published packages need Python 3.11 or 3.12, and neither is on the PATH")


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(
        command, env=_without_python_settings(), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"


def _without_python_settings() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
