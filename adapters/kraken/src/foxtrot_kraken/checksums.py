"""The venue's checksum of a book.

Source: https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from foxtrot import adapting as fx
from foxtrot_kraken.messages.streams import LevelInfo

_CHECKED = 10  # levels a side that a checksum is made of
_EXACT = 1e6  # up to here float64 holds every digit that the venue sends
_MOST_KEPT = 10_000


def to_levels(levels: Sequence[LevelInfo]) -> list[fx.Level]:
    """Return levels as (price, quantity)."""
    return [(level.price, float(level.qty)) for level in levels]


class BookChecksum:
    """Compute the checksum over the ten best levels a side, of a pair with so many decimals.

    Its digits are the wire's: of quantities that float64 may not hold exactly, `keep` remembers them.
    """

    def __init__(self, price_decimals: int, quantity_decimals: int) -> None:
        self._price, self._quantity = f".{price_decimals}f", f".{quantity_decimals}f"
        self._long: dict[float, Decimal] = {}  # by price

    def keep(self, levels: Iterable[LevelInfo]) -> None:
        """Remember the quantities of many digits."""
        for level in levels:
            if level.qty > _EXACT:
                if len(self._long) > _MOST_KEPT:
                    self._long.clear()  # a wrong checksum brings what is still there anew
                self._long[level.price] = level.qty

    def __call__(self, bids: Sequence[fx.Level], asks: Sequence[fx.Level]) -> int:
        """Return the checksum of bids (descending) and asks (ascending)."""
        return zlib.crc32("".join(map(self._digits, [*asks[:_CHECKED], *bids[:_CHECKED]])).encode())

    def _digits(self, level: fx.Level) -> str:
        price, quantity = level
        exact = self._long.get(price, quantity) if quantity > _EXACT else quantity
        text = format(exact if float(exact) == quantity else quantity, self._quantity)
        return format(price, self._price).replace(".", "").lstrip("0") + text.replace(".", "").lstrip("0")
