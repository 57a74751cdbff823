"""Candles as CSV or Parquet files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foxtrot.data.tables import pyarrow
from foxtrot.errors import ConfigError, InvalidRequest
from foxtrot.model.events import Bar
from foxtrot.model.times import to_iso

COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "quote_volume", "trades")


def bar_row(bar: Bar) -> dict[str, Any]:
    """Return a candle as a row; the opening time as ISO 8601 text."""
    values = (to_iso(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume, bar.trades)
    return dict(zip(COLUMNS, values, strict=True))


def write_bars(bars: Sequence[Bar], path: Path) -> None:
    """Write candles by the file's ending: .csv, or .parquet (opening time as a UTC timestamp; needs pyarrow).

    Raises InvalidRequest for other endings, ConfigError when pyarrow is missing or the file cannot be written.
    """
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise InvalidRequest(f"{path.name} must end in .csv or .parquet.", field="output")
    try:
        write(bars, path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error


def _write_csv(bars: Sequence[Bar], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(map(bar_row, bars))


def _write_parquet(bars: Sequence[Bar], path: Path) -> None:
    pa = pyarrow()
    columns: dict[str, Any] = {"open_time": pa.array([b.open_time for b in bars], pa.timestamp("ns", "UTC"))}
    for name in COLUMNS[1:]:
        kind = pa.int64() if name == "trades" else pa.float64()
        columns[name] = pa.array([getattr(bar, name) for bar in bars], kind)
    pa.parquet.write_table(pa.table(columns), path)
