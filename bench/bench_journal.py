"""Measure what an intent costs before its order may be sent: `python bench/bench_journal.py`.

The floor is one bare SQLite transaction with the same settings (WAL, synchronous=FULL) in the same folder; the journal
adds encoding, the writer's thread and the way back into the event loop. Rounds alternate; printed are medians and the
99th percentile of all rounds, in microseconds per intent.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from foxtrot.engine.journal.account import AccountJournal
from foxtrot.engine.journal.journal import Journal
from foxtrot.engine.journal.records import Intent
from foxtrot.model.order import Order, OrderStatus, OrderType, Side

ROUNDS, INTENTS = 7, 200


def intent(number: int) -> Intent:
    order = Order(
        exchange="alpha",
        symbol="BTC/USDT",
        client_order_id=f"bench-{number}",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.001"),
        price=Decimal("50000.01"),
        status=OrderStatus.PENDING,
    )
    return Intent(number, "place", order.client_order_id, order, time.time_ns())


def bare(connection: sqlite3.Connection) -> list[float]:
    took = []
    for number in range(INTENTS):
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO intents VALUES (?, ?)", (number, b"x" * 400))
        connection.execute("COMMIT")
        took.append(time.perf_counter() - started)
    return took


async def journaled(journal: AccountJournal, first: int, at_once: int) -> list[float]:
    async def one(number: int) -> float:
        started = time.perf_counter()
        await journal.intend(intent(number))
        return time.perf_counter() - started

    took: list[float] = []
    for start in range(first, first + INTENTS, at_once):
        took += await asyncio.gather(*(one(start + i) for i in range(at_once)))
    return took


async def measure(folder: Path) -> dict[str, list[float]]:
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE intents (number INTEGER, body BLOB)")
    took: dict[str, list[float]] = {"bare transaction": [], "one intent at a time": [], "50 intents at once": []}
    async with Journal.open(folder / "journal.db") as journal:
        account = journal.account("alpha", "main")
        account.recover(0)
        for number in range(ROUNDS):
            took["bare transaction"] += bare(connection)
            took["one intent at a time"] += await journaled(account, (2 * number + 1) * INTENTS, 1)
            took["50 intents at once"] += await journaled(account, (2 * number + 2) * INTENTS, 50)
    connection.close()
    return took


def main() -> None:
    """Print one line per case."""
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(measure(Path(folder)))
    floor = statistics.median(took["bare transaction"])
    for name, seconds in took.items():
        median, late = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        print(
            f"{name:<24} median {median * 1e6:8.0f} us   p99 {late * 1e6:8.0f} us   {median / floor:5.2f} x the floor"
        )


if __name__ == "__main__":
    main()
