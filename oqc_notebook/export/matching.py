"""Which runs of two archives, or of two snapshots, are the same one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from oqc_notebook.archive.book import Book
from oqc_notebook.archive.formats import Provenance
from oqc_notebook.export.contents import BundledSidecar
from oqc_notebook.sdk import CompositeJob, Job
from oqc_notebook.sdk.outputs import JobOutput


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    Attributes
    ----------
    called
        What to call it, such as ``sweep[3], run 1``.
    output
        What it left, with what it ran.
    name
        The variable that held its job; None if none did.
    provenance
        Where it comes from; None in a snapshot.
    """

    called: str
    output: JobOutput
    name: str | None = None
    provenance: Provenance | None = None

    @property
    def cell(self) -> tuple[str | None, str | None]:
        """The id of the cell that asked for it, and the hash of its source."""
        cell = self.provenance and self.provenance.cell
        return (cell.id, cell.sha256) if cell else (None, None)

    @property
    def inputs(self) -> tuple[str, int | None] | None:
        """The hash of what it ran, and how many such runs its cell had asked for before."""
        origin = self.provenance
        return None if origin is None else (origin.inputs_sha256, origin.ordinal)


#: By what two runs are known to be the same one, the surest first. A cell, a program or a name
#: may have changed; what is not known of a run is no reason.
_KEYS: tuple[Callable[[Run], tuple[Hashable, ...]], ...] = (
    lambda run: (run.cell[1], run.inputs, run.name),
    lambda run: (run.cell[1], run.inputs),
    lambda run: (run.cell[1], run.name),
    lambda run: (run.cell[0], run.inputs),
    lambda run: (run.cell[0], run.name),
    lambda run: (run.name, run.inputs),
    lambda run: (run.name,),
    lambda run: (run.inputs,),
    lambda run: (run.cell[1],),
)


def matched(
    a: Sequence[Run], b: Sequence[Run]
) -> tuple[list[tuple[Run, Run]], list[Run], list[Run]]:
    """Find the run of `b` that belongs to each of `a`.

    Returns
    -------
    pairs, only_in_a, only_in_b
        In the order of `a`, and of `b`.
    """
    found: dict[int, int] = {}
    for key in _KEYS:
        left: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
        taken = set(found.values())
        for place in reversed(range(len(b))):
            if place not in taken:
                left[key(b[place])].append(place)
        for place, run in enumerate(a):
            known = key(run)
            if place not in found and None not in known and left[known]:
                found[place] = left[known].pop()
    taken = set(found.values())
    return (
        [(run, b[found[place]]) for place, run in enumerate(a) if place in found],
        [run for place, run in enumerate(a) if place not in found],
        [run for place, run in enumerate(b) if place not in taken],
    )


def runs_of_archive(sidecar: BundledSidecar) -> tuple[list[Run], int]:
    """List the runs of the newest execution of each cell, in the order in which they were asked.

    Returns
    -------
    runs, earlier
        The runs, and how many there are of earlier executions.
    """
    book = Book(sidecar)
    archived = [
        run
        for entry in sidecar.entries()
        if entry.kind == "job" and (run := book.read(entry)) is not None and run.job.history
    ]
    # one front end tells the ids of cells, another does not
    cells = [run.provenance.cell for run in archived]
    ids = {cell.sha256: cell.id for cell in cells if cell and cell.id is not None}
    which = [cell and (cell.id or ids.get(cell.sha256) or cell.sha256) for cell in cells]
    newest = {
        cell: (run.provenance.session, run.provenance.execution)
        for cell, run in zip(which, archived, strict=True)
    }
    numbers: Counter[str] = Counter()
    runs = []
    for cell, run in zip(which, archived, strict=True):
        if newest[cell] == (run.provenance.session, run.provenance.execution):
            name = run.entry.name or "unnamed"
            numbers[name] += 1
            called = f"{name}, run {numbers[name]}"
            runs.append(Run(called, run.job.history[-1], run.entry.name, run.provenance))
    return runs, len(archived) - len(runs)


def runs_of_snapshot(job: Job | CompositeJob) -> Iterator[Run]:
    """Go through the runs in the history of a job, or of each child of a composite."""
    for place, member in enumerate(job._members()):
        name = f"job[{place}]" if isinstance(job, CompositeJob) else "job"
        for number, output in enumerate(member.history, 1):
            called = f"{name}, run {number}"
            yield Run(called, output, called)
