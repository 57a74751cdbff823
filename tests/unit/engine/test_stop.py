from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from foxtrot.engine import crew
from foxtrot.engine.bus import EventEngine, Overflow, QueuePolicy, StopReport
from foxtrot.errors import StateError
from foxtrot.model.events import Event, Quote, Trade


async def never() -> None:
    await asyncio.Event().wait()


async def test_stop_delivers_everything_published_and_put_before_it(engine, trade) -> None:
    seen: list[int] = []

    async def work(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event.seq)

    engine.subscribe(Trade, work)
    await engine.start()
    for _ in range(300):
        engine.publish(trade())
        engine.put(trade())
    report = await engine.stop()
    assert report == StopReport()
    assert report.complete
    assert sorted(seen) == list(range(1, 601))


async def test_stop_delivers_what_handlers_publish_while_it_drains(engine, trade, quote) -> None:
    seen: list[Event] = []

    async def work(event: Event) -> None:
        await asyncio.sleep(0)
        engine.publish(quote())

    engine.subscribe(Trade, work)
    engine.subscribe(Quote, seen.append, queue=Overflow.BLOCK)
    await engine.start()
    engine.publish(trade())
    assert (await engine.stop()).complete
    assert len(seen) == 1


async def test_stop_delivers_what_was_queued_in_an_engine_that_was_never_started(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append, queue=Overflow.BLOCK)
    engine.publish(trade())
    assert (await engine.stop()).complete
    assert len(seen) == 1


async def test_stop_leaves_no_task_behind(engine, trade) -> None:
    async def work(event: Event) -> None: ...

    engine.subscribe(Trade, work)
    engine.subscribe(Quote, print, queue=Overflow.BLOCK)
    engine.every(1, lambda: None)
    engine.after(100, lambda: None)
    await engine.start()
    engine.publish(trade())
    await engine.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stop_gives_up_in_time_and_names_what_it_leaves(engine, trade, clock, caplog) -> None:
    async def stuck(event: Event) -> None:
        await never()

    engine.subscribe(Trade, stuck, name="stuck")
    await engine.start()
    for _ in range(3):
        engine.publish(trade())
    stopping = asyncio.create_task(engine.stop(timeout_s=5))
    await clock.advance(4.9)
    assert not stopping.done()
    await clock.advance(0.1)
    report = await stopping
    assert report == StopReport(undelivered=(("stuck", 2),), cut=("stuck",))
    assert not report.complete
    assert "stopped before all was handled" in caplog.text
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stop_names_puts_that_never_got_room(clock, trade, caplog) -> None:
    engine = EventEngine(clock)

    async def stuck(event: Event) -> None:
        await never()

    engine.subscribe(Trade, stuck, name="stuck", queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    await engine.start()
    for _ in range(10):
        engine.put(trade())
    stopping = asyncio.create_task(engine.stop(timeout_s=1))
    await clock.advance(1)
    report = await stopping
    assert dict(report.undelivered) == {"put": 8, "stuck": 1}
    assert report.cut == ("stuck",)


async def test_stop_lets_a_timer_at_work_finish_and_fires_no_other(engine, clock) -> None:
    log: list[str] = []
    gate = asyncio.Event()

    async def tick() -> None:
        await gate.wait()
        log.append("finished")

    engine.every(1, tick)
    engine.after(2, lambda: log.append("late"))
    await engine.start()
    await clock.advance(1)
    stopping = asyncio.create_task(engine.stop())
    await clock.advance(3)
    assert log == []
    gate.set()
    assert (await stopping).complete
    assert log == ["finished"]


async def test_stop_cuts_a_timer_that_does_not_end_and_names_it(engine, clock, caplog) -> None:
    engine.after(1, never, name="endless")
    await engine.start()
    await clock.advance(1)
    stopping = asyncio.create_task(engine.stop(timeout_s=1))
    await clock.advance(1)
    assert (await stopping).cut == ("endless",)


async def test_stop_names_what_a_subscriber_left_whose_task_was_cancelled_by_somebody_else(
    engine, trade, clock, caplog
) -> None:
    async def work(event: Event) -> None:
        await never()

    engine.subscribe(Trade, work, name="victim")
    await engine.start()
    for _ in range(3):
        engine.publish(trade())
    await clock.settle()
    next(task for task in asyncio.all_tasks() if task.get_name() == "foxtrot.engine victim").cancel()
    await clock.settle()
    with pytest.raises(StateError, match="Events wait for victim"):
        await engine.drain()
    assert await engine.stop() == StopReport(undelivered=(("victim", 2),), cut=("victim",))


async def test_a_publisher_does_not_wait_for_room_that_a_cancelled_subscriber_will_never_make(
    engine, trade, clock, caplog
) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append, name="victim", queue=QueuePolicy(Overflow.BLOCK, 1))
    await engine.start()
    await clock.settle()
    next(task for task in asyncio.all_tasks() if task.get_name() == "foxtrot.engine victim").cancel()
    await clock.settle()
    for _ in range(2):
        await engine.publish_blocking(trade())
    assert seen == []
    assert (await engine.stop()).undelivered == (("victim", 2),)


