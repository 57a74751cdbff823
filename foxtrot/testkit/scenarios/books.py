"""Kept books: the venue's book at every quiet moment, or none; never a wrong one."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.events import BookInvalidated, BookUpdated
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.stage import traits_of
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario

_MISHAPS = {
    "missing": Fault.MISSING,
    "doubled": Fault.DUPLICATE,
    "swapped": Fault.REORDERED,
    "cut": Fault.CUT,
    "garbage": Fault.GARBAGE,
    "delayed": Fault.DELAY,
}
_SEEDS = 12
_BOOK = Capability.SUBSCRIBE_ORDER_BOOK


@scenario(_BOOK, cases=range(_SEEDS))
async def a_book_is_the_venues_or_none_whatever_happens_to_its_frames(bench: Bench, seed: int) -> None:
    """Under a living market and lost, doubled, swapped, cut and foreign frames, the book is right at every quiet
    moment, or there is none; in the end it is right."""
    chance = random.Random(seed)
    rate = chance.choice([5, 20, 60])
    desk = await bench.busy(rate)
    await desk.run(desk.exchange.subscribe_order_book(desk.symbol))
    for _ in range(8):
        mishaps = [*_MISHAPS.values()] if seed % 3 else [Fault.MISSING, Fault.REORDERED]
        desk.faults.next["frame"] = [chance.choice([*mishaps, None, None, None, None]) for _ in range(40)]
        await desk.clock.advance(chance.uniform(3, 9))
        await quiet_moment(desk)
        desk.world.stage.flow.rate = rate
        claim_right_or_none(desk, "while frames went wrong")
    await desk.clock.advance(60)
    await quiet_moment(desk)
    claim_right(desk)
    claim_never_crossed(desk)


@scenario(_BOOK, cases=tuple(_MISHAPS))
async def each_mishap_alone_ends_with_the_right_book(bench: Bench, name: str) -> None:
    """Each thing that may happen to a frame is survived, and told as an invalid book where the book was lost."""
    desk = await bench.busy()
    await desk.run(desk.exchange.subscribe_order_book(desk.symbol))
    await desk.clock.advance(3)
    desk.faults.next["frame"] = [None, _MISHAPS[name]]
    await desk.clock.advance(30)
    await quiet_moment(desk)
    claim_right(desk)
    claim_never_crossed(desk)
    if name in ("missing", "cut"):
        sure(BookInvalidated.__name__ in desk.kinds(), "nobody was told that the book was lost")


def _corruptions(spec: AdapterSpec) -> Sequence[Callable[[str], str]]:
    return (half, other_digit) if traits_of(spec).checksums else (half,)


def half(text: str) -> str:
    """Return the first half of a frame."""
    return text[: len(text) // 2]


def other_digit(text: str) -> str:
    """Return a frame in which the last nine is an eight, which only a checksum shows."""
    place = text.rfind("9")
    return text if place < 0 else f"{text[:place]}8{text[place + 1 :]}"


@scenario(_BOOK, cases=_corruptions)
async def corrupted_frames_never_make_a_wrong_book(bench: Bench, corrupt: Callable[[str], str]) -> None:
    """What came in pieces, or with another digit where the venue sends checksums, is not believed."""
    desk = await bench.busy(rate=40)
    covered = bench.traits.checksums if corrupt is other_digit else 5_000
    await desk.run(desk.exchange.subscribe_order_book(desk.symbol))
    await desk.clock.advance(3)
    for number in range(6):
        left = [1 + number % 2]

        def tamper(text: str, left: list[int] = left) -> str:
            left[0] -= 1
            return corrupt(text) if left[0] >= 0 else text

        desk.world.tamper = tamper
        await desk.clock.advance(5)
        await quiet_moment(desk)
        claim_right_or_none(desk, "after corrupted frames", depth=covered)
        desk.world.stage.flow.rate = 40
    desk.world.tamper = lambda text: text
    await desk.clock.advance(40)
    await quiet_moment(desk)
    claim_right(desk, depth=covered)


@scenario(_BOOK)
async def books_of_several_symbols_are_right_and_end_with_their_subscription(bench: Bench) -> None:
    """Each symbol has its own book; a subscription that ends takes its book along, and can begin anew."""
    desk = await bench.busy(symbols=bench.traits.symbols)
    every = desk.symbols
    subscription = await desk.run(desk.exchange.subscribe_order_book(list(every)))
    await desk.clock.advance(10)
    await quiet_moment(desk)
    for symbol in every:
        claim_right(desk, symbol)
    equal(desk.kinds(BookInvalidated), [], "the books lost")
    await desk.run(desk.exchange.unsubscribe(subscription))
    await desk.clock.advance(2)
    equal([desk.exchange.market_data.order_book(symbol) for symbol in every], [None] * len(every), "the books")
    desk.world.stage.flow.rate = 20
    await desk.clock.advance(5)
    await desk.run(desk.exchange.subscribe_order_book(every[0]))
    await desk.clock.advance(5)
    await quiet_moment(desk)
    claim_right(desk, every[0])


@scenario(_BOOK)
async def a_stale_book_is_not_shown(bench: Bench) -> None:
    """A book whose stream has fallen silent while the market moves is none."""
    desk = await bench.busy()
    await desk.run(desk.exchange.subscribe_order_book(desk.symbol))
    await desk.clock.advance(3)
    desk.exchange.config.streams.__dict__["poll_interval_s"] = 0.0
    desk.world.muted = True
    await desk.clock.advance(35)
    equal(desk.exchange.market_data.order_book(desk.symbol), None, "the book")
    sure(any(isinstance(e, BookInvalidated) and "stale" in e.reason for e in desk.heard), "it was not told as stale")


@scenario(Capability.FETCH_ORDER_BOOK)
async def a_book_asked_for_is_the_venues(bench: Bench) -> None:
    """The best levels asked for are those of the venue, in order."""
    desk = await bench.busy()
    await desk.clock.advance(5)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(2)
    for depth in (5, 10, 100):
        book = await desk.run(desk.exchange.fetch_order_book(desk.symbol, depth))
        equal((list(book.bids), list(book.asks)), truth(desk, desk.symbol, depth), f"the best {depth} levels")


def _depths(spec: AdapterSpec) -> Sequence[int]:
    return traits_of(spec).partial_depths or (5,)


@scenario(_BOOK, cases=_depths)
async def the_best_levels_come_whole_each_time_without_a_request(bench: Bench, depth: int) -> None:
    """A partial book needs no synchronisation; where the venue has none of that depth it is refused before any I/O."""
    desk = await bench.busy()
    heard: list[BookUpdated] = []
    asked = desk.world.asked
    work = desk.exchange.subscribe_order_book(desk.symbol, heard.append, depth=depth)
    if depth not in bench.traits.partial_depths:
        await fails(desk, work, UnsupportedError, f"a book of {depth} levels")
        equal(desk.world.asked, asked, "what the venue was asked")
        return
    requests = desk.world.requests.total()
    await desk.run(work)
    await desk.clock.advance(20)
    sure(len(heard) > 10, f"{len(heard)} books in 20 s")
    if bench.traits.whole_partials:
        whole = all(event.snapshot and len(event.bids) <= depth and len(event.asks) <= depth for event in heard)
        sure(whole, "a book was no whole one")
    equal(desk.world.requests.total(), requests, "the number of requests")
    await quiet_moment(desk)
    claim_right(desk, depth=depth)


@scenario(_BOOK, cases=_depths)
async def what_is_lost_of_partial_books_is_made_good_by_the_next_one(bench: Bench, depth: int) -> None:
    """A partial book is right again with the next one; it never goes back."""
    if not bench.traits.whole_partials or depth not in bench.traits.partial_depths:
        await the_best_levels_come_whole_each_time_without_a_request(bench, depth)
        return
    desk = await bench.busy()
    await desk.run(desk.exchange.subscribe_order_book(desk.symbol, depth=depth))
    desk.faults.next["frame"] = [Fault.MISSING, None, Fault.REORDERED, None, Fault.DUPLICATE, Fault.CUT, None] * 4
    await desk.clock.advance(60)
    desk.faults.clear()
    await desk.clock.advance(30)
    await quiet_moment(desk)
    claim_right(desk, depth=depth)
    numbers = [event.update_id for event in desk.heard if isinstance(event, BookUpdated)]
    equal(numbers, sorted(numbers), "the numbers of the books")
    gaps = [e for e in desk.heard if isinstance(e, BookInvalidated) and "gap" in e.reason]
    equal(gaps, [], "the gaps told")


@scenario(_BOOK)
async def a_symbol_has_one_kind_of_book_at_a_time(bench: Bench) -> None:
    """A depth that is not streamed is refused with those that are; a second kind of book of a symbol is refused."""
    desk = await bench.busy()
    work = desk.exchange.subscribe_order_book(desk.symbol, depth=7)
    error = await fails(desk, work, UnsupportedError, "a book of 7 levels")
    sure("no books of 7 levels" in error.message, error.message)
    whole = await desk.run(desk.exchange.subscribe_order_book(desk.symbol))
    for depth in bench.traits.partial_depths[:1]:
        work = desk.exchange.subscribe_order_book(desk.symbol, depth=depth)
        error_of = await fails(desk, work, InvalidRequest, "a second kind of book")
        sure("with all levels already; unsubscribe that one before you ask for" in error_of.message, error_of.message)
        await desk.run(desk.exchange.unsubscribe(whole))
        await desk.run(desk.exchange.subscribe_order_book(desk.symbol, depth=depth))
        await quiet_moment(desk)
        claim_right(desk, depth=depth)


async def quiet_moment(desk: Desk) -> None:
    """Let nothing more go wrong, then stop the market until what is under way has arrived.

    It goes on for a while in between: what the last frame before a silence held cannot be missed by anybody.
    """
    desk.faults.clear()
    desk.world.tamper = lambda text: text
    await desk.clock.advance(2)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(25)  # frames may be held up one after the other


def truth(desk: Desk, symbol: str, depth: int = 5_000) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the venue's bids and asks."""
    _, bids, asks = desk.world.venue.depth(symbol, depth)
    return [(float(p), float(q)) for p, q in bids], [(float(p), float(q)) for p, q in asks]


def claim_right(desk: Desk, symbol: str = "", depth: int = 5_000) -> None:
    """Claim that the kept book is the venue's."""
    book = desk.exchange.market_data.order_book(symbol or desk.symbol)
    sure(book is not None, "there is no book")
    claim_right_or_none(desk, "in the end", symbol, depth)


def claim_right_or_none(desk: Desk, when: str, symbol: str = "", depth: int = 5_000) -> None:
    """Claim that the kept book is the venue's, if there is one."""
    book = desk.exchange.market_data.order_book(symbol or desk.symbol)
    if book is not None:
        mine = (list(book.bids[:depth]), list(book.asks[:depth]))
        equal(mine, truth(desk, symbol or desk.symbol, depth), f"the book {when}")


def claim_never_crossed(desk: Desk) -> None:
    """Claim that no best bid was ever at or above the best ask."""
    crossed = [e for e in desk.heard if isinstance(e, BookUpdated) and e.best_bid >= e.best_ask > 0]
    equal(crossed, [], "the crossed books told")
