"""One connection for a script: two keys, live facts, typed errors, nothing left open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from foxtrot import ExchangeConnection, OrderRequest, errors, events
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import families, installed

KEYS = ("rest-key-1", "cmVzdC1zZWNyZXQ=", "stream-key-1", "c3RyZWFtLXNlY3JldA==")
NAMES = ("api_key_rest", "secret_rest", "api_key_ws", "secret_ws")
TWO_KEYS: dict[str, Any] = {
    "api_key": KEYS[0],
    "api_secret": KEYS[1],
    "key_use": "requests",
    "keys": [{"api_key": KEYS[2], "api_secret": KEYS[3], "use": "streams"}],
}


PLAYED = [(spec, profile) for spec in installed() for profile in traits_of(spec).profiles]
EACH_FAMILY = pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)
PREFERRED = default_registry().preferred()


async def serve(spec: AdapterSpec = PREFERRED, **settings: Any) -> Sandbox:
    options = make_options({"rate": 20, "symbols": ["BTC/USDT"], **TWO_KEYS, **settings}, spec.name)
    return await Sandbox.start(options, spec)


@pytest.fixture(params=PLAYED, ids=lambda played: f"{played[0].name}-{played[1]}")
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Give every venue in every generation of its protocol."""
    spec, profile = request.param
    async with await serve(spec, profile=profile) as sandbox:
        yield sandbox


def connection(sandbox: Sandbox, *keys: str, **config: Any) -> ExchangeConnection:
    settings = {"rest_url": f"http://{sandbox.base}", **config}
    return ExchangeConnection(*(keys or KEYS), exchange=sandbox.options.venue, config=settings)


async def test_requests_use_the_rest_key_and_streams_the_other(served: Sandbox) -> None:
    """The venue takes each key for its own use only, in both generations of its private stream."""
    async with connection(served) as made:
        assert made.state.value == "ready"
        placed = asyncio.Event()
        made.exchange.engine.subscribe(events.BalanceUpdated, lambda event: placed.set())
        await made.exchange.place_order(OrderRequest.market("BTC/USDT", "buy", "0.01"))
        async with asyncio.timeout(10):
            await placed.wait()
        assert await made.test_credentials()


@pytest.mark.parametrize("keys", [(*KEYS[2:], *KEYS[:2]), (*KEYS[:2], *KEYS[:2]), (*KEYS[2:], *KEYS[2:])])
async def test_a_key_in_the_wrong_place_is_refused(served: Sandbox, keys: tuple[str, ...]) -> None:
    made = connection(served, *keys)
    with pytest.raises(errors.AuthenticationError):
        await made.connect()
    assert isinstance(made.last_error, errors.AuthenticationError)
    assert made.state.value == "disconnected"


async def test_the_embedded_sandbox_takes_the_keys_it_is_given() -> None:
    async with ExchangeConnection(*KEYS) as made:
        assert made.exchange.name == default_registry().preferred().name
        assert await made.check_rest_connection()
        assert await made.check_websocket_connection()
        assert await made.test_credentials()


@pytest.mark.parametrize("field", range(4))
@pytest.mark.parametrize(
    "bad", [None, "", "  ", "YOUR_API_KEY", "two words", " padded", "line\nbreak", "päss", 7, b"bytes"]
)
def test_a_bad_key_is_a_value_error_that_names_the_argument_and_shows_nothing(field: int, bad: Any) -> None:
    keys: list[Any] = list(KEYS)
    keys[field] = bad
    with pytest.raises(ValueError, match=NAMES[field]) as raised:
        ExchangeConnection(*keys)
    assert isinstance(raised.value, errors.InvalidCredentials)
    assert raised.value.field == NAMES[field]
    assert not any(key in str(raised.value) for key in KEYS)


def test_all_bad_keys_are_named_at_once() -> None:
    with pytest.raises(errors.InvalidCredentials) as raised:
        ExchangeConnection("", "s-1", "k-2", "-----BEGIN PRIVATE KEY-----")
    assert [problem.split()[0] for problem in raised.value.problems] == ["api_key_rest", "secret_ws"]


def test_other_bad_settings_are_typed_errors() -> None:
    with pytest.raises(errors.AdapterNotFound):
        ExchangeConnection(*KEYS, exchange="nowhere")
    with pytest.raises(errors.ConfigError):
        ExchangeConnection(*KEYS, environment="production")
    with pytest.raises(errors.InvalidRequest, match="environment"):
        ExchangeConnection(*KEYS, config={"environment": "live"})


