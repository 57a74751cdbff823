"""`foxtrot record`: a live market to files."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_record
from foxtrot.cli.session import Target, opened, run, signalled
from foxtrot.cli.watch import subscribe, wanted_kinds
from foxtrot.errors import ConfigError, InvalidRequest

if TYPE_CHECKING:
    from foxtrot.data.parquet import EventRecorder
    from foxtrot.data.tap import FrameTap
    from foxtrot.exchange import BaseExchange

_FORMATS = ("frames", "parquet", "both")
_LOOK_S = 0.5


def record(
    symbols: Annotated[list[str], typer.Argument(help="BASE/QUOTE ...")],
    into: Annotated[Path, typer.Option(help="Folder for the recording; made where it is missing.")],
    kinds: Annotated[str, typer.Option(help="Any of quotes,trades,ticker,book,bars.")] = "trades,quotes,book",
    seconds: Annotated[float, typer.Option("--for", min=0, help="Stop after so many seconds; 0 for never.")] = 0.0,
    form: Annotated[
        str, typer.Option("--format", help="frames (as they came), parquet (normalised events), or both.")
    ] = "frames",
    interval: Annotated[str, typer.Option(help="Interval of bars.")] = "1m",
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Record symbols until --for is over, SIGINT or SIGTERM; then everything is on the disk."""
    if form not in _FORMATS:
        raise InvalidRequest(f"{form!r} is no format; choose from {', '.join(_FORMATS)}.", field="format")
    target = Target(exchange, env, config, rest_url, as_json)
    chosen = wanted_kinds(kinds)
    _require_folder(into)
    run(_record(symbols, chosen, seconds, interval, into, form, target))


def _require_folder(into: Path) -> None:
    """Find out before anything is received whether there is a place to write to. Raises ConfigError."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=into):
            pass
    except OSError as error:
        raise ConfigError(f"The recording in {into} could not be written: {error.strerror or error}.") from error


async def _record(
    symbols: list[str], kinds: list[str], seconds: float, interval: str, into: Path, form: str, target: Target
) -> None:
    from foxtrot.data.tap import FrameTap

    tap = None if form == "parquet" else FrameTap(into, symbols=symbols)
    facts: dict[str, Any] = {"into": str(into)}
    with contextlib.ExitStack() as closing:
        if tap is not None:
            closing.enter_context(tap)
        async with opened(target, tap) as venue:
            events = None if form == "frames" else closing.enter_context(_event_recorder(venue, into))
            await subscribe(venue, symbols, kinds, interval)
            over = signalled()
            if not target.as_json:
                print("Recording; Ctrl-C ends it in order.", file=sys.stderr, flush=True)
            await _until_over(over, seconds, tap, events)
    facts |= _facts(tap, events)
    show_record(facts, as_json=target.as_json)


def _event_recorder(venue: BaseExchange, into: Path) -> EventRecorder:
    from foxtrot.data.parquet import EventRecorder

    return EventRecorder(venue.engine, into)


async def _until_over(over: asyncio.Event, seconds: float, tap: FrameTap | None, events: EventRecorder | None) -> None:
    """Wait for the end, a signal, or a disk that fails (what it did is raised when all is closed)."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds or None):
            while not over.is_set() and not _failed(tap, events):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), _LOOK_S)


def _failed(tap: FrameTap | None, events: EventRecorder | None) -> bool:
    writers = [] if tap is None else [tap.recorder.failure]
    return any(failure is not None for failure in [*writers, None if events is None else events.failure])


def _facts(tap: FrameTap | None, events: EventRecorder | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    dropped = 0
    if tap is not None:
        recorder = tap.recorder
        dropped += recorder.dropped
        found |= {"frames": recorder.frames, "snapshots": recorder.snapshots, "frame_files": len(recorder.files)}
    if events is not None:
        dropped += events.dropped
        found |= {"events": events.events, "event_files": len(events.files)}
        found |= {"events_not_kept": events.skipped} if events.skipped else {}
    if dropped:
        raise ConfigError(f"The disk was too slow: {dropped} lines are missing; record fewer symbols or kinds.")
    return found
