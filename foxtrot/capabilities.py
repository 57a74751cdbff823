"""What a venue can do, as data that users, guards and documents read."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

import msgspec


class Capability(enum.Enum):
    """Name an operation of `BaseExchange`; the value is the method's name where there is one."""

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is a Python call

    FETCH_MARKETS = "fetch_markets"
    FETCH_BALANCE = "fetch_balance"
    FETCH_POSITIONS = "fetch_positions"
    FETCH_FEES = "fetch_fees"
    PLACE_ORDER = "place_order"
    VALIDATE_ORDER = "validate_order"
    AMEND_ORDER = "amend_order"
    CANCEL_ORDER = "cancel_order"
    CANCEL_ALL_ORDERS = "cancel_all_orders"
    FETCH_ORDER_STATUS = "fetch_order_status"
    FETCH_OPEN_ORDERS = "fetch_open_orders"
    FETCH_ORDERS = "fetch_orders"
    FETCH_MY_TRADES = "fetch_my_trades"
    FETCH_OHLCV = "fetch_ohlcv"
    FETCH_TICKER = "fetch_ticker"
    FETCH_ORDER_BOOK = "fetch_order_book"
    FETCH_TRADES = "fetch_trades"
    SUBSCRIBE_TICKER = "subscribe_ticker"
    SUBSCRIBE_QUOTES = "subscribe_quotes"
    SUBSCRIBE_TRADES = "subscribe_trades"
    SUBSCRIBE_ORDER_BOOK = "subscribe_order_book"
    SUBSCRIBE_OHLCV = "subscribe_ohlcv"
    USER_STREAM = "user_stream"
    DEAD_MAN_SWITCH = "dead_man_switch"
    ORDERS_OVER_WS = "orders_over_ws"
    TESTNET = "testnet"
    FUTURES = "futures"
    MARGIN = "margin"


class Support(enum.Enum):
    """Say how far a capability goes."""

    FULL = "full"
    PARTIAL = "partial"  # `note` states the limits
    EMULATED = "emulated"  # `note` says how
    NOT_IMPLEMENTED = "not_implemented"  # the venue has it, we do not yet
    UNSUPPORTED = "unsupported"  # the venue has no such thing

    @property
    def usable(self) -> bool:
        """Tell whether a call may go ahead."""
        return self in (Support.FULL, Support.PARTIAL, Support.EMULATED)


class Feature(msgspec.Struct, frozen=True):
    """Hold one capability's support and the note that explains it."""

    support: Support
    note: str = ""


Names = str | Mapping[str, str]  # names of capabilities, parted by blanks, or each with its note


class CapabilitySet(Mapping[Capability, Feature]):
    """Map every `Capability` to its `Feature`; what is not declared is UNSUPPORTED."""

    def __init__(self, features: Mapping[Capability, Feature | Support]) -> None:
        self._features = {
            capability: feature if isinstance(feature, Feature) else Feature(feature)
            for capability, feature in features.items()
        }

    @classmethod
    def declare(
        cls,
        full: Names = "",
        *,
        partial: Names = "",
        emulated: Names = "",
        not_implemented: Names = "",
        unsupported: Names = "",
    ) -> CapabilitySet:
        """Return a set of capabilities by name, grouped by how far they go; a mapping gives each its note.

        Raises ValueError for a name that is none.
        """
        groups = {
            Support.FULL: full,
            Support.PARTIAL: partial,
            Support.EMULATED: emulated,
            Support.NOT_IMPLEMENTED: not_implemented,
            Support.UNSUPPORTED: unsupported,
        }
        return cls(
            {
                Capability(name): Feature(support, note)
                for support, names in groups.items()
                for name, note in (dict.fromkeys(names.split(), "") if isinstance(names, str) else names).items()
            }
        )

    def __or__(self, other: CapabilitySet) -> CapabilitySet:
        """Return both together; what the other declares counts."""
        return CapabilitySet(self._features | other._features)

    def __getitem__(self, capability: Capability) -> Feature:
        return self._features.get(capability, Feature(Support.UNSUPPORTED))

    def __iter__(self) -> Iterator[Capability]:
        return iter(Capability)

    def __len__(self) -> int:
        return len(Capability)

    def __repr__(self) -> str:
        usable = [c.value for c in self if self[c].support.usable]
        return f"CapabilitySet({', '.join(usable)})"
