"""`foxtrot replay`: a recording, told again."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from foxtrot.cli.options import Exchange, Json
from foxtrot.cli.session import chosen_spec, run
from foxtrot.cli.watch import line_printer
from foxtrot.errors import InvalidRequest

if TYPE_CHECKING:
    from foxtrot.data.captures import Capture
    from foxtrot.data.player import ReplayReport
    from foxtrot.engine.bus import EventEngine
    from foxtrot.model.events import ProtocolErrorSeen

_FORMATS = ("auto", "frames", "parquet", "capture")


def replay(
    path: Annotated[Path, typer.Argument(help="A file or folder that `record` wrote, or a capture (NDJSON).")],
    speed: Annotated[float, typer.Option(min=0, help="1 as it was, 2 twice as fast, 0 as fast as possible.")] = 1.0,
    form: Annotated[str, typer.Option("--format", help="auto, frames, parquet, or capture.")] = "auto",
    listing: Annotated[
        Path | None, typer.Option(help="For captures: the venue's own listing (JSON) with the contracts.")
    ] = None,
    symbols: Annotated[str, typer.Option(help="Only these, BASE/QUOTE,BASE/QUOTE,...")] = "",
    depth: Annotated[
        int | None,
        typer.Option(min=1, help="Levels of the recorded books, where the recording does not say how many there are."),
    ] = None,
    exchange: Exchange = "",
    as_json: Json = False,
) -> None:
    """Print the events of a recording as `watch` prints live ones; needs no network."""
    if form not in _FORMATS:
        raise InvalidRequest(f"{form!r} is no format; choose from {', '.join(_FORMATS)}.", field="format")
    found = _format_of(path) if form == "auto" else form
    wanted = [s for s in symbols.split(",") if s]
    run(_replay(_Tape(path, found, speed, listing, wanted, depth), exchange, as_json))


def _format_of(path: Path) -> str:
    from foxtrot.data.frame_files import holds_recording

    if path.suffix == ".parquet" or (path.is_dir() and not any(path.glob("frames-*"))):
        return "parquet"
    return "frames" if path.is_dir() or holds_recording(path) else "capture"


class _Tape(NamedTuple):
    """Say what is replayed, and how."""

    path: Path
    form: str
    speed: float
    listing: Path | None
    symbols: list[str]
    depth: int | None


async def _replay(tape: _Tape, exchange: str, as_json: bool) -> None:
    from foxtrot.engine.bus import EventEngine
    from foxtrot.model.events import MarketEvent, ProtocolErrorSeen

    engine = EventEngine()
    odd: list[ProtocolErrorSeen] = []
    show, heard = line_printer(as_json=as_json), set[str]()

    def hear(event: MarketEvent) -> None:
        heard.add(event.symbol)
        if not tape.symbols or event.symbol in tape.symbols:
            show(event)

    engine.subscribe(MarketEvent, hear)
    engine.subscribe(ProtocolErrorSeen, odd.append)
    async with engine:
        report = await _play(tape, exchange, engine)
    _complain(report, odd)
    _require(tape.symbols, heard, f"{tape.path} holds nothing")


async def _play(tape: _Tape, exchange: str, engine: EventEngine) -> ReplayReport:
    from foxtrot.data.event_player import replay_events
    from foxtrot.data.player import replay_frames

    if tape.form == "parquet":
        return await replay_events(tape.path, engine, speed=tape.speed)
    recording = tape.path if tape.form == "frames" else [_capture(tape, exchange)]
    return await replay_frames(recording, engine, speed=tape.speed, depth=tape.depth)


def _capture(tape: _Tape, exchange: str) -> Capture:
    from foxtrot.data.captures import Capture, contracts_of

    if tape.listing is None:
        raise InvalidRequest(
            f"{tape.path} is no recording of foxtrot's; to replay it as a capture, give --listing FILE, the venue's "
            "own list of symbols.",
            field="listing",
        )
    venue = chosen_spec(exchange).name
    listed = contracts_of(tape.listing, venue)
    _require(tape.symbols, {contract.symbol for contract in listed}, f"{tape.listing} knows nothing")
    return Capture(tape.path, venue, [c for c in listed if not tape.symbols or c.symbol in tape.symbols])


def _require(symbols: list[str], found: Collection[str], nothing: str) -> None:
    missing = [symbol for symbol in symbols if symbol not in found]
    if missing:
        raise InvalidRequest(f"{nothing} of {', '.join(missing)}.", field="symbols")


def _complain(report: ReplayReport, odd: list[ProtocolErrorSeen]) -> None:
    """Say on the error stream what was not as it should be."""
    for path in report.torn:
        print(f"The last line of {path} was cut off.", file=sys.stderr)
    if report.dropped:
        print(f"{report.dropped} lines are missing: the disk was too slow when it was recorded.", file=sys.stderr)
    if odd:
        print(f"{len(odd)} frames could not be read, the first because: {odd[0].reason}", file=sys.stderr)
