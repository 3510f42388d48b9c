"""Giving jobs back from whatever they were left in: a file, a notebook, an export."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from oqc_notebook.archive import index
from oqc_notebook.archive.formats import CompositeBlock, CompositeFile, Entry, JobFile, LiveFile
from oqc_notebook.archive.saved import variable_name
from oqc_notebook.export.bundle import Bundle
from oqc_notebook.export.contents import BundledSidecar, OnceRebuilder
from oqc_notebook.export.opening import ArchiveError, open_archive
from oqc_notebook.sdk import CompositeJob, Job, OqcSdk
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.files import read_content
from oqc_notebook.sdk.persistence import load_file
from oqc_notebook.static.text import one_line

AnyJob: TypeAlias = Job | CompositeJob

#: What files with an archive are called; any other one is a snapshot, or refused as none.
_ARCHIVES = frozenset({".ipynb", ".html", ".htm", ".zip"})


class Restored(Mapping[str, AnyJob]):
    """Jobs and composites that were given back, by name, the oldest first.

    A job is called after the variable that held it. Where several were, the newest has the
    plain name, and the others are ``bell_2``, ``bell_3``, ... What was saved by name is
    ``saved/bell``. The children of a composite are in it.

    Parameters
    ----------
    source
        The file that they come from.
    jobs
        Them.
    damaged
        Why files of the archive could not be read, by their names.
    """

    def __init__(
        self, source: Path, jobs: Mapping[str, AnyJob], damaged: Mapping[str, str] | None = None
    ) -> None:
        self.source = source
        self.damaged = dict(damaged or {})
        self._jobs = dict(jobs)

    def __getitem__(self, name: str) -> AnyJob:
        try:
            return self._jobs[name]
        except KeyError:
            known = ", ".join(self._jobs) or "nothing"
            raise KeyError(f"{self.source.name} holds no job {name!r}; it holds {known}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._jobs)

    def __len__(self) -> int:
        return len(self._jobs)

    def __repr__(self) -> str:
        lines = [f"{len(self)} from {self.source.name}"]
        told = [(name, repr(job).splitlines()[0]) for name, job in self.items()]
        lines += [f"  {name:16} {one_line(line)}" for name, line in told]
        lines += [f"  left out: {one_line(f'{file}: {why}')}" for file, why in self.damaged.items()]
        return "\n".join(lines)


def restore(path: str | Path, sdk: OqcSdk | None = None) -> Restored:
    """Give back the jobs and composites that a file holds, offline.

    Parameters
    ----------
    path
        A snapshot (.json), a notebook with its archive next to it (.ipynb), an archive's
        folder (.oqc), an exported page (.html), or a zip file (an archive or a crate).
        What was exported is checked against the hashes that it carries.
    sdk
        The session that they belong to from now on, so that they can be refreshed and run
        again. Without one, they can be looked at, compared and saved.

    Returns
    -------
    Restored
        Them by name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is none of these, is damaged, or holds what no archive holds. Nothing of it is
        run, and nothing is written.
    """
    path = Path(path)
    if not is_archive(path):
        job = load_file(read_content(path), str(path), None) if sdk is None else sdk.load(path)
        return Restored(path, {variable_name(path): job})
    sidecar = archive_in(open_archive(path), path)
    restored = Restored(path, jobs_of(sidecar, sdk), sidecar.damaged)
    if sdk is not None:
        for job in restored.values():
            sdk._made(job)
    return restored


def is_archive(path: Path) -> bool:
    """Tell what should be an archive, from its name, from what should be a snapshot."""
    return path.suffix.lower() in _ARCHIVES or path.is_dir()


def archive_in(bundle: Bundle, path: Path) -> BundledSidecar:
    """Give the archive that comes with a notebook.

    Parameters
    ----------
    bundle
        The notebook.
    path
        Where it was read from.

    Raises
    ------
    ArchiveError
        If there is none.
    """
    if not any(name.startswith(f"{bundle.sidecar}/") for name in bundle.files):
        raise ArchiveError(f"{str(path)!r} holds {bundle.notebook} without an archive of its runs.")
    return BundledSidecar(bundle)


def jobs_of(sidecar: BundledSidecar, sdk: OqcSdk | None) -> dict[str, AnyJob]:
    """Make the jobs and composites of an archive, by name, the oldest first."""
    return _named(_rebuilt(sidecar, sdk)) | _saved(sidecar, sdk)


def _rebuilt(sidecar: BundledSidecar, sdk: OqcSdk | None) -> Iterator[tuple[str, AnyJob]]:
    """Make every job that is no child, and every composite, the oldest first."""
    entries = sidecar.entries()
    newest: dict[str, Entry] = {}
    composites: dict[str, CompositeBlock] = {}
    for entry in entries:
        if entry.kind == "composite":
            file = sidecar.read(sidecar.folder / entry.file, CompositeFile)
            if file is not None:
                composites[entry.id] = file.oqc_archive
        elif entry.id not in newest or entry.runs >= newest[entry.id].runs:
            newest[entry.id] = entry
    names = {id_: entry.name for id_, entry in newest.items()}
    times = {id_: entry.asked for id_, entry in newest.items()}
    for path in sidecar.files_in(sidecar.live):
        live = sidecar.read(path, LiveFile)
        if live is None:
            continue
        block = live.oqc_archive
        if isinstance(block, CompositeBlock):
            composites[block.composite] = block
        elif sidecar.read(path, JobFile) is not None:
            names[block.job] = block.name
            if block.provenance is not None:
                times[block.job] = block.provenance.asked
    rebuilder = OnceRebuilder(sidecar, newest, sdk)
    found: list[tuple[str, str | None, AnyJob]] = []
    for id_, composite_block in composites.items():
        children = [child.job for child in composite_block.children]
        if len(set(children)) < len(children):
            sidecar.passed_over(sidecar.folder, f"{composite_block.name} has a child twice")
            continue
        composite, _, _ = rebuilder.composite(composite_block)
        times[id_] = composite_block.asked
        if composite.jobs:
            found.append((id_, composite_block.name, composite))
            for child in children:
                names.pop(child, None)
    for id_, name in names.items():
        rebuilt = rebuilder.job(id_)
        if rebuilt is not None:
            found.append((id_, name, rebuilt[0]))
    for id_, name, job in sorted(found, key=lambda item: times.get(item[0], index.LONG_AGO)):
        yield variable_name(name) if name else f"job_{id_[:6]}", job


def _named(jobs: Iterator[tuple[str, AnyJob]]) -> dict[str, AnyJob]:
    """Give each a name of its own; the newest of a name has it plain."""
    newest_first = list(jobs)[::-1]
    plain = {name for name, _ in newest_first}
    numbers: collections.Counter[str] = collections.Counter()
    named: dict[str, AnyJob] = {}
    for name, job in newest_first:
        own = name
        while own in named or (own != name and own in plain):
            numbers[name] += 1
            own = f"{name}_{numbers[name] + 1}"
        named[own] = job
    return dict(reversed(named.items()))


def _saved(sidecar: BundledSidecar, sdk: OqcSdk | None) -> dict[str, AnyJob]:
    found: dict[str, AnyJob] = {}
    for path in sidecar.files_in(sidecar.folder / "saved"):
        try:
            found[f"saved/{path.stem}"] = load_file(sidecar.content(path), path.name, sdk)
        except SnapshotError as exc:
            sidecar.passed_over(path, str(exc))
    return found
