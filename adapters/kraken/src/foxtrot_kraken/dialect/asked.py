"""An order as a client asks for it, whichever way it came, and what the venue makes of it.

Source: https://docs.kraken.com/api/docs/rest-api/add-order
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from foxtrot.model.decimals import ZERO, plain
from foxtrot.model.order import OrderType, Side
from foxtrot.model.times import NS_PER_S
from foxtrot.sandbox.exact import EXACT, MAX_EXPONENT, exactly
from foxtrot.sandbox.types import FeeIn, NewOrder, Stp
from foxtrot_kraken.dialect.errors import WireError, invalid, too_precise
from foxtrot_kraken.dialect.names import Pair
from foxtrot_kraken.dialect.profile import DialectOptions
from foxtrot_kraken.dialect.words import FLAGS, KINDS, SIDES, TIMES, fixed

_PRICE = re.compile(r"([-+#]?)([0-9]{1,20}(?:\.[0-9]{1,20})?)(%?)")
_CLIENT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[\x21-\x7e]{1,18}")
_LIMITED = frozenset({"limit", "iceberg"})
_NO_MPP = "no_mpp order option is only available when ordertype = market"


class Asked(msgspec.Struct, kw_only=True):
    """Hold the words of a request. `limit` and `trigger` may be relative: "+5", "-2%", "#5"; "" for none.

    `cash` is a volume in the quote asset; `expire_ns` is 0 where the order does not end by itself.
    """

    side: str
    kind: str
    volume: Decimal | None = None
    cash: Decimal | None = None
    limit: str = ""
    trigger: str = ""
    display: Decimal | None = None
    reference: str = "last"
    flags: frozenset[str] = frozenset()
    lifetime: str = "gtc"
    expire_ns: int = 0
    stp: Stp | None = None
    userref: int = 0
    cl_ord_id: str = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what an order is to the venue (`new`) and in its own words."""

    pair: Pair
    new: NewOrder
    kind: str
    asked: Asked

    def describe(self) -> str:
        """Return the order in the venue's sentence: "buy 1.25000000 XBTUSD @ limit 37500.0"."""
        new, amount = self.new, fixed(self.asked.cash or self.new.quantity or ZERO, 8)
        trigger = self.trigger_text()
        words = [self.kind.removesuffix("-limit").replace("-", " ") if new.type.has_trigger else self.kind]
        words += [trigger] if trigger else []
        if new.price is not None:
            words += ["->", "limit"] if trigger else []
            words.append(fixed(new.price, self.pair.decimals))
        return f"{new.side.value} {amount} {self.pair.altname} @ {' '.join(words)}"

    def trigger_text(self) -> str:
        """Return the trigger as it is shown, a trailing stop's as its distance; "" for none."""
        if self.new.trailing_percent is not None:
            return f"+{fixed(self.new.trailing_percent, 4)}%"
        if self.new.trailing_offset is not None:
            return f"+{fixed(self.new.trailing_offset, self.pair.decimals)}"
        return fixed(self.new.stop_price, self.pair.decimals) if self.new.stop_price is not None else ""


@exactly
def make_ticket(asked: Asked, pair: Pair, account: str, last: Decimal, now_ns: int, options: DialectOptions) -> Ticket:
    """Return the order that was asked for. Raises WireError for what is none.

    A price relative to the market counts from the last trade; the limit of a triggered order from its trigger.
    """
    side, kind = SIDES.get(asked.side), KINDS.get(asked.kind)
    if side is None:
        raise invalid("type")
    if kind is None:
        raise invalid("ordertype")
    _check_words(asked, kind, now_ns, options)
    trails = kind is OrderType.TRAILING_STOP
    offset = _offset(asked.trigger, side, pair, last) if trails else (None, None)
    trigger = _absolute(asked.trigger, last, side, kind, pair, "price") if kind.has_trigger and not trails else None
    field = "price2" if kind.has_trigger else "price"
    price = _absolute(asked.limit, trigger or last, side, kind, pair, field) if kind.has_price else None
    post = "post" in asked.flags
    new = NewOrder(
        account=account,
        symbol=pair.symbol,
        side=side,
        type=OrderType.LIMIT_MAKER if post else kind,
        quantity=None if asked.cash is not None else asked.volume,
        quote_quantity=asked.cash,
        price=price,
        stop_price=trigger,
        iceberg_quantity=asked.display,
        time_in_force=TIMES[asked.lifetime],
        stp=asked.stp,
        client_order_id=asked.cl_ord_id,
        trailing_offset=offset[0],
        trailing_percent=offset[1],
        expire_ns=asked.expire_ns,
        fee_in=FeeIn.BASE if "fcib" in asked.flags else FeeIn.QUOTE,
        accept_taking=post and options.post_only == "cancel",
    )
    return Ticket(pair=pair, new=new, kind=asked.kind, asked=asked)


