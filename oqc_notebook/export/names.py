"""Which names files that travel may have: those that every system takes, inside of one folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: Longest name of a folder or file (bytes in UTF-8).
_LONGEST = 255

#: What leads elsewhere, ends a name or a line, or turns the direction of what is read.
_UNSAFE = re.compile('[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069<>:"|?*\\\\\ud800-\udfff]')

#: Names that Windows keeps for devices, whatever the suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.I | re.S)


def check_names(names: Iterable[str]) -> None:
    """Check that files stay in their folder, each with a name of its own, on every system.

    Parameters
    ----------
    names
        Their names from the folder on, in POSIX form.

    Raises
    ------
    ValueError
        If there is one that does not; the message names it.
    """
    files: dict[str, str] = {}
    folders: set[str] = set()
    for name in names:
        if not all(map(_is_safe, name.split("/"))):
            raise ValueError(f"it holds a file with the name {name!r:.200}")
        # as on systems that tell neither cases nor ways of writing accents apart
        spelled = unicodedata.normalize("NFC", name.casefold())
        if spelled in files:
            raise ValueError(f"it holds {name!r:.200} twice, or in two spellings")
        files[spelled] = name
        while "/" in spelled and (spelled := spelled.rpartition("/")[0]) not in folders:
            folders.add(spelled)
    for spelled in files.keys() & folders:
        raise ValueError(f"it holds {files[spelled]!r:.200} as a file and as a folder")


def _is_safe(part: str) -> bool:
    """Whether a part of a path is the name of a file or folder on every system."""
    if part in ("", ".", "..") or part[-1] in ". " or _UNSAFE.search(part):
        return False
    return len(part.encode()) <= _LONGEST and _DEVICE.fullmatch(part) is None
