"""`foxtrot sandbox serve`: the embedded venue for any client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from foxtrot.cli.options import Json
from foxtrot.cli.session import chosen_spec, run, signalled

app = typer.Typer(help="The embedded exchange.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The embedded exchange."""


@app.command("serve")
def serve(
    venue: Annotated[str, typer.Option(help="Venue id.")] = "",
    profile: Annotated[str, typer.Option(help="Generation of the venue's protocol: legacy or current.")] = "current",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 for any free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same market.")] = 7,
    symbols: Annotated[str, typer.Option(help="BASE/QUOTE,BASE/QUOTE,...")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Market actions per second; 0 for a still book.")] = 50.0,
    api_key: Annotated[str, typer.Option(help="The key that is accepted.")] = "",
    api_secret: Annotated[str, typer.Option(help="Its secret.")] = "",
    replay: Annotated[Path | None, typer.Option(help="Feed a recording (NDJSON) instead of agents.")] = None,
    life: Annotated[float, typer.Option(min=1, help="Cut connections after so many seconds.")] = 86_400.0,
    fault: Annotated[
        list[str] | None, typer.Option(help="What goes wrong: NAME, NAMEx3, NAME=0.05, NAME@60/300. Repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE: one of the dialect's own options. Repeatable.")
    ] = None,
    balance: Annotated[
        list[str] | None, typer.Option(help="ASSET=AMOUNT: what the account holds instead of the usual. Repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve an exchange on a loopback port until SIGINT or SIGTERM; any client of the venue can trade on it."""
    settings: dict[str, Any] = {
        "profile": profile,
        "host": host,
        "port": port,
        "seed": seed,
        "rate": rate,
        "max_connection_life_s": life,
        "replay": replay,
        "faults": tuple(fault or ()),
        "dialect_options": _pairs(option, "--option", "NAME=VALUE"),
    }
    settings |= {"balances": _pairs(balance, "--balance", "ASSET=AMOUNT")} if balance else {}
    settings |= {"symbols": tuple(s for s in symbols.split(",") if s)} if symbols else {}
    settings |= {"api_key": api_key} if api_key else {}
    settings |= {"api_secret": api_secret} if api_secret else {}
    run(_serve(venue, settings, as_json))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}={part}" for name, part in value.items()]
    return ", ".join(value) if isinstance(value, list) else str(value)


def _pairs(texts: list[str] | None, switch: str, form: str) -> dict[str, str]:
    """Return NAME=VALUE texts by name. Raises BadParameter."""
    parts = [text.partition("=") for text in texts or ()]
    wrong = ["".join(part) for part in parts if not (part[0] and part[1])]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not {form}.", param_hint=switch)
    return {name: value for name, _, value in parts}


@app.command("faults")
def faults(as_json: Json = False) -> None:
    """List the faults that `serve --fault` and the running sandbox's /_sandbox/faults know by name."""
    from foxtrot.sandbox.faults import FRAME_FAULTS, REQUEST_FAULTS, Fault

    of = {
        fault: "request" if fault in REQUEST_FAULTS else "frame" if fault in FRAME_FAULTS else "handshake"
        for fault in Fault
    }
    if as_json:
        print(json.dumps([{"name": fault.value, "meets": what, "does": fault.text} for fault, what in of.items()]))
        return
    width = max(len(fault.value) for fault in Fault)
    for fault, what in of.items():
        print(f"{fault.value:<{width}}  {what:<9}  {fault.text}")


async def _serve(venue: str, settings: dict[str, Any], as_json: bool) -> None:
    from foxtrot.sandbox.embedded import Sandbox, make_options

    spec = chosen_spec(venue)
    options = make_options(settings, spec.name)
    over = signalled()
    async with await Sandbox.start(options, spec) as sandbox:
        endpoints = sandbox.access.endpoints
        # The sandbox's own key opens nothing but this sandbox: showing it is the point.
        facts = {
            "venue": spec.name,
            "profile": options.profile,
            "rest": endpoints.rest,
            "stream": endpoints.stream,
            "ws_api": endpoints.ws_api,
            "api_key": options.api_key,
            "api_secret": options.api_secret,
            "symbols": list(options.symbols),
            "seed": options.seed,
        }
        facts |= {"dialect_options": dict(options.dialect_options)} if options.dialect_options else {}
        if as_json:
            print(json.dumps(facts), flush=True)
        else:
            width = max(map(len, facts))
            for name, value in facts.items():
                print(f"{name:<{width}}  {_shown(value)}")
            print("Press Ctrl-C to stop.", flush=True)
        await over.wait()