def _check_words(asked: Asked, kind: OrderType, now_ns: int, options: DialectOptions) -> None:
    flags = asked.flags
    if flags - FLAGS or {"fcib", "fciq"} <= flags:
        raise invalid("oflags")
    if "nompp" in flags and kind is not OrderType.MARKET:
        raise invalid(_NO_MPP)
    if "post" in flags and asked.kind not in _LIMITED:
        raise invalid("oflags")
    if asked.cash is not None and (kind is not OrderType.MARKET or asked.side != "buy"):
        raise invalid("viqc")
    if (asked.volume is None) is (asked.cash is None):
        raise invalid("volume")
    if (asked.kind == "iceberg") is (asked.display is None):
        raise invalid("displayvol")
    if asked.reference not in ("last", "index"):
        raise invalid("trigger")
    _check_life(asked, now_ns, options)
    if asked.cl_ord_id and (asked.userref or not _CLIENT_ID.fullmatch(asked.cl_ord_id)):
        raise invalid("cl_ord_id")


def _check_life(asked: Asked, now_ns: int, options: DialectOptions) -> None:
    lifetime = asked.lifetime
    if lifetime not in TIMES or (lifetime == "fok" and not options.fill_or_kill):
        raise invalid("timeinforce")
    if lifetime in ("ioc", "fok") and (not asked.kind.endswith("limit") or "post" in asked.flags):
        raise invalid("timeinforce")
    if (lifetime == "gtd") is not bool(asked.expire_ns) or (asked.expire_ns and asked.expire_ns <= now_ns):
        raise invalid("expiretm")


def _offset(text: str, side: Side, pair: Pair, last: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Return the distance of a trailing stop: absolute, or in percent. A sell's must leave a price to trigger at."""
    found = _PRICE.fullmatch(text)
    if found is None or found[1] == "-" or not (value := Decimal(found[2])):
        raise invalid("price")
    if found[3]:
        if value >= 100:
            raise invalid("price")
        return None, value
    if side is Side.SELL and value >= last:
        raise WireError("EOrder:Invalid price")
    return checked_price(value, pair, "price"), None


def _absolute(text: str, reference: Decimal, side: Side, kind: OrderType, pair: Pair, field: str) -> Decimal:
    """Return a price that may be relative to another. Raises WireError."""
    found = _PRICE.fullmatch(text)
    if found is None:
        raise invalid(field)
    sign, value = found[1], Decimal(found[2])
    if not sign and not found[3]:
        return checked_price(value, pair, field)
    if found[3]:
        value = EXACT.divide(reference * value, Decimal(100))
    if sign == "#":
        sign = "+" if _goes_up(side, kind, field) else "-"
    price = reference - value if sign == "-" else reference + value
    return checked_price(price.quantize(Decimal(1).scaleb(-pair.decimals), ROUND_HALF_UP), pair, field)


def _goes_up(side: Side, kind: OrderType, field: str) -> bool:
    """Tell whether "#" adds: where the order waits for, or asks, more than the reference."""
    if field == "price2":
        return side is Side.BUY
    if kind in (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT):
        return side is Side.BUY
    return side is Side.SELL


def checked_price(price: Decimal, pair: Pair, field: str) -> Decimal:
    """Return a price that is one and has no more decimals than the pair's. Raises WireError."""
    if price <= 0 or price.adjusted() > MAX_EXPONENT:
        raise invalid(field)
    decimals = price.normalize().as_tuple().exponent
    if isinstance(decimals, int) and -decimals > pair.decimals:
        raise too_precise(pair)
    return price


def check_deadline(deadline_ns: int | None, now_ns: int) -> None:
    """Refuse what comes after its deadline, and a deadline that is none. Raises WireError."""
    if deadline_ns is None:
        return
    if deadline_ns <= now_ns:
        raise WireError("EService:Deadline elapsed")
    if not NS_PER_S // 2 <= deadline_ns - now_ns <= 60 * NS_PER_S:
        raise invalid("deadline")


def as_word(number: Decimal) -> str:
    """Write a number of a request as the price word that it is."""
    return plain(number) if number.is_finite() and abs(number.adjusted()) < 50 else str(number)
