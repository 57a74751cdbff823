"""Requests and answers over one WebSocket: order entry over a venue's WebSocket API."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any

from foxtrot.config import TransportConfig
from foxtrot.errors import ConnectionLost, RequestTimeout
from foxtrot.ports import RequestClient, WsConnection, WsConnector
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints, RpcCodec

_LOG = logging.getLogger("foxtrot.rpc")


class RpcClient:
    """Implement the RequestClient port; calls that the WebSocket API does not carry go to `fallback`, by declaration.

    The connection is opened at first use and again after a loss. A lost answer is never sent again elsewhere.
    """

    def __init__(
        self,
        codec: RpcCodec,
        endpoints: Endpoints,
        connector: WsConnector,
        config: TransportConfig,
        venue_ms: Callable[[], int],
        fallback: RequestClient,
    ) -> None:
        self._codec = codec
        self._url = codec.url(endpoints)
        self._connector = connector
        self._timeout_s = config.request_timeout_s
        self._venue_ms = venue_ms
        self._fallback = fallback
        self._ids = itertools.count(1)
        self._pending: dict[int | str, asyncio.Future[RawResponse]] = {}
        self._connection: WsConnection | None = None
        self._opening = asyncio.Lock()
        self.late_answers = 0

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call and return its answer.

        Raises ConnectFailed (not sent), ConnectionLost and RequestTimeout (outcome unknown).
        """
        if not self._codec.supports(call):
            return await self._fallback.request(call)
        connection = await self._connected()
        number = next(self._ids)
        answer: asyncio.Future[RawResponse] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        connection.send(self._codec.encode(call, number, self._venue_ms()))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except TimeoutError as error:
            raise RequestTimeout(f"{call.endpoint} was not answered within {self._timeout_s:g} s.") from error
        finally:
            self._pending.pop(number, None)

    async def close(self) -> None:
        """Close the connection; the fallback is its owner's to close."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> WsConnection:
        async with self._opening:
            if self._connection is None:
                self._connection = await self._connector.connect(self._url, self._on_frame, self._on_close)
            return self._connection

    def _on_frame(self, data: bytes) -> None:
        number, response = self._codec.decode(data)
        answer = None if number is None else self._pending.get(number)
        if answer is None or answer.done():
            self.late_answers += 1
            _LOG.warning("an answer to no waiting request came: id %r, status %d", number, response.status)
        else:
            answer.set_result(response)

    def _on_close(self, reason: str) -> None:
        self._connection = None
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ConnectionLost(f"The connection broke before the answer came: {reason}"))
