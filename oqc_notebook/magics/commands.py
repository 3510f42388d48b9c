"""What each magic does: it calls one public function of the library, and shows what came."""

from __future__ import annotations

import argparse
import asyncio
import copy
import getpass
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.display import display

import oqc_notebook
from oqc_notebook import archive
from oqc_notebook.magics import show
from oqc_notebook.magics.waiting import Waiting
from oqc_notebook.magics.workspace import AnyJob, Workspace, checked_name
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.errors import StaleResultWarning
from oqc_notebook.sdk.files import read_content
from oqc_notebook.sdk.persistence import load_file
from oqc_notebook.session import is_introduced

#: What each mode means, in words.
_MODES = {
    "live": "every run is submitted.",
    "reuse": "unchanged cells get their archived runs back, and what is new is submitted.",
    "replay": "everything comes from the archive, and no service is reached.",
}

T = TypeVar("T")

Command: TypeAlias = Callable[[Workspace, argparse.Namespace, str], Waiting | None]

#: Seconds that ``--no-wait`` gives the server to take a job before the cell goes on.
_TAKING_S = 5.0


def connect(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Connect, asking for the token where the environment has none."""
    url = args.URL or os.environ.get("OQC_URL")
    token = os.environ.get("OQC_AUTH_TOKEN")
    known = here.sessions()
    sdk = next((one for one in known if url and one.url == url.rstrip("/")), None)
    if sdk is None:
        if url and not token and archive.mode() != "replay":
            token = _ask_for_token(url)
        sdk = oqc_notebook.connect(url, authentication_token=token if url else None)
    here.session = sdk
    if args.qpu is not None:
        offered = [qpu["id"] for qpu in oqc_notebook.run(sdk.list_qpus())]
        if args.qpu not in offered:
            raise UsageError(f"There is no QPU {args.qpu!r}; there are {', '.join(offered)}.")
        sdk.set_default_qpu(args.qpu)
    if getattr(args, "as") is not None:
        here.bind(getattr(args, "as"), sdk)
    if args.qpu or sdk in known or not is_introduced(sdk):  # else connect() has just said it
        show.say(show.session_line(sdk))


def _ask_for_token(url: str) -> str:
    try:
        token = getpass.getpass(f"Token for {url}: ").strip()
    except (StdinNotImplementedError, EOFError):
        token = ""
    if not token:
        raise UsageError("There is no token, and nobody to ask for it: set OQC_AUTH_TOKEN.")
    return token


def qpus(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Show the QPUs."""
    display(oqc_notebook.qpus(here.open_session()))  # type: ignore[no-untyped-call]


def jobs(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Show every job of the session, and what the archive has besides."""
    sdk = here.open_session()
    display(oqc_notebook.jobs(sdk))  # type: ignore[no-untyped-call]
    known = archive.archive_of(sdk)
    if known is not None:
        held = here.jobs()
        others = known.as_then(
            "jobs",
            lambda: show.archived_rows(
                item
                for item in archive.archived(sdk)
                if item.standing != "ended" or item.name not in held
            ),
        )
        if others:
            show.say("In the archive, and not here (%oqc_resume NAME gives one back):")
            show.table(others)


def job(here: Workspace, args: argparse.Namespace, cell: str) -> Waiting | None:
    """Make a job of the cell, and run it."""
    checked_name(args.NAME)
    if not cell.strip():
        raise UsageError("There is no program below the line.")
    made = here.open_session().create_job(
        program=cell, qpu_id=args.qpu, config=_config(here, args.config, args.shots)
    )
    here.bind(args.NAME, made)
    here.latest = args.NAME
    if args.no_run:
        show.job(here, args.NAME, made)
        return None
    return _run(here, args.NAME, made, args.no_wait, None)


def _config(here: Workspace, variable: str | None, shots: int | None) -> Any:
    from compiler_config.config import CompilerConfig, QuantumResultsFormat

    config = None
    if variable is not None:
        config = here.ip.user_ns.get(variable)
        if not isinstance(config, CompilerConfig) and not hasattr(config, "repeats"):
            raise UsageError(f"There is no configuration called {variable!r}.")
    if shots is None:
        return config
    if config is None:
        return CompilerConfig(repeats=shots, results_format=QuantumResultsFormat().binary_count())
    config = copy.deepcopy(config)
    config.repeats = shots
    return config


def run(here: Workspace, args: argparse.Namespace, _: str) -> Waiting | None:
    """Run a job."""
    name, found = here.job(args.NAME)
    here.latest = name
    return _run(here, name, found, args.no_wait, args.timeout)


def _run(
    here: Workspace, name: str, job: AnyJob, no_wait: bool, timeout_s: float | None
) -> Waiting | None:
    if here.has_kernel:
        show.job(here, name, job)  # the panel follows the job by itself
    if no_wait:
        oqc_notebook.run(job.submit(timeout_s=_TAKING_S))
        if not here.has_kernel:
            show.say(show.status_line(name, job))
        return None

    def finish() -> None:
        if not here.has_kernel:
            show.job(here, name, job)

    return Waiting(
        lambda: job.execute(timeout_s=timeout_s),
        finish,
        f"{name} goes on. '%oqc_run {name}' waits for it again, '%oqc_cancel {name}' cancels it.",
    )


def status(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Ask once how a job is doing."""
    name, found = here.job(args.NAME)
    if any(job.in_flight for job in found._members()):
        oqc_notebook.run(found.refresh())
    show.say(_status_line(here, name, found))


def cancel(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Cancel a job."""
    name, found = here.job(args.NAME)
    if found._active():
        oqc_notebook.run(found.cancel())
        show.say(_status_line(here, name, found))
    else:
        show.say(f"{name} is not in flight: there is nothing to cancel. It is {found.state}.")


def _status_line(here: Workspace, name: str, job: AnyJob) -> str:
    """Say how a job is doing; in replay, what was said then of one in flight: for how long."""
    line, sdk = show.status_line(name, job), here.latest_session()
    return line if sdk is None or job.ended else _as_then(sdk, "status", lambda: line)


def save(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Save a job."""
    name, found = here.job(args.NAME)
    path = None if args.PATH is None else Path(args.PATH).expanduser()
    show.say(_as_said(here, "file", f"Saved {name} to {archive.save(found, name, path)}"))


def export(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Export the notebook, and say where."""
    made = oqc_notebook.export_notebook(path=args.PATH, redact=args.redact)
    show.say(_as_said(here, "file", str(made)))


def _as_said(here: Workspace, about: str, said: T) -> T:
    """Give what is said of files; in a validation on another machine, what was said then."""
    sdk = here.latest_session()
    known = None if sdk is None else archive.archive_of(sdk)
    return said if known is None else known.as_said(about, said)


def load(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Load a job, or list what is saved."""
    if args.PATH is None:
        sdk = here.latest_session()
        show.saved_files(_as_said(here, "saved", show.saved_rows(sdk)), sdk)
        return
    path = _file(here, args.PATH)
    name = args.NAME or archive.variable_name(path)
    taken = here.ip.user_ns.get(name)
    if args.NAME is None and taken is not None and not isinstance(taken, AnyJob):
        raise UsageError(
            f"{name} is something else here already; say how to call the job: "
            f"%oqc_load {args.PATH} NAME"
        )
    checked_name(name)
    connected = bool(here.sessions())
    loaded = here.open_session().load(path) if connected else _looked_at(path)
    here.bind(name, loaded)
    here.latest = name
    show.say(_as_said(here, "file", f"Loaded {name} from {path.absolute()}"))
    if not connected:
        show.say("It can be looked at. To run it, %oqc_connect and load it again.")
    show.job(here, name, loaded)


def _looked_at(path: Path) -> AnyJob:
    """Load a job without a session."""
    return load_file(read_content(path), str(path), None)


def _file(here: Workspace, named: str) -> Path:
    """Give the file of a path, or of the name that a job was saved as."""
    path = Path(named).expanduser()
    if not path.exists():
        files = archive.saved(here.latest_session())
        for file in files:
            if file.name == named:
                return file.path
        if path.suffix != ".json":
            known = ", ".join(file.name for file in files) or "none yet"
            raise UsageError(f"There is no file {named!r}, and no job saved so: {known}.")
    return path


def diff(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Compare two archives."""
    show.say(repr(oqc_notebook.diff(Path(args.A).expanduser(), Path(args.B).expanduser())))


def resume(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Give back what a dead kernel left in flight, or list what is archived."""
    sdk = here.open_session()
    if args.list:
        show.archived_jobs(_as_then(sdk, "archived", lambda: _archived_rows(sdk)))
        return
    try:
        back = archive.reopen(sdk, args.NAME)
    except ValueError:
        if args.NAME not in here.jobs():
            raise
        show.say(f"{args.NAME} is here already.")
        return
    if not back:
        show.say(_as_then(sdk, "in flight", lambda: show.nothing_in_flight(archive.archived(sdk))))
        return
    for called, found in back.items():
        name = here.free_name(called)
        other = "" if name == called else f", since {called} is something else here"
        show.say(f"{name} is back{other}.")
        here.bind(name, found)
        here.latest = name
        show.job(here, name, found)
    active = [found for found in back.values() if not found.ended]

    async def go_on() -> None:
        await asyncio.gather(*(found.submit(timeout_s=_TAKING_S) for found in active))

    oqc_notebook.run(go_on())


def _archived_rows(sdk: OqcSdk) -> list[dict[str, Any]]:
    return show.archived_rows(archive.archived(sdk))


def _as_then(sdk: OqcSdk, about: str, now: Callable[[], T]) -> T:
    """Give what a cell tells of the archive; where it is replayed, what it told then."""
    known = archive.archive_of(sdk)
    told: T | None = None if known is None else known.as_then(about, now)
    return now() if told is None else told


def mode(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Say or choose the mode."""
    if args.MODE is not None:
        archive.set_mode(args.MODE)
    chosen = archive.chosen_mode()
    show.say(f"The mode is {chosen}: {_MODES[chosen]}")


def history(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """List the runs of a job."""
    name, found = here.job(args.NAME)
    rows = show.run_rows(found)
    if rows:
        show.table(rows)
    else:
        show.say(f"{name} has no runs that ended. It is {found.state}.")


def counts(here: Workspace, args: argparse.Namespace, _: str) -> None:
    """Show the counts of a job's newest result."""
    name, found = here.job(args.NAME)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleResultWarning)  # the heading says it
        texts = [
            text
            for number, job in enumerate(found._members())
            if (text := show.counts_text(_called(found, name, number, job), job, args))
        ]
    if texts:
        show.say("\n\n".join(texts))
        return
    registers = f" of a register {args.register!r}" if args.register else ""
    error = "" if found.error is None else f": {found.error.error_message}"
    raise UsageError(f"{name} has no counts{registers}. It is {found.state}{error}")


def _called(found: AnyJob, name: str, number: int, job: Job) -> str:
    if not isinstance(found, CompositeJob):
        return name
    return f"{name}[{number}]" + (f" {job.label}" if job.label else "")


COMMANDS: dict[str, Command] = {
    "oqc_connect": connect,
    "oqc_qpus": qpus,
    "oqc_jobs": jobs,
    "oqc_job": job,
    "oqc_run": run,
    "oqc_status": status,
    "oqc_cancel": cancel,
    "oqc_save": save,
    "oqc_load": load,
    "oqc_export": export,
    "oqc_resume": resume,
    "oqc_mode": mode,
    "oqc_diff": diff,
    "oqc_history": history,
    "oqc_counts": counts,
}
