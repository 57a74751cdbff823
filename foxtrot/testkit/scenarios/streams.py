"""Public streams of every kind: what they bring is the venue's, through every end and beginning."""

from __future__ import annotations

from typing import Any

from foxtrot.capabilities import Capability, Support
from foxtrot.errors import StateError
from foxtrot.model.events import (
    Bar,
    BookInvalidated,
    BookUpdated,
    ChannelName,
    ChannelStateChanged,
    Event,
    HandlerFailed,
    Quote,
    StreamRestored,
    StreamStale,
    Ticker,
    Trade,
)
from foxtrot.model.intervals import floor_open
from foxtrot.model.order import Side
from foxtrot.protocol.messages import ChannelKind
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.books import claim_right, quiet_moment, truth
from foxtrot.testkit.scenarios.candles import MINUTE, figures, resampled
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario

EVENTS: dict[str, type[Event]] = {
    "ticker": Ticker,
    "quotes": Quote,
    "trades": Trade,
    "book": BookUpdated,
    "ohlcv": Bar,
}
_EVERY = tuple(Capability[f"SUBSCRIBE_{'ORDER_BOOK' if kind == 'book' else kind.upper()}"] for kind in EVENTS)


def subscribe(desk: Desk, kind: str, callback: Any = None) -> Any:
    """Return the subscription to a kind of stream, to be awaited."""
    param = "1m" if kind == "ohlcv" else ""
    return desk.exchange.market_data.subscribe(ChannelKind(kind), desk.symbol, callback, param=param)


def told(desk: Desk, kind: str, since: int = 0) -> list[Any]:
    """Return the events of a kind of stream."""
    return [event for event in desk.heard[since:] if isinstance(event, EVENTS[kind])]


@scenario(Capability.SUBSCRIBE_QUOTES, Capability.FETCH_TICKER)
async def an_empty_side_of_the_book_is_no_price(bench: Bench) -> None:
    """While nobody sells, or nobody buys, there is no quote; a ticker has price and quantity 0 for that side."""
    desk = await bench.desk()
    venue, symbol, some = desk.world.venue, desk.symbol, desk.quantity(600)
    venue.place_agent(symbol, Side.BUY, desk.price("0.99"), some)
    await desk.run(desk.exchange.subscribe_quotes(symbol))
    await desk.clock.advance(3)
    venue.place_agent(symbol, Side.BUY, desk.price("0.995"), some)
    await desk.clock.advance(3)
    equal([e for e in desk.heard if isinstance(e, Quote)], [], "the quotes while nobody sells")
    ticker = await desk.run(desk.exchange.fetch_ticker(symbol))
    equal((ticker.bid, ticker.ask, ticker.ask_quantity), (float(desk.price("0.995")), 0.0, 0.0), "the ticker")
    venue.place_agent(symbol, Side.SELL, desk.price("1.01"), some)
    await desk.clock.advance(3)
    both = (float(desk.price("0.995")), float(desk.price("1.01")))
    equal([(e.bid, e.ask) for e in desk.heard if isinstance(e, Quote)], [both], "the quotes with both sides")
    venue.place_agent(symbol, Side.SELL, desk.price("0.99"), some * 2)
    await desk.clock.advance(3)
    for step in range(12):
        venue.place_agent(symbol, Side.SELL, desk.price(f"0.98{9 - step % 9}"), some)
        await desk.clock.advance(10)
    sure(all(e.bid and e.ask for e in desk.heard if isinstance(e, Quote)), "a quote has no price")
    equal(desk.kinds(StreamStale), [], "the streams told as stale: there is nothing to quote")


@scenario(*_EVERY, cases=tuple(EVENTS))
async def a_stream_brings_the_venues_truth_after_each_beginning(bench: Bench, kind: str) -> None:
    """Subscribed, unsubscribed, subscribed again, cut: each time a stream of every kind brings what the venue has."""
    desk = await bench.busy()
    heard: list[Any] = []
    subscription = await desk.run(subscribe(desk, kind, heard.append))
    await _brings_truth(desk, kind)
    await desk.run(desk.exchange.unsubscribe(subscription))
    await desk.clock.advance(2)
    heard.clear()
    before = len(told(desk, kind))
    await desk.clock.advance(30)
    equal((heard, len(told(desk, kind))), ([], before), "what came after the end of the subscription")
    error = await fails(desk, desk.exchange.unsubscribe(subscription), StateError, "a second end")
    sure("ended already" in error.message, error.message)
    await desk.run(subscribe(desk, kind, heard.append))
    await _brings_truth(desk, kind)
    sure(heard, "the callback heard nothing the second time")
    desk.cut(refused=2)
    await desk.clock.advance(20)
    ups = [e.up for e in desk.heard if isinstance(e, ChannelStateChanged) and e.channel is ChannelName.MARKET]
    sure(False in ups and ups[-1], f"the channel went {ups}")
    await _brings_truth(desk, kind)


