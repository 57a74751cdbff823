"""REST through ccxt's implicit endpoints: its signing and HTTP session, and nothing else of it.

ccxt's own parsing, error mapping, rate limiting and retries stay off: the answer comes back as it came from the wire.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import ConfigError, ConnectFailed, ConnectionLost, RequestTimeout, UnsupportedError
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints


class CcxtRestClient:
    """Send calls as `class_name`'s implicit endpoints (`call.endpoint`).

    Only `allowed` endpoints can be called. With `endpoints.redirect` every URL of the ccxt instance is rewritten to
    scheme://<sandbox>/<real host>/path, so that a call meant for another company shows up as such. `venue_ms` is the
    venue's time for signatures.
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
    ) -> None:
        self._allowed = allowed
        self._timeout_s = config.request_timeout_s
        self._ccxt = _make(class_name, credentials, config, dict(options or {}), venue_ms)
        _point_to(self._ccxt, endpoints)

    @property
    def library(self) -> Any:
        """Return the ccxt instance, for what foxtrot does not cover."""
        return self._ccxt

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call and return the raw answer whatever its status.

        Raises UnsupportedError for an endpoint that is not allowed, ConnectFailed (not sent), ConnectionLost and
        RequestTimeout (outcome unknown).
        """
        if call.endpoint not in self._allowed:
            raise UnsupportedError(f"{call.endpoint} is not an endpoint that this adapter may call.")
        send = getattr(self._ccxt, call.endpoint)
        answer: RawResponse = await send(dict(call.params))
        return answer

    async def close(self) -> None:
        """Close the HTTP session."""
        await self._ccxt.close()


def _make(
    class_name: str,
    credentials: Credentials | None,
    config: TransportConfig,
    options: dict[str, Any],
    venue_ms: Callable[[], int],
) -> Any:
    try:
        import ccxt.async_support as ccxt
    except ModuleNotFoundError as error:
        raise ConfigError("REST needs ccxt, which comes with the adapter packages; install one of them.") from error
    settings: dict[str, Any] = {"enableRateLimit": False, "options": {"maxRetriesOnFailure": 0, **options}}
    if credentials is not None:
        settings["apiKey"] = credentials.api_key.get_secret_value()
        settings["secret"] = credentials.api_secret.get_secret_value()
        if credentials.passphrase is not None:
            settings["password"] = credentials.passphrase.get_secret_value()
    if config.proxy is not None:
        settings["aiohttp_proxy"] = config.proxy
    seam = {"fetch": _seam(config), "milliseconds": lambda _: venue_ms(), "nonce": lambda _: venue_ms()}
    cls = types.new_class(f"Raw{class_name}", (getattr(ccxt, class_name),), exec_body=lambda space: space.update(seam))
    return cls(settings)


def _seam(config: TransportConfig) -> Any:
    """Return the method through which every request of the ccxt instance goes: HTTP errors are mapped here, once."""
    import aiohttp
    import yarl

    timeout = aiohttp.ClientTimeout(total=config.request_timeout_s, sock_connect=config.connect_timeout_s)

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
            ) as answer:
                content = await answer.read()
                return RawResponse(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise ConnectFailed(f"{host} cannot be reached: {_why(error)}.") from error
        except TimeoutError as error:
            raise RequestTimeout(f"{host} did not answer within {config.request_timeout_s:g} s.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(f"The connection to {host} broke during a request: {_why(error)}.") from error

    return fetch


def _why(error: BaseException) -> str:
    """Return the cause without the URL, which holds the signature."""
    cause = getattr(error, "os_error", None) or error
    text = getattr(cause, "strerror", None) or type(cause).__name__
    return str(text).lower()


def _point_to(library: Any, endpoints: Endpoints) -> None:
    if endpoints.redirect:
        rest, stream = urlsplit(endpoints.rest).netloc, urlsplit(endpoints.stream).netloc
        library.urls = _redirected(library.urls, rest, stream)
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
