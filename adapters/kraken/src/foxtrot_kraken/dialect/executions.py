"""The executions channel: open orders, then everything that happens to orders.

Source: https://docs.kraken.com/api/docs/websocket-v2/executions
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.types import Execution, OrderReport, ReportKind, VenueOrder, VenueStatus
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.names import LOT_DECIMALS
from foxtrot_kraken.dialect.numbers import number, rounded, stamp
from foxtrot_kraken.dialect.register import Entry
from foxtrot_kraken.dialect.render import average, total_fee
from foxtrot_kraken.dialect.words import is_expired

Json = dict[str, Any]
_SNAPSHOT_TRADES = 50


class Executions:
    """Turn reports about orders into messages: an order in full first, then only what changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def snapshot(self, account: str, *, orders: bool, trades: bool) -> list[Json]:
        """Return the open orders in full, and the last fills."""
        shown = self._desk.open_orders(account) if orders else []
        rows = [self._full(e, o, "new", _open_status(o)) | self._sums(e, o) for e, o in shown]
        if trades:
            every = [e for s in self._desk.venue.contracts for e in self._desk.venue.executions(account, s)]
            last = sorted(every, key=lambda e: (e.time_ns, e.trade_id))[-_SNAPSHOT_TRADES:]
            rows += [self._fill(self._desk.register.of(e.order_id), e) | {"order_status": "filled"} for e in last]
        return rows

    def of(self, report: OrderReport) -> Iterator[Json]:
        """Yield the messages of one report."""
        order, entry = report.order, self._desk.register.of(report.order.order_id)
        match report.kind:
            case ReportKind.NEW:
                yield self._full(entry, order, "pending_new", "pending_new")
                yield self._part(entry, order, "new", "new")
            case ReportKind.TRADE if report.execution is not None:
                yield from self._traded(entry, order, report.execution)
            case ReportKind.TRIGGERED:
                yield self._part(entry, order, "status", "triggered") | {"triggers": _triggers(entry, order)}
            case ReportKind.AMENDED:
                yield self._amended(entry, order, "amended", "User requested")
            case ReportKind.RESTATED:
                yield self._amended(entry, order, "restated", "Trailing stop moved")
            case _ if not order.status.open:
                yield self._ended(entry, order)

    def _traded(self, entry: Entry, order: VenueOrder, fill: Execution) -> Iterator[Json]:
        filled = order.status is VenueStatus.FILLED
        said = self._desk.options.last_fill_status if filled else "partially_filled"
        yield self._fill(entry, fill) | {"order_status": said} | self._sums(entry, order)
        if filled:
            yield self._part(entry, order, "filled", "filled") | self._sums(entry, order)
        elif fill.is_maker and self._is_refilled(order):
            refilled = self._part(entry, order, "iceberg_refill", "partially_filled")
            yield refilled | {"display_qty": number(order.iceberg_quantity, LOT_DECIMALS)}

    def _is_refilled(self, order: VenueOrder) -> bool:
        if not order.iceberg_quantity:
            return False
        book = self._desk.venue.market(order.symbol).book.side(order.side)
        resting = book.resting(order)
        return resting is not None and resting.visible == resting.next_slice()

    def _ended(self, entry: Entry, order: VenueOrder) -> Json:
        if order.status is VenueStatus.FILLED:
            return self._part(entry, order, "filled", "filled") | self._sums(entry, order)
        word = "expired" if is_expired(order) else "canceled"
        reason = {"cancel_reason": entry.reason, "reason": entry.reason}
        return self._part(entry, order, word, word) | self._sums(entry, order) | reason

    def _amended(self, entry: Entry, order: VenueOrder, kind: str, reason: str) -> Json:
        row = self._part(entry, order, kind, _open_status(order)) | {"reason": reason, "amended": entry.amended}
        row["cum_qty"] = number(order.filled, LOT_DECIMALS)
        row["order_qty"] = number(order.quantity, LOT_DECIMALS)
        if order.type.has_price:
            row |= {"limit_price": self._price(entry, order.price), "limit_price_type": "static"}
        if order.type.has_trigger:
            row["triggers"] = _triggers(entry, order)
        if order.iceberg_quantity:
            row["display_qty"] = number(order.iceberg_quantity, LOT_DECIMALS)
        return row

    def _part(self, entry: Entry, order: VenueOrder, kind: str, status: str) -> Json:
        asked = entry.ticket.asked
        row = {
            "timestamp": stamp(order.updated_ns),
            "exec_type": kind,
            "order_status": status,
            "order_userref": asked.userref,
            "order_id": entry.txid,
        }
        return row | ({"cl_ord_id": asked.cl_ord_id} if asked.cl_ord_id else {})

    def _full(self, entry: Entry, order: VenueOrder, kind: str, status: str) -> Json:
        asked, pair = entry.ticket.asked, entry.ticket.pair
        row = self._part(entry, order, kind, status) | {
            "timestamp": stamp(order.created_ns),
            "symbol": pair.symbol,
            "side": order.side.value,
            "order_type": entry.ticket.kind,
            "time_in_force": asked.lifetime.upper(),
            "post_only": "post" in asked.flags,
            "reduce_only": False,
            "fee_ccy_pref": "fcib" if "fcib" in asked.flags else "fciq",
            "cum_qty": number(ZERO, LOT_DECIMALS),
            "cum_cost": number(ZERO, pair.cost_decimals),
        }
        if asked.cash is None:
            row["order_qty"] = number(order.quantity, LOT_DECIMALS)
        else:
            row["cash_order_qty"] = number(asked.cash, pair.cost_decimals)
        if order.type.has_price:
            row |= {"limit_price": self._price(entry, order.price), "limit_price_type": "static"}
        if order.iceberg_quantity:
            row["display_qty"] = number(order.iceberg_quantity, LOT_DECIMALS)
        if order.type.has_trigger:
            row |= {"triggers": _triggers(entry, order), "stop_price": self._price(entry, order.stop_price)}
        if order.expire_ns:
            row["expire_time"] = stamp(order.expire_ns)
        return row

    def _fill(self, entry: Entry, fill: Execution) -> Json:
        pair, asked = entry.ticket.pair, entry.ticket.asked
        row = {
            "order_id": entry.txid,
            "order_userref": asked.userref,
            "exec_id": self._desk.register.trade_id(fill),
            "exec_type": "trade",
            "trade_id": fill.trade_id,
            "symbol": pair.symbol,
            "side": fill.side.value,
            "last_qty": number(fill.quantity, LOT_DECIMALS),
            "last_price": number(fill.price, pair.decimals),
            "liquidity_ind": "m" if fill.is_maker else "t",
            "cost": number(fill.quote_quantity, pair.cost_decimals),
            "order_type": entry.ticket.kind,
            "timestamp": stamp(fill.time_ns),
            "fees": [{"asset": fill.fee_asset, "qty": number(fill.fee, pair.cost_decimals)}],
        }
        return row | ({"cl_ord_id": asked.cl_ord_id} if asked.cl_ord_id else {})

    def _sums(self, entry: Entry, order: VenueOrder) -> Json:
        pair = entry.ticket.pair
        return {
            "cum_qty": number(order.filled, LOT_DECIMALS),
            "cum_cost": number(order.filled_quote, pair.cost_decimals),
            "avg_price": rounded(average(order), pair.cost_decimals),
            "fee_usd_equiv": number(total_fee(order), pair.cost_decimals),
        }

    def _price(self, entry: Entry, price: Any) -> Any:
        return number(price, entry.ticket.pair.decimals)


def _open_status(order: VenueOrder) -> str:
    if order.filled:
        return "partially_filled"
    return "triggered" if order.triggered else "new"


def _triggers(entry: Entry, order: VenueOrder) -> Json:
    pair = entry.ticket.pair
    triggers: Json = {
        "reference": entry.ticket.asked.reference,
        "price": number(order.stop_price, pair.decimals),
        "price_type": "static",
        "status": "triggered" if order.triggered else "untriggered",
    }
    if order.trailing_percent:
        triggers |= {"price": number(order.trailing_percent, 4), "price_type": "pct"}
    elif order.trailing_offset:
        triggers |= {"price": number(order.trailing_offset, pair.decimals), "price_type": "quote"}
    if order.trailing_percent or order.trailing_offset:
        triggers["actual_price"] = number(order.stop_price, pair.decimals)
        triggers["peak_price"] = number(order.peak_price, pair.decimals)
    return triggers
