"""A key of its own for streams opens streams and nothing else; the other key everything but that."""

from __future__ import annotations

from typing import Any

import pytest

from foxtrot.config import Credentials, ExchangeConfig
from foxtrot.io.split import SplitRequests, split_by_key
from foxtrot.ports import LinkContext, RequestClient, VenueAccess
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.symbols import SymbolTable

TRADING, STREAMING = (Credentials(api_key=name, api_secret="s") for name in ("trade", "stream"))
ALLOWED, TOKEN = frozenset({"place", "token", "time"}), frozenset({"token"})


class Client:
    """Answer with the name of the key; refuse what it may not send."""

    def __init__(self, credentials: Credentials | None, allowed: frozenset[str]) -> None:
        self.key = "" if credentials is None else credentials.api_key.get_secret_value()
        self.allowed, self.closed, self.fails = allowed, False, False

    async def request(self, call: Call[Any]) -> RawResponse:
        assert call.endpoint in self.allowed
        return RawResponse(200, {}, self.key.encode())

    async def close(self) -> None:
        self.closed = True
        if self.fails:
            raise OSError("cut")


def context(own: Credentials | None) -> LinkContext:
    return LinkContext(
        exchange="toy",
        access=VenueAccess(Endpoints(rest="r", stream="s")),
        credentials=TRADING,
        config=ExchangeConfig(),
        symbols=SymbolTable("toy"),
        next_seq=lambda: 1,
        venue_ms=lambda: 1,
        own_ms=lambda: 1,
        stream_credentials=own,
    )


async def key_of(client: RequestClient, endpoint: str) -> str:
    call: Call[Any] = Call(endpoint=endpoint, params={}, decode=lambda body: body)
    return (await client.request(call)).body.decode()


async def test_one_key_carries_everything() -> None:
    client = split_by_key(context(None), ALLOWED, TOKEN, Client)
    assert [await key_of(client, name) for name in ("place", "token", "time")] == ["trade"] * 3


async def test_with_a_key_of_their_own_streams_are_opened_by_that_and_by_no_other() -> None:
    made: list[Client] = []

    def make(credentials: Credentials | None, allowed: frozenset[str]) -> Client:
        made.append(Client(credentials, allowed))
        return made[-1]

    client = split_by_key(context(STREAMING), ALLOWED, TOKEN, make)
    assert [await key_of(client, name) for name in ("place", "token", "time")] == ["trade", "stream", "trade"]
    assert {(one.key, one.allowed) for one in made} == {("trade", ALLOWED - TOKEN), ("stream", TOKEN)}


async def test_both_are_closed_also_when_one_fails() -> None:
    others, own = Client(TRADING, ALLOWED), Client(STREAMING, TOKEN)
    others.fails = True
    with pytest.raises(OSError, match="cut"):
        await SplitRequests(others, own, TOKEN).close()
    assert (others.closed, own.closed) == (True, True)
