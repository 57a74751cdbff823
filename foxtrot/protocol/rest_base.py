"""What REST codecs of all venues have in common."""

from __future__ import annotations

import abc
from collections.abc import Collection

from foxtrot.errors import InvalidRequest
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar
from foxtrot.model.intervals import require_listed
from foxtrot.model.order import Fill
from foxtrot.model.orderbook import OrderBook
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import Page, RestCodec
from foxtrot.protocol.messages import BookSnapshot, OrderUpdate
from foxtrot.protocol.pages import Wanted
from foxtrot.protocol.stamping import Stamping


class RestBase(Stamping, RestCodec):
    """Turn what users ask for into what a venue's requests are about: a book of some depth, a page of a list.

    `most_depth` is how many levels a side a request for a book bears, `snapshot_depth` how many one under a kept book
    asks for, `intervals` are those of the candles (empty: not stated).
    """

    most_depth: int
    snapshot_depth: int
    intervals: Collection[str] = ()

    @abc.abstractmethod
    def book(self, contract: Contract, depth: int) -> Call[BookSnapshot]:
        """Ask for the best levels."""

    @abc.abstractmethod
    def candles(self, contract: Contract, interval: str, wanted: Wanted) -> Call[list[Bar]]:
        """Ask for one page of candles of an interval that the venue has."""

    @abc.abstractmethod
    def past_orders(self, contract: Contract, wanted: Wanted) -> Call[Page[OrderUpdate]]:
        """Ask for one page of all orders."""

    @abc.abstractmethod
    def executions(self, contract: Contract | None, wanted: Wanted) -> Call[Page[Fill]]:
        """Ask for one page of executions."""

    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]:
        """Ask for the best `depth` levels a side. Raises InvalidRequest for more than the venue shows, or none."""
        if not 1 <= depth <= self.most_depth:
            text = f"{self.exchange} shows books of 1 to {self.most_depth} levels a side, not {depth}."
            raise InvalidRequest(text, field="depth", exchange=self.exchange)
        return self.book(contract, depth).then(
            lambda b: OrderBook(self.exchange, contract.symbol, 0, b.last_id, tuple(b.bids), tuple(b.asks))
        )

    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]:
        """Ask for the snapshot under a kept book, or for a book in place of a stream."""
        return self.book(contract, self.snapshot_depth)

    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]:
        """Ask for one page of candles. Raises UnsupportedError for an interval that the venue does not have."""
        require_listed(interval, self.intervals, self.exchange)
        return self.candles(contract, interval, Wanted(start, end, limit))

    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[OrderUpdate]]:
        """Ask for one page of all orders."""
        return self.past_orders(contract, Wanted(start, end, limit, after))

    def fetch_my_trades(
        self, contract: Contract | None, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[Fill]]:
        """Ask for one page of executions."""
        return self.executions(contract, Wanted(start, end, limit, after))
