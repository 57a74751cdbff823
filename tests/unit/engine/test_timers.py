from __future__ import annotations

import asyncio

import pytest

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import HandlerFailed


async def test_a_periodic_timer_fires_on_time_and_never_drifts(engine, clock) -> None:
    fired: list[float] = []
    async with engine:
        timer = engine.every(0.1, lambda: fired.append(clock.monotonic()))
        await clock.advance(0.05)
        assert fired == []
        await clock.advance(1)
        assert fired == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
        assert (timer.fired, timer.skipped) == (10, 0)


async def test_a_single_timer_fires_once_and_leaves_no_task(engine, clock) -> None:
    fired: list[float] = []
    async with engine:
        before = len(asyncio.all_tasks())
        timer = engine.after(2, lambda: fired.append(clock.monotonic()))
        await clock.advance(10)
        assert (fired, timer.fired, timer.active) == ([2.0], 1, False)
        assert len(asyncio.all_tasks()) == before


async def test_a_timer_set_before_the_start_counts_from_the_start(engine, clock) -> None:
    fired: list[float] = []
    engine.after(2, lambda: fired.append(clock.monotonic()))
    await clock.advance(5)
    assert fired == []
    async with engine:
        await clock.advance(2)
        assert fired == [7.0]


async def test_a_cancelled_timer_fires_no_more(engine, clock) -> None:
    fired: list[int] = []
    never = engine.after(1, lambda: fired.append(0))
    never.cancel()
    async with engine:
        timer = engine.every(1, lambda: fired.append(1))
        await clock.advance(2)
        timer.cancel()
        timer.cancel()
        await clock.advance(5)
    assert fired == [1, 1]
    assert not timer.active


async def test_a_timer_may_cancel_itself_at_work_and_finishes_that_run(engine, clock) -> None:
    log: list[str] = []

    async def tick() -> None:
        timer.cancel()
        await clock.sleep(1)
        log.append("finished")

    async with engine:
        timer = engine.every(1, tick)
        await clock.advance(10)
        assert (log, timer.fired) == (["finished"], 1)


async def test_ticks_never_overlap_and_those_left_out_are_counted(engine, clock) -> None:
    log: list[tuple[str, float]] = []

    async def tick() -> None:
        log.append(("begin", clock.monotonic()))
        await clock.sleep(2.5)
        log.append(("end", clock.monotonic()))

    async with engine:
        timer = engine.every(1, tick)
        await clock.advance(8)
        assert log == [("begin", 1.0), ("end", 3.5), ("begin", 4.0), ("end", 6.5), ("begin", 7.0)]
        assert timer.skipped == 4  # 2, 3, 5 and 6
        await clock.advance(1.9)


async def test_a_failing_timer_is_logged_reported_and_goes_on(engine, clock, caplog) -> None:
    reports: list[HandlerFailed] = []

    def tick() -> None:
        raise ValueError("boom")

    engine.subscribe(HandlerFailed, reports.append)
    async with engine:
        timer = engine.every(1, tick, name="heartbeat")
        await clock.advance(3)
        assert (timer.fired, timer.failed) == (3, 3)
    assert [report.handler for report in reports] == ["heartbeat"] * 3
    assert reports[0].error == "ValueError: boom (on a timer's tick)"
    assert "Handler heartbeat failed on a timer's tick" in caplog.text


async def test_drain_waits_for_a_timer_at_work_but_not_for_a_sleeping_one(engine, clock) -> None:
    gate = asyncio.Event()
    async with engine:
        engine.every(60, lambda: None)
        engine.after(1, gate.wait)
        await clock.advance(1)
        draining = asyncio.create_task(engine.drain())
        await clock.settle()
        assert not draining.done()
        gate.set()
        await draining


async def test_the_handle_tells_what_it_is_and_how_it_goes(engine, clock) -> None:
    async with engine:
        timer = engine.every(1.5, lambda: None, name="beat")
        await clock.advance(3)
        assert repr(timer) == "<Timer beat every 1.5 s: active, 2 fired, 0 failed>"
        timer.cancel()
        assert repr(engine.after(0, lambda: None, name="once")) == "<Timer once after 0 s: active, 0 fired, 0 failed>"
        assert "ended" in repr(timer)


@pytest.mark.parametrize("interval_s", [0, -1, float("nan")])
def test_an_interval_that_is_not_above_zero_is_refused(engine, interval_s) -> None:
    with pytest.raises(InvalidRequest, match="must be above 0 s"):
        engine.every(interval_s, print)


def test_a_negative_delay_and_a_handler_that_is_none_are_refused(engine) -> None:
    with pytest.raises(InvalidRequest, match="must be 0 s or more, not -1"):
        engine.after(-1, print)
    with pytest.raises(InvalidRequest, match="must be callable"):
        engine.after(1, None)
