"""The requests about orders and their executions.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#account-endpoints
"""

from __future__ import annotations

from typing import Any

from foxtrot.model.contract import Contract
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import CancelRestriction, NewOrder, Refused, Stp, VenueOrder
from foxtrot_binance.dialect import render
from foxtrot_binance.dialect.account import commission_rates
from foxtrot_binance.dialect.desk import Desk
from foxtrot_binance.dialect.errors import WireError, bad_combination, from_refusal, missing, not_valid
from foxtrot_binance.dialect.params import Params
from foxtrot_binance.dialect.request import Operation, Request, Security

_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_TIMES = {kind.value.upper(): kind for kind in TimeInForce}
_STP = {mode.name: mode for mode in Stp}
_RESTRICTIONS = {r.name: r for r in CancelRestriction if r is not CancelRestriction.NONE}
_RESPONSES = {name: name for name in ("ACK", "RESULT", "FULL")}
_TIMED = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_MANDATORY = {
    OrderType.LIMIT: ("timeInForce", "quantity", "price"),
    OrderType.LIMIT_MAKER: ("quantity", "price"),
    OrderType.STOP_LOSS: ("quantity", "stopPrice"),
    OrderType.TAKE_PROFIT: ("quantity", "stopPrice"),
    OrderType.STOP_LOSS_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
    OrderType.TAKE_PROFIT_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
}
_TYPES = {kind.value.upper(): kind for kind in (OrderType.MARKET, *_MANDATORY)}


def place(desk: Desk, request: Request) -> Any:
    # Everything is read before the order is taken: a refusal must mean that nothing was placed.
    contract, new, response = desk.contract(request.params), _new_order(desk, request), _response(request.params)
    return _placed(desk, desk.venue.place(new), contract, response)


def test(desk: Desk, request: Request) -> Any:
    new, _ = _new_order(desk, request), _response(request.params)
    desk.venue.check(new)
    return commission_rates(desk, "ForOrder") if request.params.text("computeCommissionRates") == "true" else {}


def query(desk: Desk, request: Request) -> Any:
    contract, params = desk.contract(request.params), request.params
    number, client = params.integer("orderId"), params.text("origClientOrderId")
    if number is None and client is None:
        raise _either("orderId", "origClientOrderId")
    found = desk.venue.order(request.account, contract.symbol, order_id=number, client_order_id=client)
    return render.order(found, contract.venue_symbol)


def cancel(desk: Desk, request: Request) -> Any:
    contract, params = desk.contract(request.params), request.params
    number, client = params.integer("orderId"), params.text("origClientOrderId")
    if number is None and client is None:
        raise _either("orderId", "origClientOrderId")
    cancel_id = params.client_id("newClientOrderId") or desk.new_id()
    ended = desk.venue.cancel(
        request.account,
        contract.symbol,
        order_id=number,
        client_order_id=client,
        cancel_client_order_id=cancel_id,
        restriction=_restriction(params),
    )
    return render.canceled(ended, contract.venue_symbol, cancel_id, current=desk.profile.current)


def cancel_all(desk: Desk, request: Request) -> Any:
    contract = desk.contract(request.params)
    ended = desk.venue.cancel_all(request.account, contract.symbol)
    current = desk.profile.current
    return [render.canceled(o, contract.venue_symbol, o.client_order_id, current=current) for o in ended]


def cancel_replace(desk: Desk, request: Request) -> Any:
    contract, params = desk.contract(request.params), request.params
    mode = params.need("cancelReplaceMode")
    if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
        raise not_valid("cancelReplaceMode")
    number, client = params.integer("cancelOrderId"), params.text("cancelOrigClientOrderId")
    if number is None and client is None:
        raise _either("cancelOrigClientOrderId", "cancelOrderId")
    cancel_id = params.client_id("cancelNewClientOrderId") or desk.new_id()
    response = _response(params)
    result = desk.venue.cancel_replace(
        request.account,
        contract.symbol,
        _new_order(desk, request),
        order_id=number,
        client_order_id=client,
        stop_on_failure=mode == "STOP_ON_FAILURE",
        cancel_client_order_id=cancel_id,
        restriction=_restriction(params),
    )
    canceled, new = result.canceled, result.new
    body = {
        "cancelResult": "FAILURE" if isinstance(canceled, Refused) else "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED" if new is None else "FAILURE" if isinstance(new, Refused) else "SUCCESS",
        "cancelResponse": from_refusal(canceled, desk.profile).body()
        if isinstance(canceled, Refused)
        else render.canceled(canceled, contract.venue_symbol, cancel_id, current=desk.profile.current),
        "newOrderResponse": None
        if new is None
        else from_refusal(new, desk.profile).body()
        if isinstance(new, Refused)
        else _placed(desk, new, contract, response),
    }
    outcomes = {body["cancelResult"], body["newOrderResult"]}
    if outcomes == {"SUCCESS"}:
        return body
    if "SUCCESS" in outcomes:
        raise WireError(-2021, "Order cancel-replace partially failed.", status=409, data=body)
    raise WireError(-2022, "Order cancel-replace failed.", status=400, data=body)


