"""Recorded frames are read back as they came, also after a crash."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from foxtrot.data.lines import DROPPED, FORMAT, VERSION, Header, Line
from foxtrot.errors import ConfigError

_LINE = msgspec.json.Decoder(Line)
_HEADER = msgspec.json.Decoder(Header)


class FrameSource(Protocol):
    """Recorded lines in their order; `torn` says after reading whether the last one was cut off."""

    path: Path
    header: Header
    torn: bool

    def lines(self) -> Iterator[Line]: ...


class FrameFile:
    """Read one file of frames, plain or gzip'ed, as often as wanted.

    Raises ConfigError for a file that is none or was written by a newer foxtrot, and for a line in its middle that
    cannot be read; a last line that a crash has cut off sets `torn`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = False
        first = next(self._raw(), b"")
        self.header = _header(path, first)

    def lines(self) -> Iterator[Line]:
        """Yield the lines after the header."""
        waiting: Exception | None = None
        for number, raw in enumerate(self._raw(), 1):
            if waiting is not None:
                raise ConfigError(f"Line {number - 1} of {self.path} cannot be read: {waiting}.") from waiting
            if number == 1:
                continue
            try:
                line = _LINE.decode(raw)
                if line.e == DROPPED:
                    int(line.d)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                waiting = error  # harmless only if it is the last one
                continue
            yield line
        self.torn = self.torn or waiting is not None

    def _raw(self) -> Iterator[bytes]:
        try:
            with gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb") as file:
                yield from file
        except (EOFError, zlib.error):
            self.torn = True
        except OSError as error:
            raise ConfigError(f"The recording {self.path} cannot be read: {error.strerror or error}.") from error


def is_recording(first_line: bytes) -> bool:
    """Tell whether a file that begins so holds recorded frames."""
    return first_line.startswith(b'{"foxtrot":"frames"')


def holds_recording(path: Path) -> bool:
    """Tell whether a file holds recorded frames. Raises ConfigError when it cannot be read."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            first = file.readline()
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    if not first:
        raise ConfigError(f"{path} is empty.")
    return is_recording(first)


def frame_files(path: Path) -> list[FrameFile]:
    """Return the recordings at `path`, a file or a folder, oldest first; those in which a crash left nothing are left
    out.

    Raises ConfigError where there is none.
    """
    paths = sorted(path.glob("frames-*.ndjson*")) if path.is_dir() else [path]
    kept = [one for one in paths if not path.is_dir() or _begun(one)]
    if not kept:
        raise ConfigError(f"{path} holds no recorded frames; record some with: foxtrot record SYMBOL --into {path}.")
    return sorted(map(FrameFile, kept), key=lambda file: (file.header.run, file.path.name))


def _begun(path: Path) -> bool:
    """Tell whether a file got past its header, which a crash in the first second may have cut off."""
    if path.suffix == ".gz":
        return path.stat().st_size > 0
    with path.open("rb") as file:
        return file.readline().endswith(b"\n")


def _header(path: Path, first: bytes) -> Header:
    if not first:
        raise ConfigError(f"{path} is no recording of foxtrot's: its first line is no header (the file is empty).")
    try:
        header = _HEADER.decode(first)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no recording of foxtrot's: its first line is no header ({error}).") from error
    if header.foxtrot != FORMAT or header.version > VERSION:
        raise ConfigError(
            f"{path} is of the format {header.foxtrot} {header.version}, this foxtrot reads {FORMAT} up to {VERSION}; "
            "update foxtrot."
        )
    return header
