"""`foxtrot doctor`: is everything here that is needed?"""

from __future__ import annotations

from typing import Annotated

import typer

from foxtrot.cli.exits import FAILED
from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_rows
from foxtrot.cli.session import Target, opened, run
from foxtrot.model.events import AdapterState

_NEEDED = ("msgspec", "pydantic", "pluggy", "tenacity", "websockets", "picows")
_OPTIONAL = ("ccxt", "aiohttp", "rich", "typer", "numpy", "pandas", "pyarrow", "keyring", "cryptography")


def doctor(
    live: Annotated[bool, typer.Option("--live", help="Also connect, and tell how the connection is.")] = False,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Check Python, packages, adapters and keys, and with --live a connection.

    Exit code 1 when something needed is missing, broken or degraded.
    """
    rows = [*_packages(), *_adapters(), *_keys()]
    if live:
        rows += run(_connection(Target(exchange, env, config, rest_url, as_json)))
    show_rows(rows, as_json=as_json, title="foxtrot doctor")
    if any(row["state"] == "bad" for row in rows):
        raise typer.Exit(FAILED)


async def _connection(target: Target) -> list[dict[str, str]]:
    async with opened(target) as venue:
        health = venue.health()
    ready = health.state is AdapterState.READY
    rows = [
        {
            "what": f"{health.exchange} {target.env}",
            "state": "ok" if ready else "bad",
            "detail": "; ".join((health.state.value, *health.reasons)),
        }
    ]
    rows += [
        {"what": f"channel {name}", "state": "ok" if channel.up else "bad", "detail": channel.reason}
        for name, channel in health.channels.items()
    ]
    offset = f"{health.clock_offset_ms:+.1f} ms against ours"
    rows.append({"what": "the venue's clock", "state": "ok", "detail": offset})
    rows.append({"what": "requests", "state": "ok", "detail": f"{health.requests}, of which failed {health.failures}"})
    doubt = f"{health.orders_open} open, {health.in_doubt} in doubt"
    rows.append({"what": "orders", "state": "bad" if health.in_doubt else "ok", "detail": doubt})
    if health.journal:
        rows.append({"what": "journal", "state": "bad", "detail": health.journal})
    return rows


def _packages() -> list[dict[str, str]]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def row(name: str, *, needed: bool) -> dict[str, str]:
        try:
            return {"what": name, "state": "ok", "detail": version(name)}
        except PackageNotFoundError:
            return {"what": name, "state": "bad" if needed else "absent", "detail": "needed" if needed else "optional"}

    python = {"what": "python", "state": "ok", "detail": f"{platform.python_version()} {platform.system().lower()}"}
    return [
        python,
        row("foxtrot", needed=True),
        *(row(name, needed=True) for name in _NEEDED),
        *(row(name, needed=False) for name in _OPTIONAL),
    ]


def _adapters() -> list[dict[str, str]]:
    from foxtrot.plugins import PluginState, default_registry

    return [
        {
            "what": f"adapter {record.name}",
            "state": "ok" if record.state is PluginState.LOADED else "bad",
            "detail": record.reason or f"{record.distribution} {record.version}",
        }
        for record in default_registry().load_all()
    ]


def _keys() -> list[dict[str, str]]:
    from foxtrot.cli.keys import found_keys

    return [
        {
            "what": f"keys {row['exchange']}",
            "state": "bad" if row["problem"] else "ok",
            "detail": row["problem"] or f"{row['source']} ({row['fingerprint']})",
        }
        for row in found_keys("main")
    ]
