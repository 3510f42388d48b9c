"""What a session ran with: Python, packages, git."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from oqc_notebook.archive.formats import Git

#: The packages that a run itself names; its session's record has all of them.
_MAIN = ("oqc-notebook", "compiler-config", "httpx", "pydantic", "qiskit", "qiskit-aer")

#: The longest that git may take to answer (seconds).
_GIT_S = 10.0


def python() -> str:
    """Give Python's version."""
    return platform.python_version()


def machine() -> str:
    """Give the system and its architecture, without the machine's name."""
    return platform.platform(terse=True) + f" ({platform.machine()})"


@functools.cache
def packages() -> dict[str, str]:
    """Give the versions of all installed packages. This takes some tenths of a second."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found[str(name)] = distribution.version
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def main_versions() -> dict[str, str]:
    """Give the versions that a run itself names."""
    versions = {"python": python()}
    for name in _MAIN:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_of(folder: Path) -> Git | None:
    """Give where a folder stands in git; None if it is not under git, or there is no git.

    It is dirty where something in it was changed or added since; archives do not count.
    """
    revision = _git(folder, "rev-parse", "--verify", "HEAD")
    others = (":(exclude)*.oqc", ":(exclude)*.oqc/*")  # which of them is shown depends on the index
    status = _git(folder, "status", "--porcelain", "--", ".", *others)
    if status is None:
        return None
    return Git(revision=revision or None, dirty=bool(status))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - git, as the user has it
            ["git", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607
            cwd=folder,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
