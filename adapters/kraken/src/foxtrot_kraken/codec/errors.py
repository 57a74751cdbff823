"""What the venue's error texts mean; what is not listed leaves a command's outcome unknown.

Source: https://docs.kraken.com/api/docs/guides/spot-errors. Errors come with HTTP 200; other states are of the edge in
front of the venue.
"""

from __future__ import annotations

import msgspec

from foxtrot import adapting as fx
from foxtrot_kraken.messages.market import Answer

# By the beginning of the text; the first that fits counts. These were refused, nothing was done, but for the last ones.
_REFUSALS: dict[str, type[fx.VenueError]] = {
    "EOrder:Insufficient": fx.InsufficientFunds,
    "EOrder:Rate limit exceeded": fx.RateLimited,
    "EOrder:Domain rate limit exceeded": fx.RateLimited,
    "EOrder:Unknown order": fx.OrderNotFound,
    "EOrder:Duplicate": fx.DuplicateOrder,
    "EOrder:": fx.OrderRejected,
    "EAPI:Rate limit exceeded": fx.RateLimited,
    "EAPI:Invalid nonce": fx.ClockSkew,
    "EAPI:Invalid key": fx.AuthenticationError,
    "EAPI:Invalid signature": fx.AuthenticationError,
    "EAPI:Feature disabled": fx.AuthenticationError,
    "EAPI:Bad request": fx.VenueError,
    "EAuth:Rate limit exceeded": fx.RateLimited,
    "EAuth:Too many requests": fx.RateLimited,
    "EAuth:": fx.AuthenticationError,
    "EBM:limit exceeded": fx.OrderRejected,
    "EGeneral:Invalid arguments": fx.VenueError,
    "EGeneral:Permission denied": fx.AuthenticationError,
    "EGeneral:Temporary lockout": fx.Banned,
    "EGeneral:Too many requests": fx.RateLimited,
    "EGeneral:Unknown method": fx.VenueError,
    "EQuery:": fx.VenueError,
    "EService:Market in": fx.OrderRejected,
    "EService:Deadline elapsed": fx.OrderRejected,
    "ESession:": fx.VenueError,
    "ETrade:Locked": fx.OrderRejected,
    "ETrade:Invalid request": fx.OrderRejected,
    "Exceeded msg rate": fx.RateLimited,
    # Of the WebSocket, before a request is looked at any further.
    "Currency pair not supported": fx.VenueError,
    "Malformed request": fx.VenueError,
    "Symbol(s) not found": fx.VenueError,
    "Token(s) not found": fx.VenueError,
    "Unsupported": fx.VenueError,
    # The venue itself may not know whether it acted.
    "EService:Unavailable": fx.VenueUnavailable,
    "EService:Busy": fx.VenueUnavailable,
    "EService:Timeout": fx.VenueUnavailable,
    "EGeneral:Internal error": fx.VenueUnavailable,
    "EGeneral:Unknown error": fx.VenueUnavailable,
}
_NO_NUMBER = "field must be a"
_PAUSE_S = 5.0  # the venue does not say how long; the slowest counter falls by more than one request in that time
_ANSWER = msgspec.json.Decoder(Answer)


def classify(call: fx.Call[object], response: fx.RawResponse, exchange: str) -> fx.VenueError | None:
    """Return the typed error of an answer with its outcome, None for a success (a cut body of one is left unread)."""
    try:
        texts = _ANSWER.decode(response.body).error
    except msgspec.MsgspecError:
        texts = []
    text = next((text for text in texts if not text.startswith("W")), None)
    if text is None:
        return None if response.status == 200 else fx.of_the_edge(call, response, exchange)
    kind = next((kind for beginning, kind in _REFUSALS.items() if text.startswith(beginning)), None)
    if kind is None and _NO_NUMBER in text:
        kind = fx.VenueError
    error = fx.judged(kind, text, call, response)
    if isinstance(error, fx.RateLimited):
        error.orders_only = text.startswith("EOrder:")
        error.retry_after_s = None if isinstance(error, fx.Banned) else _PAUSE_S
    error.code, error.exchange = ":".join(text.split(":")[:2]), exchange
    return error
