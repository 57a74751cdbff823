"""Faults that a user switches on and off by name: by probability, by count, or at a time."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import msgspec

from foxtrot.errors import ConfigError, close_names
from foxtrot.sandbox.faults import Fault

_NUMBER = r"\d+(?:\.\d+)?"
_ORDER = re.compile(
    rf"(?P<name>[a-z_]+?)(?:=(?P<rate>{_NUMBER})|x(?P<count>\d+)|@(?P<at>{_NUMBER})(?:/(?P<every>{_NUMBER}))?)?"
)

_NAMED = {fault.value: fault for fault in Fault}


class FaultOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one fault: with probability `rate`, for the next `count`, or once `at_s` seconds from now (`every_s`)."""

    fault: Fault
    rate: float = 0.0
    count: int = 0
    at_s: float | None = None
    every_s: float = math.inf


def parse_order(text: str) -> FaultOrder:
    """Read "cut" (once), "cutx3" (three times), "cut=0.05" (probability), "cut@60" or "cut@60/300" (seconds, repeated).

    Raises ConfigError with the way to write it.
    """
    found = _ORDER.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        fault = _NAMED[found["name"]]
        rate = float(found["rate"] or 0)
        every = float(found["every"] or math.inf)
        if not 0 <= rate <= 1 or not every > 0:
            raise ValueError
    except (KeyError, ValueError):
        raise ConfigError(_no_order(text)) from None
    if found["at"] is not None:
        return FaultOrder(fault=fault, at_s=float(found["at"]), every_s=every)
    if found["rate"] is not None:
        return FaultOrder(fault=fault, rate=rate)
    return FaultOrder(fault=fault, count=int(found["count"] or 1))


def _no_order(text: str) -> str:
    names = list(_NAMED)
    name = re.split("[=x@]", text.strip(), maxsplit=1)[0]
    close = close_names(name, names)
    known = f"perhaps {' or '.join(close)}" if close else f"one of {', '.join(names)}"
    shape = "write NAME (once), NAMEx3 (three times), NAME=0.05 (probability) or NAME@60/300 (after 60 s, every 300 s)"
    return f"{text!r} is no fault; {shape}, NAME being {known if name not in names else name}."


class _Alarm(msgspec.Struct):
    fault: Fault
    due: float
    every_s: float


class FaultSwitches:
    """Hold what is switched on; everything may be changed while the venue runs. `fired` counts what met somebody.

    The same seed and the same traffic meet the same faults.
    """

    def __init__(self, orders: Sequence[FaultOrder], seed: int, monotonic: Callable[[], float]) -> None:
        self._chance = random.Random(f"{seed}:faults")
        self._monotonic = monotonic
        self.fired: Counter[Fault] = Counter()
        self.clear()
        for order in orders:
            self.switch(order)

    def clear(self) -> None:
        """Switch everything off."""
        self._rates: dict[Fault, float] = {}
        self._counts: Counter[Fault] = Counter()
        self._alarms: list[_Alarm] = []

    def switch(self, order: FaultOrder) -> None:
        """Switch one fault on; a rate of 0 without count and time switches it off."""
        fault = order.fault
        if order.at_s is not None:
            self._alarms.append(_Alarm(fault, self._monotonic() + order.at_s, order.every_s))
        elif order.count:
            self._counts[fault] += order.count
        elif order.rate:
            self._rates[fault] = order.rate
        else:
            self._rates.pop(fault, None)
            del self._counts[fault]
            self._alarms = [alarm for alarm in self._alarms if alarm.fault is not fault]

    def state(self) -> dict[str, dict[str, float]]:
        """Return what is on and what has fired, by name."""
        return {
            "rates": {fault.value: rate for fault, rate in self._rates.items()},
            "counts": {fault.value: count for fault, count in self._counts.items()},
            "due_in_s": {alarm.fault.value: alarm.due - self._monotonic() for alarm in self._alarms},
            "fired": {fault.value: count for fault, count in self.fired.items()},
        }

    def draw(self, channel: str, among: Collection[Fault]) -> Fault | None:
        """Return the fault that meets the next one of a channel, None for none."""
        fault = self._due(among) or self._counted(among) or self._by_chance(among)
        if fault is not None:
            self.fired[fault] += 1
        return fault

    def _due(self, among: Collection[Fault]) -> Fault | None:
        now = self._monotonic()
        for alarm in self._alarms:
            if alarm.fault in among and now >= alarm.due:
                alarm.due += alarm.every_s
                if math.isinf(alarm.due):
                    self._alarms.remove(alarm)
                return alarm.fault
        return None

    def _counted(self, among: Collection[Fault]) -> Fault | None:
        for fault in self._counts:
            if fault in among:
                self._counts[fault] -= 1
                if not self._counts[fault]:
                    del self._counts[fault]
                return fault
        return None

    def _by_chance(self, among: Collection[Fault]) -> Fault | None:
        on = [(fault, rate) for fault, rate in self._rates.items() if fault in among]
        if not on:
            return None
        lot = self._chance.random()
        for fault, rate in on:
            if lot < rate:
                return fault
            lot -= rate
        return None