@scenario(*_EVERY)
async def one_of_two_subscribers_leaves_and_the_other_hears_on(bench: Bench) -> None:
    """Each subscription ends for itself; callbacks may be async functions for every kind of stream."""
    desk = await bench.busy()
    await desk.engine.start()  # which runs the async callbacks
    mine: list[Any] = []
    others: set[type[Event]] = set()

    async def take(event: Event) -> None:
        others.add(type(event))

    for kind in EVENTS:
        first = await desk.run(subscribe(desk, kind, mine.append))
        await desk.run(subscribe(desk, kind, take))
        await desk.clock.advance(3)
        await desk.run(desk.exchange.unsubscribe(first))
    mine.clear()
    others.clear()
    await desk.clock.advance(70)
    equal(mine, [], "what the subscription that ended brought")
    equal(others, set(EVENTS.values()), "what the others brought")
    equal(desk.kinds(HandlerFailed), [], "the handlers that failed")
    await desk.run(desk.exchange.disconnect())
    await desk.run(desk.engine.stop())


@scenario(*_EVERY, cases=tuple(EVENTS))
async def a_stream_that_falls_silent_is_told_within_its_limit_polled_and_restored(bench: Bench, kind: str) -> None:
    """A stream without news in a market that moves is told as stale, stood in for by requests, and restored."""
    desk = await _subscribed(bench, kind)
    limit = desk.exchange.config.streams.stale_after_s[kind]
    begun, since = desk.clock.monotonic(), len(desk.heard)
    # Each connection, and each that replaces it, answers what it is asked and brings no news.
    desk.world.muted = True
    await desk.clock.advance(limit + 3)
    stale = [event for event in desk.heard[since:] if isinstance(event, StreamStale)]
    stream = bench.traits.carried.get(kind, kind)
    equal([(s.stream, s.symbol) for s in stale], [(stream, desk.symbol)], "the stale streams told")
    sure(stale[0].silent_s <= limit + 2, f"it was silent for {stale[0].silent_s} s")
    sure(desk.clock.monotonic() - begun <= limit + 3, "it was told late")
    after = desk.heard.index(stale[0])
    await desk.clock.advance(200)
    # A stream that begins with what there is speaks once on each connection that replaces it: that is no news.
    equal(desk.kinds(StreamRestored), [], "the streams told as restored while they bring no news")
    sure(len(told(desk, kind, after)) >= 30, "too little came by asking")
    desk.world.muted = False
    await desk.clock.advance(60)
    sure(any(isinstance(e, StreamRestored) for e in desk.heard[after:]), "it was not told as restored")
    equal(desk.kinds(StreamStale), ["StreamStale"], "the stale streams told")


@scenario(*_EVERY)
async def a_stale_stream_is_replaced_ever_more_seldom(bench: Bench) -> None:
    """A stream with nothing to say, or that stays mute, costs no connection every half minute for ever."""
    desk = await _subscribed(bench, "quotes")
    desk.world.muted = True
    await desk.clock.advance(60)
    desk.world.muted = False
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(300)
    commands = desk.world.commands
    await desk.clock.advance(3_600)
    sure(desk.world.commands - commands <= 10, f"{desk.world.commands - commands} commands in an hour")
    desk.world.stage.flow.rate = 20
    await desk.clock.advance(30)
    equal(desk.kinds(StreamRestored), ["StreamRestored"], "the streams told as restored")


