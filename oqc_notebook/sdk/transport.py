"""HTTP: headers, limits, and what may be retried."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from oqc_notebook import __version__
from oqc_notebook.sdk.credentials import (
    Credential,
    Hidden,
    PasswordCredential,
    fits_into_a_header,
)
from oqc_notebook.sdk.errors import (
    AuthenticationError,
    DisturbanceError,
    ServerError,
    SessionUnreachableError,
)
from oqc_notebook.sdk.responses import meaning_of

#: The service refuses a request whose body and headers together are larger (bytes).
MAX_REQUEST_BYTES = 128 * 1024

#: Few connections: the cost of httpx's pool for a request grows with those that wait.
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)

#: A look-up that somebody waits for is given up where the server asks for longer (seconds).
_PATIENCE_S = 30.0

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)

#: The longest that one request may take, also where bytes keep on coming (seconds).
_LONGEST_S = 120.0


class Transport:
    """The one HTTP client of a session.

    Parameters
    ----------
    url
        Base address of the service.
    credential
        What gives the authentication headers.
    attempts
        How often a request that is safe to repeat is tried.
    """

    def __init__(self, url: str, credential: Credential, *, attempts: int = 5) -> None:
        self.url = url
        self._credential = credential
        self._attempts = attempts
        # A proxy of the environment cannot reach this machine's own loopback.
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT,
            limits=_LIMITS,
            headers={"User-Agent": f"oqc-notebook/{__version__}"},
            trust_env=not _is_loopback(url),
        )
        self._authenticating = asyncio.Lock()
        #: How many requests were sent.
        self.requests = 0
        #: Since when no request got a usable answer; None while they do.
        self.lost_since: datetime | None = None
        #: Called when `lost_since` changes.
        self.on_reach: Callable[[], None] = lambda: None
        if isinstance(credential, PasswordCredential):
            credential.post = self._post_unauthenticated

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def get(
        self,
        url: str,
        params: dict[str, str] | None = None,
        *,
        authenticate: bool = True,
        attempts: int | None = None,
    ) -> Any:
        """Get a JSON document; asking again does no harm, so disturbances are retried.

        Parameters
        ----------
        url
            Absolute address, or a path below the base address.
        params
            Query parameters.
        authenticate
            Whether to send the authentication headers.
        attempts
            How often to try; the session's number by default.

        Raises
        ------
        ServerError
            If the server says no.
        DisturbanceError
            If there is no usable answer, and only one try was asked for.
        SessionUnreachableError
            If there is no usable answer after several tries.
        """
        return await self._persist(
            partial(self._send, "GET", url, params=params, authenticate=authenticate),
            self._attempts if attempts is None else attempts,
        )

    async def post(self, url: str, body: Any, *, repeatable: bool) -> Any:
        """Post a JSON document.

        Parameters
        ----------
        url
            Absolute address, or a path below the base address.
        body
            What is sent, as JSON.
        repeatable
            Whether sending it twice does no harm. If not, it is sent once, and a
            disturbance is raised as it is.

        Raises
        ------
        ValueError
            If the request is larger than the service takes.
        ServerError, DisturbanceError, SessionUnreachableError
            As for :meth:`get`.
        """
        content = json.dumps(body).encode()
        return await self._persist(
            partial(self._send, "POST", url, content=content),
            self._attempts if repeatable else 1,
        )

    async def _persist(self, send: Callable[[], Coroutine[Any, Any, Any]], attempts: int) -> Any:
        send = partial(self._noting_reach, send)
        if attempts == 1:
            return await send()
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=_seconds_to_wait,
            retry=retry_if_exception(_is_soon_over),
            reraise=True,
        )
        try:
            return await retrying(send)
        except DisturbanceError as exc:
            tries = retrying.statistics["attempt_number"]
            advice = "Check the address and the network, then try again"
            if not _is_soon_over(exc):
                advice = f"It asks for {exc.retry_after_s:.0f} s of patience; try again then"
            raise SessionUnreachableError(
                f"{self.url} gave no usable answer in {tries} {'try' if tries == 1 else 'tries'}. "
                f"The last one: {exc} {advice}; nothing was lost."
            ) from None

    async def _noting_reach(self, send: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            answer = await send()
        except DisturbanceError:
            self.unanswered()
            raise
        except ServerError:  # a no is an answer, too
            self._answered()
            raise
        self._answered()
        return answer

    def unanswered(self) -> None:
        """Note that a request got no usable answer."""
        if self.lost_since is None:
            self.lost_since = datetime.now(UTC)
            self.on_reach()

    def _answered(self) -> None:
        if self.lost_since is not None:
            self.lost_since = None
            self.on_reach()

    async def _post_unauthenticated(self, path: str, body: dict[str, Any]) -> Any:
        response = await self._once("POST", self.url + path, None, json.dumps(body).encode(), {})
        return meaning_of(response, [value for value in body.values() if isinstance(value, str)])

    async def _send(
        self,
        method: str,
        url: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        authenticate: bool = True,
    ) -> Any:
        address = url if url.startswith("http") else self.url + url
        tokens = await self._tokens() if authenticate else {}
        response = await self._once(method, address, params, content, tokens)
        if response.status_code == 401 and authenticate and self._can_renew():
            tokens = await self._tokens(instead_of=tokens)
            response = await self._once(method, address, params, content, tokens)
        # a header may read "Bearer" and the token
        secrets = [Hidden(part) for value in tokens.values() for part in value.split()]
        return meaning_of(response, secrets)

    def _can_renew(self) -> bool:
        return bool(getattr(self._credential, "supports_silent_reauth", False))

    async def _tokens(self, instead_of: dict[str, str] | None = None) -> dict[str, str]:
        """Get the authentication headers, or newer ones than `instead_of`."""
        async with self._authenticating:
            headers = await self._credential.get_auth_headers()
            if instead_of is not None and headers == instead_of:
                headers = await self._credential.get_auth_headers(
                    allow_interactive=False, force_refresh=True
                )
        for name, value in headers.items():
            if not fits_into_a_header(value):
                raise AuthenticationError(f"The credential gave a {name} that cannot be sent.", 401)
        return headers

    async def _once(
        self,
        method: str,
        address: str,
        params: dict[str, str] | None,
        content: bytes | None,
        tokens: dict[str, str],
    ) -> httpx.Response:
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            request = self._http.build_request(
                method, address, params=params, content=content, headers=headers | tokens
            )
        except httpx.InvalidURL as exc:  # of a QPU, from the server's list
            raise ServerError(f"{address!r:.200} is not an address: {exc}.", 502) from None
        size = len(content or b"") + sum(len(k) + len(v) for k, v in request.headers.raw)
        if size > MAX_REQUEST_BYTES:
            raise ValueError(
                f"The request is {size} bytes and the service takes at most {MAX_REQUEST_BYTES} "
                "(128 KiB); shorten the program or the configuration."
            )
        del content  # which may hold a password, that a traceback with variables would show
        self.requests += 1
        # The exceptions of httpx hold the request and with it the token, so none is chained.
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await self._http.send(request)
        except TimeoutError:
            text, arrived = f"it was not complete after {_LONGEST_S:.0f} s", True
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            text, arrived = _reason(exc), False
        except httpx.RequestError as exc:
            text, arrived = _reason(exc), True
        raise DisturbanceError(
            f"No answer from {address}: {text}.", may_have_arrived=arrived
        ) from None


def _reason(exc: httpx.RequestError) -> str:
    kind = type(exc).__name__
    return f"{kind} ({exc})" if str(exc) else kind


def _is_soon_over(exc: BaseException) -> bool:
    """Tell whether a look-up that somebody waits for is better tried again than given up."""
    return isinstance(exc, DisturbanceError) and (exc.retry_after_s or 0.0) <= _PATIENCE_S


def _seconds_to_wait(state: RetryCallState) -> float:
    """Wait as long as the server asks, else 0.2, 0.4, 0.8 ... 8 s."""
    exc = state.outcome.exception() if state.outcome else None
    if isinstance(exc, DisturbanceError) and exc.retry_after_s is not None:
        return exc.retry_after_s
    return float(min(8.0, 0.1 * 2**state.attempt_number))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
