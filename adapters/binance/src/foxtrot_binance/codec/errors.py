"""What the venue's error answers mean: tables by code and text; what is not listed leaves a command's outcome unknown.

Sources: https://github.com/binance-us/binance-us-api-docs/blob/master/errors.md, and the spot errors page of binance-
spot-api-docs
"""

from __future__ import annotations

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.messages.orders import ErrorInfo, ReplaceInfo

# Refusals of the request as it is: nothing was done, and the same request will be refused again.
_BAD_REQUEST = frozenset(
    {-1014, -1016, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114, -1115, -1116}
    | {-1117, -1118, -1119, -1120, -1121, -1122, -1125, -1127, -1128, -1130, -1131, -1134, -1135, -1139, -1145, -1151}
    | set(range(-1168, -1157))
    | {-1194, -1196, -1197, -1198, -1199, -1210, -1211, -1220, -1222, -1223, -1224, -1225}
    | {-2016, -2026, -2035, -2036, -2038, -2039, -2042, -2043}
)
_REFUSALS: dict[int, type[fx.VenueError]] = {
    -1002: fx.AuthenticationError,
    -1010: fx.OrderRejected,
    -1013: fx.OrderRejected,
    -1021: fx.ClockSkew,
    -1022: fx.AuthenticationError,
    -2010: fx.OrderRejected,
    -2011: fx.CancelRejected,
    -2013: fx.OrderNotFound,
    -2014: fx.AuthenticationError,
    -2015: fx.AuthenticationError,
    -2021: fx.OrderRejected,  # these two where the answer does not say which half failed
    -2022: fx.CancelRejected,
}
_TOO_MANY_ORDERS = -1015
_LIMITS = frozenset({-1003, _TOO_MANY_ORDERS, -1034})
# The venue itself does not know whether it acted.
_UNKNOWN = frozenset({-1000, -1001, -1006, -1007})
_SHORTEST_BAN_S = 120.0
_OVERLOADED = -1008  # https://github.com/binance/binance-spot-api-docs: the request was not taken at all
NOTHING_TO_CANCEL = "Unknown order sent"
_BY_TEXT: tuple[tuple[str, type[fx.VenueError]], ...] = (
    ("insufficient balance", fx.InsufficientFunds),
    ("Duplicate order sent", fx.DuplicateOrder),
    (NOTHING_TO_CANCEL, fx.CancelRejected),
)
KNOWN_CODES = _BAD_REQUEST | _REFUSALS.keys() | _LIMITS | _UNKNOWN | {_OVERLOADED}


def classify(call: fx.Call[object], response: fx.RawResponse, exchange: str) -> fx.VenueError | None:
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


def _typed(info: ErrorInfo, response: fx.RawResponse, call: fx.Call[object]) -> fx.VenueError:
    code, text = info.code, info.text or f"error {info.code}"
    if code in _LIMITS or response.status in (418, 429):
        error = _limited(text, info, response)
    elif code in _REFUSALS or code in _BAD_REQUEST:
        kind = _REFUSALS.get(code, fx.VenueError)
        if kind in (fx.OrderRejected, fx.CancelRejected):
            kind = next((k for words, k in _BY_TEXT if words in info.text), kind)
        error = fx.refused(kind, text, call, response)
    elif code == _OVERLOADED:
        error = fx.refused(fx.VenueUnavailable, text, call, response)
        error.retryable = True
    else:
        # Unlisted or "execution status unknown": a command may have been carried out.
        listed = code in _UNKNOWN
        error = fx.uncertain(text, response, listed=listed, retryable=listed or response.status >= 500)
    error.venue_message = info.text
    return error


def _limited(text: str, info: ErrorInfo, response: fx.RawResponse) -> fx.VenueError:
    banned = response.status == 418 or "banned until" in info.text
    error = _waiting(fx.Banned if banned else fx.RateLimited, text, response)
    error.orders_only = info.code == _TOO_MANY_ORDERS and not banned
    return error


def _without_code(response: fx.RawResponse, exchange: str, call: fx.Call[object]) -> fx.VenueError:
    if response.status not in (418, 429):
        return fx.of_the_edge(call, response, exchange)
    text = f"{exchange} answered HTTP {response.status} without an error code to {call.endpoint}."
    return _waiting(fx.Banned if response.status == 418 else fx.RateLimited, text, response)


def _waiting(kind: type[fx.RateLimited], text: str, response: fx.RawResponse) -> fx.RateLimited:
    """Return a limit's error with how long to wait."""
    error = kind(text, status=response.status)
    stated = response.headers.get("retry-after", "")
    shortest = _SHORTEST_BAN_S if isinstance(error, fx.Banned) else None
    error.retry_after_s = float(stated) if stated.isdecimal() else shortest
    return error
