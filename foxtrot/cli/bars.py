"""`foxtrot bars`: candles of any range, shown or written to a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foxtrot.cli.market import Symbol
from foxtrot.cli.options import ConfigFile, Env, Exchange, Json, RestUrl
from foxtrot.cli.output import show_record, show_rows
from foxtrot.cli.session import Target, opened, run

if TYPE_CHECKING:
    from foxtrot.model.events import HistoryGap

_SHOWN = ("open_time", "open", "high", "low", "close", "volume", "trades")


def bars(
    symbol: Symbol,
    interval: Annotated[str, typer.Option("--interval", "-i", help="1m, 5m, 1h, 1d, ...")] = "1h",
    start: Annotated[str, typer.Option(help="First opening time, ISO 8601, UTC.")] = "",
    end: Annotated[str, typer.Option(help="Last opening time, ISO 8601, UTC.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to FILE.csv or FILE.parquet.")] = None,
    exchange: Exchange = "",
    env: Env = "sandbox",
    config: ConfigFile = None,
    rest_url: RestUrl = "",
    as_json: Json = False,
) -> None:
    """Fetch candles: the newest ones (before --end), or those from --start on; what the venue lacks is said."""
    wanted = limit if limit is not None or start else 24
    run(_bars(symbol, interval, start, end, wanted, output, Target(exchange, env, config, rest_url, as_json)))


async def _bars(
    symbol: str,
    interval: str,
    start: str,
    end: str,
    limit: int | None,
    output: Path | None,
    target: Target,
) -> None:
    from foxtrot.data.export import bar_row, write_bars
    from foxtrot.model.events import HistoryGap

    async with opened(target) as venue:
        gaps: list[HistoryGap] = []
        venue.engine.subscribe(HistoryGap, gaps.append)
        with _progress() as advance:
            found = await venue.fetch_ohlcv(
                symbol, interval, start=start or None, end=end or None, limit=limit, progress=advance
            )
        _tell(gaps)
        if output is None:
            title = f"{symbol} {interval} on {venue.name}"
            show_rows([bar_row(bar) for bar in found], as_json=target.as_json, title=title, columns=_SHOWN)
            return
        write_bars(found, output)
        show_record(
            {"symbol": symbol, "interval": interval, "bars": len(found), "file": str(output)}, as_json=target.as_json
        )


def _tell(gaps: Sequence[HistoryGap]) -> None:
    """Say what is missing, beside the output."""
    from foxtrot.model.times import to_iso

    for gap in gaps:
        first, last = to_iso(gap.first_open), to_iso(gap.last_open)
        print(f"No {gap.interval} candles that open from {first} to {last}: {gap.reason}.", file=sys.stderr)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal's error stream, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, expected: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("candles"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("candles", total=None)
        yield lambda done, expected: progress.update(task, completed=done, total=expected)
