"""What the files next to a notebook hold, as models; README says it in words.

Whoever reads them passes over what is not as it should be, since anything may lie in a
folder. A version of the format that is not known here counts as such, too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from oqc_notebook.archive.token_marks import TokenMark

#: The archive's id of a job or composite. It is part of the name of a file.
Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]

#: The id of a kernel session: when it began, in UTC. It is part of the name of a file.
SessionId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{4}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class CellFacts(_Model):
    """The cell that asked for a run.

    Attributes
    ----------
    id
        What the front end calls it; not every one does.
    sha256
        Of its source.
    source
        Its text, without secrets; None where cells are not to be recorded.
    """

    id: str | None = None
    sha256: str
    source: str | None = None


class Git(_Model):
    """Where the notebook's folder stood in git."""

    revision: str | None = None
    dirty: bool


class Provenance(_Model):
    """Where a run comes from.

    Attributes
    ----------
    notebook
        The notebook's file, without its folder.
    cell
        The cell that asked for it; where a click did, the one that the job is from.
    execution
        Which of the cells that the session executed that was, counted from 1.
    inputs_sha256
        Of program, configuration and QPU.
    ordinal
        How many runs with the same inputs the same execution had asked for before;
        None for a run that was not begun here.
    session
        The kernel session that asked for it, whose record is in ``sessions/``.
    asked
        When, in UTC.
    server
        Address of the service.
    simulated
        Whether results are simulated on somebody's own machine.
    git
        Where the notebook's folder stood; None without git.
    versions
        Of Python and of the packages that matter most.
    calibration
        The file with the QPU's calibration, if it had come when the run ended.
    """

    notebook: str | None = None
    cell: CellFacts | None = None
    execution: int | None = None
    inputs_sha256: str
    ordinal: int | None = None
    session: SessionId
    asked: AwareDatetime
    server: str | None = None
    simulated: bool = False
    git: Git | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    calibration: str | None = None


class Member(_Model):
    """Which composite a job is a child of, and which one of its children."""

    composite: Id
    place: int


class JobBlock(_Model):
    """What the archive adds to the snapshot of a job, under the name ``oqc_archive``.

    Attributes
    ----------
    v
        Version of the block.
    job
        The archive's id of the job.
    name
        The variable that held it; for a child, its composite's and its place.
    session
        The kernel session that wrote this.
    runs
        How many runs of the job are archived, this one included.
    newest
        In the live file, the file of the newest archived run.
    previous
        In the file of a run, that of the run before it.
    member
        Which composite it is a child of.
    provenance
        Where the run comes from.
    """

    v: Literal[1]
    job: Id
    name: str | None = None
    session: SessionId
    runs: int = 0
    newest: str | None = None
    previous: str | None = None
    member: Member | None = None
    provenance: Provenance | None = None


class ErrorCode(_Model):
    """What is read of an error."""

    error_code: int | None = None


class JobFile(_Model):
    """What is read of a job's file to know what it holds: the rest is a snapshot."""

    oqc_archive: JobBlock
    state: str
    task_id: str | None = None
    error: ErrorCode | None = None


class Child(_Model):
    """A child of a composite.

    Attributes
    ----------
    job
        The archive's id of it.
    run
        Its newest archived run, once the composite has ended.
    """

    job: Id
    run: str | None = None


class CompositeBlock(_Model):
    """A composite, while it is in flight and as it was archived.

    Attributes
    ----------
    v
        Version of the block.
    composite
        The archive's id of it.
    name
        The variable that held it.
    session
        The kernel session that wrote this.
    asked
        When the run was asked for, in UTC.
    children
        Its children, in order.
    """

    v: Literal[1]
    composite: Id
    name: str | None = None
    session: SessionId
    asked: AwareDatetime
    children: list[Child]


class CompositeFile(_Model):
    """The file of a composite."""

    oqc_archive: CompositeBlock


class LiveFile(_Model):
    """A file in ``live/``: of a job or of a composite."""

    oqc_archive: JobBlock | CompositeBlock


class CellMark(_Model):
    """By what a cell of the notebook is known again."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str | None = None
    sha256: str


class ArchiveFile(_Model):
    """``archive.json``: whose archive this is."""

    oqc_archive: Literal[1]
    id: str
    notebook: str | None = None
    created: AwareDatetime
    cells: list[CellMark] = Field(default_factory=list)


class SessionFile(_Model):
    """``sessions/SESSION.json``: a kernel session."""

    oqc_session: Literal[1]
    session: SessionId
    notebook: str | None = None
    started: AwareDatetime
    ended: AwareDatetime | None = None
    servers: list[str] = Field(default_factory=list)
    python: str
    platform: str
    git: Git | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    calibrations: list[dict[str, Any]] = Field(default_factory=list)
    tokens: list[TokenMark] = Field(default_factory=list)


class Entry(_Model):
    """What the index says of an archived run, or of a composite's.

    Attributes
    ----------
    file
        Where it is, from the archive's folder on.
    kind
        ``"job"`` or ``"composite"``.
    id
        The archive's id of the job or composite.
    name
        The variable that held it.
    state
        How it ended; of a composite, nothing.
    task_id
        The task, of a job.
    member
        Which composite a job is a child of.
    runs
        How many runs of the job there were up to this one.
    inputs_sha256, cell_sha256, ordinal
        The key of the run.
    session, execution, asked
        Which execution of the cell asked for it, and when.
    """

    file: str
    kind: Literal["job", "composite"]
    id: Id
    name: str | None = None
    state: str | None = None
    task_id: str | None = None
    member: Member | None = None
    runs: int = 0
    inputs_sha256: str | None = None
    cell_sha256: str | None = None
    ordinal: int | None = None
    session: SessionId
    execution: int | None = None
    asked: AwareDatetime

    @property
    def key(self) -> tuple[str | None, str | None, int | None]:
        """By what a run is found again: its inputs, its cell, its ordinal."""
        return self.inputs_sha256, self.cell_sha256, self.ordinal


class IndexFile(_Model):
    """``index.json``: what the files in ``runs/`` say, in one file."""

    oqc_index: Literal[1]
    runs: list[Entry]
