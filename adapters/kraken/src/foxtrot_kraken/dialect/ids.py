"""Ids in the venue's pattern, made from what they name: the same run makes the same ids."""

from __future__ import annotations

import base64
import hashlib


class Ids:
    """Make ids; `salt` keeps those of two runs apart."""

    def __init__(self, salt: int) -> None:
        self._salt = salt

    def make(self, prefix: str, *named: object) -> str:
        """Return an id such as OUF4EM-FRGI2-MQMWZD; the prefix tells orders (O), trades (T) and ledger entries (L)."""
        text = prefix + base64.b32encode(self._digest(prefix, *named)).decode()
        return f"{text[:6]}-{text[6:11]}-{text[11:17]}"

    def token(self, number: int) -> str:
        """Return a WebSocket token."""
        return base64.b64encode(self._digest("token", number)).decode().rstrip("=")

    def number(self, *named: object) -> int:
        """Return a number of 64 bits."""
        return int.from_bytes(self._digest(*named)[:8], "big")

    def _digest(self, *named: object) -> bytes:
        return hashlib.sha256(":".join(map(str, (self._salt, *named))).encode()).digest()
