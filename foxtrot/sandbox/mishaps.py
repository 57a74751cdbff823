"""What a fault does to a request or a frame, whichever way they travel."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from foxtrot.sandbox.dialect import Dialect, HttpResponse, Trouble
from foxtrot.sandbox.faults import Fault

_NS = 1_000_000_000
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_SAID = {
    Fault.UNKNOWN_OUTCOME: Trouble.UNKNOWN_OUTCOME,
    Fault.OVERLOADED: Trouble.OVERLOADED,
    Fault.RATE_LIMITED: Trouble.RATE_LIMITED,
    Fault.BANNED: Trouble.BANNED,
}
_NOT_CARRIED_OUT = frozenset(
    {Fault.NOT_FORWARDED, Fault.OVERLOADED, Fault.RATE_LIMITED, Fault.BANNED, Fault.MAINTENANCE}
)
_BAN_S = 8.0
_MAINTENANCE_S = 12.0
_HIDDEN_S, _HIDES_S = 5.0, 12.0
_MOST_SKEW_S = 20.0
_STRANGER = {"zzNewField": {"list": [1, "two", None]}}
Later = Callable[[float, Callable[[], None]], object]


class Mishaps:
    """Apply faults to what the venue is asked and answers.

    `hide(ns)` keeps new orders of that age out of the venue's answers to queries, `set_clock(ns)` puts its clock off,
    `monotonic` counts seconds and `later(seconds, do)` does something then.
    """

    def __init__(
        self,
        dialect: Dialect,
        chance: random.Random,
        monotonic: Callable[[], float],
        later: Later,
        *,
        hide: Callable[[int], None],
        set_clock: Callable[[int], None],
    ) -> None:
        self._dialect = dialect
        self._chance = chance
        self._monotonic = monotonic
        self._later = later
        self._hide = hide
        self._set_clock = set_clock
        self._banned_until = 0.0
        self._closed_until = 0.0

    @property
    def closed(self) -> bool:
        """Tell whether the venue is under maintenance."""
        return self._monotonic() < self._closed_until

    def answer(self, fault: Fault | None, carry_out: Callable[[], HttpResponse]) -> HttpResponse:
        """Return what the client is answered; the request is carried out or not, as the fault has it."""
        now = self._monotonic()
        if now < self._closed_until:
            return HttpResponse(status=503, body=_PAGE)
        if now < self._banned_until:
            return self._dialect.trouble(Trouble.BANNED)
        self._befall(fault, now)
        answer = HttpResponse(status=503, body=_PAGE) if fault in _NOT_CARRIED_OUT else carry_out()
        return self._altered(fault, answer)

    def frames(self, fault: Fault | None, text: str) -> list[str]:
        """Return what comes instead of one frame; faults of time and order are the carrier's."""
        match fault:
            case Fault.DUPLICATE:
                return [text, text]
            case Fault.GARBAGE:
                return ["\x00\ufffdnot a message", text]
            case Fault.MISSING:
                return []
            case Fault.NEW_FIELDS:
                return [_strange(text.encode()).decode()]
        return [text]

    def _befall(self, fault: Fault | None, now: float) -> None:
        match fault:
            case Fault.BANNED:
                self._banned_until = now + _BAN_S
            case Fault.MAINTENANCE:
                self._closed_until = now + _MAINTENANCE_S
            case Fault.CLOCK_JUMP:
                self._set_clock(round(self._chance.uniform(-_MOST_SKEW_S, _MOST_SKEW_S) * _NS))
            case Fault.HIDDEN:
                self._hide(round(_HIDDEN_S * _NS))
                self._later(_HIDES_S, lambda: self._hide(0))

    def _altered(self, fault: Fault | None, answer: HttpResponse) -> HttpResponse:
        if fault in _SAID:
            return self._dialect.trouble(_SAID[fault])
        match fault:
            case Fault.ANSWER_CUT:
                return msgspec.structs.replace(answer, body=answer.body[: len(answer.body) // 2])
            case Fault.ANSWER_EMPTY:
                return HttpResponse(status=200, body=b"")
            case Fault.BAD_GATEWAY:
                return HttpResponse(status=502, body=_PAGE)
            case Fault.UNKNOWN_FIELDS:
                return msgspec.structs.replace(answer, body=_strange(answer.body))
        return answer


def _strange(body: bytes) -> bytes:
    """Return a JSON object, or a list of them, with a field that no client knows; anything else as it is."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    objects = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in objects):
        return body
    for one in objects:
        one.update(_STRANGER)
    return msgspec.json.encode(value)
