"""`foxtrot watch`: live data of several symbols."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
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
    run(_watch(symbols, wanted_kinds(kinds), seconds, interval, Target(exchange, env, config, rest_url, as_json)))


def wanted_kinds(kinds: str) -> list[str]:
    """Return the kinds of data that an option names. Raises InvalidRequest for others, and for none."""
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if not wanted:
        raise InvalidRequest(f"--kinds names nothing; choose from {', '.join(_KINDS)}.", field="kinds")
    unknown = [kind for kind in wanted if kind not in _KINDS]
    if unknown:
        raise InvalidRequest(f"{', '.join(unknown)} cannot be watched; choose from {', '.join(_KINDS)}.", field="kinds")
    return wanted


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
        with _board(venue.name) if as_table else contextlib.nullcontext(line_printer(as_json=target.as_json)) as show:
            venue.engine.subscribe(MarketEvent, show)
            await subscribe(venue, symbols, kinds, interval)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds or None):
                    await asyncio.Event().wait()


async def subscribe(venue: BaseExchange, symbols: list[str], kinds: list[str], interval: str) -> None:
    """Subscribe to kinds of data by the names that the command line has for them."""
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
        return {"last": event.last, "change": round(event.change_percent, 3), "volume": event.volume}
    if isinstance(event, BookUpdated):
        return {"best_bid": event.best_bid, "best_ask": event.best_ask, "levels": len(event.bids) + len(event.asks)}
    if isinstance(event, Bar):
        return {"interval": event.interval, "close": event.close, "volume": event.volume, "closed": event.closed}
    return {"reason": event.reason} if isinstance(event, BookInvalidated) else {}


def line_printer(*, as_json: bool) -> Callable[[Event], None]:
    """Return what prints one event per line, as words or as a JSON object; it ends the command when nobody reads."""

    def show(event: Event) -> None:
        try:
            print(_line(event, as_json=as_json))
        except BrokenPipeError:
            # An engine isolates errors of handlers, but not this; what is still buffered must not raise at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None

    return show


def _line(event: Event, *, as_json: bool) -> str:
    kind, said = type(event).__name__.lower(), summary(event)
    if as_json:
        return json.dumps({"kind": kind, "symbol": event.symbol, "ts_recv": event.ts_recv} | said)
    return " ".join([kind, event.symbol, *(f"{name}={value}" for name, value in said.items())])


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
