"""`foxtrot demo`: an embedded venue, the adapter connected to it, and trading whose every figure is checked."""

from __future__ import annotations

from typing import Annotated

import typer

from foxtrot.cli.exits import FAILED
from foxtrot.cli.options import Exchange, Json
from foxtrot.cli.session import chosen_spec, run


def demo(
    symbols: Annotated[str, typer.Option(help="BASE/QUOTE,BASE/QUOTE,...")] = "BTC/USDT,ETH/USDT,HBAR/USDT",
    seed: Annotated[int, typer.Option(help="Same seed, same market.")] = 7,
    exchange: Exchange = "",
    as_json: Json = False,
) -> None:
    """Trade against an embedded venue: no keys, no internet.

    It speaks the venue's own protocol over HTTP and WebSocket; exit code 1 if anything does not hold.
    """
    listed = tuple(symbol.strip() for symbol in symbols.split(",") if symbol.strip())
    if not run(_demo(listed, seed, exchange, as_json)):
        raise typer.Exit(FAILED)


async def _demo(symbols: tuple[str, ...], seed: int, name: str, as_json: bool) -> bool:
    from foxtrot.cli.demo_play import Play
    from foxtrot.cli.demo_stage import make_stage
    from foxtrot.factory import get_exchange

    spec = chosen_spec(name)
    exchange = get_exchange(spec.name, {"sandbox": {"seed": seed, "symbols": symbols, "rate": 150}})
    stage = make_stage(as_json=as_json)
    stage.open(f"foxtrot demo: {spec.title}, embedded on this machine")
    play = Play(exchange, symbols, stage)
    return await play.run()
