"""`foxtrot balance`: what the account owns."""

from __future__ import annotations

from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_rows
from foxtrot.cli.session import Target, opened, run


def balance(
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Show free and locked balances."""
    run(_balance(Target(exchange, env, config, rest_url, as_json)))


async def _balance(target: Target) -> None:
    async with opened(target) as venue:
        held = await venue.fetch_balance()
        rows = [{"asset": b.asset, "free": b.free, "locked": b.locked, "total": b.total} for b in held.values()]
        show_rows(rows, as_json=target.as_json, title=venue.name, columns=["asset", "free", "locked", "total"])
