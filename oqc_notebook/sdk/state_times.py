"""When a run was first seen in each of its states, as a file holds it: in one text.

``CREATED 2026-11-23T20:04:26.014919Z, SUBMITTED +0.003104, COMPLETED +1.520311`` is the
first time in UTC, and how many seconds later the others were. A file holds thousands of
these, of which hardly any are ever asked for; so one is checked when the file is loaded,
and read when somebody asks.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_DATE = (
    r"[1-8][0-9]{3}-((0[13-9]|1[0-2])-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
    r"|(0[13578]|1[02])-31)"
)
_TIME = r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}\.[0-9]{6}Z"
_OTHERS = r"(, [A-Z_]+ [+-][0-9]{1,9}\.[0-9]{6})*"

#: What can be read whatever it says: texts with dates that are in every calendar.
CERTAIN = rf"^[A-Z_]+ {_DATE}T{_TIME}{_OTHERS}$"

_TEXT = re.compile(rf"[A-Z_]+ [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_TIME}{_OTHERS}")
_EXAMPLE = "CREATED 2026-01-31T12:00:00.000000Z, RUNNING +0.250000"
_STATE = re.compile(r"[A-Z_]+")
_LONGEST = timedelta(seconds=10**9)
_MICROSECOND = timedelta(microseconds=1)


def text_of(times: dict[str, Any]) -> str | dict[str, Any]:
    """Write times as a text, or leave them as they are where that cannot say them."""
    in_utc = all(time is not None and time.tzinfo is UTC for time in times.values())
    if not times or not in_utc or not all(map(_STATE.fullmatch, times)):
        return times
    start, *others = times
    first = times[start]
    later = {state: times[state] - first for state in others}
    if any(abs(time) >= _LONGEST for time in later.values()):
        return times
    moment = first.isoformat(timespec="microseconds").removesuffix("+00:00")
    said = (f"{state} {_seconds(time // _MICROSECOND)}" for state, time in later.items())
    return ", ".join([f"{start} {moment}Z", *said])


def _seconds(microseconds: int) -> str:
    whole, rest = divmod(abs(microseconds), 10**6)
    return f"{'-' if microseconds < 0 else '+'}{whole}.{rest:06}"


def times_in(text: str | dict[str, datetime]) -> dict[str, datetime]:
    """Read a text that was checked; times are given back."""
    if not isinstance(text, str):
        return text
    start, *others = text.split(", ")
    state, moment = start.split(" ")
    first = datetime.fromisoformat(moment)
    times = {state: first}
    for other in others:
        state, seconds = other.split(" ")
        times[state] = first + timedelta(microseconds=int(seconds.replace(".", "")))
    return times


def checked_times(text: Any) -> Any:
    """Check a text and read it; anything else is given back.

    Raises
    ------
    ValueError
        If the text is none of these, or names a day or time that no calendar has.
    """
    if not isinstance(text, str):
        return text
    if not _TEXT.fullmatch(text):
        raise ValueError(f"a text of times reads {_EXAMPLE!r}")
    try:
        return times_in(text)
    except OverflowError:
        raise ValueError("a time is beyond the calendar") from None
