"""The journal: durable before the send, one process at a time, never silently used when damaged."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot.engine.journal import Cursor, Intent, Journal, OrderNote
from foxtrot.engine.journal.schema import VERSION
from foxtrot.errors import JournalBusy, JournalError
from foxtrot.model.order import Fill, Order, OrderStatus, OrderType, Side

DAY_NS = 86_400 * 10**9


def order(key: str = "a1", status: OrderStatus = OrderStatus.PENDING, **changes: Any) -> Order:
    made = Order(
        exchange="toy",
        symbol="BTC/USDT",
        client_order_id=key,
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=status,
        quantity=Decimal("0.3"),
        price=Decimal("61000.10"),
    )
    return msgspec.structs.replace(made, **changes)


def fill(trade_id: str, quantity: str = "0.1") -> Fill:
    return Fill(
        symbol="BTC/USDT",
        order_id="7",
        client_order_id="a1",
        trade_id=trade_id,
        side=Side.BUY,
        price=Decimal(61_000),
        quantity=Decimal(quantity),
        quote_quantity=Decimal(6_100),
        fee=Decimal("0.0001"),
        fee_asset="BTC",
        is_maker=False,
        ts_event=5,
    )


def intent(number: int = 1, **changes: Any) -> Intent:
    return Intent(number, "place", f"a{number}", order(f"a{number}", **changes), number)


def note(kind: str, state: Order, at: int = 10, one: Fill | None = None) -> OrderNote:
    return OrderNote(kind, state.client_order_id, state, at, one)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture(params=[True, False], ids=["thread", "inline"])
def threaded(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def test_what_was_intended_and_what_became_of_it_is_there_after_a_restart(tmp_path: Path, threaded: bool) -> None:
    path = tmp_path / "j.db"
    async with Journal.open(path, threaded=threaded) as journal:
        mine = journal.account("toy", "main")
        assert mine.recover(token=77) == mine.recover(token=99)  # the first token stays
        await mine.intend(intent(1))
        await mine.intend(intent(2))
        filled = order("a1", OrderStatus.PARTIALLY_FILLED, order_id="7", filled=Decimal("0.1"), fills=(fill("t1"),))
        mine.note([note("OrderFilled", filled, one=fill("t1"))], [Cursor("BTC/USDT", "fills", "t1")])
        mine.note([note("OrderCanceled", order("a2", OrderStatus.CANCELED, order_id="8"))])
        await mine.flush()
    async with Journal.open(path, threaded=threaded) as journal:
        again = journal.account("toy", "main")
        known = again.recover(token=5)
        assert known.orders == {"a1": filled}
        assert (known.cursors, known.last_intent, known.token) == ((Cursor("BTC/USDT", "fills", "t1"),), 2, 77)
        assert again.find("BTC/USDT", "8", "") == order("a2", OrderStatus.CANCELED, order_id="8")
        assert again.find("BTC/USDT", "", "a2") is not None
        assert again.find("BTC/USDT", "9", "a2") is None
        assert journal.check() == []


async def test_accounts_in_one_file_know_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    async with Journal.open(path) as one, Journal.open(path) as other:
        assert one is other
        await one.account("toy", "main").intend(intent(1))
        assert other.account("toy", "second").recover(1).orders == {}
        assert other.account("else", "main").recover(1).last_intent == 0


async def test_a_fill_is_kept_once_however_often_it_is_noted(tmp_path: Path) -> None:
    async with Journal.open(tmp_path / "j.db") as journal:
        mine = journal.account("toy", "main")
        state = order("a1", OrderStatus.PARTIALLY_FILLED, filled=Decimal("0.1"))
        for _ in range(3):
            mine.note([note("OrderFilled", state, one=fill("t1"))])
        await mine.flush()
        assert journal.check() == []
        assert journal._file.read("SELECT count(*) FROM fills") == [(1,)]


async def test_many_intents_at_once_share_few_commits(tmp_path: Path) -> None:
    async with Journal.open(tmp_path / "j.db") as journal:
        commits = 0
        write = journal._file.write

        def counted(statements: Any) -> None:
            nonlocal commits
            commits += 1
            write(statements)

        journal._file.write = counted  # type: ignore[method-assign]
        mine = journal.account("toy", "main")
        await asyncio.gather(*(mine.intend(intent(number)) for number in range(1, 201)))
        assert mine.recover(1).last_intent == 200
        assert commits < 100


HOLDER = """
import sys
from pathlib import Path
from foxtrot.engine.journal import Journal

