"""The format of recorded frames: one JSON object per line, a header first.

{"foxtrot":"frames","version":1,"venue":"x","adapter":"x 1.0","run":1,"contracts":[...]}
{"t":1700000000000000001,"c":1,"e":"open"}
{"t":1700000000000000002,"c":1,"d":"<the frame's text>"}
{"t":1700000000000000003,"s":"BTC/USDT","q":"symbol=BTCUSDT","d":"<the REST answer's text>"}
{"t":1700000000000000004,"c":1,"e":"close","d":"connection lost"}
"""

from __future__ import annotations

import msgspec

from foxtrot.model.contract import Contract

FORMAT, VERSION = "frames", 1
OPEN, CLOSE, DROPPED = "open", "close", "dropped"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Begin a file of frames: whose they are, and the contracts by which they can be decoded offline.

    `run` is when the recorder began (ns UTC): connections of one run keep their numbers from file to file.
    """

    foxtrot: str = FORMAT
    version: int = VERSION
    venue: str
    adapter: str = ""
    run: int
    contracts: list[Contract]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold one thing that came in at `t` (ns UTC) on connection `c`.

    `d` is a frame's text, `b` its bytes where they are no UTF-8. With `s` it is the REST answer to the query `q`: the
    snapshot of that symbol's book. With `e` it is no data: a connection opened or closed (`d` says why), or the disk
    was too slow and `d` frames were dropped.
    """

    t: int
    c: int = 0
    d: str = ""
    b: bytes = b""
    s: str = ""
    q: str = ""
    e: str = ""

    @property
    def data(self) -> bytes:
        """Return the bytes as they came."""
        return self.b or self.d.encode()


def to_line(data: bytes, t: int, *, c: int = 0, s: str = "", q: str = "") -> Line:
    """Return the line that keeps `data` without loss."""
    try:
        return Line(t=t, c=c, d=data.decode(), s=s, q=q)
    except UnicodeDecodeError:
        return Line(t=t, c=c, b=data, s=s, q=q)
