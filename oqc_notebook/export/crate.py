"""A research object: a zip file that says in the terms of RO-Crate what is in it.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5): each archived run is a ``CreateAction``, by the
notebook, that has the run's file as its result.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from pydantic import AwareDatetime, BaseModel, ValidationError
from traitlets import Bool, default

from oqc_notebook import __version__
from oqc_notebook.archive.formats import SessionFile
from oqc_notebook.export.bundle import Bundle, to_zip
from oqc_notebook.export.html import OqcArchiveExporter
from oqc_notebook.export.runs import ArchivedRun, newest_session, runs_of

_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_STATUS = "http://schema.org/"

#: How names and versions of packages are written.
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")

#: What files are, by suffix.
_FORMATS = {
    ".ipynb": "application/x-ipynb+json",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
}

_PYTEST = """\
# Plain "pytest" in this folder replays the notebook from its archive and compares every
# output with the saved one. No service is reached.
[pytest]
addopts = --nbval --nbval-current-env
"""

_README = """\
{notebook} with the results of its runs on quantum computers.

To look at it, open {page} in any browser, offline.

To check that the notebook still gives what it shows, without reaching any service:

    python -m venv env
    env/bin/pip install -r requirements.txt
    env/bin/pytest

To get the jobs back in Python, from this folder or from the zip file itself:

    import oqc_notebook
    jobs = oqc_notebook.restore("{notebook}")

