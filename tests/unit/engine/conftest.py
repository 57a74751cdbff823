from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator

import pytest

from foxtrot.engine.bus import EventEngine
from foxtrot.model.events import Quote, Trade
from foxtrot.model.order import Side
from foxtrot.testkit.clock import VirtualClock

MakeTrade = Callable[..., Trade]
MakeQuote = Callable[..., Quote]


@pytest.fixture(autouse=True)
def _no_hanging() -> Iterator[None]:
    """Fail a test that waits for ever: virtual time never runs out by itself."""

    def give_up(*_: object) -> None:
        raise TimeoutError("The test waited for 20 s of real time; something never came.")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start_ns=1_000)


@pytest.fixture
def engine(clock: VirtualClock) -> EventEngine:
    return EventEngine(clock)


@pytest.fixture
def trade() -> MakeTrade:
    seq = itertools.count(1)

    def make(symbol: str = "BTC/USDT", exchange: str = "alpha") -> Trade:
        number = next(seq)
        return Trade(exchange, symbol, 0, 0, number, number, 1.0, 2.0, Side.BUY)

    return make


@pytest.fixture
def quote() -> MakeQuote:
    seq = itertools.count(1)

    def make(symbol: str = "BTC/USDT", exchange: str = "alpha") -> Quote:
        return Quote(exchange, symbol, 0, 0, next(seq), 1.0, 2.0, 3.0, 4.0)

    return make
