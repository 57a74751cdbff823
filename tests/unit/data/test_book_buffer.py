"""The book buffer goes on when the venue numbers its updates anew, and still holds each update once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
import pytest

from foxtrot.data.buffers import Buffer, BufferKind
from foxtrot.data.manager import DataManager
from foxtrot.model.events import BookUpdated
from foxtrot.model.orderbook import OrderBook
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=10)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def book(update_id: int, bid: float = 100.0, levels: int = 1) -> OrderBook:
    bids = tuple((bid - n, 1.0) for n in range(levels))
    return OrderBook("venue", SYMBOL, 0, update_id, bids, tuple((bid + 1 + n, 2.0) for n in range(levels)))


def ids(buffer: Buffer) -> list[int]:
    """Return the update ids as they came, each once where rows follow each other."""
    return [int(row["update_id"]) for row in buffer.rows() if row["side"] == "bid" and row["level"] == 1]


@pytest.fixture
def buffer() -> Buffer:
    made = Buffer(BufferKind.ORDER_BOOK, 1_000)
    for n in (100, 101, 102):
        made.add_book(book(n, 100.0 + n), n)
    return made


def test_an_update_that_is_in_already_and_an_older_one_are_left_out(buffer: Buffer) -> None:
    buffer.add_book(book(102, 202.0), 103)
    buffer.add_book(book(101, 7.0), 104)
    assert ids(buffer) == [100, 101, 102]


def test_a_snapshot_with_a_lower_id_begins_the_numbers_anew(buffer: Buffer) -> None:
    buffer.add_book(book(3, 50.0), 200, anew=True)
    buffer.add_book(book(4, 51.0), 201)
    buffer.add_book(book(4, 51.0), 202)
    buffer.add_book(book(101, 52.0), 203)  # the number of an earlier update, and another book
    assert ids(buffer) == [100, 101, 102, 3, 4, 101]


def test_a_new_subscription_begins_the_numbers_anew_without_a_snapshot(buffer: Buffer) -> None:
    buffer.begin_anew()
    buffer.add_book(book(3, 50.0), 200)
    buffer.add_book(book(2, 50.0), 201)
    assert ids(buffer) == [100, 101, 102, 3]


def test_what_a_resync_tells_again_is_left_out(buffer: Buffer) -> None:
    buffer.add_book(book(101, 201.0), 200, anew=True)
    buffer.add_book(book(102, 202.0), 201)
    buffer.add_book(book(103, 203.0), 202)
    assert ids(buffer) == [100, 101, 102, 103]
    buffer.add_book(book(99, 199.0), 203, anew=True)  # an older snapshot that was not in
    for n in (100, 101, 102, 103, 104):
        buffer.add_book(book(n, 100.0 + n), 204 + n)
    assert ids(buffer) == [100, 101, 102, 103, 99, 104]


async def test_kept_books_with_higher_ids_do_not_freeze_the_buffer(desk: Desk, tmp_path: Path) -> None:
    first = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(first.subscribe_order_book(SYMBOL))
    await desk.clock.advance(5)
    await desk.run(first.close_websockets())
    raise_ids(tmp_path)
    await desk.run(desk.exchange.subscribe_order_book(SYMBOL))  # its snapshot comes before the manager listens
    await desk.clock.advance(5)
    again = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(again.subscribe_order_book(SYMBOL))
    start = len(desk.heard)
    await desk.clock.advance(5)
    told = {event.update_id for event in desk.heard[start:] if isinstance(event, BookUpdated)}
    assert len(told) >= 3
    assert told <= set(again.get_buffer("order_book", SYMBOL)["update_id"])


def raise_ids(folder: Path) -> None:
    """Let what was kept be of a time when the venue's ids were far ahead."""
    (path,) = folder.rglob("order_book.parquet")
    table = pa.parquet.read_table(path)
    ids = pa.compute.add(table["update_id"], 10**12)
    pa.parquet.write_table(table.set_column(table.column_names.index("update_id"), "update_id", ids), path)
