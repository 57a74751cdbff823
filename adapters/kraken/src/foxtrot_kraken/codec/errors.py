"""What the venue's error texts mean; what is not listed leaves a command's outcome unknown.

Source: https://docs.kraken.com/api/docs/guides/spot-errors. Errors come with HTTP 200; other states are of the edge in
front of the venue.
"""

from __future__ import annotations

import msgspec

from foxtrot.errors import (
    AuthenticationError,
    Banned,
    CancelRejected,
    ClockSkew,
    DuplicateOrder,
    InsufficientFunds,
    OrderNotFound,
    OrderRejected,
    Outcome,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot_kraken.messages import Answer

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
    """Return the typed error of an answer with its outcome, None for a success."""
    try:
        texts = _ANSWER.decode(response.body).error
    except msgspec.MsgspecError:
        return _of_the_edge(call, response, exchange)
    text = next((text for text in texts if not text.startswith("W")), None)
    if text is None:
        return None if response.status < 400 else _of_the_edge(call, response, exchange)
    error = _typed(text, call, response.status)
    error.code, error.exchange = text.partition(":")[0] + ":" + text.partition(":")[2].partition(":")[0], exchange
    return error


def _typed(text: str, call: Call[object], status: int) -> VenueError:
    kind = next((kind for beginning, kind in _REFUSALS if text.startswith(beginning)), None)
    if kind is None and _NO_NUMBER in text:
        kind = VenueError
    if kind is None:
        error: VenueError = VenueUnavailable(
            text, status=status, venue_message=text, outcome=Outcome.UNKNOWN, retryable=True
        )
        error.unlisted = text not in _UNKNOWN
        return error
    if (kind is OrderNotFound and call.lane is not Lane.RECONCILE) or (
        kind is OrderRejected and call.lane is Lane.CANCEL
    ):
        kind = CancelRejected
    elif kind is VenueError and call.orders:
        kind = OrderRejected
    # The order that carries the id already may be this very one: that must be found out.
    outcome = Outcome.UNKNOWN if kind is DuplicateOrder and call.orders else Outcome.REFUSED
    retryable = kind is ClockSkew
    if issubclass(kind, RateLimited):
        limited = kind(text, status=status, venue_message=text)
        limited.orders_only = text.startswith("EOrder:")
        if kind is not Banned:
            limited.retry_after_s = _PAUSE_S
        return limited
    return kind(text, status=status, venue_message=text, outcome=outcome, retryable=retryable)


def _of_the_edge(call: Call[object], response: RawResponse, exchange: str) -> VenueError | None:
    """Judge an answer without the venue's own words by its HTTP status; a cut body of a success is left unread."""
    status = response.status
    if status == 200:
        return None
    text = f"{exchange} answered HTTP {status} without an error text to {call.endpoint}."
    if status == 429:
        return RateLimited(text, status=status, exchange=exchange)
    if status == 403:
        return VenueError(text, status=status, exchange=exchange, retryable=False)
    outcome = Outcome.REFUSED if status in (404, 405, 410) else Outcome.UNKNOWN
    return VenueUnavailable(text, status=status, exchange=exchange, outcome=outcome, retryable=status >= 500)
