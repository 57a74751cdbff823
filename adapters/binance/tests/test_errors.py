"""What the venue's refusals mean: the type, whether it acted, whether to try again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

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
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order
from foxtrot.protocol.calls import RawResponse
from foxtrot_binance.codec.errors import KNOWN_CODES
from foxtrot_binance.codec.rest import BinanceRestCodec

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
PAGE = SHARED / "protocols" / "binanceus.md"
UNKNOWN_OUTCOME = {-1000, -1001, -1006, -1007}


def answer(status: int, code: int, text: str, **more: Any) -> RawResponse:
    return RawResponse(status, {}, json.dumps({"code": code, "msg": text, **more}).encode())


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "outcome", "retryable"),
    [
        (400, -2010, "Account has insufficient balance for requested action.", InsufficientFunds, "refused", False),
        (400, -2010, "Duplicate order sent.", DuplicateOrder, "unknown", False),
        (400, -2010, "Market is closed.", OrderRejected, "refused", False),
        (400, -1013, "Market is closed.", OrderRejected, "refused", False),
        (400, -2010, "Order would immediately match and take.", OrderRejected, "refused", False),
        (400, -2010, "Filter failure: MAX_NUM_ORDERS", OrderRejected, "refused", False),
        (400, -1013, "Filter failure: LOT_SIZE", OrderRejected, "refused", False),
        (400, -1111, "Precision is over the maximum defined for this asset.", OrderRejected, "refused", False),
        (400, -2011, "Unknown order sent.", CancelRejected, "refused", False),
        (400, -2011, "Order was not canceled due to cancel restrictions.", CancelRejected, "refused", False),
        (400, -2013, "Order does not exist.", OrderNotFound, "refused", False),
        (401, -2014, "API-key format invalid.", AuthenticationError, "refused", False),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", AuthenticationError, "refused", False),
        (401, -1002, "You are not authorized to execute this request.", AuthenticationError, "refused", False),
        (400, -1022, "Signature for this request is not valid.", AuthenticationError, "refused", False),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", ClockSkew, "refused", True),
        (429, -1003, "Too much request weight used", RateLimited, "refused", True),
        (429, -1015, "Too many new orders", RateLimited, "refused", True),
        (418, -1003, "Way too much request weight used", Banned, "refused", True),
        (503, -1008, "Server is currently overloaded with other requests.", VenueUnavailable, "refused", True),
        (503, -1000, "An unknown error occurred while processing the request.", VenueUnavailable, "unknown", True),
        (504, -1007, "Timeout waiting for response from backend server.", VenueUnavailable, "unknown", True),
        (400, -1006, "An unexpected response was received", VenueUnavailable, "unknown", True),
        (400, -1001, "Internal error", VenueUnavailable, "unknown", True),
        (400, -9999, "Something new", VenueUnavailable, "unknown", False),
    ],
)
def test_each_error_says_whether_the_venue_acted_and_whether_to_try_again(
    rest: BinanceRestCodec,
    order: Order,
    contract: Contract,
    status: int,
    code: int,
    text: str,
    kind: type[VenueError],
    outcome: str,
    retryable: bool,
) -> None:
    error = rest.classify(rest.place_order(order, contract), answer(status, code, text))
    assert error is not None
    assert type(error) is kind
    assert (error.outcome, error.retryable) == (Outcome(outcome), retryable)
    assert (error.code, error.venue_message, error.status, error.exchange) == (str(code), text, status, "binanceus")


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (500, VenueUnavailable, "unknown"),
        (502, VenueUnavailable, "unknown"),
        (503, VenueUnavailable, "unknown"),
        (504, VenueUnavailable, "unknown"),
        (400, VenueUnavailable, "unknown"),
        (403, VenueError, "refused"),
        (404, VenueUnavailable, "refused"),
        (410, VenueUnavailable, "refused"),
        (429, RateLimited, "refused"),
        (418, Banned, "refused"),
    ],
)
@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b'{"code":', b'{"message":"no"}', b"[]", b"\xff"])
def test_an_answer_without_a_code_is_judged_by_its_status(
    rest: BinanceRestCodec,
    order: Order,
    contract: Contract,
    status: int,
    kind: type[VenueError],
    outcome: str,
    body: bytes,
) -> None:
    error = rest.classify(rest.place_order(order, contract), RawResponse(status, {}, body))
    assert error is not None
    assert type(error) is kind
    assert error.outcome is Outcome(outcome)


def documented() -> set[int]:
    text = PAGE.read_text().split("\n## 6. Errors")[1].split("\n## 7.")[0]
    codes = {int(code) for code in re.findall(r"-[12]\d{3}\b", text)}
    for first, last in re.findall(r"(-[12]\d{3})\.\.(-[12]\d{3})", text):
        codes |= set(range(int(last), int(first) + 1))
    return codes


@pytest.mark.skipif(not PAGE.is_file(), reason="the protocol page is not on this machine")
def test_every_code_of_the_protocol_page_is_in_the_tables(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    codes = documented()
    assert len(codes) > 80
    assert codes - KNOWN_CODES == set()
    call = rest.place_order(order, contract)
    for code in codes:
        error = rest.classify(call, answer(400, code, "as documented"))
        assert error is not None
        assert error.outcome is (Outcome.UNKNOWN if code in UNKNOWN_OUTCOME else Outcome.REFUSED), code


def test_a_bad_request_refuses_an_order_and_only_an_order(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    refusal = answer(400, -1121, "Invalid symbol.")
    assert type(rest.classify(rest.place_order(order, contract), refusal)) is OrderRejected
    assert type(rest.classify(rest.fetch_open_orders(contract), refusal)) is VenueError


def test_checking_an_order_leaves_no_doubt_about_a_duplicate(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    error = rest.classify(rest.validate_order(order, contract), answer(400, -2010, "Duplicate order sent."))
    assert error is not None
    assert error.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "17"}, 17.0),
        (418, {"retry-after": "600"}, 600.0),
        # The venue documents bans from 2 minutes on, and no Retry-After with an order limit.
        (418, {}, 120.0),
        (429, {}, None),
        (429, {"retry-after": "soon"}, None),
    ],
)
@pytest.mark.parametrize("body", [b'{"code":-1003,"msg":"Too much request weight used"}', b"<html>"])
def test_a_limit_says_how_long_to_wait(
    rest: BinanceRestCodec, status: int, headers: dict[str, str], wait: float | None, body: bytes
) -> None:
    error = rest.classify(rest.fetch_balances(), RawResponse(status, headers, body))
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait


def halves(cancel: str, new: str, cancel_body: Any, new_body: Any) -> dict[str, Any]:
    return {
        "data": {
            "cancelResult": cancel,
            "newOrderResult": new,
            "cancelResponse": cancel_body,
            "newOrderResponse": new_body,
        }
    }


def test_a_failed_amend_says_why_its_cancel_was_refused(
    rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    call = rest.amend_order(order, AmendRequest(symbol="BTC/USDT", price=order.price), "new", contract, 0.0)
    reason = {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
    body = halves("FAILURE", "NOT_ATTEMPTED", reason, None)
    error = rest.classify(call, answer(400, -2022, "Order cancel-replace failed.", **body))
    assert type(error) is CancelRejected
    assert (error.outcome, error.code) == (Outcome.REFUSED, "-2022")
    assert "cancel restrictions" in error.message


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (400, -2022, halves("FAILURE", "NOT_ATTEMPTED", {"code": -1007, "msg": "Timeout"}, None)),
        (409, -2021, halves("SUCCESS", "FAILURE", {"orderId": 1}, {"code": -1006, "msg": "Unexpected"})),
        (409, -2021, halves("SUCCESS", "FAILURE", {"orderId": 1}, {"code": -2010, "msg": "Duplicate order sent."})),
    ],
)
def test_an_amend_with_a_half_that_the_venue_is_unsure_of_is_in_doubt(
    rest: BinanceRestCodec, order: Order, contract: Contract, status: int, code: int, body: dict[str, Any]
) -> None:
    call = rest.amend_order(order, AmendRequest(symbol="BTC/USDT", price=order.price), "new", contract, 0.0)
    error = rest.classify(call, answer(status, code, "Order cancel-replace failed.", **body))
    assert error is not None
    assert error.outcome is Outcome.UNKNOWN
