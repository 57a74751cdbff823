"""`foxtrot demo`: an embedded venue, the adapter connected to it, and trading whose every figure is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from foxtrot.cli.exits import FAILED
from foxtrot.cli.options import Exchange, Json
from foxtrot.cli.session import chosen_spec, run

if TYPE_CHECKING:
    from foxtrot.spec import AdapterSpec


def demo(
    symbols: Annotated[str, typer.Option(help="BASE/QUOTE,BASE/QUOTE,...")] = "BTC/USDT,ETH/USDT,HBAR/USDT",
    seed: Annotated[int, typer.Option(help="Same seed, same market.")] = 7,
    exchange: Exchange = "",
    venues: Annotated[str, typer.Option(help="Several venues side by side: NAME,NAME,...")] = "",
    as_json: Json = False,
) -> None:
    """Trade against an embedded venue: no keys, no internet.

    It speaks the venue's own protocol over HTTP and WebSocket; exit code 1 if anything does not hold.
    """
    listed, named = _names(symbols), _names(venues)
    if named and exchange:
        raise typer.BadParameter("give either --exchange or --venues", param_hint="--venues")
    played = _side_by_side(named, listed, seed, as_json) if named else _demo(listed, seed, exchange, as_json)
    if not run(played):
        raise typer.Exit(FAILED)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _settings(spec: AdapterSpec, symbols: tuple[str, ...], seed: int) -> dict[str, Any]:
    """Return a lively market, and the adapter's options that fit the embedded venue's account."""
    from foxtrot.sandbox.stage import traits_of

    sandbox = {"seed": seed, "symbols": symbols, "rate": 150}
    return {"sandbox": sandbox, "options": dict(traits_of(spec).options)}


async def _side_by_side(venues: tuple[str, ...], symbols: tuple[str, ...], seed: int, as_json: bool) -> bool:
    from foxtrot.cli.demo_stage import make_stage
    from foxtrot.cli.demo_venues import SideBySide
    from foxtrot.engine.bus import EventEngine
    from foxtrot.factory import get_exchange

    engine = EventEngine()
    specs = [chosen_spec(name) for name in venues]
    # Each venue has a market of its own: the same asset costs a little more here than there.
    exchanges = [
        get_exchange(spec.name, _settings(spec, symbols, seed + place), engine=engine)
        for place, spec in enumerate(specs)
    ]
    stage = make_stage(as_json=as_json)
    stage.open(f"foxtrot demo: {' and '.join(spec.title for spec in specs)}, embedded on this machine")
    return await SideBySide(engine, exchanges, symbols, stage).run()


async def _demo(symbols: tuple[str, ...], seed: int, name: str, as_json: bool) -> bool:
    from foxtrot.cli.demo_play import Play
    from foxtrot.cli.demo_stage import make_stage
    from foxtrot.factory import get_exchange

    spec = chosen_spec(name)
    exchange = get_exchange(spec.name, _settings(spec, symbols, seed))
    stage = make_stage(as_json=as_json)
    stage.open(f"foxtrot demo: {spec.title}, embedded on this machine")
    play = Play(exchange, symbols, stage)
    return await play.run()
