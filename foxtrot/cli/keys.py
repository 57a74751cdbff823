"""`foxtrot keys`: which keys are found where; never a value."""

from __future__ import annotations

from typing import Annotated

import typer

from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_record, show_rows
from foxtrot.cli.session import Target, opened, run
from foxtrot.errors import CredentialsError

app = typer.Typer(help="Where keys come from, and whether the venue takes them.", no_args_is_help=True)
Account = Annotated[str, typer.Option("--account", help="Account name in the variables' names.")]


@app.command("list")
def list_keys(account: Account = "main", as_json: Json = False) -> None:
    """List the keys found for every installed exchange: source, kind and fingerprint."""
    show_rows(
        found_keys(account),
        as_json=as_json,
        title="Keys",
        columns=["exchange", "account", "source", "kind", "fingerprint", "problem"],
    )


@app.command("check")
def check_keys(
    exchange: Exchange = "",
    env: Env = "live",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Ask the venue for the balance with the keys found; exit code 3 when it refuses them."""
    run(_check(Target(exchange, env, config, rest_url, as_json)))


def found_keys(account: str) -> list[dict[str, str]]:
    """Return what is known of the keys of all installed exchanges that have any."""
    from foxtrot.keys import KeyManager
    from foxtrot.plugins import default_registry

    rows = []
    for name in default_registry().names():
        row = {"exchange": name, "account": account, "source": "", "kind": "", "fingerprint": "", "problem": ""}
        try:
            found = KeyManager().resolve(name, account)
        except CredentialsError as error:
            rows.append(row | {"problem": str(error)})
            continue
        if found is not None:
            rows.append(row | {"source": found.source, "kind": found.kind.value, "fingerprint": found.fingerprint})
    return rows


async def _check(target: Target) -> None:
    async with opened(target) as venue:
        assets = await venue.fetch_balance()
        show_record(
            {"exchange": venue.name, "environment": target.env, "accepted": True, "assets": len(assets)},
            as_json=target.as_json,
        )
