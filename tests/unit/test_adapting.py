"""What an adapter's codecs are written with: complete, and without any transport."""

from __future__ import annotations

import subprocess
import sys

from foxtrot import adapting

TRANSPORTS = (
    "asyncio",
    "socket",
    "ssl",
    "ccxt",
    "aiohttp",
    "websockets",
    "picows",
    "pydantic",
    "sqlite3",
    "foxtrot.io",
)


def test_every_name_is_there_once() -> None:
    assert len(set(adapting.__all__)) == len(adapting.__all__) > 80
    assert [name for name in adapting.__all__ if not hasattr(adapting, name)] == []


def test_a_codec_brings_no_transport_along() -> None:
    code = f"import sys, foxtrot.adapting; print(*[m for m in {TRANSPORTS!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
