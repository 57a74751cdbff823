"""`ExchangeConnection`: one connection for a small script, with separate keys for requests and streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from foxtrot.config import Credentials
from foxtrot.errors import AuthenticationError, FoxtrotError, InvalidRequest, StateError
from foxtrot.exchange import BaseExchange
from foxtrot.factory import get_exchange
from foxtrot.io.library import Kind, make_library
from foxtrot.model.events import AdapterState, StateChanged
from foxtrot.operations.credentials import credentials_of
from foxtrot.operations.probes import accepts_keys, answers_requests, answers_streams
from foxtrot.plugins import default_registry

_LOG = logging.getLogger("foxtrot.operations")
_OPEN = (AdapterState.READY, AdapterState.DEGRADED, AdapterState.SYNCING)


class ExchangeConnection:
    """Connect to one account of one venue, and stay connected.

    `exchange` is a venue's name, by default the installed adapter of the lowest rank; `environment` "sandbox",
    "testnet" or "live"; `config` further settings as `get_exchange` takes them (`{"rest_url": ...}` for a sandbox that
    runs already, `{"orders": {"journal": ...}}`). The embedded sandbox takes exactly these keys, each for its own use
    only. Whatever is lost afterwards is reconnected by itself. Everything is logged to "foxtrot.operations", whose
    handlers and levels are the caller's. Raises InvalidCredentials (a ValueError that names the argument),
    AdapterNotFound, ConfigError, UnsupportedError.
    """

    def __init__(
        self,
        api_key_rest: str,
        secret_rest: str,
        api_key_ws: str,
        secret_ws: str,
        *,
        exchange: str | None = None,
        environment: str = "sandbox",
        config: Mapping[str, Any] | None = None,
    ) -> None:
        given = {
            "api_key_rest": api_key_rest,
            "secret_rest": secret_rest,
            "api_key_ws": api_key_ws,
            "secret_ws": secret_ws,
        }
        self._rest_key, self._stream_key = credentials_of(dict(given))
        settings = dict(config or {})
        if mine := {"environment", "credentials", "stream_credentials"} & settings.keys():
            raise InvalidRequest(f"Give {', '.join(sorted(mine))} as arguments, not in config.", field="config")
        settings |= {
            "environment": environment,
            "credentials": self._rest_key,
            "stream_credentials": self._stream_key,
        }
        if environment == "sandbox" and settings.get("rest_url") is None:
            settings["sandbox"] = {**settings.get("sandbox", {}), **_sandbox_keys(self._rest_key, self._stream_key)}
        name = default_registry().preferred().name if exchange is None else exchange
        self._exchange = get_exchange(name, settings)
        self._exchange.engine.subscribe(StateChanged, self._on_state)
        self._libraries: dict[Kind, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.last_error: FoxtrotError | None = None

    def __repr__(self) -> str:
        return f"<ExchangeConnection {self._exchange.name} {self._exchange.config.environment} {self.state.value}>"

    @property
    def exchange(self) -> BaseExchange:
        """Return the exchange behind it, for everything that foxtrot offers."""
        return self._exchange

    @property
    def state(self) -> AdapterState:
        """Return where in its life the connection is now."""
        return self._exchange.state

    # life

    async def connect(self, timeout_s: float | None = None) -> None:
        """Connect and synchronise within `timeout_s` (by default `config.transport.connect_timeout_s`).

        Raises StateError when connected or closed already, AuthenticationError for a key that the venue refuses,
        ConnectFailed; then nothing is left open.
        """
        if self._closed:
            raise StateError(f"{self!r} was closed; make another one.", exchange=self._exchange.name)
        place = f"{self._exchange.name} ({self._exchange.config.environment})"
        _LOG.info("connecting to %s", place)
        try:
            await self._exchange.connect(timeout_s)
        except FoxtrotError as error:
            self.last_error = error
            _LOG.error("cannot connect to %s: %s", place, error)
            raise
        self._loop = asyncio.get_running_loop()
        _LOG.info("connected to %s", place)

    async def close(self) -> None:
        """Close everything; repeating is harmless."""
        self._require_own_loop()
        self._closed = True
        libraries, self._libraries = self._libraries, {}
        try:
            for library in libraries.values():
                await library.close()
        finally:
            await self._exchange.disconnect()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # facts

    async def check_rest_connection(self) -> bool:
        """Ask the venue for its time now, and tell whether it answered."""
        self._require_open()
        return await answers_requests(self._exchange, self._limit_s)

    async def check_websocket_connection(self) -> bool:
        """Tell whether the private stream is up, and the venue confirms a public subscription made for this now."""
        self._require_open()
        return await answers_streams(self._exchange, self._limit_s)

    async def test_credentials(self) -> bool:
        """Tell whether the venue takes the REST key now, and took the stream key at its last login.

        A refusal is kept in `last_error`. Raises NetworkError or TimeoutError when the venue gives no answer at all.
        """
        self._require_open()
        refusal: AuthenticationError | None = await accepts_keys(self._exchange, self._limit_s)
        if refusal is None:
            return True
        self.last_error = refusal
        _LOG.error("%s refuses the credentials: %s", self._exchange.name, refusal)
        return False

    # for what foxtrot does not cover

    @property
    def rest_exchange(self) -> Any:
        """Return a ccxt instance with the REST key, on the hosts of this environment; closed with the connection.

        Its numbers, errors and retries are ccxt's own. Raises StateError unless connected, UnsupportedError where ccxt
        has no such venue.
        """
        return self._library("rest", self._rest_key)

    @property
    def ws_exchange(self) -> Any:
        """Return a ccxt.pro instance with the stream key, on the hosts of this environment; see `rest_exchange`."""
        return self._library("streams", self._stream_key)

    # inside

    @property
    def _limit_s(self) -> float:
        return self._exchange.config.transport.request_timeout_s

    def _library(self, kind: Kind, credentials: Credentials) -> Any:
        self._require_open()
        if kind not in self._libraries:
            exchange = self._exchange
            transport, place = exchange.config.transport, exchange.config.environment
            self._libraries[kind] = make_library(exchange.spec, kind, exchange.access, credentials, transport, place)
        return self._libraries[kind]

    def _require_open(self) -> None:
        if self._closed or self.state not in _OPEN:
            how = "was closed" if self._closed else "is not connected; await connect() first"
            raise StateError(f"{self!r} {how}.", exchange=self._exchange.name)
        self._require_own_loop()

    def _require_own_loop(self) -> None:
        if self._loop is not None and running_loop() is not self._loop:
            raise StateError(
                f"{self!r} belongs to the event loop in which it was connected; use it there.",
                exchange=self._exchange.name,
            )

    def _on_state(self, event: StateChanged) -> None:
        name = self._exchange.name
        if event.new is AdapterState.DEGRADED:
            _LOG.error("%s: the connection is not whole: %s", name, event.reason)
        elif event.new is AdapterState.READY and event.old is not AdapterState.CONNECTING:
            _LOG.info("%s: ready: %s", name, event.reason)
        elif event.new is AdapterState.DISCONNECTED:
            _LOG.info("%s: disconnected", name)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, None where none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _sandbox_keys(rest: Credentials, stream: Credentials) -> dict[str, Any]:
    key, secret = rest.api_key.get_secret_value(), rest.api_secret.get_secret_value()
    other = {"api_key": stream.api_key.get_secret_value(), "api_secret": stream.api_secret.get_secret_value()}
    return {"api_key": key, "api_secret": secret, "key_use": "requests", "keys": [other | {"use": "streams"}]}
