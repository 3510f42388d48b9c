"""The runs that an archive holds, as its files say: what a page or a list shows of each."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from oqc_notebook.archive.formats import CellFacts, Git, JobFile, Provenance, SessionFile
from oqc_notebook.export.bundle import Bundle
from oqc_notebook.sdk.configs import config_from_text, shots_of
from oqc_notebook.sdk.frames import is_simulated


@dataclass(frozen=True)
class ArchivedRun:
    """A run of a job, or a job that was in flight when the archive was last written.

    Attributes
    ----------
    file
        The file that holds it, a snapshot.
    name
        The variable that held the job.
    state
        How it ended; or how it was last seen.
    in_flight
        Whether it had not ended.
    qpu_id, task_id
        Where it ran, as which task.
    shots
        How many it asked for; None if its configuration cannot be read.
    error
        Its message, if it failed.
    simulated
        Whether its results are simulated on somebody's own machine.
    provenance
        Where it comes from; None for a run that was not begun here.
    """

    file: str
    name: str
    state: str
    in_flight: bool
    qpu_id: str | None
    task_id: str | None
    shots: int | None
    error: str | None
    simulated: bool
    provenance: Provenance | None

    @property
    def cell(self) -> CellFacts | None:
        """The cell that asked for it."""
        return None if self.provenance is None else self.provenance.cell

    @property
    def git(self) -> Git | None:
        """Where the notebook's folder stood in git."""
        return None if self.provenance is None else self.provenance.git


class _File(JobFile):
    qpu_id: str | None = None
    config_json: str | None = None
    config_type: str | None = None


def runs_of(bundle: Bundle) -> list[ArchivedRun]:
    """List the runs of an archive in the order in which they were asked for.

    A file that is no job's is passed over, as everywhere in the archive.
    """
    found = []
    for name, content in bundle.files.items():
        folder, *rest = name.split("/")
        if folder != bundle.sidecar or rest[0] not in ("runs", "live"):
            continue
        try:
            file = _File.model_validate_json(content)
        except ValidationError:  # a composite's, whose children have files of their own
            continue
        in_flight = rest[0] == "live"
        if not (in_flight and file.task_id is None):  # that was never submitted
            found.append(_run(name, content, file, in_flight))
    archived = {run.task_id for run in found if not run.in_flight}
    kept = [run for run in found if not (run.in_flight and run.task_id in archived)]
    return sorted(kept, key=lambda run: (_asked(run), run.file))


def _asked(run: ArchivedRun) -> str:
    return "" if run.provenance is None else run.provenance.asked.isoformat()


def _run(name: str, content: bytes, file: _File, in_flight: bool) -> ArchivedRun:
    block = file.oqc_archive
    error = json.loads(content).get("error") or {}
    message = error.get("error_message") if isinstance(error, dict) else None
    return ArchivedRun(
        file=name,
        name=block.name or f"job_{block.job[:6]}",
        state=file.state,
        in_flight=in_flight,
        qpu_id=file.qpu_id,
        task_id=file.task_id,
        shots=_shots(file),
        error=None if message is None else str(message),
        simulated=is_simulated(file.qpu_id)
        or (block.provenance is not None and block.provenance.simulated),
        provenance=block.provenance,
    )


def _shots(file: _File) -> int | None:
    try:
        text = file.config_json
        return shots_of(None if text is None else config_from_text(text, file.config_type))
    except (ValueError, TypeError, AttributeError):
        return None


def newest_session(bundle: Bundle) -> SessionFile | None:
    """Give the record of the newest kernel session of an archive, where one is legible."""
    newest = None
    for name in sorted(bundle.files):
        if name.startswith(f"{bundle.sidecar}/sessions/") and name.endswith(".json"):
            with contextlib.suppress(ValidationError):
                newest = SessionFile.model_validate_json(bundle.files[name])
    return newest


def in_groups(runs: list[ArchivedRun]) -> list[tuple[str, list[ArchivedRun]]]:
    """Put successive runs together that have the same surroundings, told in words."""
    groups: list[tuple[str, list[ArchivedRun]]] = []
    for run in runs:
        words = _surroundings(run.provenance)
        if not groups or groups[-1][0] != words:
            groups.append((words, []))
        groups[-1][1].append(run)
    return groups


def _surroundings(origin: Provenance | None) -> str:
    if origin is None:
        return "Not begun from this notebook"
    words = [f"Session {origin.session}"]
    if origin.server:
        words.append(f"service {origin.server}")
    if origin.git is None:
        words.append("not in git")
    else:
        changed = " with changes" if origin.git.dirty else ""
        words.append(f"git {(origin.git.revision or 'without a commit')[:12]}{changed}")
    words += [f"{name} {version}" for name, version in origin.versions.items()]
    return ", ".join(words)


def tally_of(runs: list[ArchivedRun]) -> str:
    """Say how many runs there are, and how they ended."""
    states: Counter[Any] = Counter(run.state for run in runs)
    ended = ", ".join(f"{number} {state}" for state, number in states.most_common())
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}: {ended}" if runs else "no runs"
