"""Orders by REST: what goes out is what the venue documents, what comes in is what it means."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.errors import CancelRejected, OrderNotFound
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.messages import OrderUpdate
from foxtrot_kraken.codec.rest import KrakenRestCodec

TXID = "OQCLML-BW3P3-BUCMWZ"
NOW_NS = 1_800_000_000_000 * 1_000_000
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


def changed(order: Order, **values: Any) -> Order:
    return msgspec.structs.replace(order, **values)


# placing


def test_orders_go_out_in_plain_decimals_with_our_id(rest: KrakenRestCodec, order: Order, contract: Contract) -> None:
    call = rest.place_order(order, contract)
    assert (call.endpoint, call.idempotent, call.orders, call.signed) == ("privatePostAddOrder", False, 1, True)
    assert call.params == {
        "pair": "XXBTZUSD",
        "type": "buy",
        "ordertype": "limit",
        "volume": "0.00005",
        "price": "100000",
        "oflags": "fciq",
        "cl_ord_id": "mine",
    }


@pytest.mark.parametrize(
    ("values", "sent", "missing"),
    [
        ({"type": OrderType.LIMIT_MAKER, "time_in_force": None}, {"ordertype": "limit", "oflags": "fciq,post"}, ()),
        ({"time_in_force": TimeInForce.IOC}, {"timeinforce": "IOC"}, ()),
        ({"time_in_force": TimeInForce.FOK}, {"timeinforce": "FOK"}, ()),
        ({"time_in_force": TimeInForce.GTC}, {}, ("timeinforce",)),
        ({"side": Side.SELL}, {"type": "sell"}, ()),
        (
            {"iceberg_quantity": D("0.00001")},
            {"ordertype": "iceberg", "displayvol": "0.00001", "volume": "0.00005"},
            (),
        ),
        ({"stp_mode": "CANCEL-OLDEST"}, {"stptype": "cancel-oldest"}, ()),
        (
            {"type": OrderType.MARKET, "price": None, "quantity": None, "quote_quantity": D("10.50")},
            {"ordertype": "market", "volume": "10.5", "oflags": "fciq,viqc"},
            ("price",),
        ),
        (
            {"type": OrderType.STOP_LOSS, "price": None, "stop_price": D("9E+4")},
            {"ordertype": "stop-loss", "price": "90000"},
            ("price2",),
        ),
        (
            {"type": OrderType.STOP_LOSS_LIMIT, "stop_price": D(90_000)},
            {"ordertype": "stop-loss-limit", "price": "90000", "price2": "100000"},
            (),
        ),
        (
            {"type": OrderType.TAKE_PROFIT_LIMIT, "stop_price": D(110_000)},
            {"ordertype": "take-profit-limit", "price": "110000", "price2": "100000"},
            (),
        ),
        (
            {"type": OrderType.TRAILING_STOP, "price": None, "trailing_offset": D("5E+2")},
            {"ordertype": "trailing-stop", "price": "+500"},
            ("price2",),
        ),
    ],
)
def test_each_kind_of_order_goes_out_under_the_venues_names(
    rest: KrakenRestCodec,
    order: Order,
    contract: Contract,
    values: dict[str, Any],
    sent: dict[str, str],
    missing: tuple[str, ...],
) -> None:
    params = rest.place_order(changed(order, **values), contract).params
    assert params | sent == params
    assert not set(missing) & params.keys()


def test_checking_an_order_sends_the_same_and_counts_as_none(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    call = rest.validate_order(order, contract)
    assert (call.endpoint, call.orders) == ("privatePostAddOrder", 0)
    assert call.params == {**rest.place_order(order, contract).params, "validate": "true"}
    call.decode(text({"descr": {"order": "buy 1.25 XBTUSD @ limit 37500.0"}}))


@pytest.mark.parametrize(
    "result",
    [
        {"descr": {"order": "buy 1.25 XBTUSD @ limit 37500.0"}, "txid": [TXID]},
        {"order_id": TXID, "cl_ord_id": "mine"},
    ],
)
def test_an_acknowledgement_says_that_the_order_is_there_and_no_more(
    rest: KrakenRestCodec, order: Order, contract: Contract, result: object
) -> None:
    update = rest.place_order(order, contract).decode(text(result, "WGeneral:Deprecated"))
    assert update == OrderUpdate(
        symbol="BTC/USD",
        client_order_id="mine",
        order_id=TXID,
        status=OrderStatus.OPEN,
        side=Side.BUY,
        type=OrderType.LIMIT,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"error":[]}',
        b'{"error":[],"result":null}',
        b"<html>",
        b'{"error":[],"result":{"txid":',
        text({}),
        text({"txid": []}),
        text({"descr": {"order": "buy"}}),
        text([]),
        text({"txid": None}),
    ],
)
def test_a_reply_without_an_order_id_is_unreadable_never_an_order(
    rest: KrakenRestCodec, order: Order, contract: Contract, body: bytes
) -> None:
    with pytest.raises(UNREADABLE):
        rest.place_order(order, contract).decode(body)


# states


def asked(rest: KrakenRestCodec, contract: Contract, **values: Any) -> OrderUpdate:
    call = rest.fetch_order(contract, TXID, "")
    assert call is not None
    return call.decode(text({TXID: ENTRY | values}))


def described(**values: Any) -> dict[str, Any]:
    return {"descr": DESCRIPTION | values}


def test_an_entry_becomes_the_order_that_it_is(rest: KrakenRestCodec, contract: Contract) -> None:
    assert asked(rest, contract) == OrderUpdate(
        symbol="BTC/USD",
        client_order_id="mine",
        order_id=TXID,
        status=OrderStatus.PARTIALLY_FILLED,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D("1.25"),
        price=D(30_010),
        filled=D("0.375"),
        filled_quote=D("11253.7"),
        ts_created=1_688_666_559_897_400_000,
        ts_event=NOW_NS,
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", OrderStatus.OPEN),
        ("open", OrderStatus.OPEN),
        ("closed", OrderStatus.FILLED),
        ("canceled", OrderStatus.CANCELED),
        ("expired", OrderStatus.EXPIRED),
        ("levitating", OrderStatus.IN_DOUBT),
    ],
)
def test_every_status_word_has_a_meaning_and_an_unknown_one_is_in_doubt_and_named(
    rest: KrakenRestCodec, contract: Contract, word: str, status: OrderStatus
) -> None:
    update = asked(rest, contract, status=word, vol_exec="0")
    assert update.status is status
    assert ("levitating" in update.reason) == (status is OrderStatus.IN_DOUBT)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cl_ord_id": None, "reason": None, "displayvol": None, "stptype": None}, {"client_order_id": ""}),
        ({"oflags": None, "timeinforce": None, "stopprice": None}, {"type": OrderType.LIMIT}),
        ({"oflags": "fciq,post"}, {"type": OrderType.LIMIT_MAKER}),
        ({"oflags": ""}, {"type": OrderType.LIMIT}),
        ({"timeinforce": "IOC"}, {"time_in_force": TimeInForce.IOC}),
        ({"timeinforce": "GTD"}, {"time_in_force": None}),
        ({"stptype": "cancel-both"}, {"stp_mode": "CANCEL-BOTH"}),
        (
            {"displayvol": "0.1"} | described(ordertype="iceberg"),
            {"type": OrderType.LIMIT, "iceberg_quantity": D("0.1")},
        ),
        (described(ordertype="market", price="0"), {"type": OrderType.MARKET, "price": None}),
        (
            described(ordertype="stop-loss-limit", price="27500.0", price2="27000.0"),
            {"type": OrderType.STOP_LOSS_LIMIT, "stop_price": D(27_500), "price": D(27_000)},
        ),
        (
            described(ordertype="take-profit", price="27500.0"),
            {"type": OrderType.TAKE_PROFIT, "stop_price": D(27_500), "price": None},
        ),
        (
            {"stopprice": "29510.0"} | described(ordertype="trailing-stop", price="+500.0"),
            {"type": OrderType.TRAILING_STOP, "stop_price": D(29_510), "price": None},
        ),
        # placed elsewhere: relative prices are none, an unknown type is not guessed, leverage changes nothing
        (described(ordertype="stop-loss", price="-2.5%"), {"stop_price": None}),
        (described(price="#5"), {"price": None}),
        (described(ordertype="stop-loss-profit"), {"type": None}),
        (described(leverage="2:1"), {"type": OrderType.LIMIT, "side": Side.BUY}),
        ({"status": "canceled", "reason": "User requested"}, {"reason": "User requested", "filled": D("0.375")}),
    ],
)
def test_what_an_entry_may_say_or_leave_out_is_read(
    rest: KrakenRestCodec, contract: Contract, values: dict[str, Any], said: dict[str, Any]
) -> None:
    update = asked(rest, contract, **values)
    assert {name: getattr(update, name) for name in said} == said


def test_an_order_by_quote_quantity_counts_both_in_quote(rest: KrakenRestCodec, contract: Contract) -> None:
    update = asked(rest, contract, oflags="fciq,viqc", vol="50.0", vol_exec="49.9", cost="49.9")
    assert (update.quantity, update.quote_quantity) == (None, D(50))
    assert (update.filled, update.filled_quote) == (None, D("49.9"))


def test_an_order_that_the_venue_does_not_have_is_not_found_and_without_its_id_cannot_be_asked_for(
    rest: KrakenRestCodec, contract: Contract
) -> None:
    call = rest.fetch_order(contract, TXID, "")
    assert call is not None
    assert call.params == {"txid": TXID}
    with pytest.raises(OrderNotFound):
        call.decode(text({}))
    assert rest.fetch_order(contract, "", "mine") is None


@pytest.mark.parametrize("values", [{"vol": "NaN"}, {"vol_exec": None}, {"status": None}, {"descr": None}])
def test_an_entry_without_amounts_or_state_is_unreadable(
    rest: KrakenRestCodec, contract: Contract, values: dict[str, Any]
) -> None:
    with pytest.raises(UNREADABLE):
        asked(rest, contract, **values)


# cancelling


def test_a_cancel_names_the_order_by_the_venues_id_where_it_is_known(rest: KrakenRestCodec, contract: Contract) -> None:
    call = rest.cancel_order(contract, TXID, "mine", 0.0)
    assert (call.endpoint, call.params, call.lane) == ("privatePostCancelOrder", {"txid": TXID}, Lane.CANCEL)
    assert (call.orders, call.idempotent) == (0, False)
    assert rest.cancel_order(contract, "", "mine", 0.0).params == {"cl_ord_id": "mine"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"count": 1}, OrderStatus.CANCELED),
        ({"count": 1, "pending": False}, OrderStatus.CANCELED),
        ({"count": 1, "pending": True}, OrderStatus.PENDING_CANCEL),
        ({"count": 0, "pending": True}, OrderStatus.PENDING_CANCEL),
        ({"order_id": TXID}, OrderStatus.CANCELED),
        ({"cl_ord_id": "mine"}, OrderStatus.CANCELED),
    ],
)
def test_only_what_the_venue_says_is_canceled_is(
    rest: KrakenRestCodec, contract: Contract, answer: dict[str, Any], status: OrderStatus
) -> None:
    update = rest.cancel_order(contract, TXID, "mine", 0.0).decode(text(answer))
    assert (update.status, update.order_id, update.client_order_id) == (status, TXID, "mine")
    assert update.filled is None


@pytest.mark.parametrize("answer", [{"count": 0}, {"count": 0, "pending": False}, {}])
def test_a_cancel_that_canceled_nothing_is_refused(
    rest: KrakenRestCodec, contract: Contract, answer: dict[str, Any]
) -> None:
    with pytest.raises(CancelRejected):
        rest.cancel_order(contract, TXID, "mine", 0.0).decode(text(answer))


@pytest.mark.parametrize("body", [b'{"error":[]}', b'{"error":["WGeneral:Slow"]}', text(None), text(1), b"<html>"])
def test_a_cancels_answer_without_a_result_proves_nothing(
    rest: KrakenRestCodec, contract: Contract, body: bytes
) -> None:
    with pytest.raises(UNREADABLE):
        rest.cancel_order(contract, TXID, "mine", 0.0).decode(body)


@pytest.mark.parametrize(("seconds", "sent"), [(60.0, "60"), (0.2, "1"), (59.01, "60"), (0.0, "0")])
def test_the_dead_mans_switch_never_fires_earlier_than_asked(rest: KrakenRestCodec, seconds: float, sent: str) -> None:
    call = rest.cancel_after(seconds)
    assert (call.endpoint, call.params, call.lane) == (
        "privatePostCancelAllOrdersAfter",
        {"timeout": sent},
        Lane.CANCEL,
    )
    call.decode(text({"currentTime": "2026-01-01T00:00:00Z", "triggerTime": "0"}))
    with pytest.raises(UNREADABLE):
        call.decode(b'{"error":[]}')


# amending


def amend(rest: KrakenRestCodec, order: Order, contract: Contract, **values: D) -> Call[Any]:
    return rest.amend_order(order, AmendRequest(symbol="BTC/USD", **values), "mine", contract, 0.0)


def test_an_amend_sends_the_whole_quantity_filled_part_included(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    partly = changed(order, quantity=D(10), filled=D(4), order_id=TXID)
    call = amend(rest, partly, contract, quantity=D(9))
    assert (call.endpoint, call.params) == ("privatePostAmendOrder", {"txid": TXID, "order_qty": "9"})
    assert amend(rest, order, contract, price=D("5E+4")).params == {"cl_ord_id": "mine", "limit_price": "50000"}
    maker = changed(order, type=OrderType.LIMIT_MAKER)
    assert amend(rest, maker, contract, price=D(5)).params["post_only"] == "true"


def test_an_accepted_amend_is_the_same_order_under_newer_terms(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    known = changed(order, order_id=TXID, ts_updated=70, ts_terms=(60, 80, 0))
    result = amend(rest, known, contract, price=D(5)).decode(text({"amend_id": "1M2JV8-OEJZD-G5GSBF"}))
    assert result.old is None
    assert (result.new.order_id, result.new.price, result.new.quantity, result.new.ts_event) == (TXID, D(5), None, 81)
    with pytest.raises(UNREADABLE):
        amend(rest, known, contract, price=D(5)).decode(text({}))
