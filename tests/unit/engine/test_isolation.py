from __future__ import annotations

import asyncio
import functools
import logging

import pytest

from foxtrot.engine.bus import Overflow
from foxtrot.model.events import Event, HandlerFailed, Trade


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def fail(event: Event) -> None:
    raise ValueError("boom")


def test_a_failing_handler_does_not_keep_the_others_from_the_event(engine, trade, caplog) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, fail)
    engine.subscribe(Trade, seen.append)
    event = trade()
    engine.publish(event)
    assert seen == [event]


def test_a_failure_is_logged_counted_and_published(engine, trade, caplog) -> None:
    reports: list[HandlerFailed] = []
    engine.subscribe(HandlerFailed, reports.append)
    handle = engine.subscribe(Trade, fail, name="strategy")
    engine.publish(trade())
    engine.publish(trade())
    assert (handle.delivered, handle.failed) == (2, 2)
    assert reports == [
        HandlerFailed("", "", 0, 1_000, 1, "strategy", "ValueError: boom (on Trade alpha BTC/USDT seq 1)"),
        HandlerFailed("", "", 0, 1_000, 2, "strategy", "ValueError: boom (on Trade alpha BTC/USDT seq 2)"),
    ]
    assert [record.name for record in caplog.records] == ["foxtrot.engine"] * 2
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert "Handler strategy failed on Trade alpha BTC/USDT seq 1 (failure 1): ValueError: boom" in caplog.text


def test_the_report_of_a_failure_comes_after_the_event_has_reached_everybody(engine, trade, caplog) -> None:
    seen: list[str] = []
    engine.subscribe(Trade, fail)
    engine.subscribe_all(lambda event: seen.append(type(event).__name__))
    engine.publish(trade())
    assert seen == ["Trade", "HandlerFailed"]


def test_a_handler_failing_for_ever_logs_each_failure_but_not_each_traceback(engine, trade, caplog) -> None:
    engine.subscribe(Trade, fail)
    for _ in range(20):
        engine.publish(trade())
    assert len(caplog.records) == 20
    with_traceback = [number for number, record in enumerate(caplog.records, start=1) if record.exc_info]
    assert with_traceback == [1, 2, 4, 8, 16]


def test_a_reporter_that_fails_on_reports_is_logged_and_not_reported_again(engine, trade, caplog) -> None:
    reports = engine.subscribe(HandlerFailed, fail, name="reporter")
    engine.subscribe(Trade, fail)
    engine.publish(trade())
    assert (reports.delivered, reports.failed) == (1, 1)
    assert "Handler reporter failed on HandlerFailed seq 1" in caplog.text


def test_an_exception_whose_text_cannot_be_read_is_isolated_as_well(engine, trade, caplog) -> None:
    seen: list[Event] = []
    reports: list[HandlerFailed] = []

    def unspeakable(event: Event) -> None:
        raise Unspeakable

    engine.subscribe(HandlerFailed, reports.append)
    engine.subscribe(Trade, unspeakable)
    engine.subscribe(Trade, seen.append)
    engine.publish(trade())
    assert len(seen) == 1
    assert "Unspeakable: (its text cannot be read)" in reports[0].error


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_once_everybody_has_the_event(engine, trade, quote, interrupt) -> None:
    seen: list[str] = []

    def interrupted(event: Event) -> None:
        engine.publish(quote())
        raise interrupt

    handle = engine.subscribe(Trade, interrupted)
    engine.subscribe_all(lambda event: seen.append(type(event).__name__))
    with pytest.raises(interrupt):
        engine.publish(trade())
    assert seen == ["Trade", "Quote"]
    assert handle.failed == 0
    handle.unsubscribe()
    engine.publish(trade())
    assert seen[2:] == ["Trade"]


async def test_the_cancelled_future_of_a_handler_is_its_failure_and_does_not_cancel_the_publisher(
    engine, trade, caplog
) -> None:
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    handle = engine.subscribe(Trade, lambda _: cancelled.result())
    engine.publish(trade())
    assert handle.failed == 1
    assert "CancelledError" in caplog.text


async def test_the_cancelling_of_the_publisher_s_own_task_passes(engine, trade) -> None:
    def cancel(event: Event) -> None:
        raise asyncio.CancelledError

    handle = engine.subscribe(Trade, cancel)

    async def publisher() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            engine.publish(trade())

    task = asyncio.create_task(publisher())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (handle.delivered, handle.failed) == (1, 0)


def test_a_plain_function_that_returns_a_coroutine_is_reported_and_not_forgotten(engine, trade, caplog) -> None:
    async def work(event: Event) -> None: ...

    handle = engine.subscribe(Trade, lambda event: work(event))
    engine.publish(trade())
    assert handle.failed == 1
    assert "make it an async function" in caplog.text


async def test_a_plain_function_may_start_a_task_and_return_it(engine, trade) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def work(event: Event) -> None: ...

    def start(event: Event) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work(event)))
        return tasks[-1]

    handle = engine.subscribe(Trade, start)
    engine.publish(trade())
    await tasks[0]
    assert handle.failed == 0


async def test_an_async_handler_that_fails_goes_on_with_the_next_event(engine, trade, caplog) -> None:
    seen: list[int] = []
    reports: list[HandlerFailed] = []

    async def work(event: Trade) -> None:
        if event.seq == 2:
            raise ValueError("boom")
        seen.append(event.seq)

    engine.subscribe(HandlerFailed, reports.append)
    handle = engine.subscribe(Trade, work, name="worker")
    async with engine:
        for _ in range(3):
            engine.publish(trade())
        await engine.drain()
    assert seen == [1, 3]
    assert (handle.delivered, handle.failed) == (3, 1)
    assert [report.error for report in reports] == ["ValueError: boom (on Trade alpha BTC/USDT seq 2)"]


async def test_an_async_handler_that_trips_over_a_cancelled_future_goes_on_with_the_next_event(
    engine, trade, caplog
) -> None:
    seen: list[int] = []
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    cancelled.cancel()

    async def work(event: Trade) -> None:
        if event.seq == 1:
            await cancelled
        seen.append(event.seq)

    handle = engine.subscribe(Trade, work)
    async with engine:
        engine.publish(trade())
        engine.publish(trade())
        await engine.drain()
    assert (seen, handle.failed) == ([2], 1)


async def test_async_handlers_are_known_behind_partials_methods_and_objects(engine, trade) -> None:
    seen: list[str] = []

    class Listener:
        async def method(self, event: Event) -> None:
            seen.append("method")

        async def __call__(self, event: Event) -> None:
            seen.append("object")

    async def work(word: str, event: Event) -> None:
        seen.append(word)

    listener = Listener()
    handles = [engine.subscribe(Trade, one) for one in (functools.partial(work, "partial"), listener.method, listener)]
    assert [handle.name.rsplit(".", 1)[-1] for handle in handles] == ["work", "method", "Listener"]
    async with engine:
        engine.publish(trade())
        await engine.drain()
    assert seen == ["partial", "method", "object"]


async def test_a_queued_lambda_around_an_async_function_is_awaited(engine, trade) -> None:
    seen: list[Event] = []

    async def work(event: Event) -> None:
        seen.append(event)

    engine.subscribe(Trade, lambda event: work(event), queue=Overflow.BLOCK)
    async with engine:
        engine.publish(trade())
        await engine.drain()
    assert len(seen) == 1
