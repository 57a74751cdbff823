"""Feed a recorded market into the venue: its levels become the market's orders, its trades are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from foxtrot.errors import ConfigError
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Side
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.types import Stp
from foxtrot.sandbox.venue import Venue

Levels = list[tuple[Decimal, Decimal]]


class SnapshotRecord(msgspec.Struct, frozen=True):
    """Replace a symbol's recorded book."""

    symbol: str
    ts_ns: int
    bids: Levels
    asks: Levels


class DepthRecord(msgspec.Struct, frozen=True):
    """Set recorded levels to absolute quantities; 0 deletes."""

    symbol: str
    ts_ns: int
    bids: Levels
    asks: Levels


class TradeRecord(msgspec.Struct, frozen=True):
    """Print a recorded trade."""

    symbol: str
    ts_ns: int
    price: Decimal
    quantity: Decimal
    taker_side: Side


Record = SnapshotRecord | DepthRecord | TradeRecord


def read_recording(lines: Iterable[str], read: Callable[[str], Iterable[Record]]) -> Iterator[Record]:
    """Yield what `read` makes of each line. Raises ConfigError that names the first line that cannot be read."""
    for number, line in enumerate(lines, 1):
        try:
            yield from read(line)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise ConfigError(
                f"Line {number} of the recording cannot be read ({error!r}); each line is to be a JSON object with "
                "t, ts or ts_ns, and data."
            ) from error


class Replay:
    """Apply records in their order, when they are due. Records of symbols that are not listed are passed over."""

    def __init__(self, venue: Venue, records: Iterable[Record]) -> None:
        self._venue = venue
        self._records = [r for r in records if r.symbol in venue.contracts]
        self._first_ns = self._records[0].ts_ns if self._records else 0
        self._next = 0
        # A recorder subscribes first and asks for the snapshot then: what came before it is no book yet.
        self._awaited = {r.symbol for r in self._records if isinstance(r, SnapshotRecord)}

    @property
    def done(self) -> bool:
        """Tell whether every record has been applied."""
        return self._next >= len(self._records)

    def catch_up(self, elapsed_s: float, at_most: int = 1_000) -> None:
        """Apply the records due `elapsed_s` after the first, at most so many at once."""
        until = self._first_ns + int(elapsed_s * 1e9)
        for _ in range(at_most):
            if self.done or self._records[self._next].ts_ns > until:
                return
            self.apply(self._records[self._next])
            self._next += 1

    @exactly
    def apply(self, record: Record) -> None:
        """Apply one record now; a halted symbol's records are passed over."""
        if not self._venue.trading(record.symbol):
            return
        if isinstance(record, TradeRecord):
            self._venue.market(record.symbol).print_trade(record.price, record.quantity, record.taker_side)
            return
        if isinstance(record, SnapshotRecord):
            self._awaited.discard(record.symbol)
        elif record.symbol in self._awaited:
            return
        sides = {Side.BUY: dict(record.bids), Side.SELL: dict(record.asks)}
        if isinstance(record, SnapshotRecord):
            self._delete_others(record.symbol, sides)
        changes = [(side, price, quantity) for side, levels in sides.items() for price, quantity in levels.items()]
        # Deletions first: within one record the new best may lie beyond the old one of the other side.
        for side, price, quantity in sorted(changes, key=lambda change: change[2] != 0):
            self._set_level(record.symbol, side, price, quantity)

    def _delete_others(self, symbol: str, sides: dict[Side, dict[Decimal, Decimal]]) -> None:
        book = self._venue.market(symbol).book
        for side, levels in sides.items():
            for price in book.side(side).prices():
                levels.setdefault(price, ZERO)

    def _set_level(self, symbol: str, side: Side, price: Decimal, quantity: Decimal) -> None:
        """Give the market's part of a level its recorded size.

        What is new queues at the end; what is gone leaves from the end, so that a client never moves up for nothing.
        """
        agents = self._venue.market(symbol).agents_at(side, price)
        surplus = sum((resting.visible for resting in agents), ZERO) - quantity
        if surplus < 0:
            # Where a recording is crossed by itself, its older side goes: that is no trade.
            self._venue.place_agent(symbol, side, price, -surplus, Stp.EXPIRE_MAKER)
        for resting in reversed(agents):
            if surplus <= 0:
                return
            gone = min(surplus, resting.visible)
            self._venue.market(symbol).take_off(resting.order, gone)
            surplus -= gone
