"""A VeighNa installation trades through foxtrot: its real MainEngine and OmsEngine, without its windows."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHILD = Path(__file__).with_name("vnpy_child.py")
there = pytest.mark.skipif(importlib.util.find_spec("vnpy") is None, reason="the package vnpy is not installed")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("home")
    place = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
    done = subprocess.run(
        [sys.executable, str(CHILD)], cwd=home, env=place, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@there
def test_contracts_accounts_and_ticks_arrive_in_the_oms(facts: dict[str, Any]) -> None:
    assert facts["contract"] == ["BTCUSDT_BINANCEUS.GLOBAL", 0.01, 0.00001, "SPOT", True]
    assert facts["account"] == [100_000.0, 0.0, 100_000.0]
    assert facts["tick"] is True


@there
def test_an_order_rests_is_active_and_is_cancelled(facts: dict[str, Any]) -> None:
    assert facts["active"] == [True]
    assert facts["resting"] == ["cta", "OPEN"]
    assert facts["active_after_cancel"] == 0


@there
def test_an_execution_arrives_as_a_trade(facts: dict[str, Any]) -> None:
    assert facts["trade"][:2] == [True, "LONG"]
    assert 0 < float(facts["trade"][2]) <= 0.001


@there
def test_what_is_wrong_is_rejected_or_logged_and_never_lost(facts: dict[str, Any]) -> None:
    assert facts["wrong"] == "OrderDenied"
    assert facts["foreign"] == ""
    assert facts["no_bars"] == []


@there
def test_history_comes_as_veighnas_bars(facts: dict[str, Any]) -> None:
    assert facts["bars"] == [True, "BTCUSDT_BINANCEUS.GLOBAL", "MINUTE"]


@there
def test_a_closing_order_of_a_strategy_stays_one_order(facts: dict[str, Any]) -> None:
    assert facts["converted"] == 1


@there
def test_the_dialogs_choice_of_sandbox_is_a_choice_and_no_text(facts: dict[str, Any]) -> None:
    assert facts["setting"]["Sandbox"] == ["True", "False"]


@there
def test_no_window_library_is_needed(facts: dict[str, Any]) -> None:
    assert facts["windows"] == []


def test_without_vnpy_the_import_says_what_to_install() -> None:
    code = "import sys; sys.modules['vnpy'] = None; import foxtrot.gateway.vnpy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'foxtrot[vnpy]'" in done.stderr


def test_the_gateway_itself_imports_no_vnpy_and_nothing_heavy() -> None:
    heavy = ("vnpy", "ccxt", "aiohttp", "pandas", "numpy")
    code = f"import sys, foxtrot.gateway; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
