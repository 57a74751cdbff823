"""The words of a vn.py-like desk, with room for words that nobody has heard of yet."""

from __future__ import annotations

import enum


class OpenEnum(enum.Enum):
    """Take any text as a value: `Status("FROZEN")` is a member of its own, equal to itself everywhere.

    What is known here has a name (`Status.REJECTED`); a word that an adapter does not know is refused where it would
    have to act on it, and shown as it is everywhere else.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str) or not value:
            return None
        member = object.__new__(cls)
        member._name_ = member._value_ = value
        # One object for one word, whichever thread asks first.
        known: OpenEnum = cls._value2member_map_.setdefault(value, member)  # type: ignore[assignment]
        return known


class Direction(OpenEnum):
    """Tell which way an order, a trade or a position goes."""

    LONG = "LONG"
    SHORT = "SHORT"
    NET = "NET"


class Offset(OpenEnum):
    """Tell whether an order opens or closes a position; spot venues have no such thing and take every one."""

    NONE = ""
    OPEN = "OPEN"
    CLOSE = "CLOSE"
    CLOSETODAY = "CLOSETODAY"
    CLOSEYESTERDAY = "CLOSEYESTERDAY"


class Status(OpenEnum):
    """Tell where an order is. SUBMITTING covers all of which the venue has not spoken, in doubt included."""

    SUBMITTING = "SUBMITTING"
    NOTTRADED = "NOTTRADED"
    PARTTRADED = "PARTTRADED"
    ALLTRADED = "ALLTRADED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"


class OrderType(OpenEnum):
    """Name the kinds of orders. FAK is a limit order that ends at once with what it got; FOK gets all or nothing."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    FAK = "FAK"
    FOK = "FOK"


class Product(OpenEnum):
    """Name the kinds of contracts."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"
    OPTION = "OPTION"
    SWAP = "SWAP"


class Interval(OpenEnum):
    """Name the lengths of candles; any other that the venue has is written as `Interval("5m")`."""

    MINUTE = "1m"
    HOUR = "1h"
    DAILY = "d"
    WEEKLY = "w"
    TICK = "tick"


class _AnyName(enum.EnumType):
    def __getattr__(cls, name: str) -> Exchange:
        if name.startswith("_") or not name.isupper():
            raise AttributeError(f"{cls.__name__} has no attribute {name!r}; exchanges are written in capitals.")
        return Exchange(name)


class Exchange(OpenEnum, metaclass=_AnyName):
    """Name an exchange, any one: `Exchange("KRX")` and `Exchange.KRX` are the same.

    Of an adapter's data it is the gateway's name, the part of a vt_symbol behind the dot.
    """

    LOCAL = "LOCAL"
