"""Recorded markets as the lines that a dialect reads: captures as they are, foxtrot's own recordings rewritten."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from foxtrot.data.frame_files import FrameFile, frame_files, is_recording
from foxtrot.data.lines import CLOSE, DROPPED, OPEN, Line
from foxtrot.errors import ConfigError

_ENCODE = msgspec.json.Encoder().encode


def market_lines(path: Path) -> list[str]:
    """Return the NDJSON lines of a capture, or of a recording (file or folder) in the same words.

    Raises ConfigError when it cannot be read.
    """
    if path.is_dir():
        return [line for file in frame_files(path) for line in _rewritten(file)]
    text = _text(path)
    if is_recording(text[:100].encode()):
        return list(_rewritten(FrameFile(path)))
    return text.splitlines()


def _rewritten(file: FrameFile) -> Iterator[str]:
    for line in file.lines():
        if line.e not in (OPEN, CLOSE, DROPPED) and not line.b:
            yield _ENCODE(_entry(line)).decode()


def _entry(line: Line) -> dict[str, object]:
    if line.s:
        return {"t": "http", "ts_ns": line.t, "url": f"?{line.q}", "data": line.d}
    return {"t": "recv", "ts_ns": line.t, "data": line.d}


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except OSError as error:
        raise ConfigError(f"The recording {path} cannot be read: {error.strerror or error}.") from error
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigError(f"The recording {path} is damaged: {error}.") from error
