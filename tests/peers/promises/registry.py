"""What a promise is, and what its scenario is given."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faulty import Fault
from tests.peers.scripts import peer

EXACT = "qpu:local:1:exact"
SIMULATOR = "qpu:local:2:simulator"
GONE = "qpu:uk:9:gone"

Scenario = Callable[[Any, "World"], Awaitable[None]]


@dataclass(frozen=True)
class Promise:
    """A promise in plain words, and the scenario that raises when it is broken.

    Parameters
    ----------
    text
        The promise, as a row of the table has it.
    scenario
        What is done, with the module of an SDK and a world.
    faults
        What the proxy spoils meanwhile.
    environment
        Environment variables, beside the usual ones.
    limit_s
        How long the scenario may take; one that takes longer breaks the promise.
    """

    text: str
    scenario: Scenario
    faults: tuple[Fault, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    limit_s: float = 15.0

    @property
    def name(self) -> str:
        """The name of the scenario."""
        return self.scenario.__name__


#: All promises by name, in the order of the table.
PROMISES: dict[str, Promise] = {}


def promise(text: str, *faults: Fault, **options: Any) -> Callable[[Scenario], Scenario]:
    """Register the scenario of a promise."""

    def register(scenario: Scenario) -> Scenario:
        made = Promise(text, scenario, faults, **options)
        assert made.name not in PROMISES
        PROMISES[made.name] = made
        return scenario

    return register


class World:
    """A local QPU behind a proxy, and an empty folder.

    Parameters
    ----------
    module
        The SDK.
    url
        The address of the proxy.
    server
        The address of the local QPU itself.
    token
        Its token.
    folder
        An empty folder.
    """

    def __init__(self, module: Any, url: str, server: str, token: str, folder: str) -> None:
        self._module = module
        self._url = url
        self._server = server
        self.token = token
        self.file = Path(folder) / "job.json"

    def sdk(self) -> Any:
        """A session through the proxy, not opened yet."""
        return self._module.OqcSdk(self._url, self.token, default_qpu_id=EXACT)

    def offline(self) -> Any:
        """A session that is never opened."""
        return self._module.OqcSdk("http://127.0.0.1:9")

    def no_server(self) -> Any:
        """A session with a server that is down, not opened yet."""
        return self._module.OqcSdk("http://127.0.0.1:9", self.token)

    def job(self, **state: Any) -> Any:
        """A job in some state, without a server."""
        fields = {"program": "OPENQASM 2.0;", "qpu_id": EXACT, **state}
        return self.offline().from_snapshot(self._module.JobSnapshot.model_validate(fields))

    def completed(self, **result: Any) -> Any:
        """A completed job with a result of counts, without a server."""
        run = {"kind": "result", "data": {"c": {"1": 1000}}, "qpu_id": EXACT, **result}
        return self.job(state="COMPLETED", result=run, history=[run])

    def saved_and_loaded(self, job: Any) -> Any:
        """The job after a save and a load."""
        job.save(self.file)
        return self.offline().load(self.file)

    def load_edited(self, job: Any, edit: Callable[[dict[str, Any]], None]) -> Any:
        """The job from its file, after a change to the document in it."""
        job.save(self.file)
        document = json.loads(self.file.read_text("utf-8"))
        edit(document)
        self.file.write_text(json.dumps(document), "utf-8")
        return self.offline().load(self.file)

    def other_machines(self) -> list[str]:
        """Which other machines something tried to reach so far."""
        return sorted(peer._others)

    def runs(self) -> int:
        """How many runs the server itself counts."""
        request = urllib.request.Request(
            f"{self._server}/tasks", headers={"Authentication-Token": self.token}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            return sum(task["status"] != "CREATED" for task in json.load(response))
