"""Orders by REST: what goes out is what the venue documents, what comes in is what it means."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot_binance.codec.rest import BinanceRestCodec

FULL: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 28, "clientOrderId": "mine", "transactTime": 1507725176595, "price": "0.0",
    "origQty": "10.0", "executedQty": "10.0", "cummulativeQuoteQty": "39999.0", "status": "FILLED",
    "timeInForce": "GTC", "type": "MARKET", "side": "SELL",
    "fills": [{"price": "4000.0", "qty": "10.0", "commission": "4.0", "commissionAsset": "USDT", "tradeId": 56}],
}  # fmt: skip
UNREADABLE = (msgspec.MsgspecError, ValueError)


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def changed(order: Order, **values: Any) -> Order:
    return msgspec.structs.replace(order, **values)


# placing


def test_orders_go_out_in_plain_decimals_with_our_id(rest: BinanceRestCodec, order: Order, contract: Contract) -> None:
    call = rest.place_order(order, contract)
    assert (call.endpoint, call.idempotent, call.orders, call.signed) == ("privatePostOrder", False, 1, True)
    assert call.params == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": "0.00001",
        "price": "100000",
        "newClientOrderId": "mine",
        "newOrderRespType": "FULL",
        "recvWindow": "5000",
    }


def test_checking_an_order_sends_the_same_and_counts_as_none(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    call = rest.validate_order(order, contract)
    assert (call.endpoint, call.orders) == ("privatePostOrderTest", 0)
    assert call.params == rest.place_order(order, contract).params


def test_a_market_order_by_quote_carries_only_what_the_venue_takes(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    market = changed(
        order, type=OrderType.MARKET, quantity=None, price=None, time_in_force=None, quote_quantity=D("10.50")
    )
    params = rest.place_order(market, contract).params
    assert params["quoteOrderQty"] == "10.5"
    assert not {"quantity", "price", "timeInForce"} & params.keys()


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT])
def test_types_without_a_lifetime_send_none_though_the_venue_reports_gtc_for_them(
    rest: BinanceRestCodec, order: Order, contract: Contract, kind: OrderType
) -> None:
    params = rest.place_order(changed(order, type=kind, time_in_force=TimeInForce.GTC), contract).params
    assert "timeInForce" not in params


def test_a_lifetime_that_the_type_cannot_have_is_left_to_the_venue_to_refuse(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    params = rest.place_order(changed(order, type=OrderType.LIMIT_MAKER), contract).params
    assert params["timeInForce"] == "IOC"


def test_stop_iceberg_and_self_trade_terms_go_out_under_the_venues_names(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    stop = changed(
        order,
        type=OrderType.STOP_LOSS_LIMIT,
        time_in_force=TimeInForce.GTC,
        stop_price=D("99"),
        iceberg_quantity=D("0.000001"),
        stp_mode="EXPIRE_TAKER",
    )
    params = rest.place_order(stop, contract).params
    assert (params["type"], params["timeInForce"], params["stopPrice"]) == ("STOP_LOSS_LIMIT", "GTC", "99")
    assert (params["icebergQty"], params["selfTradePreventionMode"]) == ("0.000001", "EXPIRE_TAKER")


def test_a_placements_reply_becomes_the_orders_state_with_its_fills(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    update = rest.place_order(order, contract).decode(text(FULL))
    assert (update.status, update.order_id, update.filled) == (OrderStatus.FILLED, "28", D("10.0"))
    (fill,) = update.fills
    assert (fill.trade_id, fill.fee, fill.fee_asset, fill.quote_quantity) == ("56", D("4.0"), "USDT", D(40_000))
    assert (fill.client_order_id, fill.order_id, fill.side) == ("mine", "28", Side.SELL)
    assert update.ts_event == 1507725176595 * 10**6


def test_an_acknowledgement_without_a_state_is_an_open_order_but_a_query_without_one_is_in_doubt(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    ack = {"symbol": "BTCUSDT", "orderId": 28, "orderListId": -1, "clientOrderId": "mine", "transactTime": 1}
    assert rest.place_order(order, contract).decode(text(ack)).status is OrderStatus.OPEN
    assert rest.fetch_order(contract, "28", "").decode(text(ack)).status is OrderStatus.IN_DOUBT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"symbol":"BTCUSDT"}',
        b'{"symbol":"BTCUSDT","orderId":',
        b"<html>",
        text(FULL | {"origQty": "NaN"}),
    ],
)
def test_a_reply_without_an_order_id_or_with_no_amounts_is_unreadable_never_an_order(
    rest: BinanceRestCodec, order: Order, contract: Contract, body: bytes
) -> None:
    with pytest.raises(msgspec.MsgspecError):
        rest.place_order(order, contract).decode(body)


# states


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PENDING_NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELED),
        ("REJECTED", OrderStatus.REJECTED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("LEVITATING", OrderStatus.IN_DOUBT),
    ],
)
def test_every_status_word_has_a_meaning_and_an_unknown_one_is_in_doubt_and_named(
    rest: BinanceRestCodec, contract: Contract, word: str, status: OrderStatus
) -> None:
    update = rest.fetch_order(contract, "28", "").decode(text(FULL | {"status": word}))
    assert update.status is status
    reasons = {"EXPIRED_IN_MATCH": "self-trade prevention", "LEVITATING": "LEVITATING"}
    assert reasons.get(word, "") in update.reason
    assert bool(update.reason) == (word in reasons)


def test_the_venues_own_reason_for_an_expiry_is_kept(rest: BinanceRestCodec, contract: Contract) -> None:
    body = FULL | {"status": "EXPIRED", "expiryReason": "UNFILLED_IOC_QUANTITY_EXPIRED"}
    assert rest.fetch_order(contract, "28", "").decode(text(body)).reason == "UNFILLED_IOC_QUANTITY_EXPIRED"


def test_what_an_old_order_was_worth_is_unknown_where_the_venue_says_minus_one(
    rest: BinanceRestCodec, contract: Contract
) -> None:
    update = rest.fetch_order(contract, "28", "").decode(text(FULL | {"cummulativeQuoteQty": "-1.0"}))
    assert update.filled_quote is None


# cancelling


def test_a_cancel_names_the_order_by_the_venues_id_where_it_is_known(
    rest: BinanceRestCodec, contract: Contract
) -> None:
    call = rest.cancel_order(contract, "28", "mine", 0.0)
    assert (call.params["orderId"], call.lane, call.orders) == ("28", Lane.CANCEL, 0)
    assert "origClientOrderId" not in call.params
    assert rest.cancel_order(contract, "", "mine", 0.0).params["origClientOrderId"] == "mine"


def test_a_cancels_reply_names_the_order_not_the_request(rest: BinanceRestCodec, contract: Contract) -> None:
    reply = FULL | {"status": "CANCELED", "origClientOrderId": "mine", "clientOrderId": "the-cancel", "fills": []}
    update = rest.cancel_order(contract, "28", "", 0.0).decode(text(reply))
    assert (update.client_order_id, update.status) == ("mine", OrderStatus.CANCELED)


@pytest.mark.parametrize("gap", ["", " "])
def test_cancelling_all_of_nothing_is_an_empty_list(rest: BinanceRestCodec, contract: Contract, gap: str) -> None:
    call = rest.cancel_all_orders(contract)
    raw = RawResponse(400, {}, b"{" + gap.encode() + b'"code":-2011,"msg":"Unknown order sent."}')
    assert rest.classify(call, raw) is None
    assert call.decode(raw.body) == []


def test_cancelling_all_that_is_refused_is_an_error_not_an_empty_list(
    rest: BinanceRestCodec, contract: Contract
) -> None:
    call = rest.cancel_all_orders(contract)
    refusal = RawResponse(400, {}, b'{"code":-2011,"msg":"This action is disabled on this account."}')
    assert rest.classify(call, refusal) is not None
    with pytest.raises(ValueError, match="disabled"):
        call.decode(refusal.body)


def test_cancelling_all_reports_every_leg_of_an_order_list(rest: BinanceRestCodec, contract: Contract) -> None:
    single = FULL | {"status": "CANCELED", "fills": []}
    legs = [single | {"orderId": number, "origClientOrderId": f"leg{number}"} for number in (30, 31)]
    listed = {"orderListId": 1, "contingencyType": "OCO", "symbol": "BTCUSDT", "orders": [], "orderReports": legs}
    updates = rest.cancel_all_orders(contract).decode(text([single, listed]))
    assert [u.order_id for u in updates] == ["28", "30", "31"]
    assert updates[2].client_order_id == "leg31"


@pytest.mark.parametrize("body", [b'{"code":-1003,"msg":"x"}', b'{"code":-2011,"msg":"Unknown order sent."}', b"{}"])
def test_an_error_in_place_of_a_list_of_orders_is_never_an_empty_list(
    rest: BinanceRestCodec, contract: Contract, body: bytes
) -> None:
    for call in (rest.fetch_open_orders(contract), rest.fetch_orders(contract, None, None, "", 10)):
        with pytest.raises(UNREADABLE):
            call.decode(body)


# amending


def replaced(cancel: str, new: str) -> dict[str, Any]:
    done = FULL | {"fills": []}
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    return {
        "cancelResult": cancel,
        "newOrderResult": new,
        "cancelResponse": done | {"status": "CANCELED"} if cancel == "SUCCESS" else {"code": -2011, "msg": "Unknown"},
        "newOrderResponse": done | {"orderId": 29, "status": "NEW"} if new == "SUCCESS" else refusal,
    }


def amend(rest: BinanceRestCodec, order: Order, contract: Contract, **values: D) -> Call[Any]:
    return rest.amend_order(order, AmendRequest(symbol="BTC/USDT", **values), "new", contract, 0.0)


def test_an_amend_places_only_what_is_not_filled_yet(rest: BinanceRestCodec, order: Order, contract: Contract) -> None:
    partly = changed(order, quantity=D(10), filled=D(4), order_id="28")
    params = amend(rest, partly, contract, quantity=D(9)).params
    assert (params["quantity"], params["newClientOrderId"], params["cancelOrderId"]) == ("5", "new", "28")
    assert params["cancelReplaceMode"] == "STOP_ON_FAILURE"
    assert "cancelRestrictions" not in params
    assert amend(rest, partly, contract, price=D(5)).params["quantity"] == "6"


def test_an_untouched_order_is_replaced_only_if_the_venue_finds_it_untouched_too(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    params = amend(rest, order, contract, price=D(5)).params
    assert (params["cancelRestrictions"], params["cancelOrigClientOrderId"]) == ("ONLY_NEW", "mine")


def test_an_amend_reads_both_halves_of_a_cancel_replace(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    call = amend(rest, order, contract, price=D(5))
    whole = call.decode(text(replaced("SUCCESS", "SUCCESS")))
    assert (whole.old.status, whole.new.order_id) == (OrderStatus.CANCELED, "29")


@pytest.mark.parametrize("first", ["code", "data"])
def test_an_amend_whose_new_order_was_refused_tells_that_the_old_one_is_gone(
    rest: BinanceRestCodec, order: Order, contract: Contract, first: str
) -> None:
    call = amend(rest, order, contract, price=D(5))
    parts = {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": replaced("SUCCESS", "FAILURE")}
    raw = RawResponse(409, {}, text(dict(sorted(parts.items(), key=lambda part: part[0] != first))))
    assert rest.classify(call, raw) is None
    half = call.decode(raw.body)
    assert (half.old.status, half.new) == (OrderStatus.CANCELED, None)
    assert "insufficient balance" in half.reason


def test_a_new_order_beside_an_old_one_that_could_not_be_canceled_is_no_amend(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    with pytest.raises(ValueError, match="FAILURE"):
        amend(rest, order, contract, price=D(5)).decode(text({"code": -2021, "data": replaced("FAILURE", "SUCCESS")}))
