"""The options that most commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Exchange = Annotated[
    str, typer.Option("--exchange", "-e", envvar="FOXTROT_EXCHANGE", help="Venue id; by default the first installed.")
]
Env = Annotated[str, typer.Option("--env", help="sandbox (embedded, no keys), testnet, or live.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file with tables [exchanges.<venue>].")]
RestUrl = Annotated[str, typer.Option("--rest-url", help="Join a running sandbox instead of embedding one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