@EACH_FAMILY
async def test_the_checks_are_facts_of_this_moment(spec: AdapterSpec) -> None:
    sandbox = await serve(spec)
    made = connection(sandbox, retry={"attempts": 1}, transport={"request_timeout_s": 2})
    async with made:
        assert await made.check_rest_connection()
        assert await made.check_websocket_connection()
        await sandbox.stop()
        assert not await made.check_rest_connection()
        assert not await made.check_websocket_connection()


@EACH_FAMILY
async def test_a_dead_stream_shows_although_its_connection_is_open(spec: AdapterSpec) -> None:
    async with await serve(spec, rate=0) as sandbox:
        made = connection(sandbox, transport={"request_timeout_s": 1, "connect_timeout_s": 5})
        async with made:
            await made.exchange.subscribe_trades("BTC/USDT")
            assert await made.check_websocket_connection()
            for frames in list(sandbox._server._wire._frames):
                frames.silent = True  # open, but it takes and gives nothing
            assert not await made.check_websocket_connection()
            assert await made.check_rest_connection()


@EACH_FAMILY
async def test_a_revoked_key_is_found_out(spec: AdapterSpec) -> None:
    async with await serve(spec) as sandbox, connection(sandbox) as made:
        sandbox.dialect.revoke_key()
        assert not await made.test_credentials()
        assert isinstance(made.last_error, errors.AuthenticationError)


@EACH_FAMILY
async def test_it_reconnects_by_itself(spec: AdapterSpec, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="foxtrot.operations")
    async with await serve(spec) as sandbox, connection(sandbox, retry={"reconnect_initial_s": 0.05}) as made:
        states: list[str] = []
        back = asyncio.Event()

        def on_state(event: events.StateChanged) -> None:
            states.append(event.new.value)
            if event.new.value == "ready":
                back.set()

        made.exchange.engine.subscribe(events.StateChanged, on_state)
        for frames in list(sandbox._server._wire._frames):
            frames.cut()
        async with asyncio.timeout(15):
            await back.wait()
        assert states[0] == "degraded"
        assert await made.check_websocket_connection()
    told = [(record.levelname, record.getMessage().split(":")[0]) for record in caplog.records]
    assert told[0] == ("INFO", f"connecting to {spec.name} (sandbox)")
    assert ("INFO", f"connected to {spec.name} (sandbox)") in told
    assert ("ERROR", spec.name) in told
    assert told[-1] == ("INFO", spec.name)
    assert not any(key in caplog.text for key in KEYS)


async def test_a_venue_that_says_nothing_does_not_hold_connect_up() -> None:
    accepted: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda reader, writer: accepted.append(writer), "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    made = ExchangeConnection(*KEYS, exchange=PREFERRED.name, config={"rest_url": f"http://{host}:{port}"})
    with pytest.raises(errors.ConnectFailed):
        await made.connect(timeout_s=0.3)
    silent.close()
    for writer in accepted:
        writer.close()
        await writer.wait_closed()


async def test_using_it_at_the_wrong_time_is_a_state_error() -> None:
    async with await serve() as sandbox:
        made = connection(sandbox)
        for use in (made.check_rest_connection, made.check_websocket_connection, made.test_credentials):
            with pytest.raises(errors.StateError, match="connect"):
                await use()
        with pytest.raises(errors.StateError):
            _ = made.rest_exchange
        await made.connect()
        with pytest.raises(errors.StateError, match="already"):
            await made.connect()
        assert made.state.value == "ready"
        await made.close()
        await made.close()
        with pytest.raises(errors.StateError, match="closed"):
            await made.check_rest_connection()
        with pytest.raises(errors.StateError, match="closed"):
            await made.connect()


async def test_another_loop_is_refused() -> None:
    async with await serve() as sandbox, connection(sandbox) as made:
        with pytest.raises(errors.StateError, match="event loop"):
            await asyncio.to_thread(asyncio.run, made.check_rest_connection())
        assert await made.check_rest_connection()


@EACH_FAMILY
async def test_the_ccxt_instances_trade_on_the_same_hosts_with_their_own_keys(spec: AdapterSpec) -> None:
    async with await serve(spec) as sandbox:
        async with connection(sandbox) as made:
            rest, streams = made.rest_exchange, made.ws_exchange
            assert rest is made.rest_exchange
            assert (rest.apiKey, streams.apiKey) == (KEYS[0], KEYS[2])
            assert (await rest.fetch_balance())["USDT"]["total"] == 100_000
            book = await streams.watch_order_book("BTC/USDT")
            assert book["bids"][0][0] < book["asks"][0][0]
        assert sandbox.foreign_hosts == []
