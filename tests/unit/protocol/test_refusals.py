"""What a refusal means depends on the request that it answers, not on the venue."""

from __future__ import annotations

import pytest

from foxtrot.errors import (
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
from foxtrot.protocol.refusals import judged, of_the_edge, refused, uncertain

ANSWER = RawResponse(400, {}, b"")


def call(lane: Lane, orders: int = 0) -> Call[object]:
    return Call(endpoint="e", params={}, decode=lambda body: body, lane=lane, orders=orders)


PLACE, CHANGE, CANCEL, QUERY = call(Lane.PLACE, 1), call(Lane.PLACE), call(Lane.CANCEL), call(Lane.RECONCILE)


@pytest.mark.parametrize(
    ("kind", "to", "became"),
    [
        (VenueError, PLACE, OrderRejected),
        (VenueError, CANCEL, VenueError),
        (VenueError, QUERY, VenueError),
        (OrderRejected, PLACE, OrderRejected),
        (OrderRejected, CHANGE, OrderRejected),
        (OrderRejected, CANCEL, CancelRejected),
        (InsufficientFunds, CHANGE, InsufficientFunds),
        (OrderNotFound, QUERY, OrderNotFound),
        (OrderNotFound, CHANGE, CancelRejected),
        (OrderNotFound, CANCEL, CancelRejected),
        (OrderNotFound, PLACE, OrderNotFound),
    ],
)
def test_a_refusal_is_of_what_was_asked(kind: type[VenueError], to: Call[object], became: type[VenueError]) -> None:
    error = refused(kind, "why", to, ANSWER)
    assert type(error) is became
    assert (error.outcome, error.retryable, error.status, error.venue_message) == (Outcome.REFUSED, False, 400, "why")


def test_only_a_repeated_id_of_a_placement_leaves_its_outcome_open() -> None:
    assert refused(DuplicateOrder, "why", PLACE, ANSWER).outcome is Outcome.UNKNOWN
    assert refused(DuplicateOrder, "why", CHANGE, ANSWER).outcome is Outcome.REFUSED


@pytest.mark.parametrize("kind", [ClockSkew, RateLimited])
def test_a_wrong_time_and_a_limit_are_worth_another_try(kind: type[VenueError]) -> None:
    assert refused(kind, "why", PLACE, ANSWER).retryable


def test_what_no_table_knows_may_have_been_done() -> None:
    known, unknown = (uncertain("why", ANSWER, listed=listed, retryable=listed) for listed in (True, False))
    assert known.outcome is unknown.outcome is Outcome.UNKNOWN
    assert (known.unlisted, unknown.unlisted) == (False, True)
    assert (known.retryable, unknown.retryable) == (True, False)


@pytest.mark.parametrize(
    ("status", "kind", "outcome", "retryable"),
    [
        (429, RateLimited, Outcome.REFUSED, True),
        (403, VenueError, Outcome.REFUSED, False),
        (404, VenueUnavailable, Outcome.REFUSED, False),
        (502, VenueUnavailable, Outcome.UNKNOWN, True),
        (400, VenueUnavailable, Outcome.UNKNOWN, False),
    ],
)
def test_an_answer_of_the_edge_is_judged_by_its_status(
    status: int, kind: type[VenueError], outcome: Outcome, retryable: bool
) -> None:
    error = of_the_edge(PLACE, RawResponse(status, {}, b"<html>"), "somewhere")
    assert type(error) is kind
    assert (error.outcome, error.retryable, error.exchange) == (outcome, retryable, "somewhere")


def test_a_table_says_refused_or_that_the_venue_does_not_know_or_nothing() -> None:
    broke, busy, strange = (judged(kind, "x", PLACE, ANSWER) for kind in (InsufficientFunds, VenueUnavailable, None))
    assert (type(broke), broke.outcome, broke.unlisted) == (InsufficientFunds, Outcome.REFUSED, False)
    assert (type(busy), busy.outcome, busy.unlisted) == (VenueUnavailable, Outcome.UNKNOWN, False)
    assert (type(strange), strange.outcome, strange.unlisted) == (VenueUnavailable, Outcome.UNKNOWN, True)
