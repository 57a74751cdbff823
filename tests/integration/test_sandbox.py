"""The embedded venue as a server: foreign hosts, the 24-hour cut, a taken port, wrong settings."""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
import pytest

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.model.events import (
    AdapterState,
    ChannelName,
    ChannelStateChanged,
    Quote,
    StateChanged,
)
from foxtrot.plugins import default_registry
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.scenarios.shares import families, installed
from foxtrot.testkit.served import Ear, Served
from foxtrot.testkit.twins import needs

PREFERRED = default_registry().preferred()
EACH = pytest.mark.parametrize("spec", installed(), ids=lambda spec: spec.name)
EACH_FAMILY = pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)


@EACH
async def test_the_venues_own_hosts_are_accepted_in_the_path_and_any_other_is_found_out(
    spec: AdapterSpec, caplog: pytest.LogCaptureFixture
) -> None:
    async with await Served.start(spec, rate=0) as served, aiohttp.ClientSession() as client:

        async def ask(path: str) -> tuple[int, bytes]:
            async with client.get(f"http://{served.sandbox.base}{path}") as answer:
                return answer.status, await answer.read()

        plain = await ask("/anything")
        for host in sorted(served.sandbox.dialect.hosts):
            assert await ask(f"/{host}/anything") == plain
        assert served.sandbox.foreign_hosts == []
        status, _ = await ask("/api.example.com/anything")
        assert (status, served.sandbox.foreign_hosts) == (404, ["api.example.com"])
    assert "which is not this venue" in caplog.text


@EACH_FAMILY
@needs(Capability.SUBSCRIBE_QUOTES, Capability.USER_STREAM)
async def test_connections_are_cut_at_the_end_of_their_life_and_the_adapter_comes_back(spec: AdapterSpec) -> None:
    async with await Served.start(spec, rate=100, max_connection_life_s=1.5) as served:
        exchange = served.exchange(retry={"reconnect_initial_s": 0.05, "reconnect_max_s": 0.5})
        ear = Ear(exchange.engine)

        def ups(channel: ChannelName) -> list[bool]:
            return [event.up for event in ear.all(ChannelStateChanged) if event.channel is channel]

        def back() -> bool:
            """Tell whether both came back, quotes since then, and READY: that follows once the account is compared."""
            if ups(ChannelName.MARKET).count(True) < 2 or ups(ChannelName.USER).count(True) < 2:
                return False
            second = [e for e in ear.heard if isinstance(e, ChannelStateChanged) and e.up][-1]
            later = ear.heard[ear.heard.index(second) :]
            states = [e.new for e in later if isinstance(e, StateChanged)]
            return AdapterState.READY in states and any(isinstance(e, Quote) for e in later)

        async with exchange:
            await exchange.subscribe_quotes(served.symbol)
            await ear.until(back)


async def test_two_venues_cannot_share_a_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(errors.ConnectFailed, match=f"cannot listen on 127.0.0.1:{port}: .*Choose another port"):
            await Served.start(PREFERRED, port=port)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"colour": 1}, "sandbox.colour"),
        ({"rate": -1}, "sandbox.rate"),
        ({"profile": "future"}, "sandbox.profile|no profile 'future'"),
        ({"symbols": ["BTCUSDT"]}, "is no symbol; write BASE/QUOTE"),
        ({"dialect_options": {"mars": 1}}, "sandbox.dialect_options.mars"),
        ({"replay": "/nowhere/at/all.ndjson"}, "cannot be read"),
    ],
)
@EACH
async def test_bad_settings_are_named(spec: AdapterSpec, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(errors.ConfigError, match=problem.replace(".", r"\.")):
        await Served.start(spec, **settings)
