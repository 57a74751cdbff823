"""The seam between the engine and its subscribers' code: which exceptions stop here, and how they are told."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Event

logger = logging.getLogger("foxtrot.engine")


def passes(error: BaseException) -> bool:
    """Tell whether an exception out of a handler must go on up: an interrupt, or the cancelling of the running task.

    A CancelledError while nobody cancels the task comes from a future of the handler's own (`done.result()`); letting
    it pass would end the publisher's task as if that had been cancelled, so it counts as a failure.
    """
    if isinstance(error, Exception):
        return False
    return not isinstance(error, asyncio.CancelledError) or _being_cancelled()


def _being_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no running loop: nobody can be cancelled
        return False
    return task is not None and task.cancelling() > 0


def log_failure(name: str, count: int, subject: str, error: BaseException) -> None:
    """Log the `count`-th failure of a handler, with its traceback at the 1st, 2nd, 4th, 8th ... only.

    A handler that fails on every event of a flood must not fill the disk with the same traceback.
    """
    first_of_its_size = count & (count - 1) == 0
    logger.error(
        "Handler %s failed on %s (failure %d): %s",
        name,
        subject,
        count,
        describe_error(error),
        exc_info=error if first_of_its_size else None,
    )


def describe_error(error: BaseException) -> str:
    """Return an exception as one line: its type and text."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the text is the subscriber's code too, and its failing must not hide the failure
        text = "(its text cannot be read)"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def describe_event(event: Event) -> str:
    """Return an event as one line without its payload."""
    where = " ".join(part for part in (event.exchange, event.symbol) if part)
    return f"{type(event).__name__} {where} seq {event.seq}" if where else f"{type(event).__name__} seq {event.seq}"


def name_of(handler: Callable[..., Any]) -> str:
    """Return what to call a handler in logs and statistics."""
    if isinstance(handler, functools.partial):
        return name_of(handler.func)
    return getattr(handler, "__qualname__", type(handler).__qualname__)


def is_async(handler: Callable[..., Any]) -> bool:
    """Tell whether a handler is a coroutine function, also behind a partial or as an object's `__call__`.

    Raises InvalidRequest when it is not callable at all.
    """
    if not callable(handler):
        raise InvalidRequest(f"A handler must be callable, {handler!r} is not.", field="handler")
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)
