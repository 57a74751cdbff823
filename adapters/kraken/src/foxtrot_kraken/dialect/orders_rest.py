"""The REST requests that place, change and cancel orders.

Source: https://docs.kraken.com/api/docs/rest-api/add-order and the pages beside it
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.times import NS_PER_S
from foxtrot_kraken.dialect.asked import Asked, Ticket, as_word, check_deadline
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError, invalid
from foxtrot_kraken.dialect.params import Params
from foxtrot_kraken.dialect.register import Entry
from foxtrot_kraken.dialect.request import Operation, Request, private
from foxtrot_kraken.dialect.switch import LONGEST_S, DeadManSwitch
from foxtrot_kraken.dialect.trader import BATCH, Trader, amendment, changed, limited
from foxtrot_kraken.dialect.words import KINDS, STP, fixed

_MOST_CANCELS = 50
_INT32 = (-(2**31), 2**31 - 1)
_SPOT = frozenset({"none", "0", "1", "1:1"})


class RestTrading:
    """Answer the trading requests of REST."""

    def __init__(self, trader: Trader, switch: DeadManSwitch) -> None:
        self._trader = trader
        self._switch = switch

    def operations(self) -> tuple[Operation, ...]:
        """Return the requests; none of them adds to the counter of calls, which trading has its own of."""
        handlers = {
            "AddOrder": self.add,
            "AddOrderBatch": self.add_batch,
            "AmendOrder": self.amend,
            "EditOrder": self.edit,
            "CancelOrder": self.cancel,
            "CancelOrderBatch": self.cancel_batch,
            "CancelAll": self.cancel_all,
            "CancelAllOrdersAfter": self.cancel_all_after,
        }
        return tuple(private(name, handler, cost=0) for name, handler in handlers.items())

    def add(self, desk: Desk, request: Request) -> Any:
        params = request.params
        check_deadline(_deadline(params), desk.now_ns())
        ticket = self._trader.ticket(read_order(params, desk.now_ns()), desk.pair(params), request.account)
        reply = {"descr": {"order": ticket.describe()}}
        if params.flag("validate"):
            self._trader.check(ticket)
            return reply
        return reply | {"txid": [self._trader.place(ticket).txid]}

    def add_batch(self, desk: Desk, request: Request) -> Any:
        params = request.params
        check_deadline(_deadline(params), desk.now_ns())
        pair = desk.pair(params)
        orders = [Params(item) for item in params.list("orders", _object, *BATCH)]
        tickets = [self._trader.ticket(read_order(o, desk.now_ns()), pair, request.account) for o in orders]
        if params.flag("validate"):
            for ticket in tickets:
                self._trader.check(ticket)
            return {"orders": [{"descr": {"order": ticket.describe()}} for ticket in tickets]}
        done = self._trader.place_batch(tickets)
        return {"orders": [_placed(ticket, result) for ticket, result in zip(tickets, done, strict=True)]}

    def amend(self, desk: Desk, request: Request) -> Any:
        params = request.params
        check_deadline(_deadline(params), desk.now_ns())
        entry = limited(self._find(params, request.account))
        change = amendment(
            params.decimal("order_qty"),
            params.decimal("limit_price"),
            params.decimal("trigger_price"),
            params.decimal("display_qty"),
            post=params.flag("post_only"),
        )
        return {"amend_id": self._trader.amend(entry, change)}

    def edit(self, desk: Desk, request: Request) -> Any:
        params = request.params
        check_deadline(_deadline(params), desk.now_ns())
        pair = desk.pair(params)
        found = self._find(params, request.account)
        if not found or found[0].ticket.pair is not pair:
            raise WireError(desk.options.edit_unknown)
        asked = _edited(params, found[0].ticket)
        if params.flag("validate"):
            ticket = self._trader.ticket(asked, pair, request.account)
            self._trader.check(ticket)
            return {"descr": {"order": ticket.describe()}}
        entry = self._trader.edit(found[0], asked)
        return _edit_reply(entry, found[0])

    def cancel(self, desk: Desk, request: Request) -> Any:
        found = self._find(request.params, request.account)
        if not found:
            raise WireError("EOrder:Unknown order")
        for entry in found:
            self._trader.cancel(entry)
        return {"count": len(found), "pending": False}

    def cancel_batch(self, desk: Desk, request: Request) -> Any:
        params = request.params
        names = [name for name in ("orders", "cl_ord_ids") if params.values.get(name) is not None]
        if not names:
            raise invalid("orders")
        found: list[Entry] = []
        for name in names:
            find = self._named if name == "orders" else self._by_client
            found += [e for one in params.list(name, _id_text, 1, _MOST_CANCELS) for e in find(request.account, one)]
        return {"count": self._trader.cancel_each(found)}

    def cancel_all(self, desk: Desk, request: Request) -> Any:
        return {"count": self._trader.cancel_all(request.account)}

    def cancel_all_after(self, desk: Desk, request: Request) -> Any:
        request.params.need("timeout")
        return self._switch.set(request.account, request.params.integer("timeout", 0, 0, LONGEST_S))

    def _find(self, params: Params, account: str) -> list[Entry]:
        txid = params.text("txid")
        if txid is not None:
            return self._named(account, txid)
        client_id = params.text("cl_ord_id")
        if client_id is None:
            raise invalid("txid")
        return self._by_client(account, client_id)

    def _named(self, account: str, name: str) -> list[Entry]:
        """Return the orders of an id, or of a userref, which is a whole number."""
        if name.removeprefix("-").isdecimal() and len(name) <= 11:
            return self._trader.find(account, userref=int(name))
        return self._trader.find(account, txid=name)

    def _by_client(self, account: str, client_id: str) -> list[Entry]:
        return self._trader.find(account, cl_ord_id=client_id)


def read_order(params: Params, now_ns: int) -> Asked:
    """Return the order that parameters ask for. Raises WireError."""
    kind, flags = params.need("ordertype"), _flags(params)
    _check_unbuilt(params)
    price, price2 = _price(params, "price"), _price(params, "price2")
    triggered = kind in KINDS and KINDS[kind].has_trigger
    if kind in KINDS and (KINDS[kind].has_trigger or KINDS[kind].has_price) and not price:
        raise invalid("price")
    if kind.endswith("-limit") and not price2:
        raise invalid("price2")
    volume = params.decimal("volume")
    in_quote = "viqc" in flags
    lifetime = (params.text("timeinforce") or "gtc").lower()
    return Asked(
        side=params.need("type"),
        kind=kind,
        volume=None if in_quote else volume,
        cash=volume if in_quote else None,
        limit=price2 if triggered else price,
        trigger=price if triggered else "",
        display=params.decimal("displayvol"),
        reference=params.text("trigger") or "last",
        flags=flags,
        lifetime=lifetime,
        expire_ns=_moment(params, "expiretm", now_ns) if lifetime == "gtd" else 0,
        stp=params.choice("stptype", STP),
        userref=params.integer("userref", 0, *_INT32),
        cl_ord_id=params.text("cl_ord_id") or "",
    )


def _check_unbuilt(params: Params) -> None:
    """Refuse what the venue has and this sandbox has not: margin, scheduled orders, conditional closes."""
    if (params.text("leverage") or "none") not in _SPOT:
        raise invalid("leverage")
    if params.flag("reduce_only"):
        raise WireError("EOrder:Reduce only:No position exists")
    if (params.text("starttm") or "0") not in ("0", "+0"):
        raise invalid("starttm")
    if params.values.get("close"):
        raise invalid("close")


def _edited(params: Params, ticket: Ticket) -> Asked:
    price, price2 = _price(params, "price"), _price(params, "price2")
    triggered = ticket.new.type.has_trigger
    volume = params.decimal("volume")
    in_quote = ticket.asked.cash is not None
    flags = _flags(params) if params.text("oflags") else None
    return changed(
        ticket.asked,
        volume=None if in_quote else volume,
        cash=volume if in_quote else None,
        limit=(price2 if triggered else price) or None,
        trigger=price if triggered and price else None,
        display=params.decimal("displayvol"),
        flags=flags,
        userref=params.integer("userref", 0, *_INT32) or None,
    )


def _edit_reply(entry: Entry, original: Entry) -> Any:
    ticket = entry.ticket
    trigger, price = ticket.trigger_text(), "" if ticket.new.price is None else as_word(ticket.new.price)
    return {
        "status": "ok",
        "txid": entry.txid,
        "originaltxid": original.txid,
        "volume": fixed(ticket.asked.cash or ticket.asked.volume or ZERO, 8),
        "price": trigger or price,
        "price2": price if trigger and price else "0",
        "orders_cancelled": 1,
        "newuserref": str(ticket.asked.userref),
        "olduserref": str(original.ticket.asked.userref),
        "descr": {"order": ticket.describe()},
    }


def _placed(ticket: Ticket, result: Entry | WireError) -> Any:
    if isinstance(result, WireError):
        return {"error": result.text}
    return {"txid": result.txid, "descr": {"order": ticket.describe()}}


def _flags(params: Params) -> frozenset[str]:
    return frozenset(flag.strip() for flag in (params.text("oflags") or "").split(",") if flag.strip())


def _price(params: Params, name: str) -> str:
    """Return a price word, "" for none; 0 stands for none, too."""
    text = params.text(name) or ""
    return "" if text.strip("0") in ("", ".") else text


def _moment(params: Params, name: str, now_ns: int) -> int:
    """Return a time: unix seconds, or so many seconds from now ("+60"). Raises WireError."""
    text = params.need(name)
    value = Params({name: text.removeprefix("+")}).decimal(name)
    if value is None:
        raise invalid(name)
    return int(value * NS_PER_S) + (now_ns if text.startswith("+") else 0)


def _deadline(params: Params) -> int | None:
    text = params.text("deadline")
    return None if text is None else read_time(text)


def read_time(text: str) -> int:
    """Return an RFC 3339 time in ns. Raises WireError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return round(moment.timestamp() * 1_000_000) * 1_000
    except (ValueError, OverflowError):
        raise invalid("deadline") from None


def _object(item: Any) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise invalid("orders")
    return item


def _id_text(item: Any) -> str:
    if isinstance(item, dict):
        item = item.get("txid", item.get("cl_ord_id"))
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise invalid("orders")
    return str(item)
