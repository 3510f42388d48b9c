"""Opening what was exported, or lies next to a notebook, with care: it may come from anybody.

Nothing is run, nothing is written, no other file is read, and memory is bounded. What
carries a manifest is checked against it, file by file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError
from pydantic_core import from_json

from oqc_notebook.export.bundle import (
    MANIFEST,
    Bundle,
    collect,
    files_of_archive,
    is_of_an_archive,
    sidecar_of,
)
from oqc_notebook.export.names import check_names
from oqc_notebook.sdk.errors import OqcError

#: The largest file that is opened, and the most that an archive may hold unpacked (bytes).
MOST_BYTES = 2 * 1024**3

#: The most files that an archive may hold.
MOST_FILES = 200_000

#: How many times as large as the zip file its files may be, where they are more than a few bytes.
MOST_RATIO, A_FEW_BYTES = 200, 16 * 1024**2

#: The longest list of files that a zip file may begin to be read with (bytes).
MOST_LISTED = 32 * 1024**2

#: Where an exported page carries the archive. Nothing of the notebook comes before it.
_IN_A_PAGE = re.compile(
    rb"<script type=\"application/octet-stream;base64\" id=\"oqc-archive\">([^<]*)</script>"
)


class ArchiveError(OqcError, ValueError):
    """A file is no archive, is damaged, or holds what no archive holds."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sha256: str
    bytes: NonNegativeInt


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: Literal["oqc_notebook archive"]
    v: Literal[1]
    notebook: str
    files: dict[str, _Said]


def open_archive(path: str | Path) -> Bundle:
    """Read an archive in any of its forms.

    Parameters
    ----------
    path
        A notebook with its archive next to it, the archive's folder ``<notebook>.oqc``, an
        exported page (.html), or a zip file (an archive or a crate).

    Returns
    -------
    Bundle
        What is in it. Of a folder without its notebook, ``files`` has no notebook.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ArchiveError
        If it is no archive, is damaged, or holds what no archive holds; the message names the
        file and the place.
    """
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    content = _content(path)
    try:
        if content.startswith(b"PK"):
            return _of_zip(content)
        if path.suffix == ".ipynb" or content.lstrip()[:1] == b"{":
            return _of_notebook(path, content)
        return _of_zip(_in_page(content))
    except ArchiveError as exc:
        raise ArchiveError(f"{str(path)!r} is no archive that can be opened: {exc}") from None


