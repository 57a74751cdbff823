"""Candles as files that other tools read as they are."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from foxtrot.data.export import COLUMNS, write_bars
from foxtrot.errors import ConfigError, InvalidRequest
from foxtrot.model.events import Bar

BARS = [
    Bar("x", "BTC/USD", 0, 0, n, "1m", n * 60 * 10**9, 1.0, 2.0, 0.5, 1.5, 10.25, 15.0, n, True) for n in range(1, 4)
]


def test_csv_has_a_header_and_one_row_per_candle(tmp_path: Path) -> None:
    write_bars(BARS, tmp_path / "bars.csv")
    rows = list(csv.DictReader((tmp_path / "bars.csv").read_text("utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert [(r["open_time"], float(r["volume"])) for r in rows[:1]] == [("1970-01-01T00:01:00.000Z", 10.25)]
    assert len(rows) == 3


def test_parquet_keeps_times_as_timestamps_and_numbers_as_numbers(tmp_path: Path) -> None:
    write_bars(BARS, tmp_path / "bars.parquet")
    table = pq.read_table(tmp_path / "bars.parquet")
    assert str(table.schema.field("open_time").type) == "timestamp[ns, tz=UTC]"
    assert table.column("close").to_pylist() == [1.5] * 3
    assert table.column("trades").to_pylist() == [1, 2, 3]


def test_other_endings_and_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"must end in \.csv or \.parquet"):
        write_bars(BARS, tmp_path / "bars.xlsx")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_bars(BARS, tmp_path / "no" / "folder" / "bars.csv")
