"""The venue's error answers: HTTP status, code, text.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/errors.md
"""

from __future__ import annotations

from typing import Any

from foxtrot.sandbox.dialect import Trouble
from foxtrot.sandbox.types import Reason, Refused
from foxtrot_binance.dialect.profile import Profile


class WireError(Exception):
    """An error answer; `data` and `retry_after_ms` go where the protocol has a place for them."""

    def __init__(
        self, code: int, text: str, *, status: int = 400, data: Any = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(f"{status} {code} {text}")
        self.code = code
        self.text = text
        self.status = status
        self.data = data
        self.retry_after_ms = retry_after_ms

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {"code": self.code, "msg": self.text} | ({} if self.data is None else {"data": self.data})


def missing(name: str) -> WireError:
    """Return -1102 for a parameter that was not sent."""
    return WireError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> WireError:
    """Return -1100 for a value outside its range."""
    return WireError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def not_valid(name: str) -> WireError:
    """Return -1130 for a word that the parameter does not know."""
    return WireError(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_combination() -> WireError:
    """Return -1128 for parameters that exclude each other."""
    return WireError(-1128, "Combination of optional parameters invalid.")


_ENGINE = {
    Reason.QUOTE_QUANTITY_UNSUPPORTED: (-2010, "Quote order qty market orders are not support for this symbol."),
    Reason.ICEBERG_UNSUPPORTED: (-2010, "Iceberg orders are not supported for this symbol."),
    Reason.ICEBERG_TOO_LARGE: (-2010, "IcebergQty exceeds QTY."),
    Reason.STP_UNSUPPORTED: (-1013, "This symbol does not allow the specified self-trade prevention mode."),
    Reason.REPLACE_UNSUPPORTED: (-2010, "Order cancel-replace is not supported for this symbol."),
    Reason.INSUFFICIENT_BALANCE: (-2010, "Account has insufficient balance for requested action."),
    Reason.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    Reason.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Reason.WOULD_TRIGGER: (-2010, "Order would trigger immediately."),
    Reason.NO_SUCH_ORDER: (-2013, "Order does not exist."),
    Reason.CANCEL_UNKNOWN: (-2011, "Unknown order sent."),
    Reason.CANCEL_RESTRICTED: (-2011, "Order was not canceled due to cancel restrictions."),
    Reason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Reason.THIN_BOOK: (-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity."),
}
_TYPES = {
    "market": "Market orders are not supported for this symbol.",
    "stop_loss": "Stop loss orders are not supported for this symbol.",
    "stop_loss_limit": "Stop loss limit orders are not supported for this symbol.",
    "take_profit": "Take profit orders are not supported for this symbol.",
    "take_profit_limit": "Take profit limit orders are not supported for this symbol.",
}


def from_refusal(refused: Refused, profile: Profile) -> WireError:
    """Return the venue's words for a refusal."""
    if refused.reason in _ENGINE:
        return WireError(*_ENGINE[refused.reason])
    if refused.reason is Reason.RULE:
        return WireError(-1013, f"Filter failure: {refused.detail}")
    if refused.reason is Reason.ACCOUNT_RULE:
        return WireError(-2010, f"Filter failure: {refused.detail}")
    if refused.reason is Reason.MARKET_CLOSED:
        return WireError(profile.options.market_closed_code, "Market is closed.")
    if refused.reason is Reason.NOT_POSITIVE:
        return WireError(-1013, "Invalid price." if "rice" in refused.detail else "Invalid quantity.")
    if refused.reason is Reason.PRECISION:
        if profile.current:
            return WireError(-1111, f"Parameter '{refused.detail}' has too much precision.")
        return WireError(-1111, "Precision is over the maximum defined for this asset.")
    return WireError(-2010, _TYPES.get(refused.detail, "Unsupported order combination"))


def trouble(kind: Trouble) -> WireError:
    """Return the answer by which the venue reports a trouble of its own, or with the client."""
    if kind is Trouble.UNKNOWN_OUTCOME:
        text = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
        return WireError(-1007, text, status=504)  # the HTTP status beside the code is not documented
    if kind is Trouble.OVERLOADED:
        text = "Server is currently overloaded with other requests. Please try again in a few minutes."
        return WireError(-1008, text, status=503)
    if kind is Trouble.UNLISTED:
        return WireError(-9876, "Something new.")
    banned = kind is Trouble.BANNED
    text = "Way too much request weight used; IP banned." if banned else "Too many requests; please use streams."
    return WireError(-1003, text, status=418 if banned else 429, retry_after_ms=8_000 if banned else 2_000)
