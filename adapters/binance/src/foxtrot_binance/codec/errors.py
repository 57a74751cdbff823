"""What the venue's error answers mean: tables by code and text; what is not listed leaves a command's outcome unknown.

Sources: https://github.com/binance-us/binance-us-api-docs/blob/master/errors.md, and the spot errors page of binance-
spot-api-docs
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
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot_binance.messages import ErrorInfo, ReplaceInfo

# Refusals of the request as it is: nothing was done, and the same request will be refused again.
_BAD_REQUEST = frozenset(
    {-1014, -1016, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115, -1116}
    | {-1117, -1118, -1119, -1120, -1121, -1122, -1125, -1127, -1128, -1130, -1131, -1134, -1135, -1139, -1145, -1151}
    | set(range(-1168, -1157))
    | {-1194, -1196, -1197, -1198, -1199, -1210, -1211, -1220, -1222, -1223, -1224, -1225}
    | {-2016, -2026, -2035, -2036, -2038, -2039, -2042, -2043}
)
_REFUSALS: dict[int, type[VenueError]] = {
    -1002: AuthenticationError,
    -1010: OrderRejected,
    -1013: OrderRejected,
    -1021: ClockSkew,
    -1022: AuthenticationError,
    -2010: OrderRejected,
    -2011: CancelRejected,
    -2013: OrderNotFound,
    -2014: AuthenticationError,
    -2015: AuthenticationError,
    -2021: OrderRejected,  # these two where the answer does not say which half failed
    -2022: CancelRejected,
}
_TOO_MANY_ORDERS = -1015
_LIMITS = frozenset({-1003, _TOO_MANY_ORDERS, -1034})
# The venue itself does not know whether it acted.
_UNKNOWN = frozenset({-1000, -1001, -1006, -1007})
_SHORTEST_BAN_S = 120.0
_OVERLOADED = -1008  # https://github.com/binance/binance-spot-api-docs: the request was not taken at all
NOTHING_TO_CANCEL = "Unknown order sent"
_BY_TEXT: tuple[tuple[str, type[VenueError]], ...] = (
    ("insufficient balance", InsufficientFunds),
    ("Duplicate order sent", DuplicateOrder),
    (NOTHING_TO_CANCEL, CancelRejected),
)
KNOWN_CODES = _BAD_REQUEST | _REFUSALS.keys() | _LIMITS | _UNKNOWN | {_OVERLOADED}


def classify(call: Call[object], response: RawResponse, exchange: str) -> VenueError | None:
    """Return the typed error of an answer with its outcome, None for a success."""
    if response.status < 400:
        return None
    info = _read(response.body)
    if info is None:
        return _without_code(response, exchange, call)
    error = _typed(_blamed(info), response, call)
    error.code, error.exchange = str(info.code), exchange
    return error


def _read(body: bytes) -> ErrorInfo | None:
    try:
        return msgspec.json.decode(body, type=ErrorInfo)
    except msgspec.MsgspecError:
        return None  # a proxy's HTML page, or a cut body: judged by the HTTP status


def _blamed(info: ErrorInfo) -> ErrorInfo:
    """Return the error of the cancelReplace's half that failed, which decides what is known; else the error itself."""
    try:
        halves = msgspec.json.decode(info.data, type=ReplaceInfo)
        failed = halves.new if halves.cancel_result == "SUCCESS" else halves.cancel
        half = msgspec.json.decode(failed, type=ErrorInfo)
    except msgspec.MsgspecError:
        return info  # an error of another request, or one that does not say more
    return msgspec.structs.replace(half, text=f"{info.text} {half.text}")


def _typed(info: ErrorInfo, response: RawResponse, call: Call[object]) -> VenueError:
    code = info.code
    if code in _LIMITS or response.status in (418, 429):
        return _limited(info, response)
    if code in _REFUSALS:
        kind = _REFUSALS[code]
        if kind in (OrderRejected, CancelRejected):
            kind = next((k for text, k in _BY_TEXT if text in info.text), kind)
        # The order that carries the id already may be this very one: that must be found out.
        known = Outcome.UNKNOWN if kind is DuplicateOrder and call.orders else Outcome.REFUSED
        return _make(kind, info, response, known, retryable=kind is ClockSkew)
    if code in _BAD_REQUEST:
        return _make(OrderRejected if call.orders else VenueError, info, response, Outcome.REFUSED, retryable=False)
    if code == _OVERLOADED:
        return _make(VenueUnavailable, info, response, Outcome.REFUSED, retryable=True)
    # Unlisted or "execution status unknown": a command may have been carried out.
    retryable = code in _UNKNOWN or response.status >= 500
    error = _make(VenueUnavailable, info, response, Outcome.UNKNOWN, retryable=retryable)
    error.unlisted = code not in _UNKNOWN
    return error


def _limited(info: ErrorInfo, response: RawResponse) -> VenueError:
    banned = response.status == 418 or "banned until" in info.text
    error = (Banned if banned else RateLimited)(
        info.text, status=response.status, code=str(info.code), venue_message=info.text
    )
    error.retry_after_s = _retry_after(response, banned=banned)
    error.orders_only = info.code == _TOO_MANY_ORDERS and not banned
    return error


def _retry_after(response: RawResponse, *, banned: bool) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else _SHORTEST_BAN_S if banned else None


def _without_code(response: RawResponse, exchange: str, call: Call[object]) -> VenueError:
    status = response.status
    text = f"{exchange} answered HTTP {status} without an error code to {call.endpoint}."
    if status in (418, 429):
        limited = (Banned if status == 418 else RateLimited)(text, status=status, exchange=exchange)
        limited.retry_after_s = _retry_after(response, banned=status == 418)
        return limited
    if status == 403:
        # The firewall in front of the venue: the request did not get in.
        return VenueError(text, status=status, exchange=exchange, retryable=False)
    outcome = Outcome.REFUSED if status in (404, 405, 410) else Outcome.UNKNOWN
    return VenueUnavailable(text, status=status, exchange=exchange, outcome=outcome, retryable=status >= 500)


def _make(
    kind: type[VenueError], info: ErrorInfo, response: RawResponse, outcome: Outcome, *, retryable: bool
) -> VenueError:
    return kind(
        info.text or f"error {info.code}",
        status=response.status,
        code=str(info.code),
        venue_message=info.text,
        outcome=outcome,
        retryable=retryable,
    )