@scenario(*_EVERY)
async def silence_is_told_when_the_market_cannot_be_asked_either(bench: Bench) -> None:
    """With streams that bring nothing and requests that fail, nothing old passes for the venue's."""
    desk = await _subscribed(bench, "book")
    await desk.run(subscribe(desk, "trades"))
    await desk.clock.advance(3)
    limits, since = desk.exchange.config.streams.stale_after_s, len(desk.heard)
    desk.world.muted = True
    desk.faults.next["http"] = [Fault.REFUSED] * 2_000
    await desk.clock.advance(max(limits["book"], limits["trades"]) + 3)
    stale = [event for event in desk.heard[since:] if isinstance(event, StreamStale)]
    equal({event.stream for event in stale}, {"book", "trades"}, "the stale streams told")
    sure(any(isinstance(e, BookInvalidated) for e in desk.heard[since:]), "the book was not told as invalid")
    desk.faults.next["http"] = []
    desk.world.muted = False
    await desk.clock.advance(90)
    await quiet_moment(desk)
    await _claim(desk, "book")


@scenario(*_EVERY)
async def a_quiet_market_is_not_a_stale_stream(bench: Bench) -> None:
    """Where nothing happens, nothing is stale."""
    desk = await bench.busy()
    for kind in EVENTS:
        await desk.run(subscribe(desk, kind))
    await desk.clock.advance(3)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(3_600)
    equal(desk.kinds(StreamStale), [], "the stale streams told")


@scenario(*_EVERY, cases=tuple(EVENTS))
async def a_stream_that_cannot_be_had_is_polled(bench: Bench, kind: str) -> None:
    """Where no connection can be opened, a stream is told as stale and stood in for by requests; then it comes back."""
    desk = await _subscribed(bench, kind)
    since = len(desk.heard)
    desk.cut(refused=2_000)
    await desk.clock.advance(desk.exchange.config.streams.stale_after_s[kind] + 60)
    stale = [event for event in desk.heard[since:] if isinstance(event, StreamStale)]
    sure(len(stale) == 1 and "not up" in stale[0].reason, f"told as stale: {stale}")
    sure(len(told(desk, kind, since)) >= 8, "too little came by asking")
    if kind == "book":
        sure(desk.exchange.market_data.order_book(desk.symbol) is not None, "there is no book to look at")
    desk.faults.next["handshake"] = []
    await desk.clock.advance(90)
    equal(desk.kinds(StreamRestored), ["StreamRestored"], "the streams told as restored")
    await _brings_truth(desk, kind)


@scenario(*_EVERY)
async def streams_that_fall_silent_together_are_replaced_once(bench: Bench) -> None:
    """Two stale streams of one connection have it replaced by one: what is left over in the end would be a leak."""
    desk = await _subscribed(bench, "book")
    for kind in ("quotes", "trades"):
        await desk.run(subscribe(desk, kind))
    await desk.clock.advance(3)
    before = len(desk.world.sockets)
    desk.world.muted = True
    await desk.clock.advance(300)
    desk.world.muted = False
    await desk.clock.advance(90)
    equal(len(desk.world.sockets), before, "the number of open sockets")


@scenario(Capability.SUBSCRIBE_TICKER, Capability.FETCH_TICKER)
async def statistics_are_of_24_hours_by_stream_and_by_request(bench: Bench) -> None:
    """Both ways tell the same of the last 24 hours; where a request tells something else, its capability says so."""
    desk = await bench.busy(history_days=3)
    await desk.run(desk.exchange.subscribe_ticker(desk.symbol))
    await desk.clock.advance(20)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(5)
    day = desk.world.venue.day_statistics(desk.symbol)
    asked = await desk.run(desk.exchange.fetch_ticker(desk.symbol))
    heard = [event for event in desk.heard if isinstance(event, Ticker)][-1]
    feature = bench.spec.capabilities[Capability.FETCH_TICKER]
    for name, told in (("stream", heard), ("request", asked)):
        equal((told.last, told.high, told.low), (float(day.last), float(day.high), float(day.low)), f"by {name}")
        if told is asked and feature.support is not Support.FULL:
            sure("day" in feature.note, "nothing says what the opening is")
            continue
        change = float((day.last - day.open) / day.open * 100)
        sure(abs(told.open - float(day.open)) < 1e-6 * told.open, f"by {name} it opened at {told.open}, not {day.open}")
        sure(abs(told.change_percent - change) < 0.02, f"by {name} it changed by {told.change_percent} %, not {change}")


