"""The WebSocket requests that place, change and cancel orders.

Source: https://docs.kraken.com/api/docs/websocket-v2/add_order and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from foxtrot_kraken.dialect.asked import Asked, Ticket, as_word, check_deadline
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.errors import WireError, invalid
from foxtrot_kraken.dialect.fields import Fields
from foxtrot_kraken.dialect.names import Pair
from foxtrot_kraken.dialect.orders_rest import read_time
from foxtrot_kraken.dialect.register import Entry
from foxtrot_kraken.dialect.switch import LONGEST_S, DeadManSwitch
from foxtrot_kraken.dialect.trader import BATCH, Trader, amendment, changed, limited
from foxtrot_kraken.dialect.words import KINDS, STP

Json = dict[str, Any]
_STP = {word.replace("-", "_"): mode for word, mode in STP.items()}
_MOST_CANCELS, _BATCH_CANCELS = 50, (2, 50)
_INT32 = (-(2**31), 2**31 - 1)
_ORDER = frozenset(
    [
        "order_type",
        "side",
        "symbol",
        "order_qty",
        "cash_order_qty",
        "limit_price",
        "limit_price_type",
        "triggers",
        "time_in_force",
        "expire_time",
        "effective_time",
        "display_qty",
        "fee_preference",
        "post_only",
        "reduce_only",
        "no_mpp",
        "margin",
        "stp_type",
        "cl_ord_id",
        "order_userref",
        "conditional",
        "deadline",
        "validate",
        "sender_sub_id",
        "token",
    ]
)
_EDIT = frozenset(
    [
        "order_id",
        "symbol",
        "order_qty",
        "limit_price",
        "trigger_price",
        "trigger_price_type",
        "limit_price_type",
        "display_qty",
        "fee_preference",
        "post_only",
        "reduce_only",
        "no_mpp",
        "order_userref",
        "deadline",
        "validate",
        "token",
    ]
)
_AMEND = frozenset(
    [
        "order_id",
        "cl_ord_id",
        "order_qty",
        "limit_price",
        "limit_price_type",
        "post_only",
        "trigger_price",
        "trigger_price_type",
        "display_qty",
        "deadline",
        "token",
        "symbol",
    ]
)
_CANCEL = frozenset({"order_id", "cl_ord_id", "order_userref", "token"})
NAMES = {
    "add_order": _ORDER,
    "amend_order": _AMEND,
    "edit_order": _EDIT,
    "cancel_order": _CANCEL,
    "cancel_all": frozenset({"token"}),
    "cancel_all_orders_after": frozenset({"timeout", "token"}),
    "batch_add": frozenset({"symbol", "orders", "validate", "deadline", "token"}),
    "batch_cancel": frozenset({"orders", "cl_ord_id", "token"}),
}


class WsTrading:
    """Answer the trading requests of WebSockets: each method yields what is to be acknowledged, one by one.

    An item is what an acknowledgement carries beside method, id and times, or the error of one.
    """

    def __init__(self, desk: Desk, trader: Trader, switch: DeadManSwitch) -> None:
        self._desk = desk
        self._trader = trader
        self._switch = switch
        self.methods: dict[str, Callable[[Fields, str], Iterator[Json | WireError]]] = {
            "add_order": self._add,
            "amend_order": self._amend,
            "edit_order": self._edit,
            "cancel_order": self._cancel,
            "cancel_all": self._cancel_all,
            "cancel_all_orders_after": self._cancel_all_after,
            "batch_add": self._add_batch,
            "batch_cancel": self._cancel_batch,
        }

    def run(self, method: str, fields: Fields) -> Iterator[Json | WireError]:
        """Check names and token, then run a method. Raises WireError."""
        fields.check_names(NAMES[method], method)
        token = fields.text("token")
        if not token:
            raise WireError("Token(s) not found")
        account = self._desk.tokens.account(token)
        if account is None:
            raise WireError(self._desk.options.bad_token_text)
        return self.methods[method](fields, account)

    def _add(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        self._check_deadline(fields)
        ticket = self._trader.ticket(self._read(fields), self._pair(fields), account)
        if fields.flag("validate"):
            self._trader.check(ticket)
            yield {"result": _named(ticket)}
            return
        entry = self._trader.place(ticket)
        yield {"result": {"order_id": entry.txid} | _named(ticket)}

    def _add_batch(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        self._check_deadline(fields)
        pair = self._pair(fields)
        orders = fields.list("orders", _object, *BATCH)
        if orders is None:
            raise WireError("Orders field must be an array")
        for order in orders:
            order.check_names(_ORDER - {"symbol", "token", "deadline", "validate"}, "batch_add")
        tickets = [self._trader.ticket(self._read(order), pair, account) for order in orders]
        if fields.flag("validate"):
            for ticket in tickets:
                self._trader.check(ticket)
            yield {"result": [_named(ticket) for ticket in tickets]}
            return
        done = self._trader.place_batch(tickets)
        yield {"result": [_placed(ticket, result) for ticket, result in zip(tickets, done, strict=True)]}

    def _amend(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        self._check_deadline(fields)
        for name in ("limit_price_type", "trigger_price_type"):
            if fields.text(name) not in ("", "static"):
                raise invalid(name)
        numbers = [fields.number(n) for n in ("order_qty", "limit_price", "trigger_price", "display_qty")]
        change = amendment(*numbers, post=fields.flag("post_only"))
        entry = self._one(fields, account)
        amend_id = self._trader.amend(entry, change)
        client_id = fields.text("cl_ord_id")
        yield {
            "result": {"amend_id": amend_id, **({"cl_ord_id": client_id} if client_id else {"order_id": entry.txid})}
        }

    def _edit(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        self._check_deadline(fields)
        pair = self._pair(fields)
        found = self._trader.find(account, txid=fields.text("order_id"))
        if not found or found[0].ticket.pair is not pair:
            raise WireError(self._desk.options.edit_unknown)
        asked = self._edited(fields, found[0].ticket.asked)
        if fields.flag("validate"):
            self._trader.check(self._trader.ticket(asked, pair, account))
            yield {"result": {"original_order_id": found[0].txid}}
            return
        entry = self._trader.edit(found[0], asked)
        yield {"result": {"order_id": entry.txid, "original_order_id": found[0].txid}}

    def _cancel(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        find, ids = self._trader.find, fields.list("order_id", _text, 1, _MOST_CANCELS) or []
        client_ids = fields.list("cl_ord_id", _text, 1, _MOST_CANCELS) or []
        wanted: list[tuple[str, Any, list[Entry]]] = [("order_id", name, find(account, txid=name)) for name in ids]
        wanted += [("cl_ord_id", name, find(account, cl_ord_id=name)) for name in client_ids]
        for userref in fields.list("order_userref", _number, 1, _MOST_CANCELS) or []:
            mine = find(account, userref=userref)
            wanted += [("order_id", entry.txid, [entry]) for entry in mine] or [("order_userref", userref, [])]
        if not wanted:
            raise invalid("order_id")
        for name, value, found in wanted:
            try:
                self._trader.cancel(limited(found))
                yield {"result": {name: value}}
            except WireError as error:
                yield error

    def _cancel_all(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        yield {"result": {"count": self._trader.cancel_all(account)}}

    def _cancel_all_after(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        timeout = fields.integer("timeout", -1, 0, LONGEST_S)
        if timeout < 0:
            raise invalid("timeout")
        yield {"result": self._switch.set(account, timeout)}

    def _cancel_batch(self, fields: Fields, account: str) -> Iterator[Json | WireError]:
        ids = fields.list("orders", _text, *_BATCH_CANCELS)
        client_ids = fields.list("cl_ord_id", _text, 1, _MOST_CANCELS)
        if ids is None and client_ids is None:
            raise WireError("Orders field must be an array")
        found = [e for txid in ids or [] for e in self._trader.find(account, txid=txid)]
        found += [e for name in client_ids or [] for e in self._trader.find(account, cl_ord_id=name)]
        yield {"orders_cancelled": self._trader.cancel_each(found)}

    def _pair(self, fields: Fields) -> Pair:
        symbol = fields.text("symbol")
        pair = self._desk.pairs.by_symbol(symbol)
        if pair is None:
            raise WireError(f"Currency pair not supported {symbol}")
        return pair

    def _one(self, fields: Fields, account: str) -> Entry:
        txid, client_id = fields.text("order_id"), fields.text("cl_ord_id")
        if bool(txid) is bool(client_id):
            raise invalid("order_id")
        return limited(self._trader.find(account, txid=txid, cl_ord_id=client_id))

    def _check_deadline(self, fields: Fields) -> None:
        deadline = fields.text("deadline")
        check_deadline(read_time(deadline) if deadline else None, self._desk.now_ns())

    def _read(self, fields: Fields) -> Asked:
        """Return the order that fields ask for. Raises WireError."""
        kind, triggers = fields.text("order_type"), fields.inner("triggers")
        _check_unbuilt(fields)
        trailing = kind == "trailing-stop"
        limit = _word(fields.number("limit_price"), fields.text("limit_price_type"), "limit_price", trailing=False)
        trigger = _word(triggers.number("price"), triggers.text("price_type"), "trigger_price", trailing=trailing)
        if kind in KINDS and (KINDS[kind].has_price is not bool(limit)):
            raise invalid("limit_price")
        if kind in KINDS and (KINDS[kind].has_trigger is not bool(trigger)):
            raise invalid("triggers")
        lifetime = fields.text("time_in_force") or "gtc"
        expires = fields.text("expire_time")
        return Asked(
            side=fields.text("side"),
            kind=kind,
            volume=fields.number("order_qty"),
            cash=fields.number("cash_order_qty"),
            limit=limit,
            trigger=trigger,
            display=fields.number("display_qty"),
            reference=triggers.text("reference") or "last",
            flags=_flags(fields),
            lifetime=lifetime,
            expire_ns=read_time(expires) if expires else 0,
            stp=fields.choice("stp_type", _STP, invalid("stp_type")),
            userref=fields.integer("order_userref", 0, *_INT32),
            cl_ord_id=fields.text("cl_ord_id"),
        )

    def _edited(self, fields: Fields, asked: Asked) -> Asked:
        trailing = asked.kind == "trailing-stop"
        limit = _word(fields.number("limit_price"), fields.text("limit_price_type"), "limit_price", trailing=False)
        trigger = _word(
            fields.number("trigger_price"), fields.text("trigger_price_type"), "trigger_price", trailing=trailing
        )
        quantity = fields.number("order_qty")
        flags = _flags(fields) if _flags(fields) else None
        return changed(
            asked,
            volume=None if asked.cash is not None else quantity,
            cash=quantity if asked.cash is not None else None,
            limit=limit or None,
            trigger=trigger or None,
            display=fields.number("display_qty"),
            flags=flags,
            userref=fields.integer("order_userref", 0, *_INT32) or None,
        )


def _check_unbuilt(fields: Fields) -> None:
    """Refuse what the venue has and this sandbox has not: margin, scheduled orders, conditional closes."""
    if fields.flag("margin"):
        raise invalid("margin")
    if fields.flag("reduce_only"):
        raise WireError("EOrder:Reduce only:No position exists")
    if fields.text("effective_time"):
        raise invalid("effective_time")
    if fields.inner("conditional").values:
        raise invalid("conditional")


def _word(number: Decimal | None, kind: str, name: str, *, trailing: bool) -> str:
    """Return a number with its price type as a price word, "" for none. Raises WireError."""
    if kind not in ("", "static", "pct", "quote"):
        raise invalid(f"{name}_type")
    if number is None:
        return ""
    if trailing:
        if kind in ("", "static") or number <= 0:
            raise invalid(name)
        return f"+{as_word(number)}{'%' if kind == 'pct' else ''}"
    if kind in ("", "static"):
        if number <= 0:
            raise invalid(name)
        return as_word(number)
    return f"{'-' if number < 0 else '+'}{as_word(abs(number))}{'%' if kind == 'pct' else ''}"


def _flags(fields: Fields) -> frozenset[str]:
    flags = {"post": fields.flag("post_only"), "nompp": fields.flag("no_mpp")}
    preference = fields.text("fee_preference")
    if preference not in ("", "base", "quote"):
        raise invalid("fee_preference")
    flags |= {"fcib": preference == "base", "fciq": preference == "quote"}
    return frozenset(name for name, on in flags.items() if on)


def _named(ticket: Ticket) -> Json:
    asked = ticket.asked
    named: Json = {"cl_ord_id": asked.cl_ord_id} if asked.cl_ord_id else {}
    return named | ({"order_userref": asked.userref} if asked.userref else {})


def _placed(ticket: Ticket, result: Entry | WireError) -> Json:
    if isinstance(result, WireError):
        return {"error": result.text} | _named(ticket)
    return {"order_id": result.txid} | _named(ticket)


def _object(item: Any) -> Fields:
    if not isinstance(item, dict):
        raise WireError("Orders field must be an array of objects")
    return Fields(item)


def _text(item: Any) -> str:
    if not isinstance(item, str):
        raise WireError("Order_id field must be an array of strings")
    return item


def _number(item: Any) -> int:
    if isinstance(item, bool) or not isinstance(item, int):
        raise WireError("Order_userref field must be an array of integers")
    return item
