"""What is wrong with a capture or a recording is said in one sentence with the file, the line and the reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from foxtrot.data.captures import Capture
from foxtrot.data.event_player import replay_events
from foxtrot.data.frame_files import FrameFile
from foxtrot.data.frames import FrameWriter
from foxtrot.data.lines import Line
from foxtrot.data.parquet import EventRecorder
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import ConfigError
from foxtrot.model.contract import Contract
from foxtrot.model.events import Trade
from foxtrot.model.order import Side

BTC = Contract(exchange="binanceus", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT")
S = 1_000_000_000
GOOD = {"t": "recv", "ts": 2.5, "data": "x"}


def capture(folder: Path, *entries: Any) -> Path:
    path = folder / "capture.ndjson"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    return path


def read(path: Path) -> list[Line]:
    return list(Capture(path, "binanceus", [BTC]).lines())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"t": "recv", "ts": 1.5}, "data is missing"),
        ({"t": "http", "ts": 1.5, "url": "?symbol=BTCUSDT"}, "data is missing"),
        ({"t": "recv", "ts": "", "data": "x"}, r"\$\.ts"),
        ({"t": "recv", "ts": -5, "data": "x"}, "-5.* is no time since 1970"),
        ({"t": "recv", "ts": 1e300, "data": "x"}, "is no time since 1970"),
        ({"t": "recv", "ts_ns": "123", "data": "x"}, r"\$\.ts_ns"),
        ({"t": "recv", "ts_ns": 2**70, "data": "x"}, "Integer|out of range|no time"),
        ({"t": "recv", "data": "x"}, "ts and ts_ns are both missing"),
        ({"t": "recv", "ts": 1.5, "data": {"a": 1}}, r"\$\.data"),
        ({"t": "http", "ts": 1.5, "url": "http://[x", "data": "{}"}, "Invalid IPv6 URL"),
        ({"t": "http", "ts": 1.5, "url": 5, "data": "{}"}, r"\$\.url"),
        ({"ts": 1.5, "data": "x"}, "`t`"),
        ([1, 2], "object"),
        ("text", "object"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, entry: Any, reason: str) -> None:
    for number, entries in ((1, [entry, GOOD]), (2, [GOOD, entry, GOOD])):
        path = capture(tmp_path, *entries)
        with pytest.raises(ConfigError, match=rf"^Line {number} of .*capture\.ndjson cannot be read \(.*{reason}"):
            read(path)


def test_an_empty_capture_and_an_empty_recording_are_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"capture\.ndjson is empty"):
        read(capture(tmp_path))
    with pytest.raises(ConfigError, match=r"capture\.ndjson .*the file is empty"):
        FrameFile(tmp_path / "capture.ndjson")


@pytest.mark.parametrize("line", ['{"t":"later","c":1,"d":"x"}', '{"t":1,"e":"dropped","d":"some"}', "[]", "\udcff"])
def test_a_recorded_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    writer = FrameWriter(tmp_path, "binanceus", lambda: [BTC], run=1)
    writer.write([Line(t=S, c=1, d="x"), Line(t=2 * S, c=1, d="y")])
    writer.close()
    (path,) = writer.files
    header, first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([header, first, line.encode(errors="surrogateescape"), second, b""]))
    with pytest.raises(ConfigError, match=rf"^Line 3 of .*{path.name} cannot be read"):
        list(FrameFile(path).lines())


async def recorded_trades(folder: Path) -> Path:
    async with EventEngine() as engine:
        with EventRecorder(engine, folder) as recorder:
            for n in range(1, 4):
                engine.publish(Trade("venue", "BTC/USDT", n * S, n * S, n, n, 1.0, 2.0, Side.BUY))
    (path,) = recorder.files
    return path


async def play(path: Path) -> None:
    async with EventEngine() as engine:
        await replay_events(path, engine)


async def test_a_damaged_part_of_events_is_named(tmp_path: Path) -> None:
    path = await recorded_trades(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(len(whole) // 3) + whole[4 + len(whole) // 3 :])
    with pytest.raises(ConfigError, match=path.name):
        await play(path)


async def test_an_event_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    path = await recorded_trades(tmp_path)
    table = pq.read_table(path)
    sides = table["side"].to_pylist()
    sides[1] = "sideways"
    place = table.column_names.index("side")
    pq.write_table(table.set_column(place, table.schema.field("side"), [sides]), path)
    with pytest.raises(ConfigError, match=rf"{path.name} is damaged behind its event 1: .*sideways"):
        await play(path)


# as a user types it


def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-W", "error", "-m", "foxtrot.cli.main", "replay", *arguments, "--speed", "0"]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def listing(folder: Path) -> str:
    path = folder / "listing.json"
    symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": []}
    path.write_text(json.dumps({"symbols": [symbol], "rateLimits": []}), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("entries", "symbols", "code", "sentence"),
    [
        ([], "", 3, "is empty"),
        ([{"t": "recv", "ts": 1.5}, GOOD], "", 3, "Line 1 of"),
        ([GOOD], "NO/PE", 2, "listing.json knows nothing of NO/PE"),
        ([GOOD], "BTC/USDT", 2, "capture.ndjson holds nothing of BTC/USDT"),
    ],
)
def test_each_gets_one_sentence_and_its_exit_code(
    tmp_path: Path, entries: list[Any], symbols: str, code: int, sentence: str
) -> None:
    path = capture(tmp_path, *entries)
    done = replay(str(path), "--exchange", "binanceus", "--listing", listing(tmp_path), "--symbols", symbols)
    assert done.returncode == code, done.stderr
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