@scenario(Capability.SUBSCRIBE_TICKER, Capability.FETCH_TICKER)
async def tickers_asked_for_are_the_venues(bench: Bench) -> None:
    """Tickers of several symbols come in the order asked, and say what the venue's day was."""
    desk = await bench.busy(symbols=bench.traits.symbols)
    await desk.clock.advance(30)
    await quiet_moment(desk)
    names = list(reversed(desk.symbols))
    tickers = await desk.run(desk.exchange.fetch_tickers(names))
    equal([t.symbol for t in tickers], names, "the symbols")
    for ticker in tickers:
        _is_the_day(desk, ticker)


@scenario(*_EVERY)
async def frames_that_nobody_understands_are_told_and_disturb_nothing(bench: Bench) -> None:
    """Garbage and unknown fields on a public stream harm nothing that comes with them."""
    desk = await bench.busy()
    for kind in ("trades", "quotes", "book"):
        await desk.run(subscribe(desk, kind))
    desk.faults.next["frame"] = [Fault.GARBAGE, None, Fault.NEW_FIELDS, None] * 10
    await desk.clock.advance(20)
    sure("ProtocolErrorSeen" in desk.kinds(), "the garbage was not told")
    await quiet_moment(desk)
    for kind in ("trades", "quotes", "book"):
        await _claim(desk, kind)


async def _subscribed(bench: Bench, kind: str) -> Desk:
    desk = await bench.busy()
    await desk.run(subscribe(desk, kind))
    await desk.clock.advance(3)
    return desk


async def _brings_truth(desk: Desk, kind: str) -> None:
    """Let the market live for a while, then compare what came last with what the venue has."""
    since = len(desk.heard)
    desk.world.stage.flow.rate = 20
    await desk.clock.advance(70 if kind == "ohlcv" else 20)
    await quiet_moment(desk)
    sure(told(desk, kind, since), f"no {kind} came")
    await _claim(desk, kind, since)
    desk.world.stage.flow.rate = 20


async def _claim(desk: Desk, kind: str, since: int = 0) -> None:
    latest = told(desk, kind, since)[-1]
    if kind == "book":
        claim_right(desk)
    elif kind == "quotes":
        mine = ([(latest.bid, latest.bid_quantity)], [(latest.ask, latest.ask_quantity)])
        equal(mine, truth(desk, desk.symbol, 1), "the last quote")
    elif kind == "trades":
        _are_the_last_trades(desk, since)
    elif kind == "ticker":
        _is_the_day(desk, latest)
    else:
        _are_the_candles(desk, since)


def _are_the_last_trades(desk: Desk, since: int) -> None:
    mine = [(str(t.trade_id), t.price, t.quantity, t.side) for t in told(desk, "trades", since)]
    every = [
        (str(t.trade_id), float(t.price), float(t.quantity), t.taker_side) for t in desk.world.venue.trades(desk.symbol)
    ]
    equal(len(set(mine)), len(mine), "the number of different trades")
    first = [row[0] for row in every].index(mine[0][0])
    equal(mine, every[first:], "the trades from the first one on")


def _is_the_day(desk: Desk, ticker: Ticker) -> None:
    day = desk.world.venue.day_statistics(ticker.symbol)
    equal(ticker.last, float(day.last), "the last price of the ticker")
    sure(ticker.low <= ticker.last <= ticker.high, f"the ticker is {ticker}")
    equal((ticker.high, ticker.low), (float(day.high), float(day.low)), "high and low of the ticker")


def _are_the_candles(desk: Desk, since: int) -> None:
    latest = {bar.open_time: bar for bar in told(desk, "ohlcv", since)}
    first, last = min(latest), max(latest)
    theirs = {row[0]: row for row in resampled(desk.world.venue.minutes(desk.symbol, first, last), "1m")}
    closed = [bar for bar in latest.values() if bar.closed]
    sure(closed, "no candle was told as finished")
    for bar in closed:
        equal(figures([bar])[0], theirs[bar.open_time], f"the candle of {bar.open_time}")
    newest = latest[last]
    equal(newest.close, theirs[last][4], "the close of the newest candle")
    sure(last >= floor_open(desk.clock.time_ns() - 2 * MINUTE, "1m"), "the newest candle is old")
