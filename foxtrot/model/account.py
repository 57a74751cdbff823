"""What an account owns and what it pays."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from foxtrot.model.order import Side


class Balance(msgspec.Struct, frozen=True):
    """State the free and locked amount of one asset."""

    asset: str
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Return free plus locked."""
        return self.free + self.locked


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """State an open derivatives position; spot venues have none."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    unrealized_pnl: Decimal


class FeeRate(msgspec.Struct, frozen=True):
    """State maker and taker fee as fractions (0.001 is 0.1 %)."""

    symbol: str
    maker: Decimal
    taker: Decimal
