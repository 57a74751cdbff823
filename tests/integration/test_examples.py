"""The example programs run as they stand; the grid bot survives a kill and ends in order."""

from __future__ import annotations

import ast
import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pyarrow import parquet

from foxtrot.model.events import AdapterState
from foxtrot.model.order import OrderStatus, Side
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.types import MARKET_ACCOUNT, VenueOrder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SYMBOL = "HBAR/USDT"
ALONE = {  # these bring their own venue and end by themselves; what they say
    "vnpy_style.py": "",
    "first_quotes.py --count 3": "binanceus BTC/USDT",
    "two_exchanges.py --seconds 0.5": "kraken: sell 0.001",
}


async def started(name: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(EXAMPLES / name),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finished(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(40):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "Traceback" not in err.decode()
    return out.decode()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 120


@pytest.mark.parametrize("line", ALONE)
async def test_an_example_runs_as_it_stands(line: str) -> None:
    told = await finished(await started(*line.split()))
    assert told
    assert ALONE[line] in told


async def test_history_becomes_parquet_and_a_picture(tmp_path: Path) -> None:
    told = await finished(await started("history_to_parquet.py", "--days", "1", "--folder", str(tmp_path)))
    minutes = parquet.read_table(tmp_path / "BTC-USDT-1m.parquet").num_rows
    assert f"{minutes:,} minutes of BTC/USDT" in told
    assert 1_438 <= minutes <= 1_440
    assert ElementTree.fromstring((tmp_path / "BTC-USDT-1m.svg").read_bytes()).findall("{*}line")


async def test_the_window_shows_a_market_and_leaves_a_screenshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "PySide6.QtWidgets", reason="Qt's widgets need libraries that this machine lacks", exc_type=ImportError
    )
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    picture = tmp_path / "window.png"
    await finished(await started("qt_window.py", "--seconds", "2", "--screenshot", str(picture)))
    assert picture.read_bytes().startswith(b"\x89PNG")


async def test_the_notebook_runs_from_top_to_bottom() -> None:
    cells = json.loads((EXAMPLES / "first_steps.ipynb").read_text("utf-8"))["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            code = compile("".join(cell["source"]), "first_steps.ipynb", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            running = eval(code, names)
            if running is not None:
                async with asyncio.timeout(30):
                    await running
    assert names["bought"].status is OrderStatus.FILLED
    assert names["exchange"].state is AdapterState.DISCONNECTED


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    options = make_options({"rate": 0, "symbols": [SYMBOL], "balances": {"USDT": 1_000}}, "binanceus")
    async with await Sandbox.start(options, default_registry().load("binanceus")) as made:
        for order in made.venue.open_orders(MARKET_ACCOUNT):
            made.venue.cancel(MARKET_ACCOUNT, SYMBOL, order_id=order.order_id)
        made.venue.place_agent(SYMBOL, Side.BUY, D("0.1799"), D(50_000))
        made.venue.place_agent(SYMBOL, Side.BUY, D("0.1999"), D(10))
        made.venue.place_agent(SYMBOL, Side.SELL, D("0.2301"), D(50_000))
        yield made


async def test_an_order_is_placed_and_followed(sandbox: Sandbox) -> None:
    base = ("--symbol", SYMBOL, "--quantity", "100", "--rest-url", f"http://{sandbox.base}")
    told = await finished(await started("place_and_follow.py", *base, "--patience", "0.3"))
    assert "OrderAccepted: buy 100" in told
    assert "is canceled" in told
    process = await started("place_and_follow.py", *base, "--patience", "30")
    await Watch(sandbox).until(lambda orders: len(orders) == 1)
    sandbox.venue.place_agent(SYMBOL, Side.SELL, D("0.1999"), D(110))
    assert "is filled, average price 0.1999" in await finished(process)


async def test_a_dry_run_trades_without_sending(sandbox: Sandbox) -> None:
    told = await finished(await started("dry_run.py", "--rest-url", f"http://{sandbox.base}"))
    assert "bought 434.00000000 at 0.2301" in told
    assert "after 3 s it is open" in told
    assert sandbox.venue.orders(sandbox.dialect.account, SYMBOL) == []


class Watch:
    """Wait for what the venue holds of the bot."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._changed = asyncio.Event()
        sandbox.venue.listeners.append(lambda event: self._changed.set())

    def open(self) -> list[VenueOrder]:
        return self._sandbox.venue.open_orders(self._sandbox.dialect.account, SYMBOL)

    async def until(self, condition: Callable[[list[VenueOrder]], bool]) -> list[VenueOrder]:
        async with asyncio.timeout(30):
            while not condition(self.open()):
                self._changed.clear()
                await self._changed.wait()
        return self.open()


def cells(orders: list[VenueOrder]) -> list[tuple[str, D]]:
    return sorted((order.side.value, order.price) for order in orders)


BUYS = [("buy", D("0.1800")), ("buy", D("0.1850")), ("buy", D("0.1900")), ("buy", D("0.1950"))]


async def running(sandbox: Sandbox, journal: Path) -> asyncio.subprocess.Process:
    process = await started("grid_bot.py", "--rest-url", f"http://{sandbox.base}", "--journal", str(journal))
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert (await process.stdout.readline()).startswith(b"running with")
    return process


async def test_the_grid_bot_survives_kill_9_and_ends_in_order(sandbox: Sandbox, tmp_path: Path) -> None:
    watch, journal = Watch(sandbox), tmp_path / "grid.db"
    first = await running(sandbox, journal)
    await watch.until(lambda orders: cells(orders) == BUYS)
    sandbox.venue.place_agent(SYMBOL, Side.SELL, D("0.1950"), D(110))  # 10 of the market's before it
    sandbox.venue.place_agent(SYMBOL, Side.BUY, D("0.1999"), D(10))
    after_a_fill = await watch.until(lambda orders: cells(orders) == [*BUYS[:3], ("sell", D("0.2000"))])
    first.kill()
    await first.wait()

    second = await running(sandbox, journal)
    sandbox.venue.place_agent(SYMBOL, Side.SELL, D("0.1900"), D(110))  # proves that it is at work
    sandbox.venue.place_agent(SYMBOL, Side.BUY, D("0.1949"), D(10))
    later = await watch.until(lambda orders: len(orders) == 4)
    assert cells(later) == [*BUYS[:2], ("sell", D("0.1950")), ("sell", D("0.2000"))]
    kept = {order.order_id for order in after_a_fill if order.price != D("0.1900")}
    assert kept <= {order.order_id for order in later}, "the same orders go on"
    second.kill()
    await second.wait()

    sandbox.venue.place_agent(SYMBOL, Side.SELL, D("0.1850"), D(110))  # while it is down
    sandbox.venue.place_agent(SYMBOL, Side.BUY, D("0.1899"), D(10))
    third = await running(sandbox, journal)
    last = await watch.until(lambda orders: len(orders) == 4)
    assert cells(last) == [BUYS[0], ("sell", D("0.1900")), ("sell", D("0.1950")), ("sell", D("0.2000"))]
    everything = sandbox.venue.orders(sandbox.dialect.account, SYMBOL)
    assert len(everything) == 7, "none was doubled: 4 buys, 3 sells"

    third.send_signal(signal.SIGTERM)
    await finished(third)
    assert watch.open() == []
