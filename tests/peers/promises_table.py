"""A table of the promises that the published SDK and ours keep and break.

``python -m tests.peers.promises_table PYTHON_WITH_PUBLISHED_SDK`` prints it as Markdown.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faulty import FaultyProxy
from tests.peers.promises.registry import Promise
from tests.peers.promises.run import PROMISES
from tests.peers.running import Sdk, environment
from tests.support import LocalQpu

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What became of a promise.

    Attributes
    ----------
    broken_by
        What broke it, or None.
    other_machines
        Which other machines something tried to reach.
    """

    broken_by: str | None
    other_machines: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the promise was kept."""
        return self.broken_by is None


def outcome_of(promise: Promise, sdk: Sdk, qpu: LocalQpu) -> Outcome:
    """Run the scenario of a promise with an SDK, in a process of its own."""
    with FaultyProxy(qpu.url) as proxy, tempfile.TemporaryDirectory() as folder:
        proxy.faults.extend(dataclasses.replace(fault) for fault in promise.faults)
        world = {"url": proxy.url, "server": qpu.url, "token": qpu.token, "folder": folder}
        try:
            done = subprocess.run(
                [sdk.python, "-m", "tests.peers.promises.run"],
                input=json.dumps({"sdk": sdk.module, "promise": promise.name, "world": world}),
                cwd=_ROOT,
                env=environment() | promise.environment,
                capture_output=True,
                encoding="utf-8",
                timeout=promise.limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(f"not done within {promise.limit_s:g} s")
    assert done.returncode == 0, f"{promise.name} ended with {done.returncode}:\n{done.stderr}"
    said = json.loads(done.stdout)
    return Outcome(said["answer"], tuple(said["other_machines"]))


def all_outcomes(sdk: Sdk) -> dict[str, Outcome]:
    """Give the outcome of every promise by its name, with a local QPU for this SDK alone."""
    with LocalQpu("--latency", "0", "--seed", "7") as qpu:
        return {name: outcome_of(promise, sdk, qpu) for name, promise in PROMISES.items()}


def table(ours: dict[str, Outcome], theirs: dict[str, Outcome]) -> str:
    """Give the table as Markdown; its order is that of the promises."""
    lines = ["| promise | oqc_notebook | published SDK 0.1.24 |", "| --- | --- | --- |"]
    for name, promise in PROMISES.items():
        words = ["kept" if each[name].kept else "**broken**" for each in (ours, theirs)]
        lines.append(f"| {promise.text} | {' | '.join(words)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, and on stderr what broke which promise."""
    sdks = {
        "oqc_notebook": Sdk(Path(sys.executable), "oqc_notebook.sdk"),
        "published": Sdk(Path(sys.argv[1]), "oqc_qcaas_sdk"),
    }
    with ThreadPoolExecutor() as pool:
        ours, theirs = pool.map(all_outcomes, sdks.values())
    print(table(ours, theirs))
    for name, outcomes in zip(sdks, (ours, theirs), strict=True):
        for promise, outcome in outcomes.items():
            if not outcome.kept:
                print(f"{name}: {promise}: {outcome.broken_by}", file=sys.stderr)


if __name__ == "__main__":
    main()