journal = Journal.open(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_in_clear_words_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(JournalBusy, match="open in another process"):
            Journal.open(path)
    finally:
        holder.kill()
        holder.communicate()
    journal = Journal.open(path, threaded=False)
    assert journal.quarantined is None
    asyncio.run(journal.close())


async def test_a_journal_of_a_newer_foxtrot_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    async with Journal.open(path):
        pass
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {VERSION + 1}")
    raw.close()
    with pytest.raises(JournalError, match=f"has schema {VERSION + 1}, this foxtrot knows up to {VERSION}; upgrade"):
        Journal.open(path)
    assert names(tmp_path) == ["j.db"]


@pytest.mark.parametrize("damage", ["cut", "noise", "text", "row"])
async def test_a_damaged_journal_is_set_aside_whole_and_never_used(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "j.db"
    async with Journal.open(path) as journal:
        for number in range(1, 200):
            await journal.account("toy", "main").intend(intent(number))
    size = path.stat().st_size
    if damage == "row":
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE orders SET body = replace(body, '61000.10', '61000.90') WHERE key = 'a7'")
        raw.close()
    else:
        content = bytearray(path.read_bytes())
        content = {
            "cut": content[: size // 2],
            "noise": content[: size // 3] + os.urandom(size // 3) + content[2 * size // 3 :],
            "text": bytearray(b"this is no database at all, " * 100),
        }[damage]
        path.write_bytes(content)
    kept_bytes = path.read_bytes()
    async with Journal.open(path) as journal:
        assert journal.quarantined is not None
        assert journal.quarantined.kept.read_bytes() == kept_bytes
        assert "damaged" in journal.quarantined.reason
        assert journal.account("toy", "main").recover(9).orders == {}
        await journal.account("toy", "main").intend(intent(1))


async def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="does its folder exist"):
        Journal.open(tmp_path / "nowhere" / "j.db")


async def test_a_full_disk_refuses_the_intent_keeps_the_notes_and_heals(tmp_path: Path, threaded: bool) -> None:
    async with Journal.open(tmp_path / "j.db", threaded=threaded) as journal:
        mine = journal.account("toy", "main")
        await mine.intend(intent(1))
        (pages,) = journal._file.read("PRAGMA page_count")[0]
        journal._file.read(f"PRAGMA max_page_count = {pages}")
        big = "x" * 100_000
        with pytest.raises(JournalError, match="full"):
            await mine.intend(intent(2, reason=big))
        mine.note([note("OrderAccepted", order("a1", OrderStatus.OPEN, order_id="7", reason=big))])
        with pytest.raises(JournalError, match="full"):
            await mine.flush()
        assert mine.trouble is not None
        journal._file.read("PRAGMA max_page_count = 1000000")
        await mine.flush()
        assert mine.trouble is None
        known = mine.recover(1)
        assert known.orders["a1"].status is OrderStatus.OPEN
        assert known.last_intent == 1, "what was refused must not turn up later"


async def test_a_disk_that_has_become_read_only_refuses_the_intent(tmp_path: Path, threaded: bool) -> None:
    async with Journal.open(tmp_path / "j.db", threaded=threaded) as journal:
        journal._file.read("PRAGMA query_only = 1")
        with pytest.raises(JournalError, match="cannot be used: attempt to write a readonly database"):
            await journal.account("toy", "main").intend(intent(1))


def test_a_place_where_nothing_can_be_written_is_refused_when_it_is_opened() -> None:
    with pytest.raises(JournalError, match=r"cannot be opened: .*is it writable"):
        Journal.open(Path("/proc/self/j.db"))


async def test_old_events_go_but_orders_fills_and_the_numbering_stay(tmp_path: Path) -> None:
    async with Journal.open(tmp_path / "j.db") as journal:
        mine = journal.account("toy", "main")
        for number in (1, 2):
            await mine.intend(intent(number))
        mine.note([note("OrderFilled", order("a1", OrderStatus.FILLED, filled=Decimal("0.3")), 10, fill("t1", "0.3"))])
        mine.note([note("OrderCanceled", order("a2", OrderStatus.CANCELED), 10)])
        journal.forget_events(30, now_ns=31 * DAY_NS)
        await mine.flush()
        assert journal._file.read("SELECT count(*) FROM events") == [(0,)]
        assert mine.recover(1).last_intent == 2
        assert mine.find("BTC/USDT", "", "a1") is not None
        assert journal.check() == []


async def test_check_names_every_row_that_is_not_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    async with Journal.open(path) as journal:
        mine = journal.account("toy", "main")
        state = order("a1", OrderStatus.FILLED, filled=Decimal("0.3"))
        mine.note(
            [note("OrderFilled", state, 10, fill("t1", "0.1")), note("OrderFilled", state, 11, fill("t2", "0.2"))]
        )
        await mine.flush()
        for damage, table in (
            ("UPDATE fills SET body = replace(body, '61000', '61001') WHERE trade_id = 't1'", "fills"),
            ("UPDATE events SET kind = 'OrderCanceled' WHERE seq = 1", "events"),
            ("UPDATE orders SET done = 0", "orders"),
        ):
            journal._file.write([(damage, ())])
            assert [f.table for f in journal.check()].count(table) >= 1, damage
