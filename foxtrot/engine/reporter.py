"""How failures and losses are told: by the log, by counters, and as HandlerFailed events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from foxtrot.engine.isolation import describe_error, describe_event, log_failure, logger
from foxtrot.engine.policy import Overflow, QueuePolicy
from foxtrot.model.events import Event, HandlerFailed, HandlerSlow

if TYPE_CHECKING:
    from foxtrot.engine.subscription import Subscription
    from foxtrot.engine.timers import Timer
    from foxtrot.ports import Clock


class Reporter:
    """Tell of what went wrong in subscribers; `publish` takes the HandlerFailed and HandlerSlow events.

    What goes wrong while a HandlerFailed is handled is logged and counted only, else it would report itself for ever.
    """

    def __init__(self, clock: Clock, publish: Callable[[HandlerFailed | HandlerSlow], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._told = 0

    def handler_failed(self, subscription: Subscription, event: Event, error: BaseException) -> None:
        """Tell that a handler raised."""
        subscription.failed += 1
        subject = describe_event(event)
        log_failure(subscription.name, subscription.failed, subject, error)
        if not isinstance(event, HandlerFailed):
            self._tell(subscription.name, f"{describe_error(error)} (on {subject})")

    def handler_slow(self, subscription: Subscription, duration_ns: int) -> None:
        """Tell that a direct handler held everything up; each time that this has doubled."""
        if subscription.slow & (subscription.slow - 1):
            return
        took_ms = duration_ns / 1e6
        logger.warning(
            "Handler %s took %.0f ms and held up all that came behind; subscribe it with a queue.",
            subscription.name,
            took_ms,
        )
        self._told += 1
        now = self._clock.time_ns()
        self._publish(HandlerSlow("", "", 0, now, self._told, subscription.name, took_ms, subscription.slow))

    def timer_failed(self, timer: Timer, error: BaseException) -> None:
        """Tell that a timer's handler raised."""
        timer.failed += 1
        log_failure(timer.name, timer.failed, "a timer's tick", error)
        self._tell(timer.name, f"{describe_error(error)} (on a timer's tick)")

    def event_lost(self, subscription: Subscription, policy: QueuePolicy, event: Event) -> None:
        """Tell that a full queue begins to lose events; for a BLOCK queue that is an error."""
        if policy.overflow is not Overflow.BLOCK:
            what = f"{policy.overflow.value} loses events, see `dropped`"
            logger.warning("Handler %s is too slow for its queue of %d: %s.", subscription.name, policy.most, what)
            return
        text = f"its queue is full ({policy.most} events wait), {describe_event(event)} was refused"
        logger.error("Handler %s: %s; publish by publish_blocking() or put() to wait.", subscription.name, text)
        if not isinstance(event, HandlerFailed):
            self._tell(subscription.name, text)

    def _tell(self, handler: str, text: str) -> None:
        self._told += 1
        # The engine is no exchange: its reports name none and have a numbering of their own, lest the numbering of the
        # exchange whose event failed seem to repeat itself.
        self._publish(HandlerFailed("", "", 0, self._clock.time_ns(), self._told, handler, text))
