"""`foxtrot markets|ticker|book|trades`: public data, once."""

from __future__ import annotations

from typing import Annotated

import typer

from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_rows
from foxtrot.cli.session import Target, opened, run

Symbol = Annotated[str, typer.Argument(help="BASE/QUOTE, such as BTC/USDT.")]


def markets(
    search: Annotated[str, typer.Argument(help="Show only symbols that contain this.")] = "",
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """List what can be traded, with the most important rules."""
    run(_markets(search.upper(), Target(exchange, env, config, rest_url, as_json)))


def ticker(
    symbols: Annotated[list[str], typer.Argument(help="BASE/QUOTE ...")],
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Show the last 24 hours of some symbols."""
    run(_ticker(symbols, Target(exchange, env, config, rest_url, as_json)))


def book(
    symbol: Symbol,
    depth: Annotated[int, typer.Option(min=1, max=5_000, help="Levels a side.")] = 10,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Show the best levels of the order book."""
    run(_book(symbol, depth, Target(exchange, env, config, rest_url, as_json)))


def trades(
    symbol: Symbol,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 20,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Show the latest public trades, oldest first."""
    run(_trades(symbol, limit, Target(exchange, env, config, rest_url, as_json)))


async def _markets(search: str, target: Target) -> None:
    async with opened(target) as venue:
        rows = [
            {
                "symbol": c.symbol,
                "status": c.status.value,
                "tick": c.price_tick.normalize(),
                "step": c.quantity_step.normalize(),
                "min_quantity": c.min_quantity.normalize(),
                "min_notional": c.min_notional.normalize(),
                "order_types": [t.value for t in c.order_types],
            }
            for c in venue.contracts.all()
            if search in c.symbol
        ]
        shown = ["symbol", "status", "tick", "step", "min_quantity", "min_notional"]
        show_rows(rows, as_json=target.as_json, title=f"{venue.name}: {len(rows)} markets", columns=shown)


async def _ticker(symbols: list[str], target: Target) -> None:
    async with opened(target) as venue:
        rows = [
            {
                "symbol": t.symbol,
                "last": t.last,
                "change_percent": round(t.change_percent, 3),
                "bid": t.bid,
                "ask": t.ask,
                "high": t.high,
                "low": t.low,
                "volume": t.volume,
                "quote_volume": t.quote_volume,
            }
            for t in await venue.fetch_tickers(symbols)
        ]
        shown = ["symbol", "last", "change_percent", "bid", "ask", "high", "low", "volume"]
        show_rows(rows, as_json=target.as_json, columns=shown)


async def _book(symbol: str, depth: int, target: Target) -> None:
    async with opened(target) as venue:
        found = await venue.fetch_order_book(symbol, depth)
        asks = [{"side": "ask", "price": p, "quantity": q} for p, q in reversed(found.asks)]
        bids = [{"side": "bid", "price": p, "quantity": q} for p, q in found.bids]
        show_rows([*asks, *bids], as_json=target.as_json, title=f"{symbol} on {venue.name}, update {found.update_id}")


async def _trades(symbol: str, limit: int, target: Target) -> None:
    from foxtrot.model.times import to_iso

    async with opened(target) as venue:
        rows = [
            {
                "time": to_iso(t.ts_event),
                "id": t.trade_id,
                "taker": t.side.value,
                "price": t.price,
                "quantity": t.quantity,
            }
            for t in await venue.fetch_trades(symbol, limit)
        ]
        show_rows(rows, as_json=target.as_json, columns=["time", "id", "taker", "price", "quantity"])
