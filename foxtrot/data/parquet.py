"""Normalised market events as Parquet files: venue=/kind=/symbol=/date=/part-<run>-<number>.parquet."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from foxtrot.data.rows import BY_NAME, FLAG, FLOAT, INT, KINDS, TEXT, TIME, Kind, Row, events_of
from foxtrot.data.tables import in_path, pyarrow
from foxtrot.data.writer import BackgroundWriter
from foxtrot.engine.bus import EventEngine, Subscription
from foxtrot.errors import ConfigError
from foxtrot.model.events import MarketEvent
from foxtrot.model.times import NS_PER_S

_MOST = 1_000_000
_KEY = b"foxtrot"
Part = tuple[int, MarketEvent]  # place in the run, event


class Label(msgspec.Struct, frozen=True):
    """What a file says about itself beside its columns: the path writes a symbol without "/"."""

    version: int
    run: int
    venue: str
    kind: str
    symbol: str


class _Place(NamedTuple):
    venue: str
    kind: type[MarketEvent]
    symbol: str
    date: str


class EventRecorder:
    """Write the market events of an engine to `folder` from now until `close`.

    A part is written every `every_s` seconds and whenever `rows` events wait; it appears in the folder only once it is
    whole. `close` writes all that is left: no event is lost by it; a crash loses those of the open part. Raises
    ConfigError without pyarrow, and from `close` when anything could not be written. Kept are all market events of
    foxtrot's; `skipped` counts those of an adapter's own that no file has columns for.
    """

    def __init__(self, engine: EventEngine, folder: Path | str, *, rows: int = 100_000, every_s: float = 60.0) -> None:
        pyarrow()
        self._folder = Path(folder)
        self._run = self._latest = time.time_ns()
        self._number = count(1)
        self._place = count(1)
        self._writer: BackgroundWriter[Part] = BackgroundWriter(
            f"recording of events in {folder}", self._write, every_s, at_once=rows, most=max(_MOST, 2 * rows)
        )
        self._lock = threading.Lock()
        self._files: list[Path] = []
        self.events = self.skipped = 0
        self._subscription: Subscription = engine.subscribe(MarketEvent, self._on_event, name="EventRecorder")

    @property
    def files(self) -> list[Path]:
        """Return the parts written so far."""
        with self._lock:
            return list(self._files)

    @property
    def dropped(self) -> int:
        """Return how many events the disk was too slow for."""
        return self._writer.dropped

    @property
    def failure(self) -> Exception | None:
        """Return why nothing can be written any more, None while all is well."""
        return self._writer.failure

    def close(self) -> None:
        """Hear no more events and write all that were heard; repeating is harmless."""
        self._subscription.unsubscribe()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _on_event(self, event: MarketEvent) -> None:
        if type(event) in KINDS:
            self.events += 1
            self._writer.put((next(self._place), event))
        else:
            self.skipped += 1

    def _write(self, batch: Sequence[Part]) -> None:
        places: defaultdict[_Place, list[Part]] = defaultdict(list)
        for n, event in batch:
            # What an answer to a question of ours brought has no time of its own: it came with its neighbours.
            self._latest = event.ts_recv or self._latest
            places[_Place(event.exchange, type(event), event.symbol, _date(self._latest))].append((n, event))
        for place, parts in places.items():
            path = self._write_part(place, parts, next(self._number))
            with self._lock:
                self._files.append(path)

    def _write_part(self, place: _Place, parts: Sequence[Part], number: int) -> Path:
        kind = KINDS[place.kind]
        folder = self._folder / f"venue={place.venue}" / f"kind={kind.name}" / f"symbol={in_path(place.symbol)}"
        folder = folder / f"date={place.date}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{self._run}-{number:09d}.parquet"
        hidden = path.with_name(f".{path.name}.part")
        label = Label(1, self._run, place.venue, kind.name, place.symbol)
        pyarrow().parquet.write_table(_table(kind, label, parts), hidden, compression="zstd")
        with hidden.open("rb+") as file:
            os.fsync(file.fileno())
        return hidden.replace(path)


class EventFile:
    """Read one part. Raises ConfigError for a file that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            schema = pyarrow().parquet.read_schema(path)
            self.label = msgspec.json.decode(schema.metadata[_KEY], type=Label)
            self._kind = BY_NAME[self.label.kind]
        except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
            raise ConfigError(f"{path} is no part of a recording of foxtrot's ({error}).") from error

    def events(self) -> Iterator[Part]:
        """Yield the events with their place in the run, in order. Raises ConfigError for one that cannot be read."""
        place = 0
        try:
            for place, event in events_of(self._kind, self.label.venue, self.label.symbol, self._rows()):
                yield place, event
        except (OSError, ValueError, KeyError, TypeError) as error:  # pyarrow's own errors are among them
            raise ConfigError(f"{self.path} is damaged behind its event {place}: {error}.") from error

    def _rows(self) -> Iterator[Row]:
        pa, columns = pyarrow(), self._kind.columns
        with pyarrow().parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(columns=[name for name, _ in columns]):
                yield from zip(*(_values(pa, batch.column(name), kind) for name, kind in columns), strict=True)


def event_files(path: Path) -> list[EventFile]:
    """Return the parts at `path`, a file or a folder, in the order of their names. Raises ConfigError without any."""
    paths = sorted(path.rglob("part-*.parquet")) if path.is_dir() else [path]
    if not paths:
        raise ConfigError(f"{path} holds no recorded events; record some with: foxtrot record SYMBOL --into {path}.")
    return [EventFile(one) for one in paths]


def _date(ts_recv: int) -> str:
    return f"{datetime.fromtimestamp(ts_recv // NS_PER_S, UTC):%Y-%m-%d}"


def _table(kind: Kind, label: Label, parts: Sequence[Part]) -> Any:
    pa = pyarrow()
    rows = [row for n, event in parts for row in kind.to_rows(n, event)]
    types = {TIME: pa.timestamp("ns", "UTC"), INT: pa.int64(), FLOAT: pa.float64(), TEXT: pa.string(), FLAG: pa.bool_()}
    schema = pa.schema([(name, types[of]) for name, of in kind.columns], {_KEY: msgspec.json.encode(label)})
    columns = zip(*rows, strict=True)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _values(pa: Any, column: Any, kind: str) -> list[Any]:
    values: list[Any] = (column.cast(pa.int64()) if kind == TIME else column).to_pylist()
    return values
