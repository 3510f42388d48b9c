"""Saving and loading: jobs, the models of the snapshot format, and the content of files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import from_json

from oqc_notebook.sdk.composite import CompositeJob
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.job import Job
from oqc_notebook.sdk.job_snapshot import (
    CURRENT_SCHEMA_VERSION,
    CompositeJobSnapshot,
    JobSnapshot,
)
from oqc_notebook.sdk.running import Runnable
from oqc_notebook.sdk.snapshot_documents import checked_composite, checked_job, places
from oqc_notebook.sdk.snapshot_reading import Configs, composite_of, job_of
from oqc_notebook.sdk.snapshot_text import apart, composite_text, job_text, newest_once
from oqc_notebook.sdk.snapshot_writing import Document, Moment, each, job_document, moments_of

if TYPE_CHECKING:
    from oqc_notebook.sdk.client import OqcSdk

Snapshot: TypeAlias = JobSnapshot | CompositeJobSnapshot
AnySnapshot = TypeVar("AnySnapshot", bound=Snapshot)

#: How many full collections there had been when what was loaded was last counted as old.
_collections = -1


# ---- models ----


def job_to_snapshot(job: Job) -> JobSnapshot:
    """Give the complete state of a job as a model that shares nothing with it.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    return _model(JobSnapshot, job_document(Moment.of(job)))


def composite_to_snapshot(composite: CompositeJob) -> CompositeJobSnapshot:
    """Give the complete state of a composite as a model that shares nothing with it.

    Raises
    ------
    SnapshotError
        If it holds something that JSON cannot hold; the message names its place.
    """
    document, moments = moments_of(composite)
    return _model(CompositeJobSnapshot, document | {"jobs": list(each(moments, job_document))})


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
        return job_text(job)
    assert isinstance(job, CompositeJob), "there are no other kinds"
    return composite_text(job)


def load_file(content: bytes, name: str, client: OqcSdk | None) -> Job | CompositeJob:
    """Make the job or composite of a file.

    Parameters
    ----------
    content
        What it holds.
    name
        The file's name; every error names it.
    client
        The session to attach.

    Raises
    ------
    SnapshotError
        If it is not UTF-8, not JSON, not a snapshot, damaged, or of another schema version; the
        message says which file and where in it.
    """
    with _without_collections():
        composite = _loaded_in_parts(content, client)
        return _loaded(content, name, client) if composite is None else composite


def _loaded_in_parts(content: bytes, client: OqcSdk | None) -> CompositeJob | None:
    """Make a composite child by child, which takes less memory and time.

    None if it cannot be, for whatever reason: reading the whole file says what is wrong.
    """
    parts = apart(content)
    if parts is None:
        return None
    head, children = parts
    try:
        document = from_json(head)
        if _kind(document, "") != "composite":
            return None
        composite = _composite(document, map(_read_child, children), client)
        composite._file_holds_more = _holds_more(document)
        return composite
    except ValueError:
        return None


def _read_child(content: bytes) -> Any:
    content, said_twice, runs = newest_once(content)
    child = from_json(content, cache_strings="keys")
    if not isinstance(child, dict):
        raise ValueError("It is no object.")
    _check_versions(child)
    if said_twice is not None:
        history = child.get("history")
        if not isinstance(history, list) or len(history) != runs:
            raise ValueError("It only looks as if it were laid out as it is written here.")
        child[said_twice] = history[-1]
    return child


def _loaded(content: bytes, name: str, client: OqcSdk | None) -> Job | CompositeJob:
    try:
        document = from_json(content.decode(), cache_strings="keys")
    except UnicodeDecodeError as exc:
        raise SnapshotError(
            f"File at {name!r} is not UTF-8 text: byte {exc.start} is 0x{content[exc.start]:02x}."
        ) from None
    except ValueError as exc:
        raise SnapshotError(f"File at {name!r} does not contain valid JSON: {exc}") from None
    kind = _kind(document, name)
    try:
        job = _restored(document, kind == "composite", client)
    except SnapshotError as exc:
        raise SnapshotError(f"File at {name!r} is no valid snapshot: {exc}") from None
    job._file_holds_more = _holds_more(document)
    return job


def _holds_more(document: Document) -> bool:
    """Tell whether a file holds more than a snapshot, as those of an archive do."""
    kind = JobSnapshot if document.get("snapshot_kind") == "job" else CompositeJobSnapshot
    return not document.keys() <= kind.model_fields.keys()


def _kind(document: Any, name: str) -> Literal["job", "composite"]:
    """Tell what a file holds, from its head fields."""
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
    return cast(Literal["job", "composite"], kind)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the garbage collector from searching the many new objects, which all are in use.

    It searches them, and all others in the process, again and again, which would take longer
    than all the rest.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            _count_as_old()
            gc.enable()


def _count_as_old() -> None:
    """Keep the garbage collector from searching what was loaded as soon as it may.

    Only a full collection frees what counts as old, and this puts that off. So there is one
    before this is done again: else what a thousand loads made would stay, though nobody has it.
    """
    global _collections
    collections = gc.get_stats()[2]["collections"]
    if collections != _collections and not gc.get_freeze_count():  # nobody else has frozen any
        _collections = collections
        gc.freeze()
        gc.unfreeze()


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
    if not composite:
        return job_of(checked_job(document), client, Configs())
    children = document.get("jobs")
    if not isinstance(children, list):
        raise SnapshotError("jobs is no list of jobs.")
    children.reverse()
    # each is let go of: that takes half the memory, and less time
    return _composite(document, (children.pop() for _ in range(len(children))), client)


def _composite(document: Document, children: Iterable[Any], client: OqcSdk | None) -> CompositeJob:
    configs = Configs()
    jobs: list[Job] = []
    for i, child in enumerate(children):
        try:
            jobs.append(job_of(checked_job(child), client, configs))
        except SnapshotError as exc:
            raise SnapshotError(f"jobs[{i}].{exc}") from None
    return composite_of(checked_composite(document), jobs)


def _model(kind: type[AnySnapshot], document: Document) -> AnySnapshot:
    try:
        return cast(AnySnapshot, kind.model_validate(document))
    except ValidationError as exc:
        raise SnapshotError(places(exc)) from None
