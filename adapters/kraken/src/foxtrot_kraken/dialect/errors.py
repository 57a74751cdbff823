"""The venue's error texts.

Source: https://docs.kraken.com/api/docs/guides/spot-errors
"""

from __future__ import annotations

from foxtrot.sandbox.dialect import Trouble
from foxtrot.sandbox.types import Reason, Refused
from foxtrot_kraken.dialect.names import Pair
from foxtrot_kraken.dialect.profile import DialectOptions


class WireError(Exception):
    """An error answer: the text as the venue writes it, by REST and on WebSockets."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def invalid(name: str) -> WireError:
    """Return the complaint about one argument."""
    return WireError(f"EGeneral:Invalid arguments:{name}")


_FIELDS = {
    "price": "price",
    "stopPrice": "price",
    "trailingOffset": "price",
    "trailingPercent": "price",
    "quantity": "volume",
    "quoteOrderQty": "volume",
    "icebergQty": "displayvol",
}
_RULES = {
    "tick_size": "EOrder:Tick size check failed",
    "ordermin": "EOrder:Order minimum not met",
    "costmin": "EOrder:Cost minimum not met",
    "displayvol": "EGeneral:Invalid arguments:displayvol",
    "open_orders": "EOrder:Orders limit exceeded",
}
_TEXTS = {
    Reason.UNKNOWN_SYMBOL: "EQuery:Unknown asset pair",
    Reason.MARKET_CLOSED: "EService:Market in cancel_only mode",
    Reason.TYPE_UNSUPPORTED: "EGeneral:Invalid arguments:ordertype",
    Reason.QUOTE_QUANTITY_UNSUPPORTED: "EGeneral:Invalid arguments:viqc",
    Reason.ICEBERG_UNSUPPORTED: "EGeneral:Invalid arguments:displayvol",
    Reason.ICEBERG_TOO_LARGE: "EGeneral:Invalid arguments:displayvol",
    Reason.STP_UNSUPPORTED: "EGeneral:Invalid arguments:stptype",
    Reason.INSUFFICIENT_BALANCE: "EOrder:Insufficient funds",
    Reason.NO_SUCH_ORDER: "EOrder:Unknown order",
    Reason.CANCEL_UNKNOWN: "EOrder:Unknown order",
    Reason.THIN_BOOK: "EOrder:Order minimum not met",
}


def from_refusal(refused: Refused, pair: Pair, options: DialectOptions) -> WireError:
    """Return the venue's words for a refusal."""
    if refused.reason in _TEXTS:
        return WireError(_TEXTS[refused.reason])
    if refused.reason in (Reason.RULE, Reason.ACCOUNT_RULE):
        return WireError(_RULES[refused.detail])
    if refused.reason is Reason.DUPLICATE_CLIENT_ID:
        return WireError(options.duplicate_text)
    if refused.reason is Reason.WOULD_TRIGGER:
        return WireError(options.would_trigger_text)
    if refused.reason is Reason.WOULD_TAKE:
        return WireError(options.would_take_text)
    field = _FIELDS.get(refused.detail, "")
    if refused.reason is Reason.PRECISION and field == "price":
        return too_precise(pair)
    return invalid(field) if field else WireError("EGeneral:Invalid arguments")


def too_precise(pair: Pair) -> WireError:
    """Return the complaint about a price with too many decimals."""
    return WireError(f"EOrder:Invalid price:{pair.altname} price can only be specified up to {pair.decimals} decimals.")


_TROUBLES = {
    Trouble.OVERLOADED: "EService:Busy",
    Trouble.RATE_LIMITED: "EAPI:Rate limit exceeded",
    Trouble.BANNED: "EGeneral:Temporary lockout",
    Trouble.UNLISTED: "ESomething:New",
}


def trouble(kind: Trouble, options: DialectOptions) -> WireError:
    """Return the answer by which the venue reports a trouble; it never says how long to wait."""
    return WireError(options.timeout_text if kind is Trouble.UNKNOWN_OUTCOME else _TROUBLES[kind])
