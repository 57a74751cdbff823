"""What the venue's refusals mean: the type, whether it acted, whether to try again."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import foxtrot_kraken.dialect
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
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.dialect.errors import _RULES, _TEXTS
from foxtrot_kraken.dialect.profile import make_options

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
PAGE = SHARED / "protocols" / "kraken.md"
UNKNOWN = (
    "EService:Unavailable",
    "EService:Busy",
    "EService:Timeout",
    "EGeneral:Internal error",
    "EGeneral:Unknown error",
)


def answer(*texts: str, status: int = 200) -> RawResponse:
    return RawResponse(status, {}, json.dumps({"error": list(texts)}).encode())


@pytest.mark.parametrize(
    ("text", "kind", "outcome", "retryable"),
    [
        ("EOrder:Insufficient funds", InsufficientFunds, "refused", False),
        ("EOrder:Insufficient margin", InsufficientFunds, "refused", False),
        ("EOrder:Order minimum not met", OrderRejected, "refused", False),
        ("EOrder:Cost minimum not met", OrderRejected, "refused", False),
        ("EOrder:Tick size check failed", OrderRejected, "refused", False),
        ("EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals.", OrderRejected, "refused", False),
        ("EOrder:Post only order", OrderRejected, "refused", False),
        ("EOrder:Orders limit exceeded", OrderRejected, "refused", False),
        ("EOrder:Reduce only:No position exists", OrderRejected, "refused", False),
        ("EOrder:Duplicate cl_ord_id", DuplicateOrder, "unknown", False),
        ("EOrder:Rate limit exceeded", RateLimited, "refused", True),
        ("EOrder:Domain rate limit exceeded", RateLimited, "refused", True),
        ("EAPI:Rate limit exceeded", RateLimited, "refused", True),
        ("EAuth:Rate limit exceeded", RateLimited, "refused", True),
        ("EAuth:Too many requests", RateLimited, "refused", True),
        ("EGeneral:Too many requests", RateLimited, "refused", True),
        ("Currency pair not supported XBT/USD", OrderRejected, "refused", False),
        ("Malformed request", OrderRejected, "refused", False),
        ("EGeneral:Temporary lockout", Banned, "refused", True),
        ("EAPI:Invalid key", AuthenticationError, "refused", False),
        ("EAPI:Invalid signature", AuthenticationError, "refused", False),
        ("EGeneral:Permission denied", AuthenticationError, "refused", False),
        ("EAuth:Account temporary disabled", AuthenticationError, "refused", False),
        ("EAPI:Invalid nonce", ClockSkew, "refused", True),
        ("EGeneral:Invalid arguments:volume", OrderRejected, "refused", False),
        ("EQuery:Unknown asset pair", OrderRejected, "refused", False),
        ("EService:Market in post_only mode", OrderRejected, "refused", False),
        ("EService:Deadline elapsed", OrderRejected, "refused", False),
        ("EBM:limit exceeded:CAL", OrderRejected, "refused", False),
        ("EService:Unavailable", VenueUnavailable, "unknown", True),
        ("EService:Busy", VenueUnavailable, "unknown", True),
        ("EService:Timeout", VenueUnavailable, "unknown", True),
        ("EGeneral:Internal error", VenueUnavailable, "unknown", True),
        ("EGeneral:Unknown error", VenueUnavailable, "unknown", True),
        ("EMystery:Something new", VenueUnavailable, "unknown", True),
    ],
)
def test_each_error_says_whether_the_venue_acted_and_whether_to_try_again(
    rest: KrakenRestCodec,
    order: Order,
    contract: Contract,
    text: str,
    kind: type[VenueError],
    outcome: str,
    retryable: bool,
) -> None:
    error = rest.classify(rest.place_order(order, contract), answer(text))
    assert error is not None
    assert type(error) is kind
    assert (error.outcome, error.retryable) == (Outcome(outcome), retryable)
    assert (error.code, error.venue_message, error.exchange) == (":".join(text.split(":")[:2]), text, "kraken")
    assert error.unlisted == (text == "EMystery:Something new")


def documented() -> list[str]:
    """Return the error strings that the protocol page lists."""
    lines = PAGE.read_text().split("\n## 6. Error strings\n")[1].split("\n\n")[0]
    found = []
    for category, words in re.findall(r"\b(E[A-Za-z]+): (`.*?)(?=\. E[A-Za-z]+: |\.?\n|\.?$)", lines):
        found += [f"{category}:{word}" for word in re.findall(r"`([A-Z][^`]*)`", words)]
    return found


@pytest.mark.skipif(not PAGE.is_file(), reason="the protocol page is not on this machine")
def test_every_error_of_the_protocol_page_is_in_the_tables(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    texts = documented()
    assert len(texts) > 45
    assert set(UNKNOWN) <= set(texts)
    for text in texts:
        error = rest.classify(rest.place_order(order, contract), answer(text))
        assert error is not None
        assert not error.unlisted, text
        in_doubt = text in UNKNOWN or type(error) is DuplicateOrder
        assert error.outcome is (Outcome.UNKNOWN if in_doubt else Outcome.REFUSED), text


def said_by_the_sandbox() -> list[str]:
    """Return every error text that the sandbox's dialect can say."""
    sources = [path.read_text() for path in Path(foxtrot_kraken.dialect.__file__).parent.glob("*.py")]
    written = [text for source in sources for text in re.findall(r'WireError\(\s*f?"([^"]+)"', source)]
    options = [str(value) for value in make_options({}).model_dump().values()]
    return [*written, *_TEXTS.values(), *_RULES.values(), *(text for text in options if re.match("E[A-Z]", text))]


