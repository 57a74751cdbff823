"""Captures of other programs as recordings: NDJSON of {"t": "recv"|"http"|..., "ts"|"ts_ns", "url", "data"}."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec

from foxtrot.data.frames import FrameWriter
from foxtrot.data.lines import OPEN, Header, Line
from foxtrot.data.sessions import offline_link
from foxtrot.errors import ConfigError
from foxtrot.model.contract import Contract
from foxtrot.model.times import NS_PER_S
from foxtrot.protocol.symbols import SymbolTable


class _Entry(msgspec.Struct):
    """Hold one line; the time is in seconds (`ts`) or in ns (`ts_ns`)."""

    t: str
    ts: float | None = None
    ts_ns: int | None = None
    url: str = ""
    data: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def time_ns(self) -> int:
        """Return when it was."""
        return self.ts_ns or int((self.ts or 0.0) * NS_PER_S)

    def check(self) -> None:
        """Raise ValueError that says what is missing or makes no sense."""
        if self.ts_ns is None and self.ts is None:
            raise ValueError("ts and ts_ns are both missing")
        if not 0 <= (self.ts or 0.0) * NS_PER_S < _LAST_NS or not 0 <= (self.ts_ns or 0) < _LAST_NS:
            raise ValueError(f"{self.ts if self.ts_ns is None else self.ts_ns} is no time since 1970")
        if self.t in ("recv", "http") and self.data is msgspec.UNSET:
            raise ValueError("data is missing")
        urlsplit(self.url)


_LAST_NS = 2**63
_ENTRY = msgspec.json.Decoder(_Entry)


class Capture:
    """Read a capture (plain or gzip'ed) as recorded lines of `venue`; no contract is known but those given.

    A REST answer belongs to the contract whose venue symbol its URL names, or to the only contract. Raises ConfigError
    that names the first line that cannot be read and why, and for an empty file; a last line that is cut off sets
    `torn`.
    """

    def __init__(self, path: Path, venue: str, contracts: Sequence[Contract]) -> None:
        self.path = path
        self.torn = False
        self._symbols = {contract.venue_symbol: contract.symbol for contract in contracts}
        first = next((entry.time_ns for entry in self._entries()), 0)
        self.header = Header(venue=venue, adapter="imported", run=first, contracts=list(contracts))

    def lines(self) -> Iterator[Line]:
        """Yield frames, connects and snapshots as recorded lines; what the client sent is passed over."""
        connection = 0
        for entry in self._entries():
            at, data = entry.time_ns, entry.data or ""
            if entry.t == "connect" or (entry.t == "recv" and not connection):
                connection += 1
                yield Line(t=at, c=connection, e=OPEN)
            if entry.t == "recv":
                yield Line(t=at, c=connection, d=data)
            elif entry.t == "http" and (symbol := self._symbol(entry.url)):
                yield Line(t=at, s=symbol, q=urlsplit(entry.url).query, d=data)

    def _symbol(self, url: str) -> str:
        named = [value for _, value in parse_qsl(urlsplit(url).query)]
        found = [self._symbols[value] for value in named if value in self._symbols]
        if not url and len(self._symbols) == 1:
            found = list(self._symbols.values())
        return found[0] if len(found) == 1 else ""

    def _entries(self) -> Iterator[_Entry]:
        waiting, number = "", 0
        for number, raw in enumerate(_raw(self.path), 1):
            if waiting:
                raise ConfigError(waiting)
            try:
                entry = _ENTRY.decode(raw)
                entry.check()
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                waiting = (
                    f"Line {number} of {self.path} cannot be read ({error}); each line is to be a JSON object with "
                    "t, ts or ts_ns, and data."
                )
                continue
            yield entry
        if waiting and number == 1:
            raise ConfigError(waiting)
        if not number:
            raise ConfigError(f"The capture {self.path} is empty.")
        self.torn = bool(waiting)


def contracts_of(listing: Path, venue: str) -> list[Contract]:
    """Return the contracts of the venue's own listing, as saved from its REST API (bare or as {"response": ...}).

    Raises ConfigError when the file cannot be read.
    """
    try:
        document = msgspec.json.decode(listing.read_bytes())
        answer = document.get("response", document) if isinstance(document, dict) else document
        rest = offline_link(venue, SymbolTable(venue), lambda: 0).rest
        return rest.fetch_markets().decode(msgspec.json.encode(answer)).contracts
    except OSError as error:
        raise ConfigError(f"The listing {listing} cannot be read: {error.strerror or error}.") from error
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(f"{listing} is no listing of {venue}'s: {error}.") from error


def import_capture(capture: Path, folder: Path, venue: str, contracts: Sequence[Contract]) -> list[Path]:
    """Write a capture as a recording into `folder` and return the files. Raises ConfigError."""
    source = Capture(capture, venue, contracts)
    writer = FrameWriter(folder, venue, lambda: contracts, adapter=source.header.adapter, run=source.header.run)
    try:
        writer.write(list(source.lines()))
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}.") from error
    finally:
        writer.close()
    return writer.files


def _raw(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from file
    except OSError as error:
        raise ConfigError(f"The capture {path} cannot be read: {error.strerror or error}.") from error
    except (EOFError, zlib.error) as error:
        raise ConfigError(f"The capture {path} is damaged: {error}.") from error
