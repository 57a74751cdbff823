"""Raw wire frames go to disk: line by line, rotated, safe against crashes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from io import BufferedWriter
from itertools import count
from pathlib import Path
from typing import Self

import msgspec

from foxtrot.data.lines import CLOSE, DROPPED, OPEN, Header, Line, to_line
from foxtrot.data.writer import BackgroundWriter
from foxtrot.model.contract import Contract
from foxtrot.model.times import NS_PER_MS, NS_PER_S, to_iso

_FLUSH_S = 0.25  # well below the promised second: the disk takes its time too
_AT_ONCE, _MOST = 20_000, 500_000
_ENCODE = msgspec.json.Encoder().encode
Contracts = Callable[[], Sequence[Contract]]


class FrameWriter:
    """Append lines to frames-<venue>-<UTC start>.ndjson in `folder`; a new file after `max_bytes` or `max_age_s`.

    Every `write` ends on the disk itself (`sync`). Raises OSError when that fails.
    """

    def __init__(
        self,
        folder: Path,
        venue: str,
        contracts: Contracts,
        *,
        adapter: str = "",
        run: int = 0,
        max_bytes: int = 256 * 1024 * 1024,
        max_age_s: float = 3_600.0,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._folder = folder
        self._venue = venue
        self._contracts = contracts
        self._adapter = adapter
        self._run = run
        self._max_bytes = max_bytes
        self._max_age_ns = int(max_age_s * NS_PER_S)
        self._sync = sync
        self._file: BufferedWriter | None = None
        self._began = 0
        self._size = 0
        self.files: list[Path] = []

    def write(self, lines: Sequence[Line]) -> None:
        """Write some lines and have them on the disk."""
        for line in lines:
            file = self._file_for(line.t)
            self._size += file.write(_ENCODE(line) + b"\n")
        self._settle()

    def close(self) -> None:
        """Close the file; a later `write` begins another."""
        if self._file is not None:
            self._settle()
            self._file.close()
            self._file = None

    def _settle(self) -> None:
        if self._file is not None:
            self._file.flush()
            self._sync(self._file.fileno())

    def _file_for(self, t: int) -> BufferedWriter:
        if self._size >= self._max_bytes or t - self._began >= self._max_age_ns:
            self.close()
        return self._file or self._begin(t)

    def _begin(self, t: int) -> BufferedWriter:
        self._folder.mkdir(parents=True, exist_ok=True)
        header = Header(venue=self._venue, adapter=self._adapter, run=self._run or t, contracts=[*self._contracts()])
        self._file = file = self._new_file(t)
        self._began, self._size, self._run = t, file.write(_ENCODE(header) + b"\n"), header.run
        return file

    def _new_file(self, t: int) -> BufferedWriter:
        for later in count():  # two within one millisecond, or another recorder in the same folder
            stamp = to_iso(t + later * NS_PER_MS).replace("-", "").replace(":", "")
            path = self._folder / f"frames-{self._venue}-{stamp}.ndjson"
            try:
                file = path.open("xb")
            except FileExistsError:
                continue
            self.files.append(path)
            return file
        raise AssertionError("count() does not end")


class FrameRecorder:
    """Record frames from an event loop without ever waiting for the disk; a crash loses at most the last second.

    `contracts` is asked when a file begins. Connections are numbered by `opened`. `close` writes all that is left and
    raises ConfigError when anything could not be written; `failure` says so at once.
    """

    def __init__(
        self,
        folder: Path,
        venue: str,
        contracts: Contracts,
        *,
        adapter: str = "",
        max_bytes: int = 256 * 1024 * 1024,
        max_age_s: float = 3_600.0,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self.venue = venue
        self._file = FrameWriter(
            folder,
            venue,
            contracts,
            adapter=adapter,
            run=time.time_ns(),
            max_bytes=max_bytes,
            max_age_s=max_age_s,
            sync=sync,
        )
        self._numbers = count(1)
        self._told = 0
        self._writer = BackgroundWriter(
            f"recording of {venue} in {folder}", self._write, _FLUSH_S, at_once=_AT_ONCE, most=_MOST
        )
        self.frames = 0
        self.snapshots = 0

    @property
    def files(self) -> list[Path]:
        """Return the files written so far."""
        return list(self._file.files)

    @property
    def dropped(self) -> int:
        """Return how many lines the disk was too slow for."""
        return self._writer.dropped

    @property
    def failure(self) -> Exception | None:
        """Return why nothing can be written any more, None while all is well."""
        return self._writer.failure

    def opened(self, t: int) -> int:
        """Record that a connection opened; return its number."""
        number = next(self._numbers)
        self._writer.put(Line(t=t, c=number, e=OPEN))
        return number

    def frame(self, connection: int, t: int, data: bytes) -> None:
        """Record one frame as it came."""
        self.frames += 1
        self._writer.put(to_line(data, t, c=connection))

    def lost(self, connection: int, t: int, reason: str) -> None:
        """Record that a connection ended."""
        self._writer.put(Line(t=t, c=connection, e=CLOSE, d=reason))

    def snapshot(self, symbol: str, query: str, t: int, data: bytes) -> None:
        """Record the REST answer that a book was built on."""
        self.snapshots += 1
        self._writer.put(to_line(data, t, s=symbol, q=query))

    def close(self) -> None:
        """Write what is left. Raises ConfigError when anything could not be written; repeating is harmless."""
        try:
            self._writer.close()
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _write(self, lines: list[Line]) -> None:
        dropped = self._writer.dropped - self._told
        if dropped:
            self._told += dropped
            lines.append(Line(t=lines[-1].t, e=DROPPED, d=str(dropped)))
        self._file.write(lines)
