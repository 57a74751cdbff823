"""The two kinds of REST requests, and the answer's wrapping that both have.

Source: https://docs.kraken.com/api/docs/guides/spot-rest-intro
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast

import msgspec

from foxtrot import adapting as fx
from foxtrot_kraken.codec.weights import calls_of
from foxtrot_kraken.messages.market import Answer

K = TypeVar("K")
T = TypeVar("T")
_ANSWER = msgspec.json.Decoder(Answer)


def public_call(operation: str, params: dict[str, str], kind: type[K], read: Callable[[K], T]) -> fx.Call[T]:
    """Return a public request; `read` makes of its result, decoded as `kind`, what the call is for."""
    market = operation if "," in params.get("pair", ",") else params["pair"]  # each pair is counted for itself
    return fx.Call(endpoint=f"publicGet{operation}", params=params, decode=_decoder(kind, read), market=market)


def private_call(
    operation: str, params: Mapping[str, Any], kind: type[K], read: Callable[[K], T], **more: Any
) -> fx.Call[T]:
    """Return a signed request; the counters of the account count it, not the address's."""
    fields = {"lane": fx.Lane.RECONCILE, "weight": 0, "calls": calls_of(operation), "signed": True} | more
    return fx.Call(endpoint=f"privatePost{operation}", params=params, decode=_decoder(kind, read), **fields)


def _decoder(kind: type[K], read: Callable[[K], T]) -> Callable[[bytes], T]:
    """Return what reads the result of an answer. An answer without a result is no success: it cannot be read."""
    result = _result(cast("Hashable", kind))
    return lambda body: read(result.decode(_ANSWER.decode(body).result))


@functools.cache
def _result(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of a kind of result: made once, not for each request."""
    return msgspec.json.Decoder(kind, strict=False)
