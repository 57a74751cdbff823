"""`foxtrot journal`, `doctor --live` and SIGTERM, as a user meets them."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from foxtrot import OrderRequest, get_exchange


def foxtrot(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "foxtrot.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    """Trade a little with a journal: one order filled, one resting."""
    path = tmp_path / "orders.journal"
    config = {"orders": {"journal": path}, "sandbox": {"rate": 0}}
    async with get_exchange("binanceus", config) as exchange:
        await exchange.place_order(OrderRequest.market("BTC/USDT", "buy", "0.001", client_order_id="bought"))
        await exchange.place_order(OrderRequest.limit("BTC/USDT", "buy", "0.01", "50000", client_order_id="resting"))
    return path


def test_a_sound_journal_is_verified_listed_told_and_exported(journal: Path, tmp_path: Path) -> None:
    done = foxtrot("journal", "verify", str(journal))
    assert (done.returncode, done.stdout) == (0, f"{journal}: 2 orders, everything is as it was written\n"), done.stderr
    listed = json.loads(foxtrot("journal", "orders", str(journal), "--json").stdout)
    assert [row["client_order_id"] for row in listed] == ["resting"]
    everything = json.loads(foxtrot("journal", "orders", str(journal), "--all", "--json").stdout)
    assert {row["client_order_id"]: row["status"] for row in everything} == {"bought": "filled", "resting": "open"}
    told = json.loads(foxtrot("journal", "replay", str(journal), "--order", "resting", "--json").stdout)
    assert [row["what"] for row in told] == ["intent place", "OrderSubmitted", "OrderAccepted"]
    target = tmp_path / "fills.csv"
    assert foxtrot("journal", "export", str(journal), "-o", str(target)).returncode == 0
    rows = list(csv.DictReader(target.read_text().splitlines()))
    assert sum(Decimal(row["quantity"]) for row in rows) == Decimal("0.001")
    assert {row["client_order_id"] for row in rows} == {"bought"}


def test_a_changed_row_is_named_and_the_file_stays_where_it_is(journal: Path) -> None:
    with sqlite3.connect(journal) as raw:
        raw.execute("UPDATE orders SET body = replace(body, '50000', '51000') WHERE key = 'resting'")
    raw.close()
    done = foxtrot("journal", "verify", str(journal))
    assert done.returncode == 1
    assert "the checksum of order resting is wrong" in done.stdout
    assert journal.exists()
    refused = foxtrot("journal", "orders", str(journal))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "damaged" in refused.stderr


def test_what_is_no_journal_is_said_in_one_sentence(tmp_path: Path) -> None:
    missing = foxtrot("journal", "verify", str(tmp_path / "none"))
    assert (missing.returncode, missing.stderr) == (2, f"foxtrot: There is no journal {tmp_path / 'none'}.\n")
    wrong = tmp_path / "letter.txt"
    wrong.write_text("dear reader " * 500)
    assert "damaged" in foxtrot("journal", "verify", str(wrong)).stderr
    assert wrong.read_text().startswith("dear reader")


def test_the_doctor_looks_at_a_live_connection() -> None:
    done = foxtrot("doctor", "--live", "--json")
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert rows["binanceus sandbox"]["detail"] == "ready"
    assert rows["channel user"]["state"] == "ok"
    assert "ms against ours" in rows["the venue's clock"]["detail"]


def test_sigterm_ends_a_command_as_ctrl_c_does() -> None:
    command = [sys.executable, "-m", "foxtrot.cli.main", "watch", "BTC/USDT", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "")
