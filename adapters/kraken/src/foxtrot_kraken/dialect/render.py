"""Orders and fills in the venue's REST JSON: pure functions.

Source: https://docs.kraken.com/api/docs/rest-api/get-open-orders and get-trade-history
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.types import Execution, VenueOrder
from foxtrot_kraken.dialect.ledgers import LedgerEntry
from foxtrot_kraken.dialect.names import Pair, asset_code
from foxtrot_kraken.dialect.register import Entry
from foxtrot_kraken.dialect.words import fixed, rest_status

Json = dict[str, Any]


def seconds(time_ns: int) -> float:
    """Return a time as the venue writes it by REST."""
    return time_ns / NS_PER_S


@exactly
def average(order: VenueOrder) -> Decimal:
    """Return the average price of what was filled, 0 when nothing was."""
    return order.filled_quote / order.filled if order.filled else ZERO


@exactly
def fee_in_quote(fill: Execution) -> Decimal:
    """Return the fee of a fill in quote currency: by REST it comes without its asset."""
    return fill.fee * fill.price if fill.fee_asset == fill.symbol.partition("/")[0] else fill.fee


@exactly
def total_fee(order: VenueOrder) -> Decimal:
    """Return the fees of all fills in quote currency."""
    return sum(map(fee_in_quote, order.executions), ZERO)


def order(entry: Entry, found: VenueOrder, trades: list[str] | None = None) -> Json:
    """Render an order. Quantities of an order by quote quantity (viqc) are in the quote asset."""
    ticket, pair = entry.ticket, entry.ticket.pair
    asked, cost = ticket.asked, pair.cost_decimals
    in_quote = asked.cash is not None
    rendered: Json = {
        "refid": None,
        "userref": asked.userref,
        **({"cl_ord_id": asked.cl_ord_id} if asked.cl_ord_id else {}),
        "status": rest_status(found),
        "opentm": seconds(found.created_ns),
        "starttm": 0,
        "expiretm": found.expire_ns // NS_PER_S,
        "descr": description(entry, found),
        "vol": fixed(asked.cash if asked.cash is not None else found.quantity, 8),
        "vol_exec": fixed(found.filled_quote if in_quote else found.filled, 8),
        "cost": fixed(found.filled_quote, cost),
        "fee": fixed(total_fee(found), cost),
        "price": f"{average(found):.{max(cost, pair.decimals)}f}",
        "stopprice": fixed(found.stop_price, cost),
        "limitprice": fixed(found.price if found.triggered else ZERO, cost),
        "misc": "stopped" if found.triggered else "",
        "oflags": flags(entry),
    }
    if found.type.has_trigger:
        rendered["trigger"] = asked.reference
    if not found.status.open:
        rendered |= {"closetm": seconds(found.updated_ns), "reason": entry.reason or None}
    if entry.amended:
        rendered["amended"] = True
    if trades is not None and trades:
        rendered["trades"] = trades
    return rendered


def description(entry: Entry, found: VenueOrder) -> Json:
    """Render what an order is, with the prices that are in force."""
    ticket, decimals = entry.ticket, entry.ticket.pair.decimals
    limit = fixed(found.price, decimals) if found.type.has_price else "0"
    trigger = ticket.trigger_text() if not found.stop_price or found.trailing_offset or found.trailing_percent else ""
    trigger = trigger or (fixed(found.stop_price, decimals) if found.stop_price else "")
    return {
        "pair": ticket.pair.altname,
        "type": found.side.value,
        "ordertype": ticket.kind,
        "price": trigger or limit,
        "price2": limit if trigger else "0",
        "leverage": "none",
        "order": ticket.describe(),
        "close": "",
    }


def flags(entry: Entry) -> str:
    """Render the order flags, with the fee preference that is in force."""
    asked = set(entry.ticket.asked.flags)
    asked |= {"viqc"} if entry.ticket.asked.cash is not None else set()
    return ",".join(sorted(asked if "fcib" in asked else asked | {"fciq"}))


def trade(fill: Execution, entry: Entry, position_id: str, *, as_charged: bool = False) -> Json:
    """Render a fill of TradesHistory and QueryTrades; `as_charged` leaves the fee in its own asset."""
    pair: Pair = entry.ticket.pair
    fee = fill.fee if as_charged else fee_in_quote(fill)
    return {
        "ordertxid": entry.txid,
        "postxid": position_id,
        "pair": pair.key,
        "time": seconds(fill.time_ns),
        "type": fill.side.value,
        "ordertype": entry.ticket.kind,
        "price": fixed(fill.price, pair.cost_decimals),
        "cost": fixed(fill.quote_quantity, pair.cost_decimals),
        "fee": fixed(fee, pair.cost_decimals),
        "vol": fixed(fill.quantity, 8),
        "margin": fixed(ZERO, pair.cost_decimals),
        "leverage": "0",
        "misc": "",
        "trade_id": fill.trade_id,
        "maker": fill.is_maker,
    }


def ledger(entry: LedgerEntry) -> Json:
    """Render an entry of Ledgers."""
    return {
        "aclass": "currency",
        "asset": asset_code(entry.asset),
        "amount": fixed(entry.amount, 8),
        "fee": fixed(entry.fee, 8),
        "balance": fixed(entry.balance, 8),
        "refid": entry.ref_id,
        "time": seconds(entry.time_ns),
        "type": entry.kind,
        "subtype": "",
    }
