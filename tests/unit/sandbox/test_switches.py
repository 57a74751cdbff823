"""Faults are switched on by name, and an order that cannot be read says how it is written."""

from __future__ import annotations

import pytest

from foxtrot.errors import ConfigError
from foxtrot.sandbox.faults import FRAME_FAULTS, REQUEST_FAULTS, Fault
from foxtrot.sandbox.switches import FaultOrder, FaultSwitches, parse_order


def switches(*orders: str, now: list[float] | None = None) -> FaultSwitches:
    time = now or [0.0]
    return FaultSwitches([parse_order(text) for text in orders], 7, lambda: time[0])


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("cut", FaultOrder(fault=Fault.CUT, count=1)),
        ("cutx3", FaultOrder(fault=Fault.CUT, count=3)),
        (" answer_lost=0.05 ", FaultOrder(fault=Fault.ANSWER_LOST, rate=0.05)),
        ("cut=0", FaultOrder(fault=Fault.CUT)),
        ("cut@60", FaultOrder(fault=Fault.CUT, at_s=60)),
        ("maintenance@1.5/300", FaultOrder(fault=Fault.MAINTENANCE, at_s=1.5, every_s=300)),
    ],
)
def test_an_order_is_read_as_it_is_written(text: str, order: FaultOrder) -> None:
    assert parse_order(text) == order


@pytest.mark.parametrize("text", ["", "cutt", "cut=2", "cut=-1", "cut@", "cut@5/0", "cutx", "cut=0.5x3", "answer lost"])
def test_an_order_that_makes_no_sense_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no fault; write NAME \(once\), .*NAME being ") as caught:
        parse_order(text)
    assert repr(text) in caught.value.message


def test_a_close_name_is_proposed() -> None:
    with pytest.raises(ConfigError, match="perhaps answer_lost"):
        parse_order("answer_lots")


def test_a_counted_fault_meets_so_many_and_only_what_it_can_meet() -> None:
    on = switches("cutx2", "answer_lost")
    assert [on.draw("frame", FRAME_FAULTS) for _ in range(3)] == [Fault.CUT, Fault.CUT, None]
    assert [on.draw("http", REQUEST_FAULTS) for _ in range(2)] == [Fault.ANSWER_LOST, None]
    assert on.fired == {Fault.CUT: 2, Fault.ANSWER_LOST: 1}


def test_a_timed_fault_comes_once_or_again_and_again() -> None:
    now = [0.0]
    on = switches("cut@10", "stall@5/20", now=now)
    met: list[tuple[float, Fault]] = []
    while now[0] < 50:
        fault = on.draw("frame", FRAME_FAULTS)
        if fault is not None:
            met.append((now[0], fault))
        now[0] += 1
    assert met == [(5, Fault.STALL), (10, Fault.CUT), (25, Fault.STALL), (45, Fault.STALL)]


def test_chances_add_up_and_the_same_seed_draws_the_same() -> None:
    drawn = [[on.draw("frame", FRAME_FAULTS) for _ in range(4_000)] for on in (switches("cut=0.1", "delay=0.2"),) * 1]
    again = switches("cut=0.1", "delay=0.2")
    assert drawn[0] == [again.draw("frame", FRAME_FAULTS) for _ in range(4_000)]
    assert 300 < drawn[0].count(Fault.CUT) < 500
    assert 650 < drawn[0].count(Fault.DELAY) < 950


def test_everything_can_be_switched_off_again() -> None:
    on = switches("cut=1", "delayx5", "stall@0/1")
    on.switch(parse_order("cut=0"))
    on.switch(parse_order("stall=0"))
    assert on.draw("frame", FRAME_FAULTS) is Fault.DELAY
    on.clear()
    assert on.draw("frame", FRAME_FAULTS) is None
    assert on.state() == {"rates": {}, "counts": {}, "due_in_s": {}, "fired": {"delay": 1}}
