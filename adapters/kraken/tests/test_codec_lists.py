"""Lists of orders by REST, of one symbol or of the whole account."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from foxtrot.errors import UnknownSymbol
from foxtrot.model.contract import Contract
from foxtrot_kraken.codec.rest import KrakenRestCodec

TXID = "OQCLML-BW3P3-BUCMWZ"
DESCRIPTION: dict[str, Any] = {
    "pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "30010.0", "price2": "0", "leverage": "none",
    "order": "buy 1.25 XBTUSD @ limit 30010.0", "close": "",
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "refid": None, "userref": 0, "cl_ord_id": "mine", "status": "open", "opentm": 1688666559.8974, "starttm": 0,
    "expiretm": 0, "descr": DESCRIPTION, "vol": "1.25000000", "vol_exec": "0.37500000", "cost": "11253.7",
    "fee": "0.00000", "price": "30010.0", "stopprice": "0.00000", "limitprice": "0.00000", "misc": "",
    "oflags": "fciq", "reason": None,
}  # fmt: skip
UNREADABLE = (msgspec.MsgspecError, ValueError)


def text(result: object, *errors: str) -> bytes:
    return json.dumps({"error": list(errors), "result": result}).encode()


def described(**values: Any) -> dict[str, Any]:
    return {"descr": DESCRIPTION | values}


def test_open_orders_are_read_for_one_symbol_or_all(rest: KrakenRestCodec, contract: Contract) -> None:
    other = ENTRY | described(pair="ETHXBT")
    body = text({"open": {TXID: ENTRY, "OTHER": other}})
    assert [u.order_id for u in rest.fetch_open_orders(contract).decode(body)] == [TXID]
    assert [u.symbol for u in rest.fetch_open_orders(None).decode(body)] == ["BTC/USD", "ETH/BTC"]
    assert rest.fetch_open_orders(None).endpoint == "privatePostOpenOrders"


@pytest.mark.parametrize("pair", ["XBTUSD", "XXBTZUSD", "XBT/USD", "BTC/USD", "BTCUSD"])
def test_an_orders_pair_is_known_by_each_of_its_names(rest: KrakenRestCodec, contract: Contract, pair: str) -> None:
    (update,) = rest.fetch_open_orders(contract).decode(text({"open": {TXID: ENTRY | described(pair=pair)}}))
    assert update.symbol == "BTC/USD"


def test_an_order_on_a_pair_that_is_not_listed_holds_up_the_others_once_only(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    share = ENTRY | {"cl_ord_id": None} | described(pair="TSLAxUSD")
    body = text({"open": {TXID: ENTRY, "OTHER": share}})
    assert [u.order_id for u in rest.fetch_open_orders(contract).decode(body)] == [TXID]
    with pytest.raises(UnknownSymbol):  # perhaps it is new: the listing is learned anew
        rest.fetch_open_orders(None).decode(body)
    assert [u.order_id for u in rest.fetch_open_orders(None).decode(body)] == [TXID]


def test_an_order_with_an_id_of_ours_on_an_unknown_pair_is_never_passed_over(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    body = text({"open": {TXID: ENTRY | described(pair="BITCOINDOLLAR")}})
    for _ in range(2):
        with pytest.raises(UnknownSymbol):
            rest.fetch_open_orders(contract).decode(body)


@pytest.mark.parametrize("body", [b'{"error":[]}', text({}), text({"open": None}), text({"closed": {}})])
def test_an_answer_without_the_list_is_never_an_empty_list(
    rest: KrakenRestCodec, contract: Contract, body: bytes
) -> None:
    with pytest.raises(UNREADABLE):
        rest.fetch_open_orders(contract).decode(body)
