"""REST over foxtrot's own HTTP client: the adapter writes and signs each request, nothing else has a hand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from foxtrot.config import Credentials
from foxtrot.errors import CredentialsError, StateError, UnsupportedError
from foxtrot.ports import HttpSender
from foxtrot.protocol.calls import Call, HttpRequest, RawResponse


class HttpCodec(Protocol):
    """Write calls as HTTP requests."""

    def supports(self, endpoint: str) -> bool:
        """Tell whether the endpoint is one that may be called."""
        ...

    def encode(self, call: Call[Any], now_ms: int) -> HttpRequest:
        """Write and sign a request of that time. Raises CredentialsError when it cannot be signed."""
        ...


class OwnSender(HttpSender, Protocol):
    """An HttpSender that has sockets to close."""

    async def close(self) -> None: ...


class SignedRestClient:
    """Send calls as `codec` writes them; `library` makes what foxtrot does not cover, when asked for.

    `http` is somebody else's sender, `own` one that is closed with this client.
    """

    def __init__(
        self,
        codec: HttpCodec,
        http: HttpSender | None = None,
        *,
        venue_ms: Callable[[], int],
        own: OwnSender | None = None,
        library: Callable[[], LibraryClient] | None = None,
    ) -> None:
        self._codec = codec
        sender = own if http is None else http
        if sender is None:
            raise ValueError("requests need a sender")
        self._send = sender.send
        self._own = own
        self._venue_ms = venue_ms
        self._make_library = library
        self._library: LibraryClient | None = None
        self._closed = False

    @property
    def library(self) -> Any:
        """Return the client library's instance, for what foxtrot does not cover. Raises what making it raises."""
        if self._library is None:
            if self._make_library is None or self._closed:
                raise StateError("There is no client library behind this connection.")
            self._library = self._make_library()
        return self._library.library

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call and return the raw answer whatever its status.

        Raises StateError once closed, UnsupportedError for an endpoint that is not allowed, CredentialsError when it
        cannot be signed, ConnectFailed (all not sent), ConnectionLost and RequestTimeout (outcome unknown).
        """
        if self._closed:
            raise StateError(f"{call.endpoint} was not sent: the connection is closed.")
        if not self._codec.supports(call.endpoint):
            raise UnsupportedError(f"{call.endpoint} is not an endpoint that this adapter may call.")
        written = self._codec.encode(call, self._venue_ms())
        return await self._send(written.method, written.url, written.headers, written.body)

    async def close(self) -> None:
        """Close the sockets, and the library where it was asked for."""
        self._closed = True
        if self._own is not None:
            await self._own.close()
        if self._library is not None:
            await self._library.close()


class LibraryClient(Protocol):
    """What owns a client library's instance."""

    @property
    def library(self) -> Any: ...
    async def close(self) -> None: ...


def require_printable(credentials: Credentials) -> None:
    """Raise CredentialsError for a key that no header can carry."""
    for name, value in (("API key", credentials.api_key), ("passphrase", credentials.passphrase)):
        text = "" if value is None else value.get_secret_value()
        if not text.isprintable():
            raise CredentialsError(f"The {name} holds a line break or another control character.")
        if not text.isascii():
            raise CredentialsError(f"The {name} holds characters that no header can carry.")
