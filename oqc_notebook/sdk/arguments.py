"""What an OqcSdk is given, checked: addresses, lengths of lists, times, environment variables."""

from __future__ import annotations

import datetime as dt
import os
from urllib.parse import urlsplit

from oqc_notebook.sdk.errors import SessionError

#: Children that one ``create_job`` makes at most; a larger composite is made with ``add``.
DEFAULT_MAX_BROADCAST_JOBS = 200


def checked_url(url: str) -> str:
    """Give `url` without a slash at its end.

    Raises
    ------
    ValueError
        If it is not an http or https address, or has a part that may be a secret. It is not
        repeated: what stands there by mistake may be a token.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            "What was given as the address is not an http or https address, such as "
            "'https://example.com'."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "An address has no user name, password, query or fragment in it: addresses are shown. "
            "Give a token with authentication_token=, or set OQC_AUTH_TOKEN."
        )
    return url.rstrip("/")


def attempts_from_environment() -> int:
    """Read how often a request is tried from ``OQC_SDK_MAX_TRANSPORT_RETRIES`` (default 5)."""
    text = os.environ.get("OQC_SDK_MAX_TRANSPORT_RETRIES") or "5"
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(
            f"OQC_SDK_MAX_TRANSPORT_RETRIES is a whole number of at least 1, not {text!r}."
        )
    return int(text)


def v4_from_environment() -> bool:
    """Read whether the service speaks its v4 dialect from ``OQC_QCAAS_V4`` (1, true or yes)."""
    return os.environ.get("OQC_QCAAS_V4", "").strip().lower() in ("1", "true", "yes")


def replays() -> bool:
    """Whether ``OQC_NOTEBOOK_MODE`` asks for replay, in which no service is reached."""
    return os.environ.get("OQC_NOTEBOOK_MODE") == "replay"


def refuse_in_replay() -> None:
    """Refuse to reach a service in replay.

    Raises
    ------
    SessionError
        If the mode is replay.
    """
    if replays():
        raise SessionError(
            "The mode is replay, in which no service is reached, and this session has no archive: "
            "open it with oqc_notebook.connect(), or %oqc_mode live."
        )


def broadcast_length(lengths: dict[str, int]) -> int:
    """Give how many children lists of these lengths make: equal, or 1 for all.

    Raises
    ------
    ValueError
        If one is empty, they do not fit, or there are too many children.
    """
    if not all(lengths.values()):
        raise ValueError(f"{', '.join(lengths)} must not be empty lists.")
    children = max(lengths.values())
    if set(lengths.values()) - {1, children}:
        found = ", ".join(f"{length} {name}(s)" for name, length in lengths.items())
        raise ValueError(f"Cannot combine {found}: the lengths must be equal or 1.")
    limit = _broadcast_limit()
    if children > limit:
        raise ValueError(
            f"{children} children are more than the {limit} that create_job makes at once; add "
            "them in parts with CompositeJob.add(), or set OQC_SDK_MAX_BROADCAST_JOBS."
        )
    return children


def _broadcast_limit() -> int:
    text = os.environ.get("OQC_SDK_MAX_BROADCAST_JOBS", "").strip()
    if text and not text.isdecimal():
        raise ValueError(f"OQC_SDK_MAX_BROADCAST_JOBS is {text!r}, which is not a whole number.")
    return int(text or DEFAULT_MAX_BROADCAST_JOBS)


def day_of(date_filter: dt.date | str | None) -> str | None:
    """Give a day as ``YYYY-MM-DD``.

    Raises
    ------
    ValueError
        If a text is not a day.
    TypeError
        If it is something else.
    """
    if date_filter is None:
        return None
    if isinstance(date_filter, dt.datetime):
        return date_filter.date().isoformat()
    if isinstance(date_filter, dt.date):
        return date_filter.isoformat()
    if not isinstance(date_filter, str):
        raise TypeError(
            f"date_filter is a date or 'YYYY-MM-DD', not a {type(date_filter).__name__}."
        )
    try:
        return dt.datetime.strptime(date_filter, "%Y-%m-%d").date().isoformat()
    except ValueError:
        raise ValueError(f"date_filter {date_filter!r} is not a day like '2026-11-23'.") from None


def moment_text(moment: dt.date | None, *, end: bool) -> str | None:
    """Give a time in UTC as the service takes it, ``YYYY-mm-dd HH:MM:SS.ffffff``.

    There is no zone in it, because the plus sign of one is a space to some servers.

    Parameters
    ----------
    moment
        A datetime, or a day; without a zone it is local time.
    end
        Whether a day means its last moment.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if moment is None:
        return None
    if not isinstance(moment, dt.date):
        raise TypeError(f"A time is a datetime or a date, not a {type(moment).__name__}.")
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time.max if end else dt.time.min)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
