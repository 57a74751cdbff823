"""What the flood server says: payloads like the venue's, encoded once, each plain and wrapped for the combined stream.

A book starts as 500 levels a side; every diff changes 8 of each, mostly near the best price, a fifth of them deletions,
and covers three update ids. Symbols take turns, so every tenth message is of the same one.
"""

from __future__ import annotations

import functools
import random

BASES = ("BTC", "ETH", "SOL", "LTC", "HBAR", "ADA", "XRP", "DOGE", "LINK", "DOT")
SYMBOLS = [f"{base}/USDT" for base in BASES]
SUFFIXES = {"trade": "trade", "aggTrade": "aggTrade", "quote": "bookTicker", "depth": "depth@100ms"}
FIRST_ID, IDS_PER_DIFF = 1_000, 3
_LEVELS, _CHANGES, _NEAR = 500, 8, 40.0
_TIME_MS = 1_700_000_000_000


def kind_of(suffix: str) -> str:
    """Return the kind of message that a stream's name ends in, "" for one that is not served."""
    return next((kind for kind, known in SUFFIXES.items() if suffix == known), "")


def websocket_frame(text: bytes) -> bytes:
    """Return a server's text frame."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return (bytes((0x81, 126)) + size.to_bytes(2) if size < 65_536 else bytes((0x81, 127)) + size.to_bytes(8)) + text


def wrapped(kind: str, number: int, text: bytes) -> bytes:
    """Return a payload as the combined stream sends it."""
    name = f"{BASES[number % len(BASES)].lower()}usdt@{SUFFIXES[kind]}"
    return b'{"stream":"%b","data":%b}' % (name.encode(), text)


def trade(number: int, time: int) -> bytes:
    """Return a trade; the ids of each symbol count up one by one."""
    return (
        b'{"e":"trade","E":%d,"s":"%bUSDT","t":%d,"p":"61837.%02d000000","q":"0.0%04d000","T":%d,"m":%b}'
        % (time, _base(number), number // len(BASES) + 1, number % 100, number % 9_999 + 1, time, _side(number))
    )  # fmt: skip


def aggregate(number: int, time: int) -> bytes:
    """Return an aggregated trade."""
    plain = trade(number, time).replace(b'"e":"trade"', b'"e":"aggTrade"').replace(b'"t":', b'"a":')
    return plain.replace(b',"T":', b',"f":1,"l":1,"T":')


@functools.cache
def frames(kind: str, combined: bool, count: int) -> list[bytes]:
    """Return the first `count` frames of a kind."""
    made = []
    for number in range(count):
        text = payload(kind, number)
        made.append(websocket_frame(wrapped(kind, number, text) if combined else text))
    return made


def snapshot() -> bytes:
    """Return the answer to a request for the depth, the same for each symbol."""
    bids = ",".join(f'["{_price(1, level)}","1.00000000"]' for level in range(_LEVELS))
    asks = ",".join(f'["{_price(-1, level)}","1.00000000"]' for level in range(_LEVELS))
    return f'{{"lastUpdateId":{FIRST_ID},"bids":[{bids}],"asks":[{asks}]}}'.encode()


def payload(kind: str, number: int) -> bytes:
    """Return the payload of a message; the same number always gives the same."""
    make = {"trade": _trade, "aggTrade": _aggregate, "quote": _quote, "depth": _diff}[kind]
    return make(number, random.Random(number))


def _trade(number: int, _: random.Random) -> bytes:
    return trade(number, _TIME_MS)


def _aggregate(number: int, _: random.Random) -> bytes:
    return aggregate(number, _TIME_MS)


def _quote(number: int, _: random.Random) -> bytes:
    return (
        b'{"u":%d,"s":"%bUSDT","b":"61837.%02d000000","B":"3.78826000","a":"61838.%02d000000","A":"1.54698000"}'
        % (number + 1, _base(number), number % 100, number % 100)
    )  # fmt: skip


def _diff(number: int, chance: random.Random) -> bytes:
    first = FIRST_ID + 1 + number // len(BASES) * IDS_PER_DIFF
    bids, asks = (",".join(_change(side, chance) for _ in range(_CHANGES)) for side in (1, -1))
    symbol = _base(number).decode()
    return (
        f'{{"e":"depthUpdate","E":{_TIME_MS},"s":"{symbol}USDT","U":{first},"u":{first + IDS_PER_DIFF - 1},'
        f'"b":[{bids}],"a":[{asks}]}}'
    ).encode()


def _change(side: int, chance: random.Random) -> str:
    level = min(int(chance.expovariate(1 / _NEAR)), _LEVELS - 1)
    quantity = "0.00000000" if chance.random() < 0.2 else f"{chance.randrange(1, 900) / 100:.8f}"
    return f'["{_price(side, level)}","{quantity}"]'


def _price(side: int, level: int) -> str:
    return f"{(6_000_000 - side * (level + 1)) / 100:.8f}"


def _side(number: int) -> bytes:
    return b"true" if number % 2 else b"false"


def _base(number: int) -> bytes:
    return BASES[number % len(BASES)].encode()
