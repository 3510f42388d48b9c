"""Jobs saved by name next to the notebook, each in a file of its own."""

from __future__ import annotations

import atexit
import functools
import itertools
import keyword
import os
import re
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic_core import from_json

from oqc_notebook.archive.modes import is_validated
from oqc_notebook.archive.where import notebook_place
from oqc_notebook.sdk import CompositeJob, Job, JobState, OqcSdk
from oqc_notebook.sdk.configs import Config, config_to_text
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.files import read_content
from oqc_notebook.sdk.job_snapshot import CURRENT_SCHEMA_VERSION
from oqc_notebook.sdk.persistence import load_file

Kind: TypeAlias = Literal["job", "composite"]

#: Longest name of a file, before its number and suffix (bytes in UTF-8).
_LONGEST_NAME = 150

#: Names that Windows keeps for devices, whatever the suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class SavedFile:
    """A job or composite that lies next to the notebook.

    Attributes
    ----------
    path
        The file.
    name
        Its name without the suffix: what the job was saved as.
    kind
        ``"job"`` or ``"composite"``.
    modified
        When it was last written, in UTC.
    """

    path: Path
    name: str
    kind: Kind
    modified: datetime


def save(runnable: Job | CompositeJob, name: str, path: str | Path | None = None) -> Path:
    """Save a job or composite next to the notebook.

    It goes to ``<notebook>.oqc/saved/NAME.json``, or to the folder that ``connect(archive=PATH)``
    named. A file that is there is replaced only if nothing in it would be lost: every run in it
    is also a run of this job, in the same order, and it is known to be this job's (they share a
    run, or this object was saved to or loaded from it, or both are the same program that never
    ran).
    Otherwise it stays, and NAME-2.json, NAME-3.json, ... is taken. While a notebook is
    validated, a temporary folder is taken instead.

    Parameters
    ----------
    runnable
        The job or composite.
    name
        What to call it; it is made safe as the name of a file.
    path
        Where to save it instead; taken as it is, and replaced if it is there.

    Returns
    -------
    Path
        Where it was saved: an absolute path.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If a result holds something that JSON cannot hold.
    """
    if path is not None:
        runnable.save(path)
        return Path(path).absolute()
    clients = (job._client for job in runnable._members())
    sdk = next((sdk for sdk in clients if sdk is not None), None)
    folder = _aside() if is_validated() else saved_folder(sdk)
    folder.mkdir(parents=True, exist_ok=True)
    stem = safe_name(name)
    for number in itertools.count(1):
        file = folder / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        if _is_new(file):
            try:
                runnable.save(file)
            except BaseException:
                file.unlink(missing_ok=True)
                raise
            return file
        if _may_replace(file, runnable):
            runnable.save(file)
            return file
    raise AssertionError("unreachable")


def saved(sdk: OqcSdk | None = None) -> list[SavedFile]:
    """List the jobs and composites that were saved, the newest first.

    Parameters
    ----------
    sdk
        The session whose archive is meant; None for the one next to the notebook.
    """
    found = []
    files = list(saved_folder(sdk).glob("*.json"))
    if is_validated():
        aside = {path.name: path for path in _aside().glob("*.json")}
        files = [*aside.values(), *(path for path in files if path.name not in aside)]
    for path in files:
        try:
            kind = _kind_of(path)
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except (OSError, ValueError):
            continue  # no snapshot, or gone meanwhile
        if kind is not None:
            found.append(SavedFile(path, path.stem, kind, modified))
    return sorted(found, key=lambda file: (file.modified, file.name), reverse=True)


def safe_name(name: str) -> str:
    """Give a name for a file that every system takes and that stays in its folder."""
    text = re.sub(r"[^\w.+=@ -]+", "_", unicodedata.normalize("NFC", name)).strip(" .")
    text = text.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip(" .")
    if not text:
        return "job"
    return f"_{text}" if _DEVICES.fullmatch(text) else text


def variable_name(path: str | Path) -> str:
    """Give a name for the variable that holds what a file holds."""
    file = re.split(r"[/\\]", str(path))[-1]  # a path may come from another system
    name = re.sub(r"\W+", "_", Path(file).stem).strip("_") or "job"
    return f"job_{name}" if not name.isidentifier() or keyword.iskeyword(name) else name


def saved_folder(sdk: OqcSdk | None) -> Path:
    """Give the folder of what was saved by name: next to the notebook, or where connect() says."""
    from oqc_notebook.archive.attaching import archive_of  # which needs names of this module

    archive = None if sdk is None else archive_of(sdk)
    if archive is not None and archive.is_named:
        return archive.sidecar.folder / "saved"
    return notebook_place().folder / "saved"


@functools.cache
def _aside() -> Path:
    """Make the folder of this process where a notebook that is validated saves."""
    folder = tempfile.mkdtemp(prefix="oqc-saved-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _kind_of(path: Path) -> Kind | None:
    """Tell what a file holds, from its head fields alone; None if it is no snapshot."""
    document = from_json(read_content(path))
    if not isinstance(document, dict) or document.get("schema_version") != CURRENT_SCHEMA_VERSION:
        return None
    if document.get("snapshot_kind") == "job":
        return "job"
    return "composite" if document.get("snapshot_kind") == "composite" else None


# ---- whose file it is ----


def _is_new(file: Path) -> bool:
    """Take a name that is free; two kernels that try at once cannot both get it."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    return True


def _may_replace(file: Path, runnable: Job | CompositeJob) -> bool:
    """Tell whether a file is an earlier state of this very job, so that nothing gets lost."""
    try:
        saved_before = load_file(read_content(file), str(file), None)
    except (OSError, SnapshotError):
        return False
    if type(saved_before) is not type(runnable):
        return False
    before, now = saved_before._members(), runnable._members()
    at_home = any(job._home is not None and job._home.path == file for job in now)
    pairs = list(zip(before, now, strict=False))
    if len(pairs) < len(before) or not all(_holds_all_of(b, a, at_home) for a, b in pairs):
        return False
    return (
        at_home
        or any(_runs_of(job) for job in before)
        or (len(before) == len(now) and all(_asks_for(a) == _asks_for(b) for a, b in pairs))
    )


def _holds_all_of(job: Job, earlier: Job, at_home: bool) -> bool:
    """Tell whether every run of `earlier` is one of `job`, in the same order."""
    runs = _runs_of(earlier)
    if at_home and earlier.state is JobState.CREATED and runs[-1:] == [earlier.task_id]:
        runs.pop()  # an id that this object reserved; the server may have refused the run
    return _runs_of(job)[: len(runs)] == runs


def _runs_of(job: Job) -> list[Any]:
    """Name each run, oldest first: by its task, or if it was refused, by when and why."""
    runs: list[Any] = [
        output.task_id or (output.received, getattr(output, "error_message", None))
        for output in job.history
    ]
    if job.task_id is not None and job.task_id not in runs:
        runs.append(job.task_id)
    return runs


def _asks_for(job: Job) -> tuple[str, str, str | None]:
    config: Config | None = job.config
    return job.program, job.qpu_id, None if config is None else config_to_text(config)[0]
