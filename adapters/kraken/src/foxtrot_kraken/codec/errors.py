"""What the venue's error texts mean; what is not listed leaves a command's outcome unknown.

Source: https://docs.kraken.com/api/docs/guides/spot-errors. Errors come with HTTP 200; other states are of the edge in
front of the venue.
"""

from __future__ import annotations

import msgspec

from foxtrot.errors import (
    AuthenticationError,
    Banned,
    ClockSkew,
    DuplicateOrder,
    InsufficientFunds,
    OrderNotFound,
    OrderRejected,
    RateLimited,
    VenueError,
)
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.refusals import of_the_edge, refused, uncertain
from foxtrot_kraken.messages.market import Answer

# By the beginning of the text; the first that fits counts. All of these were refused: nothing was done.
_REFUSALS: tuple[tuple[str, type[VenueError]], ...] = (
    ("EOrder:Insufficient", InsufficientFunds),
    ("EOrder:Rate limit exceeded", RateLimited),
    ("EOrder:Domain rate limit exceeded", RateLimited),
    ("EOrder:Unknown order", OrderNotFound),
    ("EOrder:Duplicate", DuplicateOrder),
    ("EOrder:", OrderRejected),
    ("EAPI:Rate limit exceeded", RateLimited),
    ("EAPI:Invalid nonce", ClockSkew),
    ("EAPI:Invalid key", AuthenticationError),
    ("EAPI:Invalid signature", AuthenticationError),
    ("EAPI:Feature disabled", AuthenticationError),
    ("EAPI:Bad request", VenueError),
    ("EAuth:Rate limit exceeded", RateLimited),
    ("EAuth:Too many requests", RateLimited),
    ("EAuth:", AuthenticationError),
    ("EBM:limit exceeded", OrderRejected),
    ("EGeneral:Invalid arguments", VenueError),
    ("EGeneral:Permission denied", AuthenticationError),
    ("EGeneral:Temporary lockout", Banned),
    ("EGeneral:Unknown method", VenueError),
    ("EQuery:", VenueError),
    ("EService:Market in", OrderRejected),
    ("EService:Deadline elapsed", OrderRejected),
    ("ESession:", VenueError),
    ("ETrade:Locked", OrderRejected),
    ("ETrade:Invalid request", OrderRejected),
    ("Exceeded msg rate", RateLimited),
    # Of the WebSocket, before a request is looked at any further.
    ("Token(s) not found", VenueError),
    ("Unsupported", VenueError),
)
_NO_NUMBER = "field must be a"
_PAUSE_S = 5.0  # the venue does not say how long; the slowest counter falls by more than one request in that time
# The venue itself may not know whether it acted.
_UNKNOWN = (
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EGeneral:Internal error",
    "EGeneral:Unknown error",
)
_ANSWER = msgspec.json.Decoder(Answer)


def classify(call: Call[object], response: RawResponse, exchange: str) -> VenueError | None:
    """Return the typed error of an answer with its outcome, None for a success (a cut body of one is left unread)."""
    try:
        texts = _ANSWER.decode(response.body).error
    except msgspec.MsgspecError:
        texts = []
    text = next((text for text in texts if not text.startswith("W")), None)
    if text is None:
        return None if response.status == 200 else of_the_edge(call, response, exchange)
    error = _typed(text, call, response)
    error.code, error.exchange = ":".join(text.split(":")[:2]), exchange
    return error


def _typed(text: str, call: Call[object], response: RawResponse) -> VenueError:
    kind = next((kind for beginning, kind in _REFUSALS if text.startswith(beginning)), None)
    if kind is None and _NO_NUMBER not in text:
        return uncertain(text, response, listed=text in _UNKNOWN, retryable=True)
    error = refused(kind or VenueError, text, call, response)
    if isinstance(error, RateLimited):
        error.orders_only = text.startswith("EOrder:")
        error.retry_after_s = None if isinstance(error, Banned) else _PAUSE_S
    return error
