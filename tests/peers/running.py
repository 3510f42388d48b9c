"""Runs the scripts of this folder with a given interpreter."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent / "scripts"

#: What could lead a peer elsewhere, or to another version of itself.
_UNWANTED = ("OQC_", "PYTHON", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True)
class Sdk:
    """An SDK in some environment.

    Attributes
    ----------
    python
        The interpreter of that environment.
    module
        The SDK's name there.
    """

    python: Path
    module: str

    def run(self, script: str, **orders: Any) -> Any:
        """Run a script with this SDK."""
        return run(self.python, script, sdk=self.module, **orders)


def run(python: Path, script: str, **orders: Any) -> Any:
    """Run a script, and give its answer; nothing but this machine may have been contacted."""
    done = subprocess.run(
        [python, SCRIPTS / f"{script}.py"],
        input=json.dumps(orders),
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script} ended with {done.returncode}:\n{done.stderr}"
    said = json.loads(done.stdout)
    assert said["other_machines"] == []
    return said["answer"]


def environment() -> dict[str, str]:
    """The environment variables without those that could lead a peer astray."""
    kept = {name: text for name, text in os.environ.items() if not _unwanted(name)}
    # the published SDK writes files in the encoding of the locale
    return kept | {"PYTHONUTF8": "1"}


def _unwanted(name: str) -> bool:
    return name.upper().startswith(_UNWANTED)
