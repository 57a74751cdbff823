"""Keys of their own for some requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foxtrot.config import Credentials
from foxtrot.ports import LinkContext, RequestClient
from foxtrot.protocol.calls import Call, RawResponse

MakeClient = Callable[[Credentials | None, frozenset[str]], RequestClient]  # of a key, for some endpoints


class SplitRequests:
    """Send some endpoints by a client of their own, which has another key."""

    def __init__(self, others: RequestClient, own: RequestClient, endpoints: frozenset[str]) -> None:
        self._others = others
        self._own = own
        self._endpoints = endpoints

    async def request(self, call: Call[Any]) -> RawResponse:
        """Send a call by the client that it belongs to."""
        client = self._own if call.endpoint in self._endpoints else self._others
        return await client.request(call)

    async def close(self) -> None:
        """Close both, also when one fails."""
        try:
            await self._others.close()
        finally:
            await self._own.close()


def split_by_key(
    context: LinkContext, allowed: frozenset[str], of_streams: frozenset[str], make: MakeClient
) -> RequestClient:
    """Return the transport of the `allowed` endpoints, made by `make`.

    Where the user gave the streams a key of their own, that one opens them: only the endpoints `of_streams` carry it,
    and the other key none of these.
    """
    if context.stream_credentials is None:
        return make(context.credentials, allowed)
    own = make(context.stream_credentials, of_streams)
    return SplitRequests(make(context.credentials, allowed - of_streams), own, of_streams)
