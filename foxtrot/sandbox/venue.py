"""The venue's truth: contracts, books, accounts, orders, trades, candles, and the clock they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from foxtrot.model.contract import Contract
from foxtrot.model.order import Side
from foxtrot.sandbox.types import (
    CancelRestriction,
    Candle,
    Execution,
    NewOrder,
    PublicTrade,
    ReplaceResult,
    VenueEvent,
    VenueOrder,
)

BookSide = list[tuple[Decimal, Decimal]]


class Venue:
    """One exchange: it matches, books and remembers. Single-threaded; every method is synchronous and atomic.

    `clock` returns ns UTC. `listeners` are called synchronously with every event, in order.
    """

    def __init__(
        self, contracts: Sequence[Contract], clock: Callable[[], int], *, maker_fee: Decimal, taker_fee: Decimal
    ) -> None:
        self.clock = clock
        self.listeners: list[Callable[[VenueEvent], None]] = []
        self.contracts: dict[str, Contract] = {c.symbol: c for c in contracts}

    # accounts
    def open_account(self, account: str, balances: dict[str, Decimal]) -> None: ...
    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]: ...
    def deposit(self, account: str, asset: str, amount: Decimal) -> None: ...

    # orders; symbols unified; all raise Refused
    def check(self, new: NewOrder) -> None:
        """Run every check of `place` without placing."""

    def place(self, new: NewOrder) -> VenueOrder: ...
    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_client_order_id: str = "",
        restriction: CancelRestriction = CancelRestriction.NONE,
    ) -> VenueOrder: ...
    def cancel_all(self, account: str, symbol: str) -> list[VenueOrder]: ...
    def cancel_replace(
        self,
        account: str,
        symbol: str,
        new: NewOrder,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        stop_on_failure: bool = True,
        cancel_client_order_id: str = "",
        restriction: CancelRestriction = CancelRestriction.NONE,
    ) -> ReplaceResult: ...
    def order(
        self, account: str, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> VenueOrder:
        """Return a copy. Raises Refused(NO_SUCH_ORDER)."""

    def open_orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]: ...
    def orders(self, account: str, symbol: str) -> list[VenueOrder]:
        """Return copies of all orders ever, by order id ascending."""

    def executions(self, account: str, symbol: str) -> list[Execution]: ...

    # market data
    def depth(self, symbol: str, limit: int) -> tuple[int, BookSide, BookSide]:
        """Return (update id, bids descending, asks ascending)."""

    def best(self, symbol: str, side: Side) -> tuple[Decimal, Decimal] | None: ...
    def last_price(self, symbol: str) -> Decimal: ...
    def average_price(self, symbol: str, minutes: int) -> Decimal: ...
    def trades(self, symbol: str) -> Sequence[PublicTrade]:
        """Return the kept public trades, oldest first (bounded)."""

    def minutes(self, symbol: str, start_ns: int, end_ns: int) -> list[Candle]:
        """Return the 1-minute candles with start_ns <= open_ns <= end_ns, the running one included; no minute missing."""

    def set_status(self, symbol: str, trading: bool) -> None: ...
