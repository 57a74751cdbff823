"""The floor of an order by WebSocket: sign, one frame out, one in, decoded without types; nobody keeps its state.

No user stream is listened to, nothing is checked, limited, announced or remembered.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import picows

from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET

_HOST = "ws-api.binance.us"
_ORDER = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "newOrderRespType": "FULL"}


class _Answers(picows.WSListener):
    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[Any]] = {}

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        answer = msgspec.json.decode(frame.get_payload_as_bytes())
        self.waiting.pop(answer["id"]).set_result(answer)


async def open_bare(base: str, symbol: str, quantity: str, price: str) -> tuple[Callable[[], Awaitable[None]], Any]:
    """Return how an order is placed and how all are canceled."""
    transport, listener = await picows.ws_connect(_Answers, f"ws://{base}/{_HOST}/ws-api/v3")
    answers, numbers = listener.waiting, itertools.count(1)  # type: ignore[attr-defined]  # ours
    venue, key, loop = symbol.replace("/", ""), DEFAULT_SECRET.encode(), asyncio.get_running_loop()

    def ask(method: str, **params: Any) -> asyncio.Future[Any]:
        params |= {"symbol": venue, "apiKey": DEFAULT_KEY, "timestamp": int(time.time() * 1_000)}
        text = "&".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = hmac.digest(key, text.encode(), hashlib.sha256).hex()
        number = next(numbers)
        answer: asyncio.Future[Any] = loop.create_future()
        answers[number] = answer
        transport.send(picows.WSMsgType.TEXT, msgspec.json.encode({"id": number, "method": method, "params": params}))
        return answer

    async def place() -> None:
        answer = await ask("order.place", quantity=quantity, price=price, **_ORDER)
        assert answer["status"] == 200, answer

    return place, lambda: ask("openOrders.cancelAll")
