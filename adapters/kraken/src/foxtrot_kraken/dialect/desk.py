"""What every handler works with: the venue, its names on the wire, the counters, the register of orders."""

from __future__ import annotations

from foxtrot.model.order import Side
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.types import PublicTrade, Refused, VenueOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_kraken.dialect.errors import WireError, from_refusal
from foxtrot_kraken.dialect.ids import Ids
from foxtrot_kraken.dialect.keys import Keys
from foxtrot_kraken.dialect.ledgers import Ledgers
from foxtrot_kraken.dialect.limits import Limits
from foxtrot_kraken.dialect.names import Pair, Pairs
from foxtrot_kraken.dialect.params import Params
from foxtrot_kraken.dialect.profile import DialectOptions
from foxtrot_kraken.dialect.register import Entry, Register
from foxtrot_kraken.dialect.spreads import Spreads
from foxtrot_kraken.dialect.system import System
from foxtrot_kraken.dialect.tokens import Tokens

ACCOUNT = "client"
INTERVALS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1_440: "1d", 10_080: "1w", 21_600: "15d"}


class Desk:
    """Hold what the handlers share, and look up pairs and orders."""

    def __init__(self, venue: Venue, options: SandboxOptions, dialect_options: DialectOptions) -> None:
        self.venue = venue
        self.options = dialect_options
        self.system = System(dialect_options.system)
        self.ids = Ids(venue.born_ns)
        self.pairs = Pairs(venue.contracts)
        self.keys = Keys(options, dialect_options)
        self.limits = Limits(dialect_options, venue.steady)
        self.register = Register(self.ids, self.pairs)
        self.tokens = Tokens(self.ids, venue.clock)
        self.spreads = Spreads(venue)
        self.ledgers = Ledgers(venue, self.ids, self.register)

    def now_ns(self) -> int:
        """Return the venue's time."""
        return self.venue.clock()

    def pair(self, params: Params, name: str = "pair") -> Pair:
        """Return the pair that a parameter names. Raises WireError."""
        pair = self.pairs.by_name(params.need(name))
        if pair is None:
            raise WireError("EQuery:Unknown asset pair")
        return pair

    def interval(self, minutes: int) -> str:
        """Return the interval of so many minutes, one of INTERVALS; weeks open on the day that the options say."""
        return "7d" if minutes == 10_080 and self.options.weeks == "thursday" else INTERVALS[minutes]

    def taker_kind(self, trade: PublicTrade) -> str:
        """Return "market" or "limit", as the taker's order is."""
        taker = trade.buyer_order_id if trade.taker_side is Side.BUY else trade.seller_order_id
        kind = self.register.kind_of(taker)
        return "limit" if kind is None or kind in ("limit", "iceberg") or kind.endswith("-limit") else "market"

    def order(self, entry: Entry) -> VenueOrder | None:
        """Return an order as it is now, None while the venue does not show it."""
        try:
            return self.venue.order(entry.account, entry.symbol, order_id=entry.order_id)
        except Refused:
            return None

    def orders(self, account: str) -> list[tuple[Entry, VenueOrder]]:
        """Return all orders of an account that the venue shows, oldest first."""
        return [(entry, order) for entry in self.register.all(account) if (order := self.order(entry)) is not None]

    def open_orders(self, account: str) -> list[tuple[Entry, VenueOrder]]:
        """Return the open orders of an account that the venue shows, oldest first."""
        return [(self.register.of(order.order_id), order) for order in self.venue.open_orders(account)]

    def refused(self, refusal: Refused, pair: Pair) -> WireError:
        """Return the venue's words for a refusal."""
        return from_refusal(refusal, pair, self.options)
