"""What the files of an archive in memory say, read the same way as those on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from oqc_notebook.archive.formats import Entry
from oqc_notebook.archive.index import entry_of
from oqc_notebook.archive.rebuilding import Rebuilder
from oqc_notebook.archive.records import JobRecord
from oqc_notebook.archive.sidecar import Sidecar
from oqc_notebook.export.bundle import Bundle
from oqc_notebook.sdk import Job, OqcSdk


class BundledSidecar(Sidecar):
    """The folder ``<notebook>.oqc`` of a bundle. The disk is neither read nor written.

    Parameters
    ----------
    bundle
        The bundle.

    Attributes
    ----------
    damaged : dict
        Why a file could not be read, by its name.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(Path(bundle.sidecar))
        self.damaged: dict[str, str] = {}
        self._files = bundle.files

    def content(self, path: Path) -> bytes:
        """Give what a file holds; nothing where it is not there."""
        return self._files.get(path.as_posix(), b"")

    def has(self, path: Path) -> bool:
        """Whether there is a file."""
        return path.as_posix() in self._files

    def passed_over(self, path: Path, why: str) -> None:
        """Take note of a file that is not as it should be."""
        self.damaged.setdefault(path.as_posix(), why)

    def files_in(self, folder: Path, pattern: str = "*.json") -> list[Path]:
        """List the files of one of the folders, sorted; none where it is not there."""
        begin = f"{folder.as_posix()}/"
        depth = begin.count("/") + pattern.count("/")
        return [
            Path(name)
            for name in sorted(self._files)
            if name.startswith(begin)
            and name.count("/") == depth
            and PurePosixPath(name.removeprefix(begin)).match(pattern)
        ]

    def entries(self) -> list[Entry]:
        """List the archived runs, of jobs and of composites, the oldest first."""
        paths = self.files_in(self.runs, "*/*.json")
        found = [entry for path in paths if (entry := entry_of(self, path))]
        return sorted(found, key=lambda entry: (entry.asked, entry.file))


class OnceRebuilder(Rebuilder):
    """Makes each job once, however often files name it, so that the time is bounded.

    Parameters
    ----------
    sidecar
        The archive.
    newest
        Each job's newest archived run, by the archive's id of the job.
    sdk
        The session; None for jobs that are only looked at.
    """

    def __init__(self, sidecar: Sidecar, newest: Mapping[str, Entry], sdk: OqcSdk | None) -> None:
        super().__init__(sidecar, newest, sdk)
        self._made: dict[str, tuple[Job, JobRecord] | None] = {}

    def job(self, id_: str) -> tuple[Job, JobRecord] | None:
        """Rebuild a job, or give it again."""
        if id_ not in self._made:
            self._made[id_] = super().job(id_)
        return self._made[id_]
