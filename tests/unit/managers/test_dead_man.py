"""The dead-man switch cancels what is open when nobody says that all is well."""

from __future__ import annotations

import pytest

from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import DeadManFired
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk


async def test_as_long_as_it_is_fed_nothing_happens_and_then_every_order_of_ours_is_canceled(desk: Desk) -> None:
    for price in ("50000", "50001"):
        await desk.rest(price)
    await desk.run(desk.exchange.dead_man_switch.arm(10))
    for _ in range(5):
        await desk.clock.advance(8)
        desk.exchange.dead_man_switch.feed()
    assert len(desk.at_venue()) == 2
    await desk.clock.advance(12)
    assert desk.at_venue() == []
    assert [e.timeout_s for e in desk.heard if isinstance(e, DeadManFired)] == [10]
    assert not desk.exchange.dead_man_switch.armed
    with pytest.raises(StateError, match="has fired; arm it again"):
        desk.exchange.dead_man_switch.feed()


async def test_a_cancel_that_fails_is_tried_again(desk: Desk) -> None:
    await desk.rest()
    await desk.run(desk.exchange.dead_man_switch.arm(5))
    desk.faults.next["http"] = [Fault.REFUSED, Fault.OVERLOADED]
    await desk.clock.advance(20)
    assert desk.at_venue() == []


async def test_disarmed_it_stays_quiet(desk: Desk) -> None:
    await desk.rest()
    await desk.run(desk.exchange.dead_man_switch.arm(5))
    await desk.run(desk.exchange.dead_man_switch.disarm())
    await desk.clock.advance(60)
    assert len(desk.at_venue()) == 1


async def test_a_time_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidRequest, match="timeout_s must be above 0, not 0"):
        await desk.exchange.dead_man_switch.arm(0)
