"""The requests about orders, fills and ledger entries that are there already.

Source: https://docs.kraken.com/api/docs/rest-api/get-closed-orders and the pages beside it
"""

from __future__ import annotations

from typing import Any, TypeVar

from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.types import Execution, VenueOrder
from foxtrot_kraken.dialect import render
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError, invalid
from foxtrot_kraken.dialect.params import Params
from foxtrot_kraken.dialect.register import Entry
from foxtrot_kraken.dialect.request import Request, private

_PAGE, _MOST_IDS = 50, 50
Found = tuple[Entry, VenueOrder]
T = TypeVar("T")


def open_orders(desk: Desk, request: Request) -> Any:
    params = request.params
    found = [pair for pair in desk.open_orders(request.account) if _named(params, pair[0])]
    return {"open": {e.txid: _order(desk, params, e, o) for e, o in reversed(found)}}


def closed_orders(desk: Desk, request: Request) -> Any:
    params = request.params
    by = params.choice("closetime", {"open": "open", "close": "close", "both": "both"}) or "both"

    def within(order: VenueOrder) -> bool:
        times = {"open": [order.created_ns], "close": [order.updated_ns]}.get(by, [order.created_ns, order.updated_ns])
        return any(_within(desk, params, at) for at in times)

    mine = [(e, o) for e, o in desk.orders(request.account) if not o.status.open and _named(params, e) and within(o)]
    mine.sort(key=lambda found: found[1].updated_ns, reverse=True)
    shown = {e.txid: _order(desk, params, e, o) for e, o in _page(params, mine)}
    return {"closed": shown, "count": len(mine)}


def query_orders(desk: Desk, request: Request) -> Any:
    params = request.params
    found: list[Found] = []
    for txid in _ids(params, "txid"):
        entry = desk.register.find(txid)
        order = desk.order(entry) if entry is not None and entry.account == request.account else None
        if entry is not None and order is not None:
            found.append((entry, order))
        elif desk.options.unknown_in_query == "refuse":
            raise WireError("EOrder:Unknown order")
    return {e.txid: _order(desk, params, e, o) for e, o in found if _named(params, e)}


def trades_history(desk: Desk, request: Request) -> Any:
    params = request.params
    params.choice("type", dict.fromkeys(("all", "any position", "closed position", "closing position", "no position")))
    mine = [e for s in desk.venue.contracts for e in desk.venue.executions(request.account, s)]
    mine = [e for e in mine if _within(desk, params, e.time_ns)]
    mine.sort(key=lambda e: (e.time_ns, e.trade_id), reverse=True)
    return {"trades": dict(_trade(desk, e) for e in _page(params, mine)), "count": len(mine)}


def query_trades(desk: Desk, request: Request) -> Any:
    found = [desk.register.trade(txid) for txid in _ids(request.params, "txid")]
    known = [e for e in found if e is not None and e.account == request.account]
    if len(known) < len(found):
        raise WireError("EOrder:Invalid order")
    return dict(_trade(desk, e) for e in known)


def ledgers(desk: Desk, request: Request) -> Any:
    params = request.params
    asked = params.text("asset")
    assets = None if asked in (None, "all") else {desk.pairs.asset(name) for name in (asked or "").split(",")}
    if assets is not None and None in assets:
        raise WireError("EQuery:Unknown asset")
    kind = params.text("type") or "all"
    mine = [
        e
        for e in reversed(desk.ledgers.entries(request.account))
        if (assets is None or e.asset in assets) and kind in ("all", e.kind) and _within(desk, params, e.time_ns)
    ]
    return {"ledger": {e.ledger_id: render.ledger(e) for e in _page(params, mine)}, "count": len(mine)}


def _order(desk: Desk, params: Params, entry: Entry, order: VenueOrder) -> Any:
    trades = [desk.register.trade_id(e) for e in order.executions] if params.flag("trades") else None
    return render.order(entry, order, trades)


def _trade(desk: Desk, fill: Execution) -> tuple[str, Any]:
    entry = desk.register.of(fill.order_id)
    position, as_charged = desk.ids.make("T", "position", entry.order_id), desk.options.history_fees == "charged"
    return desk.register.trade_id(fill), render.trade(fill, entry, position, as_charged=as_charged)


def _named(params: Params, entry: Entry) -> bool:
    """Tell whether an order has the userref or client id that was asked for."""
    asked = entry.ticket.asked
    client_id = params.text("cl_ord_id")
    userref = params.integer("userref", 0, -(2**31), 2**31 - 1)
    return client_id in (None, asked.cl_ord_id) and ("userref" not in params or userref == asked.userref)


def _page(params: Params, found: list[T]) -> list[T]:
    offset = params.integer("ofs", 0)
    return found[offset : offset + _PAGE]


def _ids(params: Params, name: str) -> list[str]:
    ids = params.need(name).split(",")
    if len(ids) > _MOST_IDS:
        raise invalid(name)
    return ids


def _within(desk: Desk, params: Params, at_ns: int) -> bool:
    """Tell whether a time lies after `start` and not after `end`: unix times, or ids of what happened then."""
    start, end = _bound(desk, params, "start"), _bound(desk, params, "end")
    return (start is None or at_ns > start) and (end is None or at_ns <= end)


def _bound(desk: Desk, params: Params, name: str) -> int | None:
    value = params.text(name)
    if value is None:
        return None
    entry, fill = desk.register.find(value), desk.register.trade(value)
    if entry is not None:
        return entry.created_ns
    if fill is not None:
        return fill.time_ns
    number = params.decimal(name)
    return None if number is None else int(number * NS_PER_S)


OPERATIONS = (
    private("OpenOrders", open_orders),
    private("ClosedOrders", closed_orders, cost=2),
    private("QueryOrders", query_orders),
    private("TradesHistory", trades_history, cost=2),
    private("QueryTrades", query_trades, cost=2),
    private("Ledgers", ledgers, cost=2),
)