def open_orders(desk: Desk, request: Request) -> Any:
    symbol = desk.contract(request.params).symbol if "symbol" in request.params else None
    return [render.order(o, desk.wire(o.symbol)) for o in desk.venue.open_orders(request.account, symbol)]


def all_orders(desk: Desk, request: Request) -> Any:
    contract, params = desk.contract(request.params), request.params
    first, start, end = params.integer("orderId"), params.integer("startTime"), params.integer("endTime")
    if desk.profile.server.order_history_hours and start is not None and end is not None:
        _check_span(start, end, desk.profile.server.order_history_hours)
    limit = params.integer("limit", 500, most=1_000) or 500
    found = [
        o
        for o in desk.venue.orders(request.account, contract.symbol)
        if (first is None or o.order_id >= first) and _within(render.ms(o.created_ns), start, end)
    ]
    oldest_first = first is not None or start is not None
    return [render.order(o, contract.venue_symbol) for o in (found[:limit] if oldest_first else found[-limit:])]


def my_trades(desk: Desk, request: Request) -> Any:
    contract, params = desk.contract(request.params), request.params
    first, number = params.integer("fromId"), params.integer("orderId")
    start, end = params.integer("startTime"), params.integer("endTime")
    if (start is not None or end is not None) and (first is not None or number is not None):
        raise bad_combination()
    limit = params.integer("limit", 500, most=1_000) or 500
    found = [
        e
        for e in desk.venue.executions(request.account, contract.symbol)
        if (first is None or e.trade_id >= first)
        and (number is None or e.order_id == number)
        and _within(render.ms(e.time_ns), start, end)
    ]
    oldest_first = first is not None or start is not None
    return [render.my_trade(e, contract.venue_symbol) for e in (found[:limit] if oldest_first else found[-limit:])]


def _new_order(desk: Desk, request: Request) -> NewOrder:
    params = request.params
    contract = desk.contract(params)
    side = params.choice("side", _SIDES, WireError(-1117, "Invalid side."))
    kind = params.choice("type", _TYPES, WireError(-1116, "Invalid orderType."))
    if side is None or kind is None:
        raise missing("side" if side is None else "type")
    lifetime = params.choice("timeInForce", _TIMES, WireError(-1115, "Invalid timeInForce."))
    _check_names(kind, params)
    return NewOrder(
        account=request.account,
        symbol=contract.symbol,
        side=side,
        type=kind,
        quantity=params.decimal("quantity"),
        quote_quantity=params.decimal("quoteOrderQty"),
        price=params.decimal("price"),
        stop_price=params.decimal("stopPrice"),
        iceberg_quantity=params.decimal("icebergQty"),
        time_in_force=lifetime or TimeInForce.GTC,
        stp=params.choice(
            "selfTradePreventionMode",
            _STP,
            WireError(-1013, "This symbol does not allow the specified self-trade prevention mode."),
        ),
        client_order_id=params.client_id("newClientOrderId") or desk.new_id(),
    )


def _check_names(kind: OrderType, params: Params) -> None:
    if "trailingDelta" in params:
        raise WireError(-2010, "Trailing stop orders are not supported for this symbol.")
    if kind is OrderType.MARKET:
        if "quantity" in params and "quoteOrderQty" in params:
            raise bad_combination()
        if "quantity" not in params and "quoteOrderQty" not in params:
            raise _either("quantity", "quoteOrderQty")
        unwanted: tuple[str, ...] = ("timeInForce", "price", "stopPrice", "icebergQty")
    else:
        for name in _MANDATORY[kind]:
            params.need(name)
        unwanted = ("quoteOrderQty",)
        unwanted += () if kind in _TIMED else ("timeInForce",)
        unwanted += () if kind.has_price else ("price", "icebergQty")
        unwanted += () if kind.has_trigger else ("stopPrice",)
    for name in unwanted:
        if name in params:
            raise WireError(-1106, f"Parameter '{name}' sent when not required.")
    if "icebergQty" in params and params.values.get("timeInForce", "GTC") != "GTC":
        raise WireError(-1106, "Parameter 'icebergQty' sent when not required.")


