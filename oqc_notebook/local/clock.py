"""Times as this service writes and reads them. All are UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LOST_PLUS = re.compile(r" (\d{2}:?\d{2})$")


def stamp(when: float) -> str:
    """Return seconds since the epoch as ``2023-10-17 11:24:32.937188+00:00``."""
    return datetime.fromtimestamp(when, UTC).isoformat(sep=" ", timespec="microseconds")


def iso(when: float) -> str:
    """Return seconds since the epoch as ``2023-10-17T11:24:32Z``."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_date(text: str) -> datetime:
    """Read a calendar day, ``YYYY-MM-DD``.

    Raises
    ------
    ValueError
        If the text is not a date of that form.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_moment(text: str, *, end: bool = False) -> float:
    """Read a date or a time of a query string as seconds since the epoch.

    Parameters
    ----------
    text
        ISO 8601; without a zone it is UTC.
    end
        Whether it is the end of a range: a day then lasts until its midnight.

    Raises
    ------
    ValueError
        If the text is neither a date nor a time.
    """
    try:
        if _DATE.fullmatch(text):
            return (read_date(text) + timedelta(days=1 if end else 0)).timestamp()
        # Clients put "+00:00" into the URL as it is, where a plus sign means a space.
        if text.count(":") > 1:
            text = _LOST_PLUS.sub(r"+\1", text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError as error:  # beyond the years 1 to 9999
        raise ValueError(text) from error
