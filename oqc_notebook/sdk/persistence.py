"""Saving and loading: jobs, the models of the snapshot format, and the content of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import (
    CURRENT_SCHEMA_VERSION,
    CompositeJobSnapshot,
    JobSnapshot,
)
from oqc_notebook.sdk.json_values import Place, not_unicode, spelled
from oqc_notebook.sdk.running import Runnable
from oqc_notebook.sdk.snapshot_reading import Configs, composite_of, job_of
from oqc_notebook.sdk.snapshot_writing import Document, composite_documents, job_document

if TYPE_CHECKING:
    from oqc_notebook.sdk.client import OqcSdk

Snapshot: TypeAlias = JobSnapshot | CompositeJobSnapshot
AnySnapshot = TypeVar("AnySnapshot", bound=Snapshot)


# ---- models ----


def job_to_snapshot(job: Job) -> JobSnapshot:
    """Give the complete state of a job as a model that shares nothing with it.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    return _model(JobSnapshot, job_document(job))


def composite_to_snapshot(composite: CompositeJob) -> CompositeJobSnapshot:
    """Give the complete state of a composite as a model that shares nothing with it.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    document, children = composite_documents(composite)
    return _model(CompositeJobSnapshot, document | {"jobs": list(children)})


def from_snapshot(snapshot: Snapshot, client: OqcSdk | None) -> Job | CompositeJob:
    """Make the job or composite of a model; it shares nothing with the model.

    Raises
    ------
    SnapshotError
        If the schema version is another one, or a part cannot be read.
    """
    if not isinstance(snapshot, JobSnapshot | CompositeJobSnapshot):
        raise SnapshotError(
            f"A {type(snapshot).__name__!r} is not a snapshot; give a JobSnapshot or a "
            "CompositeJobSnapshot."
        )
    # a copy, which is validated again: the fields of a model can be set to anything
    document = snapshot.model_dump(warnings=False)
    _check_versions(document)
    return _restored(document, isinstance(snapshot, CompositeJobSnapshot), client)


# ---- files ----


def file_content(job: Runnable) -> bytes:
    """Give the content of a job's file: UTF-8 JSON, the same bytes for the same state.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    if isinstance(job, Job):
        return _written(job_document(job), ()) + b"\n"
    assert isinstance(job, CompositeJob), "there are no other kinds"
    document, children = composite_documents(job)
    # each is written at once: that takes half the memory, and less time
    jobs = [_written(child, ("jobs", i)) for i, child in enumerate(children)]
    head = _written(document, ()).removesuffix(b"\n}")
    return b'%b,\n  "jobs": [\n%b\n]\n}\n' % (head, b",\n".join(jobs))


def _written(document: Document, place: Place) -> bytes:
    try:
        return to_json(document, indent=2)
    except PydanticSerializationError:
        place = not_unicode(document, place) or ("the snapshot",)
        raise SnapshotError(f"{spelled(place)} is not valid Unicode.") from None


def load_file(text: str, name: str, client: OqcSdk | None) -> Job | CompositeJob:
    """Make the job or composite of a file.

    Parameters
    ----------
    text
        The content.
    name
        The file's name; every error names it.
    client
        The session to attach.

    Raises
    ------
    SnapshotError
        If it is not JSON, not a snapshot, damaged, or of another schema version; the
        message says which file and where in it.
    """
    try:
        document = from_json(text)
    except ValueError as exc:
        raise SnapshotError(f"File at {name!r} does not contain valid JSON: {exc}") from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise SnapshotError(
            f"File at {name!r} is no snapshot: it holds no object with a schema_version."
        )
    try:
        _check_versions(document)
    except SnapshotError as exc:
        exc.add_note(f"The file is {name!r}.")
        raise
    kind = document.get("snapshot_kind")
    if kind not in ("job", "composite"):
        raise SnapshotError(
            f"File at {name!r} is no snapshot: its snapshot_kind is {kind!r:.80}, not 'job' or "
            "'composite'."
        )
    try:
        return _restored(document, kind == "composite", client)
    except SnapshotError as exc:
        raise SnapshotError(f"File at {name!r} is no valid snapshot: {exc}") from None


def _check_versions(document: Document) -> None:
    """Refuse schema versions other than the current one, in the published words."""
    children = document.get("jobs")
    for job in (document, *(children if isinstance(children, list) else ())):
        version = job.get("schema_version", "1") if isinstance(job, dict) else "1"
        if version != CURRENT_SCHEMA_VERSION:
            raise SnapshotError(
                f"Unsupported snapshot schema version: {version!r:.80}. "
                f"This SDK supports version {CURRENT_SCHEMA_VERSION!r}."
            )


def _restored(document: Document, composite: bool, client: OqcSdk | None) -> Job | CompositeJob:
    configs = Configs()
    if not composite:
        return job_of(_model(JobSnapshot, document), client, configs)
    children = document.get("jobs")
    if not isinstance(children, list):
        raise SnapshotError("jobs is no list of jobs.")
    jobs = []
    # one by one: that takes less time and memory than a model of them all
    for i, child in enumerate(children):
        try:
            jobs.append(job_of(_model(JobSnapshot, child), client, configs))
        except SnapshotError as exc:
            raise SnapshotError(f"jobs[{i}].{exc}") from None
    return composite_of(_model(CompositeJobSnapshot, document | {"jobs": []}), jobs)


def _model(kind: type[AnySnapshot], document: Document) -> AnySnapshot:
    try:
        return cast(AnySnapshot, kind.model_validate(document))
    except ValidationError as exc:
        raise SnapshotError(_places(exc)) from None


def _places(exc: ValidationError) -> str:
    """Say in one line where a document is not as it should be."""
    errors = exc.errors(include_url=False, include_context=False, include_input=False)
    first = [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in errors[:3]]
    more = f" (and {len(errors) - 3} more)" if len(errors) > 3 else ""
    return "; ".join(first) + more
