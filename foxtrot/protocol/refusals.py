"""What a venue's error answer means for the request that it answers: the same for all venues once its words are
known."""

from __future__ import annotations

from foxtrot.errors import (
    CancelRejected,
    ClockSkew,
    DuplicateOrder,
    OrderNotFound,
    OrderRejected,
    Outcome,
    RateLimited,
    VenueError,
    VenueUnavailable,
)
from foxtrot.protocol.calls import Call, Lane, RawResponse

_NOTHING_THERE = (404, 405, 410)


def refused(kind: type[VenueError], text: str, call: Call[object], response: RawResponse) -> VenueError:
    """Return a refusal in the venue's words: it did nothing. `kind` is VenueError for a request that is bad as it is.

    A command on an order that is not there, and a cancel that is refused for any reason, is CancelRejected. The order
    that carries a repeated id already may be the very one that was sent: that must be found out.
    """
    if kind is VenueError and call.orders:
        kind = OrderRejected
    canceling = call.lane is Lane.CANCEL
    if (canceling and kind is OrderRejected) or (kind is OrderNotFound and (canceling or _changes_one(call))):
        kind = CancelRejected
    outcome = Outcome.UNKNOWN if kind is DuplicateOrder and call.orders else Outcome.REFUSED
    retryable = issubclass(kind, ClockSkew | RateLimited)
    return kind(text, status=response.status, venue_message=text, outcome=outcome, retryable=retryable)


def judged(kind: type[VenueError] | None, text: str, call: Call[object], response: RawResponse) -> VenueError:
    """Return what an answer means whose words a table reads as `kind`: a refusal, or, where that is VenueUnavailable,
    that the venue itself may not know what it did. None: no table knows it."""
    if kind is None or kind is VenueUnavailable:
        return uncertain(text, response, listed=kind is not None, retryable=True)
    return refused(kind, text, call, response)


def uncertain(text: str, response: RawResponse, *, listed: bool, retryable: bool) -> VenueError:
    """Return an error after which a command may have been carried out: the venue says so, or no table knows it."""
    error = VenueUnavailable(
        text, status=response.status, venue_message=text, outcome=Outcome.UNKNOWN, retryable=retryable
    )
    error.unlisted = not listed
    return error


def _changes_one(call: Call[object]) -> bool:
    return call.lane is Lane.PLACE and not call.orders


def of_the_edge(call: Call[object], response: RawResponse, exchange: str) -> VenueError:
    """Judge an answer without the venue's own words, as of a proxy or a firewall before it, by its HTTP status."""
    status = response.status
    text = f"{exchange} answered HTTP {status} without an error of its own to {call.endpoint}."
    if status == 429:
        return RateLimited(text, status=status, exchange=exchange)
    if status == 403:
        return VenueError(text, status=status, exchange=exchange, retryable=False)
    outcome = Outcome.REFUSED if status in _NOTHING_THERE else Outcome.UNKNOWN
    return VenueUnavailable(text, status=status, exchange=exchange, outcome=outcome, retryable=status >= 500)
