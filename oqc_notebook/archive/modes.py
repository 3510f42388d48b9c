"""What a run does: it is submitted, taken from the archive if it is there, or only taken from it.

``live`` submits every run. ``reuse`` gives an unchanged cell its archived runs back, and
submits only what is new or changed. ``replay`` gives archived runs and answers back, and
never reaches a service.
"""

from __future__ import annotations

import os
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["live", "reuse", "replay"]

MODES: tuple[Mode, ...] = ("live", "reuse", "replay")

#: Says the mode, also of what this process starts.
MODE_VARIABLE = "OQC_NOTEBOOK_MODE"

#: Where it is set, the notebook is being validated: its cells do not change the mode.
VALIDATION_VARIABLE = "OQC_NOTEBOOK_VALIDATION"

#: Where it is ``off``, nothing is archived, whatever ``connect()`` is asked for.
ARCHIVE_VARIABLE = "OQC_NOTEBOOK_ARCHIVE"

#: What the notebook chose while it is validated.
_without_effect: Mode = "live"


def mode() -> Mode:
    """Give the mode, which ``OQC_NOTEBOOK_MODE`` says; live where it is not set.

    Raises
    ------
    ValueError
        If it is set to something else.
    """
    return _checked(os.environ.get(MODE_VARIABLE) or "live")


def set_mode(mode: Mode) -> None:
    """Choose the mode of this kernel from now on.

    A session that was opened in replay reaches no service: after a change to live or
    reuse, ``connect()`` gives another one. While a notebook is validated this changes
    nothing: whoever validates it has chosen.

    Parameters
    ----------
    mode
        ``"live"``, ``"reuse"`` or ``"replay"``.

    Raises
    ------
    ValueError
        If it is something else.
    """
    global _without_effect
    if is_validated():
        _without_effect = _checked(mode)
    else:
        os.environ[MODE_VARIABLE] = _checked(mode)


def chosen_mode() -> Mode:
    """Give the mode that the notebook chose, also where that changes nothing."""
    return _without_effect if is_validated() else mode()


def is_validated() -> bool:
    """Whether the notebook is being validated: nothing next to it is to change."""
    return bool(os.environ.get(VALIDATION_VARIABLE))


def archiving_is_off() -> bool:
    """Whether nothing is to be archived, as in a live validation."""
    return os.environ.get(ARCHIVE_VARIABLE) == "off"


def _checked(text: str) -> Mode:
    for known in MODES:
        if text == known:
            return known
    raise ValueError(f"The mode is live, reuse or replay, not {text!r}.")