def _content(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ArchiveError(f"{str(path)!r} is no regular file.")
    if status.st_size > MOST_BYTES:
        raise ArchiveError(f"{str(path)!r} is larger than {MOST_BYTES} bytes.")
    return path.read_bytes()


def _of_folder(folder: Path) -> Bundle:
    if not (folder / "archive.json").is_file():
        raise ArchiveError(
            f"{str(folder)!r} is no archive of a notebook: there is no archive.json in it."
        )
    notebook = folder.with_name(f"{folder.stem}.ipynb")
    if notebook.is_file() and folder.suffix == ".oqc":
        return collect(notebook)
    name = f"{folder.stem}.ipynb"
    files = files_of_archive(folder)
    return Bundle(name, {f"{sidecar_of(name)}/{_below(file)}": data for file, data in files})


def _below(name: str) -> str:
    return name.partition("/")[2]


def _of_notebook(path: Path, content: bytes) -> Bundle:
    try:
        document = from_json(content)
    except ValueError as exc:
        raise ArchiveError(f"it is neither a zip file, nor a page, nor JSON: {exc}") from None
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise ArchiveError("it is no notebook: it has no list of cells.")
    sidecar = path.with_name(sidecar_of(path.name))
    if not (sidecar / "archive.json").is_file():
        raise ArchiveError(
            f"there is no archive next to this notebook; it would be the folder {str(sidecar)!r}."
        )
    return collect(path)


def _in_page(content: bytes) -> bytes:
    """Find the zip file in an exported page: the first one, as a cell may show another page."""
    found = _IN_A_PAGE.search(content)
    if found is None:
        raise ArchiveError("it is neither a zip file nor a page that carries an archive.")
    try:
        return base64.b64decode(b"".join(found[1].split()), validate=True)
    except binascii.Error as exc:
        raise ArchiveError(f"the archive in the page is damaged: {exc}.") from None


# ---- zip files ----


class _Bounded(io.BytesIO):
    """A zip file of which little is read at once: it says itself how long its list of files is."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(MOST_LISTED + 1 if size is None or size < 0 else size)
        if len(data) > MOST_LISTED:
            raise ArchiveError(f"its list of files is longer than {MOST_LISTED} bytes.")
        return data


def _of_zip(content: bytes) -> Bundle:
    try:
        with zipfile.ZipFile(_Bounded(content)) as archive:
            files = _unpacked(archive, len(content))
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,  # another way of packing
        RuntimeError,  # it is encrypted
        EOFError,
        IndexError,  # a name without a letter
        OSError,
        struct.error,
        ValueError,
        zlib.error,
    ) as exc:
        if isinstance(exc, ArchiveError):
            raise
        raise ArchiveError(f"the zip file is damaged: {exc or type(exc).__name__}.") from None
    said = _manifest(files.pop(MANIFEST, None))
    _check_against(said, files)
    sidecar = sidecar_of(said.notebook)
    for name in files:
        if name.startswith(f"{sidecar}/") and not is_of_an_archive(_below(name)):
            raise ArchiveError(f"it holds {name!r}, which belongs to no archive.")
    if said.notebook not in files:
        raise ArchiveError(f"it does not hold the notebook {said.notebook!r}.")
    return Bundle(said.notebook, files)


def _unpacked(archive: zipfile.ZipFile, size: int) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise ArchiveError(f"it holds {len(entries)} files; {MOST_FILES} are the most.")
    total = 0
    for entry in entries:
        _check_entry(entry)
        total += entry.file_size
        if total > MOST_BYTES:
            raise ArchiveError(f"it holds more than {MOST_BYTES} bytes, at {entry.filename!r}.")
    if total > A_FEW_BYTES and total > MOST_RATIO * size:
        raise ArchiveError(f"its files are more than {MOST_RATIO} times as large as itself.")
    entries = [entry for entry in entries if not entry.is_dir()]
    try:
        check_names(entry.filename for entry in entries)
    except ValueError as exc:
        raise ArchiveError(f"{exc}.") from None
    files: dict[str, bytes] = {}
    for entry in entries:
        with archive.open(entry) as file:
            # what it says of its size may be wrong
            data = file.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise ArchiveError(f"{entry.filename!r} has not the size that it says.")
        files[entry.filename] = data
    return files


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Check that an entry is a file or a folder, and that readers agree on its name."""
    name = entry.filename
    try:
        if entry.is_dir():
            check_names([name.removesuffix("/")])
    except ValueError as exc:
        raise ArchiveError(f"{exc}.") from None
    if name != entry.orig_filename:  # what zipfile makes of it ends at a NUL
        raise ArchiveError(f"it holds a file with the name {entry.orig_filename!r:.200}.")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveError(f"{name!r:.200} is no regular file.")


def _manifest(content: bytes | None) -> _Manifest:
    if content is None:
        raise ArchiveError(f"there is no {MANIFEST} in it.")
    try:
        said = _Manifest.model_validate_json(content)
    except ValidationError as exc:
        why = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, why["loc"])) or MANIFEST
        raise ArchiveError(f"{MANIFEST} says nothing legible: {place}: {why['msg']}.") from None
    if "/" in said.notebook or not said.notebook.endswith(".ipynb"):
        raise ArchiveError(f"{MANIFEST} names the notebook {said.notebook!r:.200}.")
    return said


def _check_against(said: _Manifest, files: dict[str, Any]) -> None:
    for name in said.files.keys() - files.keys():
        raise ArchiveError(f"{name!r}, which {MANIFEST} tells of, is missing.")
    for name, content in files.items():
        entry = said.files.get(name)
        if entry is None:
            raise ArchiveError(f"it holds {name!r}, of which {MANIFEST} does not tell.")
        if len(content) != entry.bytes or hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ArchiveError(f"{name!r} is not what was exported: its hash is another one.")
