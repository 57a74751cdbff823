"""The place where a dry run trades: the venue's own dialect and rules over a market that is fed from the real one."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
from pydantic import SecretStr

from foxtrot.capabilities import Capability
from foxtrot.config import Credentials
from foxtrot.errors import StateError
from foxtrot.exchange import BaseExchange
from foxtrot.model.contract import Contract, ContractStatus, OtherRule
from foxtrot.model.decimals import ZERO
from foxtrot.model.events import AdapterState, Bar, ClockMeasured
from foxtrot.model.times import NS_PER_MS
from foxtrot.plugins import import_string
from foxtrot.ports import VenueAccess
from foxtrot.sandbox.candles import MINUTE_NS
from foxtrot.sandbox.dialect import Dialect, DialectFactory
from foxtrot.sandbox.options import SandboxOptions
from foxtrot.sandbox.paper.feed import PaperFeed
from foxtrot.sandbox.paper.market import PaperMarket
from foxtrot.sandbox.paper.state import PaperState
from foxtrot.sandbox.paper.wire import MemoryWire
from foxtrot.sandbox.types import Candle
from foxtrot.sandbox.venue import Venue

_LOG = logging.getLogger("foxtrot.paper")
_NUMBERS = itertools.count(1)
_TICK_S = 0.02
_HISTORY_MINUTES = 999


class _Playing(NamedTuple):
    venue: Venue
    dialect: Dialect
    wire: MemoryWire
    credentials: Credentials


class PaperPlace:
    """Be an `Environment` without sockets, which lives as long as the process and remembers what `state` holds.

    `live` brings contracts, books and trades, and gets no private request. `balances` are those of the first start.
    """

    def __init__(
        self,
        live: BaseExchange,
        symbols: Sequence[str],
        *,
        balances: Mapping[str, Decimal],
        maker_fee: Decimal,
        taker_fee: Decimal,
        state: Path | None,
        owns_live: bool,
    ) -> None:
        self._live = live
        self._symbols = list(dict.fromkeys(symbols))
        self._balances = dict(balances)
        self._fees = maker_fee, taker_fee
        self._state = PaperState(state)
        self._owns_live = owns_live
        self._offset_ns = 0
        self._base = f"paper{next(_NUMBERS)}.invalid"
        self._markets: dict[str, PaperMarket] = {}
        self._playing: _Playing | None = None
        self._feed: PaperFeed | None = None
        self._ticker: asyncio.Task[None] | None = None
        live.engine.subscribe(ClockMeasured, self._on_clock, exchange=live.name)

    def trouble(self, symbol: str) -> str:
        """Return why orders for a symbol cannot be judged now, "" when they can."""
        market = self._markets.get(symbol)
        return "it is not one of the dry run's symbols" if market is None else market.trouble

    async def open(self) -> VenueAccess:
        """Begin to follow the real market. Raises StateError when the given exchange is not connected."""
        await self._connect_live()
        self._state.open()
        fresh = self._playing is None
        playing = self._playing = self._playing or await self._build()
        self._feed = PaperFeed(self._live, self._markets)
        await self._feed.start(list(self._markets))
        if fresh:
            self._restore(playing.venue)
        self._ticker = asyncio.create_task(_tick(playing.dialect), name="foxtrot paper market")
        self._ticker.add_done_callback(_report_failure)
        wire = playing.wire
        return VenueAccess(playing.dialect.endpoints(self._base), playing.credentials, http=wire, connector=wire)

    async def close(self) -> None:
        """Stop following; orders and balances stay for the next `open`."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait([self._ticker])
            self._ticker = None
        if self._feed is not None:
            await self._feed.stop("the dry run is not connected")
            self._feed = None
        if self._playing is not None:
            self._playing.wire.close()
        self._state.close()
        if self._owns_live:
            await self._live.disconnect()

    # building

    async def _connect_live(self) -> None:
        if self._live.state is AdapterState.DISCONNECTED and self._owns_live:
            await self._live.connect()
        if self._live.state not in (AdapterState.READY, AdapterState.DEGRADED, AdapterState.SYNCING):
            raise StateError(
                f"The dry run follows {self._live!r}, which is not connected; connect it first, or give its name: then "
                "a connection without keys is made for it.",
                exchange=self._live.name,
            )
        self._offset_ns = round(self._live.health().clock_offset_ms * NS_PER_MS)

    async def _build(self) -> _Playing:
        state, live = self._state, self._live
        listed = {contract.symbol for contract in live.contracts.all()}
        wanted = dict.fromkeys([*self._symbols, *(o.symbol for o in state.orders if o.symbol in listed)])
        for symbol in wanted:
            live.contracts.get(symbol)
        factory: DialectFactory = import_string(live.spec.dialect)
        options = self._options(wanted)
        contracts = [_playable(live.contracts.get(own.symbol), own) for own in factory.contracts(options)]
        prices = {s: Decimal(repr((await live.fetch_ticker(s)).last)) for s in wanted}
        # No id of an earlier run comes again, also when only the journal remembers that run.
        first = self._now() // NS_PER_MS

        def market(contract: Contract, price: Decimal, venue: Venue) -> PaperMarket:
            made = PaperMarket(contract, price, venue, max(first, state.last_trade_id + 1))
            self._markets[contract.symbol] = made
            return made

        maker_fee, taker_fee = self._fees
        venue = Venue(
            contracts,
            self._now,
            maker_fee=maker_fee,
            taker_fee=taker_fee,
            prices=prices,
            first_order_id=max(first, state.last_order_id + 1),
            market=market,
            born_ns=state.born_ns,
        )
        for contract in contracts:
            await self._remember(venue, contract)
        state.begin(venue.born_ns)
        dialect = factory.open(venue, options)
        key = Credentials(api_key=SecretStr(options.api_key), api_secret=SecretStr(options.api_secret))
        return _Playing(venue, dialect, MemoryWire(dialect), key)

    def _options(self, symbols: Mapping[str, None]) -> SandboxOptions:
        held = {asset: sum(parts, ZERO) for asset, parts in self._state.balances.items()}
        maker_fee, taker_fee = self._fees
        return SandboxOptions(
            venue=self._live.name,
            symbols=tuple(symbols),
            balances=self._balances | held,
            maker_fee=maker_fee,
            taker_fee=taker_fee,
            rate=0,
        )

    async def _remember(self, venue: Venue, contract: Contract) -> None:
        """Give a symbol its real candles, so that a program that looks back sees the real market."""
        if not self._live.capabilities[Capability.FETCH_OHLCV].support.usable:
            return
        bars = await self._live.fetch_ohlcv(contract.symbol, "1m", limit=_HISTORY_MINUTES)
        first = venue.first_minute_ns(contract.symbol)
        venue.give_history(contract.symbol, _without_holes(bars, first))

    def _restore(self, venue: Venue) -> None:
        """Take up the orders of an earlier run; each joins the end of the queue as it is now."""
        venue.restore([order for order in self._state.orders if order.symbol in self._markets])
        venue.listeners.append(self._state.on_event)

    # living

    def _now(self) -> int:
        return self._live.clock.time_ns() + self._offset_ns

    def _on_clock(self, event: ClockMeasured) -> None:
        self._offset_ns = round(event.offset_ms * NS_PER_MS)


