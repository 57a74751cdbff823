"""What the sandbox asks of the dialect itself: where it lives, what it says in trouble, which words are its own."""

from __future__ import annotations

from typing import Any

import pytest

from foxtrot.errors import ConfigError
from foxtrot.sandbox.dialect import Trouble
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.stage import local_path
from foxtrot_kraken.dialect import KRAKEN_DIALECT

from .dialect_trader import Trader
from .dialect_wire import Wire, quoted, read


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Trouble.UNKNOWN_OUTCOME, "EService:Timeout"),
        (Trouble.OVERLOADED, "EService:Busy"),
        (Trouble.RATE_LIMITED, "EAPI:Rate limit exceeded"),
        (Trouble.BANNED, "EGeneral:Temporary lockout"),
    ],
)
def test_a_trouble_is_told_with_status_200_and_no_word_of_how_long_to_wait(kind: Trouble, text: str) -> None:
    answer = Wire().dialect.trouble(kind)
    assert read(answer) == {"error": [text]}
    assert {name.lower() for name in answer.headers} == {"content-type"}


def test_how_an_unknown_outcome_is_told_is_an_option() -> None:
    wire = Wire(timeout_text="EGeneral:Internal error")
    assert read(wire.dialect.trouble(Trouble.UNKNOWN_OUTCOME)) == {"error": ["EGeneral:Internal error"]}


def test_both_hosts_of_the_sockets_lead_to_the_one_path() -> None:
    dialect = Wire().dialect
    endpoints = dialect.endpoints("127.0.0.1:80")
    assert (endpoints.rest, endpoints.redirect) == ("http://127.0.0.1:80", True)
    for url in (endpoints.stream, endpoints.ws_api):
        path = url.removeprefix("ws://127.0.0.1:80")
        assert local_path(path, dialect.hosts) == "/v2"


def test_the_words_that_a_venue_may_add_to_are_those_of_its_orders_and_name_no_channel() -> None:
    wire = quoted()
    trader = Trader(wire, "executions")
    txid = trader.place(limit_price=59_995, order_qty=0.5)
    trader.ask("cancel_order", order_id=[txid])
    trader.place(order_type="market", limit_price=None)
    said = {row[name] for row in trader.rows() for name in ("exec_type", "order_status", "order_type") if name in row}
    assert said - wire.dialect.words == {"trade"}
    channels = {"ticker", "trade", "ohlc", "book", "instrument", "executions", "balances", "status", "heartbeat"}
    assert not channels & wire.dialect.words


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"symbols": ("BTCUSD",)}, "is no symbol"),
        ({"symbols": ("btc/usd",)}, "is no symbol"),
        ({"profile": "legacy"}, "no profile"),
        ({"dialect_options": {"weeks": "sunday"}}, "weeks"),
    ],
)
def test_settings_that_are_none_are_told_before_anything_starts(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        KRAKEN_DIALECT.contracts(SandboxOptions(venue="kraken", **settings))
