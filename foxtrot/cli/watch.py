"""`foxtrot watch`: live data of several symbols."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.session import Target, opened, run
from foxtrot.errors import InvalidRequest

if TYPE_CHECKING:
    from foxtrot.exchange import BaseExchange
    from foxtrot.model.events import Event

_KINDS = ("quotes", "trades", "ticker", "book", "bars")


def watch(
    symbols: Annotated[list[str], typer.Argument(help="BASE/QUOTE ...")],
    kinds: Annotated[str, typer.Option(help=f"Any of {','.join(_KINDS)}.")] = "quotes,trades",
    seconds: Annotated[float, typer.Option("--for", min=0, help="Stop after so many seconds; 0 for never.")] = 0.0,
    interval: Annotated[str, typer.Option(help="Interval of bars.")] = "1m",
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Watch symbols live.

    A table on a terminal, one line (or JSON object) per event elsewhere.
    """
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    unknown = [kind for kind in wanted if kind not in _KINDS]
    if unknown:
        raise InvalidRequest(f"{', '.join(unknown)} cannot be watched; choose from {', '.join(_KINDS)}.", field="kinds")
    run(_watch(symbols, wanted, seconds, interval, Target(exchange, env, config, rest_url, as_json)))


async def _watch(
    symbols: list[str],
    kinds: list[str],
    seconds: float,
    interval: str,
    target: Target,
) -> None:
    from foxtrot.model.events import MarketEvent

    async with opened(target) as venue:
        as_table = sys.stdout.isatty() and not target.as_json
        with _board(venue.name) if as_table else _lines(target.as_json) as show:
            venue.engine.subscribe(MarketEvent, show)
            await _subscribe(venue, symbols, kinds, interval)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds or None):
                    await asyncio.Event().wait()


async def _subscribe(venue: BaseExchange, symbols: list[str], kinds: list[str], interval: str) -> None:
    if "quotes" in kinds:
        await venue.subscribe_quotes(symbols)
    if "trades" in kinds:
        await venue.subscribe_trades(symbols)
    if "ticker" in kinds:
        await venue.subscribe_ticker(symbols)
    if "book" in kinds:
        await venue.subscribe_order_book(symbols)
    if "bars" in kinds:
        await venue.subscribe_ohlcv(symbols, interval)


def summary(event: Event) -> dict[str, Any]:
    """Return what an event says, as short names and values."""
    from foxtrot.model.events import Bar, BookInvalidated, BookUpdated, Quote, Ticker, Trade

    if isinstance(event, Quote):
        return {"bid": event.bid, "bid_qty": event.bid_quantity, "ask": event.ask, "ask_qty": event.ask_quantity}
    if isinstance(event, Trade):
        return {"taker": event.side.value, "price": event.price, "qty": event.quantity, "id": event.trade_id}
    if isinstance(event, Ticker):
        return {"last": event.last, "change": event.change_percent, "volume": event.volume}
    if isinstance(event, BookUpdated):
        return {"best_bid": event.best_bid, "best_ask": event.best_ask, "levels": len(event.bids) + len(event.asks)}
    if isinstance(event, Bar):
        return {"interval": event.interval, "close": event.close, "volume": event.volume, "closed": event.closed}
    return {"reason": event.reason} if isinstance(event, BookInvalidated) else {}


@contextlib.contextmanager
def _lines(as_json: bool) -> Iterator[Any]:
    def show(event: Event) -> None:
        kind = type(event).__name__.lower()
        if as_json:
            print(json.dumps({"kind": kind, "symbol": event.symbol, "ts_recv": event.ts_recv} | summary(event)))
        else:
            print(kind, event.symbol, *(f"{name}={value}" for name, value in summary(event).items()))

    yield show


@contextlib.contextmanager
def _board(name: str) -> Iterator[Any]:
    """Show one line per symbol and kind, redrawn four times a second."""
    from rich import box
    from rich.live import Live
    from rich.table import Table

    latest: dict[tuple[str, str], tuple[int, str]] = {}

    def show(event: Event) -> None:
        key = (event.symbol, type(event).__name__)
        count = latest.get(key, (0, ""))[0] + 1
        latest[key] = (count, "  ".join(f"{k} {v}" for k, v in summary(event).items()))

    def table() -> Table:
        drawn = Table(title=f"{name}  (Ctrl-C to stop)", title_justify="left", box=box.SIMPLE_HEAD, expand=True)
        drawn.add_column("symbol", no_wrap=True)
        drawn.add_column("kind", no_wrap=True)
        drawn.add_column("events", justify="right")
        drawn.add_column("latest", ratio=1, no_wrap=True)
        for (symbol, kind), (count, said) in sorted(latest.items()):
            drawn.add_row(symbol, kind, str(count), said)
        return drawn

    with Live(get_renderable=table, refresh_per_second=4):
        yield show
