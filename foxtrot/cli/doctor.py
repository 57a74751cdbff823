"""`foxtrot doctor`: is everything here that is needed?"""

from __future__ import annotations

import typer

from foxtrot.cli.exits import FAILED
from foxtrot.cli.options import Json
from foxtrot.cli.output import show_rows

_NEEDED = ("msgspec", "pydantic", "pluggy", "tenacity", "websockets", "picows")
_OPTIONAL = ("ccxt", "aiohttp", "rich", "typer", "pyarrow", "keyring", "cryptography")


def doctor(as_json: Json = False) -> None:
    """Check Python, packages, adapters and keys.

    Exit code 1 when something needed is missing or broken.
    """
    rows = [*_packages(), *_adapters(), *_keys()]
    show_rows(rows, as_json=as_json, title="foxtrot doctor")
    if any(row["state"] == "bad" for row in rows):
        raise typer.Exit(FAILED)


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
