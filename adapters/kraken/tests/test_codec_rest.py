"""Reads by REST: ranges, pages, balances, fees, and the routes and signatures of the transport."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal as D
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from foxtrot.config import Credentials, TransportConfig
from foxtrot.errors import UnknownSymbol, UnsupportedError, VenueError
from foxtrot.io.rest import CcxtRestClient
from foxtrot.model.account import Balance
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderStatus, Side
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.user import TokenScheme, token_call
from foxtrot_kraken.exchange import _ALLOWED
from foxtrot_kraken.servers import LIVE

UNREADABLE = (msgspec.MsgspecError, ValueError)
S = 10**9
TRADE: dict[str, Any] = {
    "ordertxid": "OQCLML-BW3P3-BUCMWZ", "postxid": "TKH2SE-M7IF5-CFI7LT", "pair": "XXBTZUSD",
    "time": 1688667796.8802, "type": "buy", "ordertype": "limit", "price": "30010.00000", "cost": "600.20000",
    "fee": "1.20040", "vol": "0.02000000", "margin": "0.00000", "misc": "", "trade_id": 40274859, "maker": True,
}  # fmt: skip
COMMANDS = {"AddOrder", "AmendOrder", "CancelOrder", "CancelOrderBatch"}
# The documented example: https://docs.kraken.com/api/docs/guides/spot-rest-auth
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
SIGNED = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def text(result: object) -> bytes:
    return json.dumps({"error": [], "result": result}).encode()


# executions and past orders, page by page


def test_a_range_goes_out_in_whole_seconds_never_narrower_than_asked(rest: KrakenRestCodec, contract: Contract) -> None:
    assert rest.fetch_my_trades(contract, 5 * S + 1, 7 * S + 1, "", 10).params == {"start": "4", "end": "8", "ofs": "0"}
    assert rest.fetch_my_trades(None, None, None, "50", 10).params == {"ofs": "50"}


def test_executions_of_all_symbols_come_newest_first_until_a_page_is_not_full(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    full = {f"T{i}": TRADE | {"time": 1688667796 - i} for i in range(50)}
    page = rest.fetch_my_trades(None, None, None, "", 1_000).decode(text({"trades": full, "count": 60}))
    assert (len(page.items), page.next, page.newest_first) == (50, "50", True)
    last = rest.fetch_my_trades(None, None, None, page.next, 1_000).decode(
        text({"trades": {"T50": TRADE}, "count": 60})
    )
    assert (len(last.items), last.next) == (1, "")


def test_a_page_counts_what_the_venue_sent_though_little_of_it_is_wanted(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    full = {f"T{i}": TRADE | {"pair": "XETHXXBT" if i else "XXBTZUSD"} for i in range(50)}
    page = rest.fetch_my_trades(contract, None, None, "50", 10).decode(text({"trades": full}))
    assert ([fill.trade_id for fill in page.items], page.next) == (["T0"], "100")


def test_an_execution_is_told_exactly(rest: KrakenRestCodec) -> None:
    (fill,) = rest.fetch_my_trades(None, None, None, "", 10).decode(text({"trades": {"TID": TRADE}})).items
    assert (fill.trade_id, fill.order_id, fill.client_order_id) == ("TID", "OQCLML-BW3P3-BUCMWZ", "")
    assert (fill.symbol, fill.side, fill.price, fill.quantity) == ("BTC/USD", Side.BUY, D(30_010), D("0.02"))
    assert (fill.quote_quantity, fill.fee, fill.fee_asset, fill.is_maker) == (D("600.2"), D("1.2004"), "USD", True)
    assert fill.ts_event == 1_688_667_796_880_200_000


@pytest.mark.parametrize("change", [{"type": "swap"}, {"vol": "NaN"}, {"price": None}])
def test_an_execution_that_cannot_be_read_is_none(rest: KrakenRestCodec, change: dict[str, Any]) -> None:
    with pytest.raises((*UNREADABLE, KeyError)):
        rest.fetch_my_trades(None, None, None, "", 10).decode(text({"trades": {"TID": TRADE | change}}))


def test_executions_of_pairs_that_are_listed_no_more_do_not_hold_up_the_others(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    body = text({"trades": {"T1": TRADE | {"pair": "GONEUSD"}, "T2": TRADE}})
    assert [fill.trade_id for fill in rest.fetch_my_trades(contract, None, None, "", 10).decode(body).items] == ["T2"]
    with pytest.raises(UnknownSymbol):
        rest.fetch_my_trades(None, None, None, "", 10).decode(body)
    assert [fill.trade_id for fill in rest.fetch_my_trades(None, None, None, "", 10).decode(body).items] == ["T2"]


def entry(opened: float, pair: str = "XBTUSD", status: str = "canceled") -> dict[str, Any]:
    return {
        "status": status, "opentm": opened, "descr": {"pair": pair, "type": "sell", "ordertype": "limit", "price": "5"},
        "vol": "1", "vol_exec": "0",
    }  # fmt: skip


def test_past_orders_are_the_closed_ones_by_offset(rest: KrakenRestCodec, contract: Contract) -> None:
    call = rest.fetch_orders(contract, 5 * S, 9 * S, "", 10)
    assert (call.endpoint, call.params) == (
        "privatePostClosedOrders",
        {"start": "4", "end": "9", "ofs": "0", "closetime": "open"},
    )
    early, fitting, late, other = entry(4.5), entry(6.5), entry(9.5), entry(6.5, "ETHXBT")
    full = {f"C{i}": fitting if i < 3 else other for i in range(48)} | {"E": early, "L": late}
    page = call.decode(text({"closed": full, "count": 70}))
    assert (len(page.items), page.next, page.newest_first) == (3, "50", True)  # full, though little of it is wanted
    page = rest.fetch_orders(contract, 5 * S, 9 * S, page.next, 10).decode(text({"closed": {"C50": fitting}}))
    assert (page.items[0].status, page.next) == (OrderStatus.CANCELED, "")


def test_many_orders_are_canceled_by_one_request_that_counts_as_all_of_them(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    call = rest.cancel_orders(contract, [("O1", 3.0), ("O2", 60.0)])
    assert (call.endpoint, call.params, call.idempotent) == (
        "privatePostCancelOrderBatch",
        {"orders": ["O1", "O2"]},
        False,
    )
    assert (call.trading, call.calls, call.lane) == (10.0, 0.0, Lane.CANCEL)
    assert call.decode(text({"count": 2})) == 2


# account


def test_balances_are_free_of_what_is_held_and_keep_the_suffix_of_another_wallet(
    rest: KrakenRestCodec, symbols: SymbolTable
) -> None:
    held = {
        "ZUSD": {"balance": "25435.21", "hold_trade": "8249.76"},
        "XXBT": {"balance": "1.2", "hold_trade": "0"},
        "XBT.F": {"balance": "0.5", "hold_trade": "0"},
        "ETH2.S": {"balance": "3", "hold_trade": "0"},
        "XXDG": {"balance": "7", "hold_trade": "0"},
        "NEWCOIN": {"balance": "0.1"},
        "SOL": {"balance": "0.0000000000", "hold_trade": "0"},
        "ZEUR": {"balance": "10", "credit": "5", "credit_used": "2", "hold_trade": "1"},
    }
    assert rest.fetch_balances().decode(text(held)) == [
        Balance("USD", D("17185.45"), D("8249.76")),
        Balance("BTC", D("1.2"), D(0)),
        Balance("BTC.F", D("0.5"), D(0)),
        Balance("ETH2.S", D(3), D(0)),
        Balance("DOGE", D(7), D(0)),
        Balance("NEWCOIN", D("0.1"), D(0)),
        Balance("EUR", D(12), D(1)),
    ]


def test_fees_are_told_as_fractions_and_those_of_unknown_pairs_left_out(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    fees = {"XXBTZUSD": {"fee": "0.4000"}, "XETHXXBT": {"fee": "0.26"}, "GONEUSD": {"fee": "1"}}
    body = text({"currency": "ZUSD", "fees": fees, "fees_maker": {"XXBTZUSD": {"fee": "0.2500"}}})
    call = rest.fetch_fees(contract)
    assert call.params == {"pair": "XXBTZUSD"}
    assert rest.fetch_fees(None).params == {"pair": "XXBTZUSD,XETHXXBT"}
    assert [(f.symbol, f.maker, f.taker) for f in call.decode(body)] == [
        ("BTC/USD", D("0.0025"), D("0.004")),
        ("ETH/BTC", D("0.0026"), D("0.0026")),
    ]


# market data


def test_candles_are_those_of_the_range_the_newest_where_there_is_no_start(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    rows = [[60 * i, "1", "2", "0.5", "1.5", "1.2", "10", 3] for i in range(1, 6)]
    body = text({"XXBTZUSD": rows, "last": 240})

    def opened(start: int | None, end: int | None, limit: int) -> list[int]:
        bars = rest.fetch_bars(contract, "1m", start, end, limit).decode(body)
        return [bar.open_time // (60 * S) for bar in bars]

    assert opened(None, None, 2) == [4, 5]
    assert opened(120 * S, 240 * S, 10) == [2, 3, 4]
    assert opened(120 * S, None, 2) == [2, 3]
    (bar,) = rest.fetch_bars(contract, "1m", None, 60 * S, 10).decode(body)
    assert (bar.quote_volume, bar.ts_event, bar.trades, bar.closed) == (12.0, 120 * S - 1, 3, True)
    assert rest.fetch_bars(contract, "4h", 7_200 * S, None, 1).params == {
        "pair": "XXBTZUSD", "interval": "240", "since": "7199",
    }  # fmt: skip
    with pytest.raises(UnsupportedError, match="it has 1m, 5m"):
        rest.fetch_bars(contract, "3m", None, None, 1)


@pytest.mark.parametrize(
    "result", [None, {}, {"last": 5}, {"XXBTZUSD": [["x"]]}, {"XXBTZUSD": [[1]]}, {"XXBTZUSD": 7, "last": 5}]
)
def test_candles_that_cannot_be_read_are_no_candles(rest: KrakenRestCodec, contract: Contract, result: object) -> None:
    with pytest.raises(UNREADABLE):
        rest.fetch_bars(contract, "1m", None, None, 10).decode(text(result))


def test_public_trades_without_an_id_are_read_and_those_from_an_id_on_while_the_venue_shows_them(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    call = rest.fetch_trades(contract, 5_000, "")
    assert call.params == {"pair": "XXBTZUSD", "count": "1000"}
    (trade,) = call.decode(text({"XXBTZUSD": [["5.0", "1.0", 1.5, "s", "l", ""]], "last": "1"}))
    assert (trade.side, trade.ts_event, trade.trade_id) == (Side.SELL, 1_500_000_000, 0)
    rows = [["5.0", "1.0", 1.5, "s", "l", "", number] for number in range(6, 10)]
    later = rest.fetch_trades(contract, 2, "7")
    assert [trade.trade_id for trade in later.decode(text({"XXBTZUSD": rows}))] == [7, 8]
    with pytest.raises(VenueError, match="from 6 on; 5 is older"):
        rest.fetch_trades(contract, 2, "5").decode(text({"XXBTZUSD": rows}))


def test_past_trades_are_asked_for_by_time_and_the_answer_says_what_asks_for_the_next_ones(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    call = rest.fetch_trades_since(contract, "1700000000000000001")
    assert call.params == {"pair": "XXBTZUSD", "count": "1000", "since": "1700000000000000001"}
    rows = [["5.0", "1.0", 1.5, "s", "l", "", number] for number in range(1_000)]
    page = call.decode(text({"XXBTZUSD": rows, "last": "1700000000000000009"}))
    assert (len(page.items), page.next) == (1_000, "1700000000000000009")
    assert call.decode(text({"XXBTZUSD": rows[:999], "last": "1700000000000000008"})).next == ""


def test_a_book_is_as_deep_as_asked_and_one_apart_from_the_stream_says_so(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    body = text({"XXBTZUSD": {"asks": [["5.1", "1", 7]], "bids": [["5.0", "2", 7]]}})
    assert rest.fetch_order_book(contract, 5).params["count"] == "5"
    assert rest.fetch_order_book(contract, 500).params["count"] == "500"
    assert rest.fetch_order_book(contract, 5).decode(body).bids == ((5.0, 2.0),)
    assert rest.fetch_book_snapshot(contract).decode(body).standalone


# routes and signatures


def every_call(rest: KrakenRestCodec, order: Order, contract: Contract, symbols: SymbolTable) -> list[Call[Any]]:
    found: list[Call[Any] | None] = [
        rest.fetch_markets(),
        rest.fetch_server_time(),
        rest.fetch_balances(),
        rest.fetch_fees(contract),
        rest.place_order(order, contract),
        rest.validate_order(order, contract),
        rest.amend_order(order, AmendRequest(symbol="BTC/USD", price=D(5)), "new", contract, 0.0),
        rest.cancel_order(contract, "1", "", 0.0),
        rest.cancel_orders(contract, [("1", 0.0)]),
        rest.cancel_after(60.0),
        rest.fetch_order(contract, "1", ""),
        rest.fetch_open_orders(None),
        rest.fetch_orders(contract, None, None, "", 1),
        rest.fetch_orders(contract, None, None, "0", 1),
        rest.fetch_my_trades(contract, None, None, "", 1),
        rest.fetch_bars(contract, "1m", None, None, 1),
        rest.fetch_order_book(contract, 5),
        rest.fetch_book_snapshot(contract),
        rest.fetch_trades(contract, 1, ""),
        rest.fetch_tickers([contract]),
        TokenScheme(symbols).open_call(),
    ]
    return [call for call in found if call is not None]


def test_every_call_of_the_codec_may_be_sent_and_no_other(
    rest: KrakenRestCodec, order: Order, contract: Contract, symbols: SymbolTable
) -> None:
    calls = every_call(rest, order, contract, symbols)
    assert {call.endpoint for call in calls} == _ALLOWED
    for call in calls:
        values = [value if isinstance(value, list) else [value] for value in call.params.values()]
        assert all(isinstance(text, str) for listed in values for text in listed)
        assert call.signed == call.endpoint.startswith("privatePost")
        commands = {"AddOrder", "AmendOrder", "CancelOrder", "CancelOrderBatch"}
        assert call.idempotent == (call.endpoint.removeprefix("privatePost") not in commands)
        assert (call.weight > 0) != call.signed  # the public limit is the address's, the counters the account's
        assert call.lane is not Lane.HISTORY or not call.signed
    assert rest.cancel_all_orders(contract) is None
    with pytest.raises(UnsupportedError):
        rest.fetch_average_price(contract)
    assert rest.usage(RawResponse(200, {}, b"{}")) == []


def test_every_endpoint_that_may_be_called_is_the_documented_route_of_the_transport() -> None:
    import ccxt.async_support as ccxt

    line = ccxt.kraken.__mro__
    for name in _ALLOWED:
        entry = next(vars(cls)[name] for cls in line if hasattr(vars(cls).get(name), "method"))
        method, kind = ("GET", "public") if name.startswith("publicGet") else ("POST", "private")
        operation = name.removeprefix("publicGet").removeprefix("privatePost")
        assert (entry.method, *entry.api, entry.path) == (method, kind, operation)


class Recorded:
    """Take what the transport would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, dict[str, str], bytes]] = []

    async def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> RawResponse:
        self.sent.append((method, url, {name.lower(): value for name, value in headers.items()}, body))
        return RawResponse(200, {}, b"{}")


