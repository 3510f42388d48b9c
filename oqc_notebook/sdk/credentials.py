"""Where the authentication of a request comes from.

Tokens and passwords are kept here only. They appear in no ``repr`` and no
message, and nothing here is ever written to a file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from oqc_notebook.sdk.errors import AuthenticationError

#: Posts a JSON body to a path of the service without authentication and gives the decoded answer.
Post = Callable[[str, dict[str, Any]], Awaitable[Any]]


@runtime_checkable
class Credential(Protocol):
    """Any object that can give the authentication headers of a request.

    The protocol is the one of the published SDK, so its credentials fit.
    """

    #: Whether a new token can be had without asking anybody, once, after a 401.
    supports_silent_reauth: bool

    async def get_auth_headers(
        self, *, allow_interactive: bool = True, force_refresh: bool = False
    ) -> dict[str, str]:
        """Give the headers; with `force_refresh`, from a new token."""
        ...


class Hidden(str):
    """A token or password; what shows the values of variables, as some tracebacks do, hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


def fits_into_a_header(text: str) -> bool:
    """Tell whether a header can hold this text; the errors of HTTP libraries would show it."""
    return text.isascii() and text.isprintable() and text == text.strip()


class TokenCredential:
    """A token issued beforehand, sent as ``Authentication-Token``.

    Parameters
    ----------
    token
        The token, without the line break that one from a file ends with; None sends no header
        at all, for jobs that are only looked at.

    Raises
    ------
    ValueError
        If no header can hold it.
    """

    supports_silent_reauth = False

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else Hidden(token.strip())
        if not fits_into_a_header(self._token or ""):
            raise ValueError(
                "The token holds a line break, or a character that is not ASCII; was something "
                "else copied with it?"
            )

    async def get_auth_headers(
        self, *, allow_interactive: bool = True, force_refresh: bool = False
    ) -> dict[str, str]:
        """Give the token's header; there is never a newer token to be had."""
        del allow_interactive, force_refresh
        return {} if self._token is None else {"Authentication-Token": self._token}

    def __repr__(self) -> str:
        return f"TokenCredential({'<hidden>' if self._token else None})"


class PasswordCredential:
    """Email and password, exchanged for a token at the first request.

    Parameters
    ----------
    email, password
        The account of the service.
    """

    supports_silent_reauth = True

    def __init__(self, email: str, password: str) -> None:
        self._email = email
        self._password = Hidden(password)
        self._token: str | None = None
        #: Set by the transport, which owns the connection.
        self.post: Post | None = None

    async def get_auth_headers(
        self, *, allow_interactive: bool = True, force_refresh: bool = False
    ) -> dict[str, str]:
        """Log in where no token is held, or a new one is wanted, and give its header.

        Raises
        ------
        AuthenticationError
            If the server refuses the login or answers without a token.
        """
        del allow_interactive
        if self._token is None or force_refresh:
            self._token = await self._log_in()
        return {"Authentication-Token": self._token}

    async def _log_in(self) -> str:
        assert self.post is not None, "the transport sets this on opening"
        await self.post("/admin/logout", {})
        answer = await self.post(
            "/admin/login?include_auth_token=true",
            {"email": self._email, "password": self._password},
        )
        try:
            token = answer["response"]["user"]["authentication_token"]
        except (KeyError, TypeError, IndexError):
            token = None
        if not isinstance(token, str) or not token:
            raise AuthenticationError("The login was answered without a token.", 401)
        return Hidden(token)

    def __repr__(self) -> str:
        return "PasswordCredential(<hidden>)"


def credential_from(
    authentication_token: str | None,
    email: str | None,
    password: str | None,
    credential: Credential | None,
) -> Credential:
    """Choose the credential from the arguments of :class:`~oqc_notebook.sdk.OqcSdk`.

    Raises
    ------
    ValueError
        If more than one way of authentication is given, or half of one.
    """
    if credential is not None:
        if authentication_token or email or password:
            raise ValueError(
                "Give either credential= or authentication_token= / email= and password=, not both."
            )
        return credential
    if bool(email) != bool(password):
        raise ValueError("email= and password= go together; one of them is missing.")
    if email and password:
        if authentication_token:
            raise ValueError("Give either authentication_token= or email= and password=, not both.")
        return PasswordCredential(email, password)
    return TokenCredential(authentication_token)
