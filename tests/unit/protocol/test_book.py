"""A kept book is the venue's or says that it is not."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.events import BookInvalidated, BookUpdated, Event
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.messages import BookDelta, BookSnapshot

Levels = list[tuple[float, float]]


def builder() -> tuple[BookBuilder, list[Any]]:
    heard: list[Event] = []
    return BookBuilder("x", "BTC/USDT", heard.append, itertools.count(1).__next__), heard


def delta(first: int, last: int, bids: Levels | None = None, asks: Levels | None = None) -> BookDelta:
    return BookDelta("BTC/USDT", 1, 2, first, last, first - 1, bids or [], asks or [])


def snapshot(last: int, bids: Levels, asks: Levels) -> BookSnapshot:
    return BookSnapshot("BTC/USDT", 2, last, bids, asks)


def test_deltas_before_the_snapshot_are_kept_and_those_it_covers_are_dropped() -> None:
    book, heard = builder()
    for number in range(1, 6):
        book.delta(delta(number, number, bids=[(100.0 + number, 1.0)]))
    assert book.needs_snapshot
    book.snapshot(snapshot(3, [(99.0, 5.0)], [(200.0, 1.0)]))
    assert book.copy().bids == ((105.0, 1.0), (104.0, 1.0), (99.0, 5.0))
    (first,) = heard
    assert (first.snapshot, first.update_id, first.best_bid, first.best_ask) == (True, 5, 105.0, 200.0)


def test_a_snapshot_older_than_the_first_delta_is_asked_for_again() -> None:
    book, heard = builder()
    book.delta(delta(10, 12))
    book.snapshot(snapshot(8, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.needs_snapshot, heard) == (False, True, [])
    book.snapshot(snapshot(9, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.update_id) == (True, 12)


def test_a_gap_is_said_at_once_and_healed_by_the_next_snapshot() -> None:
    book, heard = builder()
    book.delta(delta(1, 1))
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    book.delta(delta(2, 2))
    book.delta(delta(4, 4, bids=[(1.5, 1.0)]))
    assert isinstance(heard[-1], BookInvalidated)
    assert "update 4 follows 2" in heard[-1].reason
    assert book.needs_snapshot
    book.snapshot(snapshot(3, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (heard[-1].snapshot, heard[-1].update_id, heard[-1].best_bid) == (True, 4, 1.5)


def test_a_message_that_comes_twice_or_late_changes_nothing() -> None:
    book, heard = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    book.delta(delta(2, 3, bids=[(1.5, 1.0)]))
    told = len(heard)
    book.delta(delta(2, 3, bids=[(1.5, 9.0)]))
    book.delta(delta(1, 1, bids=[(1.7, 9.0)]))
    assert (len(heard), book.synced, book.copy().bids[0]) == (told, True, (1.5, 1.0))


def test_a_book_that_cannot_be_had_from_the_start_says_why() -> None:
    heard: list[Event] = []
    book = BookBuilder("x", "BTC/USDT", heard.append, itertools.count(1).__next__, checksum=lambda bids, asks: 7)
    book.snapshot(BookSnapshot("BTC/USDT", 2, 1, [(1.0, 1.0)], [(2.0, 1.0)], 8))
    (told,) = heard
    assert isinstance(told, BookInvalidated)
    assert told.reason == "checksum: 7 instead of the venue's 8"
    assert (book.synced, book.needs_snapshot) == (False, True)


def test_a_crossed_book_is_never_published() -> None:
    book, heard = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    book.delta(delta(2, 2, bids=[(3.0, 1.0)]))
    assert isinstance(heard[-1], BookInvalidated)
    assert "crossed" in heard[-1].reason


def test_the_best_price_is_found_again_when_its_level_goes() -> None:
    book, heard = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0), (0.9, 2.0)], [(2.0, 1.0), (2.1, 3.0)]))
    book.delta(delta(2, 2, bids=[(1.0, 0.0)], asks=[(2.0, 0.0)]))
    last = heard[-1]
    assert (last.best_bid, last.best_bid_quantity, last.best_ask, last.best_ask_quantity) == (0.9, 2.0, 2.1, 3.0)


changes = st.lists(st.tuples(st.booleans(), st.integers(1, 20), st.integers(0, 3)), min_size=1, max_size=4)


@given(
    st.lists(changes, min_size=4, max_size=30),
    st.lists(st.tuples(st.sampled_from(["cut", "twice", "swap"]), st.integers(0, 29)), max_size=3),
    st.integers(0, 8),
)
@settings(max_examples=1_000, deadline=None)
def test_cut_repeated_or_swapped_messages_give_the_right_book_or_an_invalid_one_never_a_wrong_one(
    stream: list[list[tuple[bool, int, int]]], damage: list[tuple[str, int]], snapshot_at: int
) -> None:
    truth: dict[int, tuple[dict[float, float], dict[float, float]]] = {0: ({100.0: 1.0}, {200.0: 1.0})}
    messages = []
    for number, made in enumerate(stream, 1):
        bids, asks = dict(truth[number - 1][0]), dict(truth[number - 1][1])
        for is_bid, price, quantity in made:
            side, at = (bids, 100.0 - price) if is_bid else (asks, 200.0 + price)
            side[at] = float(quantity)
        truth[number] = ({p: q for p, q in bids.items() if q}, {p: q for p, q in asks.items() if q})
        messages.append(
            delta(
                number,
                number,
                [(100.0 - p, float(q)) for is_bid, p, q in made if is_bid],
                [(200.0 + p, float(q)) for is_bid, p, q in made if not is_bid],
            )
        )
    for kind, at in damage:
        if at < len(messages) - 1:
            if kind == "cut":
                del messages[at]
            elif kind == "twice":
                messages.insert(at, messages[at])
            else:
                messages[at], messages[at + 1] = messages[at + 1], messages[at]
    book, heard = builder()
    for number, message in enumerate(messages):
        book.delta(message)
        if number == min(snapshot_at, len(messages) - 1):
            bids, asks = truth[message.last_id]
            book.snapshot(snapshot(message.last_id, list(bids.items()), list(asks.items())))
        if book.synced:
            copy = book.copy()
            assert (dict(copy.bids), dict(copy.asks)) == truth[book.update_id]
            assert (book.best_bid, book.best_ask) == (max(truth[book.update_id][0]), min(truth[book.update_id][1]))
    shown = [e for e in heard if isinstance(e, BookUpdated)]
    assert all(e.best_bid < e.best_ask for e in shown)


def test_a_new_snapshot_that_is_crossed_makes_the_book_invalid_not_wrong() -> None:
    book, heard = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    book.snapshot(snapshot(5, [(3.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.needs_snapshot) == (False, True)
    assert isinstance(heard[-1], BookInvalidated)


def test_after_a_crossed_book_a_snapshot_from_before_it_is_not_taken_for_the_venues() -> None:
    book, _ = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    book.delta(delta(2, 2, bids=[(1.5, 1.0)]))
    book.delta(delta(3, 3, bids=[(3.0, 1.0)]))
    book.snapshot(snapshot(1, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.needs_snapshot) == (False, True)
    book.snapshot(snapshot(4, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.update_id) == (True, 4)


def test_a_message_buffered_twice_or_out_of_order_does_not_keep_the_book_from_coming_up() -> None:
    book, _ = builder()
    for number in (6, 5, 6, 7, 7):
        book.delta(delta(number, number, bids=[(float(number), 1.0)]))
    book.snapshot(snapshot(5, [(1.0, 1.0)], [(20.0, 1.0)]))
    assert (book.synced, book.update_id) == (True, 7)
    assert book.copy().bids == ((7.0, 1.0), (6.0, 1.0), (1.0, 1.0))


def test_ids_that_skip_numbers_are_followed_by_the_venues_own_previous_id() -> None:
    # Derivatives venues number all their books together: ids jump, and each message names its predecessor.
    book, heard = builder()
    jumps = [(90, 97, 85), (110, 118, 97), (150, 151, 118)]
    for first, last, previous in jumps[:2]:
        book.delta(BookDelta("BTC/USDT", 1, 2, first, last, previous, [(1.0, float(last))], []))
    book.snapshot(snapshot(97, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert (book.synced, book.update_id) == (True, 118)
    first, last, previous = jumps[2]
    book.delta(BookDelta("BTC/USDT", 1, 2, first, last, previous, [(1.0, float(last))], []))
    assert book.copy().bids == ((1.0, 151.0),)
    book.delta(BookDelta("BTC/USDT", 1, 2, 152, 153, 150, [], []))
    assert isinstance(heard[-1], BookInvalidated)


def test_with_a_depth_only_the_best_levels_stay_and_the_others_are_told_as_deleted() -> None:
    heard: list[Any] = []
    book = BookBuilder("x", "BTC/USDT", heard.append, itertools.count(1).__next__, depth=2)
    book.snapshot(snapshot(1, [(5.0, 1.0), (4.0, 1.0), (3.0, 1.0)], [(6.0, 1.0), (7.0, 1.0), (8.0, 1.0)]))
    assert (heard[-1].bids, heard[-1].asks) == ([(5.0, 1.0), (4.0, 1.0)], [(6.0, 1.0), (7.0, 1.0)])
    book.delta(delta(2, 2, bids=[(5.5, 1.0)], asks=[(5.9, 2.0)]))
    assert (book.copy().bids, book.copy().asks) == (((5.5, 1.0), (5.0, 1.0)), ((5.9, 2.0), (6.0, 1.0)))
    assert (heard[-1].bids, heard[-1].asks) == ([(5.5, 1.0), (4.0, 0.0)], [(5.9, 2.0), (7.0, 0.0)])


def test_a_wrong_checksum_makes_the_book_invalid_and_a_right_one_does_not() -> None:
    heard: list[Any] = []

    def total(bids: Any, asks: Any) -> int:
        assert [p for p, _ in bids] == sorted((p for p, _ in bids), reverse=True)
        assert [p for p, _ in asks] == sorted(p for p, _ in asks)
        return int(sum(q for _, q in [*bids, *asks]))

    book = BookBuilder("x", "BTC/USDT", heard.append, itertools.count(1).__next__, checksum=total)
    book.snapshot(BookSnapshot("BTC/USDT", 2, 1, [(1.0, 1.0)], [(2.0, 1.0)], 2))
    book.delta(BookDelta("BTC/USDT", 1, 2, 2, 2, 1, [(1.1, 3.0)], [], 5))
    assert book.synced
    book.delta(BookDelta("BTC/USDT", 1, 2, 3, 3, 2, [(1.2, 1.0)], [], 99))
    assert (book.synced, book.needs_snapshot) == (False, True)
    assert "checksum: 6 instead of the venue's 99" in heard[-1].reason
    book.snapshot(BookSnapshot("BTC/USDT", 2, 3, [(1.0, 1.0)], [(2.0, 1.0)], 7))
    assert not book.synced


def test_the_best_levels_can_be_read_alone() -> None:
    book, _ = builder()
    book.snapshot(snapshot(1, [(1.0, 1.0), (0.8, 3.0), (0.9, 2.0)], [(2.0, 1.0)]))
    assert book.levels(2) == ([(1.0, 1.0), (0.9, 2.0)], [(2.0, 1.0)])


@given(
    st.lists(changes, min_size=6, max_size=40),
    st.lists(st.sampled_from(["cut", "twice", "swap", "", "", "", ""]), min_size=6, max_size=40),
    st.lists(st.integers(0, 5), min_size=1, max_size=10),
)
@settings(max_examples=400, deadline=None)
def test_with_snapshots_of_any_age_every_published_book_is_the_venues_and_the_last_one_comes_up(
    stream: list[list[tuple[bool, int, int]]], damage: list[str], ages: list[int]
) -> None:
    sides: tuple[dict[float, float], dict[float, float]] = ({100.0: 1.0}, {200.0: 1.0})
    truth = {0: sides}
    messages: list[BookDelta] = []
    for number, made in enumerate(stream, 1):
        bids, asks = dict(truth[number - 1][0]), dict(truth[number - 1][1])
        wire: tuple[Levels, Levels] = ([], [])
        for is_bid, price, quantity in made:
            side, at = (bids, 100.0 - price) if is_bid else (asks, 200.0 + price)
            side[at] = float(quantity)
            wire[not is_bid].append((at, float(quantity)))
        truth[number] = ({p: q for p, q in bids.items() if q}, {p: q for p, q in asks.items() if q})
        messages.append(delta(number, number, *wire))
    arriving = list(messages)
    for at, kind in enumerate(damage[: len(arriving) - 2]):
        if kind == "cut":
            arriving[at] = arriving[at + 1]
        elif kind == "swap":
            arriving[at], arriving[at + 1] = arriving[at + 1], arriving[at]
        elif kind == "twice":
            arriving.insert(at, arriving[at])
    book, heard = builder()
    mirror: dict[str, dict[float, float]] = {}
    now, asked = 0, 0
    for message in arriving:
        now = max(now, message.last_id)
        book.delta(message)
        if book.needs_snapshot:
            taken = max(0, now - ages[asked % len(ages)])
            asked += 1
            book.snapshot(snapshot(taken, list(truth[taken][0].items()), list(truth[taken][1].items())))
        for event in heard:
            follow(mirror, event)
            if isinstance(event, BookUpdated):
                assert (mirror["bids"], mirror["asks"]) == truth[event.update_id]
                assert (event.best_bid, event.best_ask) == (max(mirror["bids"]), min(mirror["asks"]))
        heard.clear()
    if book.needs_snapshot:
        book.snapshot(snapshot(now, list(truth[now][0].items()), list(truth[now][1].items())))
    assert (dict(book.copy().bids), dict(book.copy().asks)) == truth[book.update_id]
    assert book.synced


def follow(mirror: dict[str, dict[float, float]], event: Event) -> None:
    """Keep a naive book from the events alone, as a subscriber would."""
    if isinstance(event, BookInvalidated):
        mirror.clear()
    elif isinstance(event, BookUpdated):
        if event.snapshot:
            mirror.update(bids={}, asks={})
        for name, changes_ in (("bids", event.bids), ("asks", event.asks)):
            for price, quantity in changes_:
                if quantity:
                    mirror[name][price] = quantity
                else:
                    mirror[name].pop(price, None)
