"""What has traded on a venue: public trades, candles without a gap, statistics; the past before it is made up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.candles import MINUTE_NS, CandleBook, past_candles
from foxtrot.sandbox.statistics import sum_up
from foxtrot.sandbox.types import Candle, DayStatistics, PublicTrade

_KEPT_TRADES = 10_000
DAY_MINUTES = 1_440


class Tape:
    """Keep the trades and 1-minute candles of one symbol; candles from before the start are made up when asked for.

    `contract` gives the contract of now, `seed` and `days` shape the past. `book` begins with the starting price.
    """

    def __init__(
        self,
        symbol: str,
        contract: Callable[[], Contract],
        clock: Callable[[], int],
        book: CandleBook,
        seed: int,
        days: int,
    ) -> None:
        self._symbol = symbol
        self._contract = contract
        self._clock = clock
        self._candles = book
        self._seed, self._days = seed, days
        self._past_made = False
        self.trades: deque[PublicTrade] = deque(maxlen=_KEPT_TRADES)

    def add(self, trade: PublicTrade) -> None:
        """Take a trade."""
        self.trades.append(trade)
        self._candles.add(trade)

    def minutes(self, start_ns: int, end_ns: int) -> list[Candle]:
        """Return the 1-minute candles that open in start_ns..end_ns, the running one included, no minute missing."""
        if not self._past_made and start_ns < self._candles.first_open_ns:
            self._make_past()
        self._candles.roll(self._clock())
        return self._candles.between(start_ns, end_ns)

    def give_past(self, candles: Sequence[Candle]) -> None:
        """Let the symbol have had these 1-minute candles, none missing, right before its first one."""
        self._past_made = True
        self._candles.prepend(list(candles))

    @property
    def first_minute_ns(self) -> int:
        """Return when the oldest 1-minute candle opens."""
        self.minutes(0, 0)
        return self._candles.first_open_ns

    def statistics(self, minutes: int, last_price: Decimal) -> DayStatistics:
        """Return the statistics of the last so many minutes."""
        now = self._clock()
        first_ns = now - minutes * MINUTE_NS
        last_quantity = self.trades[-1].quantity if self.trades else ZERO
        return sum_up(self.minutes(first_ns, now), first_ns, now, last_price, last_quantity)

    def average_price(self, minutes: int) -> Decimal | None:
        """Return the volume-weighted price of the last `minutes`, None when nothing traded."""
        now = self._clock()
        recent = self.minutes(now - minutes * MINUTE_NS, now) if minutes else []
        volume = sum((c.volume for c in recent), ZERO)
        return sum((c.quote_volume for c in recent), ZERO) / volume if volume else None

    def _make_past(self) -> None:
        self._past_made = True
        first_ns, contract = self._candles.first_open_ns, self._contract()
        opening = self._candles.between(first_ns, first_ns)[0].open
        minutes = self._days * DAY_MINUTES
        steps = contract.price_tick, contract.quantity_step
        self._candles.prepend(past_candles(self._symbol, self._seed, first_ns, minutes, opening, *steps))