def test_every_error_that_the_sandbox_says_is_in_the_tables(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    texts = said_by_the_sandbox()
    assert len(texts) > 50
    about_streams = ("Subscription", "Already subscribed", "Event_trigger")
    for text in texts:
        error = rest.classify(rest.place_order(order, contract), answer(text))
        assert error is not None
        assert not error.unlisted or text.startswith(about_streams), text


def test_warnings_beside_a_result_are_no_errors(rest: KrakenRestCodec, order: Order, contract: Contract) -> None:
    call = rest.place_order(order, contract)
    assert rest.classify(call, answer("WGeneral:Deprecated")) is None
    assert rest.classify(call, answer()) is None
    assert type(rest.classify(call, answer("WGeneral:Slow", "EOrder:Insufficient funds"))) is InsufficientFunds


def test_an_unknown_order_is_not_found_by_a_query_and_refuses_a_command(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    unknown = answer("EOrder:Unknown order")
    query = rest.fetch_order(contract, "OABC", "")
    assert query is not None
    assert type(rest.classify(query, unknown)) is OrderNotFound
    amend = rest.amend_order(order, AmendRequest(symbol="BTC/USD", price=order.price), "x", contract, 0.0)
    for call in (amend, rest.cancel_order(contract, "OABC", "", 0.0)):
        assert type(rest.classify(call, unknown)) is CancelRejected


@pytest.mark.parametrize("text", ["EOrder:Invalid order", "EOrder:Order not editable", "ETrade:Locked"])
def test_a_refused_cancel_is_a_refused_cancel(rest: KrakenRestCodec, contract: Contract, text: str) -> None:
    error = rest.classify(rest.cancel_order(contract, "OABC", "", 0.0), answer(text))
    assert type(error) is CancelRejected
    assert error.outcome is Outcome.REFUSED


def test_a_lost_cancel_stays_unknown(rest: KrakenRestCodec, contract: Contract) -> None:
    error = rest.classify(rest.cancel_order(contract, "OABC", "", 0.0), answer("EService:Timeout"))
    assert error is not None
    assert error.outcome is Outcome.UNKNOWN


def test_a_bad_request_refuses_an_order_and_only_an_order(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    refusal = answer("EGeneral:Invalid arguments")
    assert type(rest.classify(rest.place_order(order, contract), refusal)) is OrderRejected
    assert type(rest.classify(rest.fetch_open_orders(contract), refusal)) is VenueError


def test_checking_an_order_leaves_no_doubt_about_a_duplicate(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    error = rest.classify(rest.validate_order(order, contract), answer("EOrder:Duplicate cl_ord_id"))
    assert error is not None
    assert error.outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("text", "orders_only", "stated"),
    [
        ("EOrder:Rate limit exceeded", True, True),
        ("EAPI:Rate limit exceeded", False, True),
        ("Exceeded msg rate", False, True),
        ("EGeneral:Temporary lockout", False, False),
    ],
)
def test_a_limit_says_what_must_wait(rest: KrakenRestCodec, text: str, orders_only: bool, stated: bool) -> None:
    error = rest.classify(rest.fetch_balances(), answer(text))
    assert isinstance(error, RateLimited)
    assert (error.orders_only, error.retry_after_s is not None) == (orders_only, stated)


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (500, VenueUnavailable, "unknown"),
        (502, VenueUnavailable, "unknown"),
        (520, VenueUnavailable, "unknown"),
        (400, VenueUnavailable, "unknown"),
        (403, VenueError, "refused"),
        (404, VenueUnavailable, "refused"),
        (429, RateLimited, "refused"),
    ],
)
@pytest.mark.parametrize("body", [b"<html>520</html>", b"", b'{"error":', b'{"error":[]}', b'{"message":"no"}', b"[]"])
def test_an_answer_of_the_edge_is_judged_by_its_status(
    rest: KrakenRestCodec,
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


def test_a_page_of_the_edge_with_status_200_is_no_success(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    call, page = rest.place_order(order, contract), RawResponse(200, {}, b"<html>Checking your browser</html>")
    assert rest.classify(call, page) is None
    with pytest.raises(ValueError, match="malformed"):
        call.decode(page.body)