async def _tick(dialect: Dialect) -> None:
    while True:
        dialect.tick()
        await asyncio.sleep(_TICK_S)


def _playable(contract: Contract, own: Contract) -> Contract:
    """Return the real contract as the dialect plays it: self-trade prevention has the dialect's `own` words.

    Rules that nobody here understands are left out; the real venue may refuse what they forbid.
    """
    rules = tuple(rule for rule in contract.rules if not isinstance(rule, OtherRule))
    if left_out := [rule.name for rule in contract.rules if isinstance(rule, OtherRule)]:
        _LOG.info("the dry run of %s does not know the rules %s", contract.symbol, ", ".join(left_out))
    status = contract.status if contract.status is not ContractStatus.OTHER else ContractStatus.HALTED
    return msgspec.structs.replace(
        contract, rules=rules, status=status, stp_modes=own.stp_modes, default_stp_mode=own.default_stp_mode
    )


def _without_holes(bars: Sequence[Bar], end_ns: int) -> list[Candle]:
    """Return the candles up to `end_ns`; a minute that is missing repeats the last close."""
    found = {bar.open_time: bar for bar in bars if bar.open_time < end_ns}
    candles: list[Candle] = []
    for opened in range(min(found, default=end_ns), end_ns, MINUTE_NS):
        bar = found.get(opened)
        candles.append(_flat(opened, candles[-1].close) if bar is None else _candle(bar))
    return candles


def _candle(bar: Bar) -> Candle:
    open_, high, low, close, volume, quote = (
        Decimal(repr(value)) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume)
    )
    return Candle(
        open_ns=bar.open_time,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        quote_volume=quote,
        trades=max(bar.trades, 0),
    )


def _flat(open_ns: int, price: Decimal) -> Candle:
    return Candle(open_ns=open_ns, open=price, high=price, low=price, close=price)


def _report_failure(ticker: asyncio.Task[None]) -> None:
    if not ticker.cancelled() and (error := ticker.exception()) is not None:
        _LOG.error("the market of the dry run has stopped: %s", error, exc_info=error)