ro-crate-metadata.json says in the terms of RO-Crate what is what.
"""


class OqcCrateExporter(Exporter):
    """Writes a notebook and its archive as a crate: ``jupyter nbconvert --to oqc_crate``."""

    export_from_notebook = "OQC archive (RO-Crate)"
    output_mimetype = "application/zip"

    redact = Bool(False, help="Replace secrets by [token removed]; else they are an error.").tag(
        config=True
    )

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".zip"

    def from_notebook_node(  # type: ignore[override]  # as that of its base class
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[bytes, dict[str, Any]]:
        """Give the crate of a notebook; see :meth:`.OqcArchiveExporter.from_notebook_node`."""
        exporter = OqcArchiveExporter(parent=self, redact=self.redact)  # type: ignore[no-untyped-call]
        page, resources = exporter.from_notebook_node(nb, resources, **kw)
        resources["output_extension"] = self.file_extension
        return build_crate(resources["oqc"]["bundle"], page), resources


def build_crate(bundle: Bundle, page: str) -> bytes:
    """Make the zip file.

    Parameters
    ----------
    bundle
        The notebook and its archive.
    page
        The notebook as one HTML page.

    Returns
    -------
    bytes
        The same bytes for the same content. What opens an exported zip file opens it, too.
    """
    stem = Path(bundle.notebook).stem
    names = {"notebook": bundle.notebook, "page": f"{stem}.html"}
    session = newest_session(bundle)
    files = dict(bundle.files) | {
        names["page"]: page.encode(),
        "README.txt": _README.format(**names).encode(),
        "pytest.ini": _PYTEST.encode(),
        "requirements.txt": _requirements(session).encode(),
    }
    metadata = _metadata(Bundle(bundle.notebook, files), runs_of(bundle), session)
    files["ro-crate-metadata.json"] = json.dumps(metadata, indent=2, sort_keys=True).encode()
    return to_zip(Bundle(bundle.notebook, files))


def _requirements(session: SessionFile | None) -> str:
    """Pin what the newest session ran with."""
    pinned = {"oqc-notebook": f"oqc-notebook=={__version__}", "nbval": "nbval", "pytest": "pytest"}
    lines = []
    if session is not None:
        lines = [f"# as in {session.session}, on Python {session.python!r}"]
        for name, version in session.packages.items():
            # a record may be anybody's; what is no name and version could ask pip for more
            if _PACKAGE.fullmatch(name) and _VERSION.fullmatch(version):
                pinned[re.sub(r"[-_.]+", "-", name).lower()] = f"{name}=={version}"
    return "\n".join([*lines, *pinned.values()]) + "\n"


def _authors(notebook: bytes) -> list[str]:
    """Give the names of the authors that a notebook's metadata tell."""
    told = json.loads(notebook).get("metadata", {}).get("authors")
    names = [each.get("name") for each in told or () if isinstance(each, dict)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _metadata(bundle: Bundle, runs: list[ArchivedRun], session: SessionFile | None) -> Any:
    try:  # nbconvert imports this module even to list what it can do
        from rocrate.model import ContextEntity, File, Person
        from rocrate.rocrate import ROCrate
    except ModuleNotFoundError as exc:
        raise ValueError(
            f"A crate needs {exc.name}: pip install 'oqc_notebook[crate]'. Without it, export "
            "to a file with .html."
        ) from None
    crate = ROCrate(version="1.1")
    entities = {
        name: crate.add(
            File(
                crate,
                None,
                name,
                properties={
                    "@type": ["File", "SoftwareSourceCode"] if name == bundle.notebook else "File",
                    "name": name,
                    "encodingFormat": _FORMATS.get(Path(name).suffix, "text/plain"),
                    "contentSize": str(len(content)),
                },
            )
        )
        for name, content in sorted(bundle.files.items())
    }
    notebook = entities[bundle.notebook]
    notebook["version"] = hashlib.sha256(bundle.files[bundle.notebook]).hexdigest()[:12]
    python = {"name": "Python", "url": "https://www.python.org/"}
    if session is not None:
        python["version"] = session.python
    language = {"@type": "ComputerLanguage"} | python
    notebook["programmingLanguage"] = crate.add(
        ContextEntity(crate, "#python", properties=language)
    )
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    root = crate.root_dataset
    root["conformsTo"] = crate.add(ContextEntity(crate, _PROFILE, properties=profile))
    root["name"] = f"{bundle.notebook} and the results of its runs"
    root["description"] = (
        f"A Jupyter notebook with {len(runs)} archived runs of quantum programs, their programs, "
        "configurations, results and provenance."
    )
    root["license"] = "Not stated; ask whoever gave you this."
    root["datePublished"] = _published(runs, session)
    people = [
        crate.add(Person(crate, f"#author-{number}", properties={"name": name}))
        for number, name in enumerate(_authors(bundle.files[bundle.notebook]), 1)
    ]
    agents = {"agent": _one_or_all(people)} if people else {}
    if people:
        root["author"] = notebook["author"] = _one_or_all(people)
    root["mentions"] = [
        crate.add(
            ContextEntity(
                crate,
                f"#run-{number}",
                properties=_action(run, bundle)
                | {"instrument": notebook, "result": entities[run.file]}
                | _used(run, bundle, entities)
                | agents,
            )
        )
        for number, run in enumerate(runs, 1)
    ]
    return crate.metadata.generate()


def _one_or_all(entities: list[Any]) -> Any:
    """Give a list as the crate has it: one is no list."""
    return entities[0] if len(entities) == 1 else entities


def _used(run: ArchivedRun, bundle: Bundle, entities: dict[str, Any]) -> dict[str, Any]:
    """Give the calibration that a run was with, where it is in the archive."""
    origin = run.provenance
    file = f"{bundle.sidecar}/{origin.calibration}" if origin and origin.calibration else ""
    return {"object": entities[file]} if file in entities else {}


def _action(run: ArchivedRun, bundle: Bundle) -> dict[str, Any]:
    """Say what is known of a run."""
    said: dict[str, Any] = {
        "@type": "CreateAction",
        "name": f"{run.name} on {run.qpu_id}",
        "description": f"{run.shots} shots{', SIMULATED' if run.simulated else ''}; {run.state}",
    }
    if not run.in_flight:
        word = "CompletedActionStatus" if run.state == "COMPLETED" else "FailedActionStatus"
        said["actionStatus"] = _STATUS + word
    if run.error is not None:
        said["error"] = run.error
    if run.task_id is not None:
        said["identifier"] = run.task_id
    if run.provenance is not None:
        said["startTime"] = _written(run.provenance.asked)
    ended = _ended(bundle.files[run.file])
    if ended is not None:
        said["endTime"] = _written(ended)
    return said


class _Output(BaseModel):
    received: AwareDatetime | None = None


class _Ended(BaseModel):
    result: _Output | None = None
    error: _Output | None = None


def _ended(file: bytes) -> datetime | None:
    """Give the time at which the result or error of a run came."""
    try:
        run = _Ended.model_validate_json(file)
    except ValidationError:  # a time without a zone, of a file of the published SDK
        return None
    output = run.result or run.error
    return None if output is None else output.received


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _published(runs: list[ArchivedRun], session: SessionFile | None) -> str:
    """Give the day of the newest thing in it: the same content gives the same file."""
    times = [run.provenance.asked for run in runs if run.provenance is not None]
    if session is not None:
        times.append(session.started)
    return max(times, default=datetime.now(UTC)).date().isoformat()
