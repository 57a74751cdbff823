"""REST through ccxt's implicit endpoints: its signing and HTTP session, and nothing else of it.

ccxt's own parsing, error mapping, rate limiting and retries stay off: the answer comes back as it came from the wire.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import (
    AdapterBroken,
    ConfigError,
    ConnectFailed,
    ConnectionLost,
    CredentialsError,
    RequestTimeout,
    StateError,
    UnsupportedError,
)
from foxtrot.ports import HttpSender, LinkContext
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints


class CcxtRestClient:
    """Send calls as `class_name`'s implicit endpoints (`call.endpoint`).

    Only `allowed` endpoints can be called. With `endpoints.redirect` every URL of the ccxt instance is rewritten to
    scheme://<sandbox>/<real host>/path, so that a call meant for another company shows up as such. `venue_ms` is the
    venue's time for signatures, `nonce` counts up with each request where the venue wants that; `http` carries the
    signed requests in place of sockets. Raises AdapterBroken for names that ccxt does not have, ConfigError without
    ccxt, CredentialsError for a key that no header can carry.
    """

    def __init__(
        self,
        class_name: str,
        endpoints: Endpoints,
        credentials: Credentials | None,
        config: TransportConfig,
        *,
        allowed: frozenset[str],
        venue_ms: Callable[[], int],
        options: Mapping[str, Any] | None = None,
        nonce: Callable[[], int] | None = None,
        http: HttpSender | None = None,
    ) -> None:
        self._allowed = allowed
        self._closed = False
        self._owns_sockets = http is None
        self._ccxt = _make(class_name, credentials, config, dict(options or {}), venue_ms, nonce or venue_ms, http)
        if missing := sorted(name for name in allowed if not hasattr(self._ccxt, name)):
            raise AdapterBroken(f"ccxt's {class_name} has no endpoint {', '.join(missing)}.")
        _point_to(self._ccxt, endpoints)

    @classmethod
    def linked(
        cls,
        class_name: str,
        context: LinkContext,
        credentials: Credentials | None,
        allowed: frozenset[str],
        nonce: Callable[[], int] | None = None,
    ) -> CcxtRestClient:
        """Return a client as an adapter's `link` makes it: to where the exchange connects, by its settings."""
        access = context.access
        return cls(
            class_name,
            access.endpoints,
            credentials,
            context.config.transport,
            allowed=allowed,
            venue_ms=context.venue_ms,
            nonce=nonce,
            http=access.http,
        )

    @property
    def library(self) -> Any:
        """Return the ccxt instance, for what foxtrot does not cover."""
        return self._ccxt

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call and return the raw answer whatever its status.

        Raises StateError once closed, UnsupportedError for an endpoint that is not allowed, CredentialsError when it
        cannot be signed, ConnectFailed (all not sent), ConnectionLost and RequestTimeout (outcome unknown).
        """
        if self._closed:
            raise StateError(f"{call.endpoint} was not sent: the connection is closed.")
        if call.endpoint not in self._allowed:
            raise UnsupportedError(f"{call.endpoint} is not an endpoint that this adapter may call.")
        send = getattr(self._ccxt, call.endpoint)
        answer: RawResponse = await send(dict(call.params))
        return answer

    async def close(self) -> None:
        """Close the HTTP session."""
        self._closed = True
        if self._owns_sockets:
            await self._ccxt.close()


def _make(
    class_name: str,
    credentials: Credentials | None,
    config: TransportConfig,
    options: dict[str, Any],
    venue_ms: Callable[[], int],
    nonce: Callable[[], int],
    http: HttpSender | None,
) -> Any:
    try:
        import ccxt.async_support as ccxt
    except ModuleNotFoundError as error:
        raise ConfigError("REST needs ccxt, which comes with the adapter packages; install one of them.") from error
    base = getattr(ccxt, class_name, None)
    if base is None:
        raise AdapterBroken(f"This version of ccxt ({ccxt.__version__}) has no exchange {class_name}.")
    settings: dict[str, Any] = {"enableRateLimit": False, "options": {"maxRetriesOnFailure": 0, **options}}
    if credentials is not None:
        _require_printable(credentials)
        settings["apiKey"] = credentials.api_key.get_secret_value()
        settings["secret"] = credentials.api_secret.get_secret_value()
        if credentials.passphrase is not None:
            settings["password"] = credentials.passphrase.get_secret_value()
    if config.proxy is not None:
        settings["aiohttp_proxy"] = config.proxy
    seam = {
        "fetch": _seam(config) if http is None else _through(http),
        "sign": _signing(base.sign),
        "milliseconds": lambda _: venue_ms(),
        "nonce": lambda _: nonce(),
    }
    cls = types.new_class(f"Raw{class_name}", (base,), exec_body=lambda space: space.update(seam))
    return cls(settings)


def _require_printable(credentials: Credentials) -> None:
    for name, value in (("API key", credentials.api_key), ("passphrase", credentials.passphrase)):
        if value is not None and not value.get_secret_value().isprintable():
            raise CredentialsError(f"The {name} holds a line break or another control character.")


def _signing(sign: Callable[..., Any]) -> Callable[..., Any]:
    """Return `sign` with its errors mapped: whatever fails there, nothing was sent."""

    def signed(self: Any, path: str, *args: Any) -> Any:
        try:
            return sign(self, path, *args)
        except Exception as error:  # noqa: BLE001 - any kind, of ccxt or its cryptography; its text may hold the secret
            raise CredentialsError(
                f"The request {path} could not be signed ({type(error).__name__}); check the API key and its secret."
            ) from None

    return signed


def _through(http: HttpSender) -> Any:
    async def fetch(self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> RawResponse:
        data = body.encode() if isinstance(body, str) else body or b""
        return await http.send(method, url, self.prepare_request_headers(headers), data)

    return fetch


def _seam(config: TransportConfig) -> Any:
    """Return the method through which every request of the ccxt instance goes: HTTP errors are mapped here, once.

    They are not chained: their texts hold the URL with its signature, or the password of the proxy.
    """
    import aiohttp
    import yarl

    # Apart, so that a timeout tells whether anything was sent; the total also ends an answer that only trickles.
    timeout = aiohttp.ClientTimeout(
        total=config.connect_timeout_s + config.request_timeout_s,
        connect=config.connect_timeout_s,
        sock_read=config.request_timeout_s,
    )

    async def once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        # aiohttp sends a GET, PUT or DELETE again when a kept connection breaks: a cancel would go out twice.
        try:
            return await send(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise _lost(request.url.authority, error) from None

    async def fetch(self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> RawResponse:
        self.open(True)
        host = urlsplit(url).netloc
        data = body.encode() if isinstance(body, str) else body
        try:
            async with self.session.request(
                method,
                yarl.URL(url, encoded=True),
                data=data,
                headers=self.prepare_request_headers(headers),
                timeout=timeout,
                proxy=self.aiohttp_proxy,
                allow_redirects=False,
                middlewares=(once,),
            ) as answer:
                content = await answer.read()
                return RawResponse(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)
        except ConnectionLost:
            raise
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as error:
            raise ConnectFailed(f"{host} cannot be reached: {_why(error)}.") from None
        except TimeoutError:
            raise RequestTimeout(f"{host} did not answer within {config.request_timeout_s:g} s.") from None
        except Exception as error:  # noqa: BLE001 - however the HTTP library fails, the request may have left
            raise _lost(host, error) from None

    return fetch


_WORDS = {
    "ClientConnectorCertificateError": "its TLS certificate is not trusted",
    "ClientHttpProxyError": "the proxy refused",
    "ClientPayloadError": "the answer was cut off",
    "ClientProxyConnectionError": "the proxy does not answer",
    "ClientResponseError": "the answer was no HTTP",
    "ConnectionTimeoutError": "no connection in time",
    "InvalidURL": "its URL or that of the proxy is malformed",
    "ServerDisconnectedError": "the server hung up",
}


def _lost(host: str, error: BaseException) -> ConnectionLost:
    return ConnectionLost(f"The connection to {host} broke during a request: {_why(error)}.")


def _why(error: BaseException) -> str:
    """Return the cause without the URL, which holds the signature."""
    if words := _WORDS.get(type(error).__name__):
        return words
    cause = getattr(error, "os_error", None) or error
    text = getattr(cause, "strerror", None) or type(cause).__name__
    return str(text).lower()


def redirect_library(library: Any, endpoints: Endpoints) -> None:
    """Point every URL of a ccxt instance to a sandbox, as scheme://<sandbox>/<real host>/path."""
    rest, stream = urlsplit(endpoints.rest).netloc, urlsplit(endpoints.stream).netloc
    library.urls = _redirected(library.urls, rest, stream)


def _point_to(library: Any, endpoints: Endpoints) -> None:
    if endpoints.redirect:
        redirect_library(library, endpoints)
        return
    host = urlsplit(endpoints.rest)
    library.urls["api"] = _on_host(library.urls["api"], f"{host.scheme}://{host.netloc}")


def _redirected(value: Any, rest: str, stream: str) -> Any:
    if isinstance(value, dict):
        return {key: _redirected(item, rest, stream) for key, item in value.items()}
    if isinstance(value, list):
        return [_redirected(item, rest, stream) for item in value]
    if isinstance(value, str):
        for real, local in (
            ("https://", f"http://{rest}/"),
            ("wss://", f"ws://{stream}/"),
            ("http://", f"http://{rest}/"),
            ("ws://", f"ws://{stream}/"),
        ):
            if value.startswith(real):
                return local + value.removeprefix(real)
    return value


def _on_host(value: Any, base: str) -> Any:
    """Replace scheme and host of every URL: none of another environment or company is left to call."""
    if isinstance(value, dict):
        return {key: _on_host(item, base) for key, item in value.items()}
    return f"{base}{urlsplit(value).path}"