async def test_stop_does_not_wait_for_ever_for_a_handler_that_ignores_its_cancelling(
    engine, trade, clock, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(crew, "_CANCEL_GRACE_S", 0)
    release = asyncio.Event()

    async def stubborn(event: Event) -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()
        raise ValueError("too late")

    handle = engine.subscribe(Trade, stubborn, name="stubborn")
    await engine.start()
    engine.publish(trade())
    engine.publish(trade())
    stopping = asyncio.create_task(engine.stop(timeout_s=1))
    await clock.advance(1)
    assert await stopping == StopReport(undelivered=(("stubborn", 1),), cut=("stubborn",))
    release.set()
    await clock.settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (handle.delivered, handle.failed) == (1, 1)  # the second event did not sneak in after the end
    assert "ValueError: too late" in caplog.text
    assert not [record for record in caplog.records if record.levelno == logging.CRITICAL]


async def test_a_cancelled_stop_still_ends_the_tasks(engine, trade, clock, caplog) -> None:
    async def stuck(event: Event) -> None:
        await never()

    engine.subscribe(Trade, stuck)
    await engine.start()
    engine.publish(trade())
    stopping = asyncio.create_task(engine.stop())
    await clock.settle()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stopping_again_or_at_the_same_time_gives_the_same_report(engine, trade, clock, caplog) -> None:
    async def stuck(event: Event) -> None:
        await never()

    engine.subscribe(Trade, stuck)
    await engine.start()
    engine.publish(trade())
    stops = [asyncio.create_task(engine.stop(1)) for _ in range(2)]
    await clock.advance(1)
    first, second = await asyncio.gather(*stops)
    assert first is second
    assert await engine.stop() is first


async def test_a_stopped_engine_takes_no_events(engine, trade) -> None:
    handle = engine.subscribe(Trade, print)
    await engine.start()
    await engine.stop()
    with pytest.raises(StateError, match="stopped and delivers no events"):
        engine.publish(trade())
    with pytest.raises(StateError, match="stopping and takes no more events"):
        engine.put(trade())
    assert [stats.name for stats in engine.stats()] == ["print"]
    handle.unsubscribe()
    assert repr(engine) == "<EventEngine stopped: 0 subscriptions>"


async def test_starting_twice_is_refused(engine) -> None:
    async with engine:
        with pytest.raises(StateError, match="is running already"):
            await engine.start()


async def test_a_stopped_engine_can_be_started_again_with_its_subscriptions(engine, trade) -> None:
    direct: list[int] = []
    queued: list[int] = []
    engine.subscribe(Trade, lambda event: direct.append(event.seq))
    engine.subscribe(Trade, lambda event: queued.append(event.seq), queue=Overflow.BLOCK)
    async with engine:
        engine.publish(trade())
        engine.put(trade())
    while_stopped: list[int] = []
    handle = engine.subscribe(Trade, lambda event: while_stopped.append(event.seq), queue=Overflow.BLOCK)
    async with engine:
        engine.publish(trade())
        engine.put(trade())
        await engine.drain()
        handle.unsubscribe()
    assert direct == queued == [1, 2, 3, 4]
    assert while_stopped == [3, 4]
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_an_engine_can_live_on_one_loop_after_another(engine, trade) -> None:
    seen: list[int] = []

    async def work(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event.seq)

    async def life() -> None:
        async with engine:
            for _ in range(3):
                await engine.publish_blocking(trade())
            engine.put(trade())
            await engine.drain()

    engine.subscribe(Trade, work, queue=QueuePolicy(Overflow.BLOCK, 1))
    asyncio.run(life())
    asyncio.run(life())
    assert seen == list(range(1, 9))


async def test_what_was_reported_as_undelivered_does_not_turn_up_after_a_restart(clock, trade, caplog) -> None:
    engine = EventEngine(clock)
    gate = asyncio.Event()
    seen: list[int] = []

    async def work(event: Event) -> None:
        await gate.wait()
        seen.append(event.seq)

    engine.subscribe(Trade, work, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    await engine.start()
    for _ in range(5):
        engine.put(trade())
    stopping = asyncio.create_task(engine.stop(timeout_s=1))
    await clock.advance(1)
    assert sum(count for _, count in (await stopping).undelivered) == 4
    gate.set()
    async with engine:
        engine.put(trade())
        await engine.drain()
    assert seen == [6]


async def test_an_engine_does_not_start_again_beside_a_handler_still_at_work(
    engine, trade, clock, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(crew, "_CANCEL_GRACE_S", 0)
    release = asyncio.Event()

    async def stubborn(event: Event) -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    engine.subscribe(Trade, stubborn, name="stubborn")
    await engine.start()
    engine.publish(trade())
    stopping = asyncio.create_task(engine.stop(timeout_s=1))
    await clock.advance(1)
    await stopping
    with pytest.raises(StateError, match="still run from before the last stop: stubborn"):
        await engine.start()
    release.set()
    await clock.settle()
    async with engine:
        engine.publish(trade())


async def test_a_timer_cancelled_by_the_stop_stays_so_after_a_restart(engine, clock) -> None:
    fired: list[int] = []
    await engine.start()
    old = engine.every(1, lambda: fired.append(1))
    await clock.advance(1)
    await engine.stop()
    engine.every(1, lambda: fired.append(2))
    async with engine:
        await clock.advance(1)
    assert (fired, old.active) == ([1, 2], False)