def _response(params: Params) -> str:
    """Return ACK, RESULT or FULL, by default as the type has it. Raises WireError."""
    by_default = "FULL" if params.need("type") in ("MARKET", "LIMIT") else "ACK"
    return params.choice("newOrderRespType", _RESPONSES, not_valid("newOrderRespType")) or by_default


def _placed(desk: Desk, new: VenueOrder, contract: Contract, response: str) -> Any:
    return render.placed(new, contract.venue_symbol, response, current=desk.profile.current)


def _restriction(params: Params) -> CancelRestriction:
    error = WireError(-1145, "Invalid cancelRestrictions")
    return params.choice("cancelRestrictions", _RESTRICTIONS, error) or CancelRestriction.NONE


def _check_span(start: int, end: int, hours: int) -> None:
    if end - start > hours * 3_600_000:
        raise WireError(-1127, f"More than {hours} hours between startTime and endTime.")


def _within(at: int, start: int | None, end: int | None) -> bool:
    return (start is None or at >= start) and (end is None or at <= end)


def _either(first: str, second: str) -> WireError:
    return WireError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


_ORDER = frozenset(
    [
        "symbol",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "quoteOrderQty",
        "price",
        "newClientOrderId",
        "stopPrice",
        "trailingDelta",
        "icebergQty",
        "newOrderRespType",
        "selfTradePreventionMode",
        "strategyId",
        "strategyType",
    ]
)
_WHICH = frozenset({"symbol", "orderId", "origClientOrderId"})
_PAGE = frozenset({"symbol", "orderId", "startTime", "endTime", "limit"})


def _signed(
    method: str, path: str, ws: str, handler: Any, names: frozenset[str], us: Any = 1, com: Any = 1, orders: int = 0
) -> Operation:
    """Describe a signed operation; those that change orders are free in the com table when they succeed."""
    return Operation(
        method=method,
        path=path,
        ws=ws,
        security=Security.SIGNED,
        handler=handler,
        names=names,
        us=us,
        com=com,
        orders=orders,
        refunded=method != "GET" and handler is not test,
    )


OPERATIONS = (
    _signed("POST", "/api/v3/order", "order.place", place, _ORDER, orders=1),
    _signed(
        "POST",
        "/api/v3/order/test",
        "order.test",
        test,
        _ORDER | {"computeCommissionRates"},
        com=lambda p: 20 if p.values.get("computeCommissionRates") == "true" else 1,
    ),
    _signed("GET", "/api/v3/order", "order.status", query, _WHICH, 2, 4),
    _signed("DELETE", "/api/v3/order", "order.cancel", cancel, _WHICH | {"newClientOrderId", "cancelRestrictions"}),
    _signed("DELETE", "/api/v3/openOrders", "openOrders.cancelAll", cancel_all, frozenset({"symbol"})),
    _signed(
        "POST",
        "/api/v3/order/cancelReplace",
        "order.cancelReplace",
        cancel_replace,
        _ORDER
        | {
            "cancelReplaceMode",
            "cancelOrderId",
            "cancelOrigClientOrderId",
            "cancelNewClientOrderId",
            "cancelRestrictions",
            "orderRateLimitExceededMode",
        },
        orders=1,
    ),
    _signed(
        "GET",
        "/api/v3/openOrders",
        "openOrders.status",
        open_orders,
        frozenset({"symbol"}),
        lambda p: 3 if "symbol" in p else 40,
        lambda p: 6 if "symbol" in p else 80,
    ),
    _signed("GET", "/api/v3/allOrders", "allOrders", all_orders, _PAGE, 10, 20),
    _signed(
        "GET",
        "/api/v3/myTrades",
        "myTrades",
        my_trades,
        _PAGE | {"fromId"},
        10,
        lambda p: 5 if "orderId" in p else 20,
    ),
)
