"""What travels together: a notebook and the archive next to it, as names and bytes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oqc_notebook.export.names import check_names

#: Where a zip file says what is in it, and with which hashes.
MANIFEST = "oqc-manifest.json"

#: How the manifest tells what it is.
FORMAT = "oqc_notebook archive"

#: What belongs to an archive; whatever else lies in the folder is somebody's own.
_OF_AN_ARCHIVE = re.compile(r"[^.].*\.(json|jsonl)|\.gitignore")

#: A constant time for all files, the earliest that a zip file can hold.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A notebook and its archive.

    Attributes
    ----------
    notebook
        The notebook's file name, such as ``bell.ipynb``.
    files
        The content of each file by its path from the notebook's folder on, in POSIX form:
        the notebook, and all of ``bell.oqc/``.
    """

    notebook: str
    files: Mapping[str, bytes]

    @property
    def sidecar(self) -> str:
        """The name of the archive's folder, such as ``bell.oqc``."""
        return sidecar_of(self.notebook)


def sidecar_of(notebook: str) -> str:
    """Give the name of the archive's folder of a notebook."""
    return f"{Path(notebook).stem}.oqc"


def collect(notebook: Path) -> Bundle:
    """Read a notebook and its archive, which need not exist.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    folder = notebook.with_name(sidecar_of(notebook.name))
    files = {notebook.name: notebook.read_bytes()}
    return Bundle(notebook.name, files | dict(files_of_archive(folder)))


def files_of_archive(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Read the files of an archive; links, locks and other people's files are left out.

    A kernel may be at work there: what is in flight is read first, since a run that ends goes
    from ``live/`` to ``runs/``, and so is met in one of the two.
    """
    for part in (folder / "live", folder):
        for path in sorted(part.rglob("*")):
            name = path.relative_to(folder).as_posix()
            with contextlib.suppress(FileNotFoundError):  # it has ended, or was replaced
                if is_of_an_archive(name) and stat.S_ISREG(path.lstat().st_mode):
                    yield f"{folder.name}/{name}", path.read_bytes()


def is_of_an_archive(name: str) -> bool:
    """Tell whether a file belongs to an archive, from its path in the archive's folder."""
    *folders, file = name.split("/")
    hidden = any(folder.startswith(".") for folder in folders)
    return not hidden and _OF_AN_ARCHIVE.fullmatch(file) is not None


def manifest(bundle: Bundle) -> dict[str, Any]:
    """Say what is in a bundle, and with which hashes."""
    return {
        "format": FORMAT,
        "v": 1,
        "notebook": bundle.notebook,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(bundle.files.items())
        },
    }


def to_zip(bundle: Bundle) -> bytes:
    """Give a bundle as a zip file, the manifest first; the same bytes for the same content.

    Raises
    ------
    ValueError
        If a file has a name that not every system takes, so that nobody could open the zip file.
    """
    try:
        check_names(bundle.files)
    except ValueError as exc:
        raise ValueError(
            f"{bundle.notebook} cannot be exported: {exc}, which not every system takes. Give the "
            "file another name."
        ) from None
    said = json.dumps(manifest(bundle), indent=2).encode() + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [(MANIFEST, said), *sorted(bundle.files.items())]:
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
