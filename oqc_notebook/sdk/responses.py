"""What an HTTP response means: a success, a no, or a disturbance that passes."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import httpx

from oqc_notebook.sdk.errors import AuthenticationError, DisturbanceError, ServerError
from oqc_notebook.sdk.json_values import in_unicode

logger = logging.getLogger("oqc_notebook.sdk")

#: Answers that say "not now" rather than "no".
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

#: Half of a character in JSON, of which the other half may be missing.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

#: Error bodies that say nothing.
_NO_REASON = frozenset({"", "{}", "[]", "null", '""'})

#: What is kept of an error body of another shape, such as a page of HTML (characters).
_MAX_REASON = 1000

#: What is shorter may stand in an answer by chance (characters).
_SHORTEST_SECRET = 8

#: The longest ``Retry-After`` that is believed (seconds).
_LONGEST_ASKED_S = 3600.0


def meaning_of(response: httpx.Response, secrets: Collection[str] = ()) -> Any:
    """Give the decoded body of a success; raise what any other response means.

    Parameters
    ----------
    response
        The response, completely read.
    secrets
        What the request held that no error may show, also where the server repeats it.

    Raises
    ------
    ServerError
        If the server says no.
    DisturbanceError
        If it says "not now", or nothing that makes sense.
    """
    status = response.status_code
    if status in _PASSING_STATUSES:
        raise DisturbanceError(
            f"{response.url} answered {status} {response.reason_phrase}.",
            may_have_arrived=True,
            retry_after_s=_retry_after(response),
        )
    content = response.content
    if status != 200:
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                content = content.replace(secret.encode(), b"<hidden>")
    try:
        answer = json.loads(content)
        if _SURROGATE.search(content):
            answer = in_unicode(answer)  # what is no text could never be saved
    except (ValueError, RecursionError):
        if status == 200:
            raise DisturbanceError(
                f"{response.url} answered with something that is not JSON "
                f"({response.headers.get('content-type', 'no content type')}).",
                may_have_arrived=True,
            ) from None
        answer = None
    if status == 200:
        _pass_on_messages(answer)
        return answer
    text = _error_text(answer) or content.decode(errors="replace").strip()[:_MAX_REASON]
    if text in _NO_REASON:
        text = f"The server gives no reason (HTTP status {status} {response.reason_phrase})."
    if status in (401, 403):
        end = "" if text.endswith((".", "!", "?")) else "."  # more is said after it
        raise AuthenticationError(f"Authentication error ({status}): {text}{end}", status, answer)
    raise ServerError(text, status, answer)


def _error_text(answer: Any) -> str:
    """Find what the server says in an error body: v3 ``response.errors``, v4 ``detail``."""
    if not isinstance(answer, dict):
        return ""
    response = answer.get("response")
    errors = response.get("errors") if isinstance(response, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    said = (first, answer.get("detail"), answer.get("message"))
    return next((text.strip() for text in said if isinstance(text, str) and text.strip()), "")


def _pass_on_messages(answer: Any) -> None:
    """Log what the service says beside an answer; its warnings as warnings."""
    if not isinstance(answer, dict):
        return
    several = answer.get("messages")
    for message in [answer.get("message"), *(several if isinstance(several, list) else [])]:
        if isinstance(message, str) and message:
            level = logging.WARNING if message.startswith("Warning") else logging.INFO
            logger.log(level, "%s", message)


def _retry_after(response: httpx.Response) -> float | None:
    """Read ``Retry-After`` in seconds, from either form of RFC 9110, section 10.2.3."""
    text = response.headers.get("retry-after", "").strip()
    try:
        asked_s = (
            int(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - time()
        )
    except (ValueError, OverflowError):
        return None
    return float(min(max(0.0, asked_s), _LONGEST_ASKED_S))
