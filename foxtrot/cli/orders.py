"""`foxtrot order`: place, cancel, look up."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from foxtrot.cli.exits import NETWORK
from foxtrot.cli.market import Symbol
from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_record, show_rows
from foxtrot.cli.session import Target, opened, run
from foxtrot.errors import InvalidRequest
from foxtrot.model.order import Order, OrderRequest, OrderStatus

app = typer.Typer(help="Place, cancel and look up orders.", no_args_is_help=True)
OrderId = Annotated[str, typer.Option("--id", help="The venue's order id.")]
ClientId = Annotated[str, typer.Option("--client-id", help="Our client order id.")]


@app.command("place")
def place_order(
    symbol: Symbol,
    side: Annotated[str, typer.Argument(help="buy or sell")],
    quantity: Annotated[str, typer.Argument(help="Base quantity; 0 with --quote-quantity.")],
    price: Annotated[str, typer.Option(help="Limit price; without it a market order.")] = "",
    stop_price: Annotated[str, typer.Option(help="Trigger price: makes it a stop order.")] = "",
    take_profit: Annotated[bool, typer.Option("--take-profit", help="Trigger on profit, not on loss.")] = False,
    quote_quantity: Annotated[str, typer.Option(help="Spend or receive so much of the quote asset.")] = "",
    tif: Annotated[str, typer.Option(help="gtc, ioc or fok")] = "gtc",
    post_only: Annotated[bool, typer.Option("--post-only", help="Never take liquidity.")] = False,
    client_id: ClientId = "",
    validate: Annotated[bool, typer.Option("--validate", help="Let the venue check it without placing it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a live order.")] = False,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Place an order and show what became of it."""
    common: dict[str, Any] = {"client_order_id": client_id or None, "validate_only": validate}
    if stop_price:
        request = OrderRequest.stop(
            symbol,
            side,
            quantity,
            stop_price,
            price=price or None,
            take_profit=take_profit,
            time_in_force=tif,
            **common,
        )
    elif price:
        request = OrderRequest.limit(symbol, side, quantity, price, time_in_force=tif, post_only=post_only, **common)
    elif quote_quantity:
        request = OrderRequest.market(symbol, side, quote_quantity=quote_quantity, **common)
    else:
        request = OrderRequest.market(symbol, side, quantity, **common)
    if env == "live" and not (yes or validate):
        typer.confirm(f"Really {side} {quantity} {symbol} with real money?", abort=True)
    run(_place(request, Target(exchange, env, config, rest_url, as_json)))


@app.command("cancel")
def cancel_order(
    symbol: Symbol,
    order_id: OrderId = "",
    client_id: ClientId = "",
    everything: Annotated[bool, typer.Option("--all", help="Cancel all open orders of the symbol.")] = False,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Cancel one order by either id, or all of a symbol."""
    run(_cancel(symbol, order_id, client_id, everything, Target(exchange, env, config, rest_url, as_json)))


@app.command("status")
def order_status(
    symbol: Symbol,
    order_id: OrderId = "",
    client_id: ClientId = "",
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Show one order by either id."""
    run(_status(symbol, order_id, client_id, Target(exchange, env, config, rest_url, as_json)))


@app.command("list")
def list_orders(
    symbol: Annotated[str, typer.Argument(help="BASE/QUOTE; without it all open orders.")] = "",
    history: Annotated[bool, typer.Option("--history", help="Also finished orders (needs a symbol).")] = False,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """List open orders, or all of a symbol with --history."""
    if history and not symbol:
        raise InvalidRequest("--history needs a symbol.", field="symbol")
    run(_list(symbol, history, Target(exchange, env, config, rest_url, as_json)))


def order_row(order: Order) -> dict[str, Any]:
    """Return an order as a row."""
    return {
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "status": order.status.value,
        "quantity": order.quantity,
        "price": order.price,
        "filled": order.filled,
        "average": order.average_price,
        "id": order.order_id,
        "client_id": order.client_order_id,
        "reason": order.reason,
    }


async def _place(request: OrderRequest, target: Target) -> None:
    async with opened(target) as venue:
        order = await venue.place_order(request)
        show_record(order_row(order), as_json=target.as_json)
    if order.status is OrderStatus.IN_DOUBT:
        raise typer.Exit(NETWORK)


async def _cancel(
    symbol: str,
    order_id: str,
    client_id: str,
    everything: bool,
    target: Target,
) -> None:
    async with opened(target) as venue:
        if everything:
            ended = await venue.cancel_all_orders(symbol)
        else:
            ended = [await venue.cancel_order(symbol, order_id=order_id or None, client_order_id=client_id or None)]
        show_rows([order_row(order) for order in ended], as_json=target.as_json, columns=_COLUMNS)


async def _status(
    symbol: str,
    order_id: str,
    client_id: str,
    target: Target,
) -> None:
    async with opened(target) as venue:
        found = await venue.fetch_order_status(symbol, order_id=order_id or None, client_order_id=client_id or None)
        show_record(order_row(found), as_json=target.as_json)


async def _list(symbol: str, history: bool, target: Target) -> None:
    async with opened(target) as venue:
        found = await venue.fetch_orders(symbol) if history else await venue.fetch_open_orders(symbol or None)
        show_rows([order_row(order) for order in found], as_json=target.as_json, columns=_COLUMNS)


_COLUMNS = ["symbol", "side", "type", "status", "quantity", "price", "filled", "id", "client_id"]