def client(http: Recorded, clock_ms: int) -> CcxtRestClient:
    return CcxtRestClient(
        "kraken",
        LIVE,
        Credentials(api_key="KEY", api_secret=SECRET),
        TransportConfig(),
        allowed=_ALLOWED,
        venue_ms=lambda: clock_ms,
        http=http,
    )


async def test_the_documented_example_gets_the_documented_signature(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    http = Recorded()
    call = rest.place_order(order, contract)
    params = {"ordertype": "limit", "pair": "XBTUSD", "price": "37500", "type": "buy", "volume": "1.25"}
    await client(http, 1616492376594).request(msgspec.structs.replace(call, params=params))
    ((method, url, headers, body),) = http.sent
    assert (method, url) == ("POST", "https://api.kraken.com/0/private/AddOrder")
    assert body == b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    assert (headers["api-key"], headers["api-sign"]) == ("KEY", SIGNED)
    assert headers["content-type"] == "application/x-www-form-urlencoded"


def sent_in(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the parameters of a request: lists go out as JSON, all else as a form."""
    if headers["content-type"] == "application/json":
        return dict(msgspec.json.decode(body))
    return {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}


async def test_every_private_request_is_signed_over_what_is_sent_with_a_growing_nonce(
    rest: KrakenRestCodec, order: Order, contract: Contract, symbols: SymbolTable
) -> None:
    http = Recorded()
    transport = client(http, 1616492376594)  # a clock that stands still
    calls = [call for call in every_call(rest, order, contract, symbols) if call.signed]
    for call in calls:
        await transport.request(call)
    nonces = []
    for call, (_, url, headers, body) in zip(calls, http.sent, strict=True):
        sent = sent_in(headers, body)
        nonces.append(int(sent.pop("nonce")))
        assert sent == dict(call.params)
        path = url.removeprefix("https://api.kraken.com").encode()
        digest = hashlib.sha256(str(nonces[-1]).encode() + body).digest()
        assert (
            headers["api-sign"]
            == base64.b64encode(hmac.digest(base64.b64decode(SECRET), path + digest, "sha512")).decode()
        )
    assert nonces == sorted(set(nonces))


async def test_public_requests_carry_no_key(rest: KrakenRestCodec, contract: Contract) -> None:
    http = Recorded()
    await client(http, 1).request(rest.fetch_tickers([contract]))
    ((method, url, headers, _),) = http.sent
    assert (method, url) == ("GET", "https://api.kraken.com/0/public/Ticker?pair=XXBTZUSD")
    assert not {"api-key", "api-sign"} & headers.keys()


def test_a_token_is_read_and_its_request_counts_as_a_call() -> None:
    call = token_call()
    assert call.decode(text({"token": "1Dwc4", "expires": 900})) == "1Dwc4"
    assert (call.weight, call.calls, call.idempotent) == (0, 1.0, True)
    with pytest.raises(UNREADABLE):
        call.decode(text({"expires": 900}))
