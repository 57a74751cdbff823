"""What a fault does to a request or a frame, whichever way they travel."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection

import msgspec

from foxtrot.model.contract import PriceRule
from foxtrot.sandbox.dialect import Dialect, HttpResponse, Trouble
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.venue import Venue

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
MAINTENANCE_S = 12.0
_HIDDEN_S, _HIDES_S = 5.0, 12.0
_MOST_SKEW_S = 20.0
_HALTED_S = 10.0
_STRING = re.compile(r'"(\w+)"(?!\s*:)')
_STRANGER = {"zzNewField": {"list": [1, "two", None]}}
Later = Callable[[float, Callable[[], None]], object]


class Mishaps:
    """Apply faults to what the venue is asked and answers.

    `monotonic` counts seconds, `later(seconds, do)` does something then, `set_clock(ns)` puts the venue's clock off.
    """

    def __init__(
        self,
        venue: Venue,
        dialect: Dialect,
        chance: random.Random,
        monotonic: Callable[[], float],
        later: Later,
        set_clock: Callable[[int], None],
    ) -> None:
        self._venue = venue
        self._fine = dict(venue.contracts)
        self._dialect = dialect
        self._chance = chance
        self._monotonic = monotonic
        self._later = later
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
            case Fault.NEW_WORDS:
                return [_reworded(text, self._dialect.words)]
        return [text]

    def _befall(self, fault: Fault | None, now: float) -> None:
        match fault:
            case Fault.BANNED:
                self._banned_until = now + _BAN_S
            case Fault.MAINTENANCE:
                self._closed_until = now + MAINTENANCE_S
            case Fault.CLOCK_JUMP:
                self._set_clock(round(self._chance.uniform(-_MOST_SKEW_S, _MOST_SKEW_S) * _NS))
            case Fault.HIDDEN:
                self._venue.hide(round(_HIDDEN_S * _NS))
                self._later(_HIDES_S, lambda: self._venue.hide(0))
            case Fault.CONTRACT_CHANGED:
                self._change(self._chance.choice(sorted(self._fine)))
            case Fault.PRIVATE_ENDED:
                self._later(0.001, self._dialect.end_private_streams)
            case Fault.HALTED:
                symbol = self._chance.choice(sorted(self._fine))
                self._venue.set_status(symbol, trading=False)
                self._later(_HALTED_S, lambda: self._venue.set_status(symbol, trading=True))

    def _change(self, symbol: str) -> None:
        fine = self._fine[symbol]
        rules = tuple(_coarser(rule) if isinstance(rule, PriceRule) else rule for rule in fine.rules)
        changed = self._venue.contracts[symbol] != fine
        self._venue.change_contract(fine if changed else msgspec.structs.replace(fine, rules=rules))

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


def _coarser(rule: PriceRule) -> PriceRule:
    return msgspec.structs.replace(rule, tick=rule.tick * 10, minimum=max(rule.minimum, rule.tick * 10))


def _reworded(text: str, words: Collection[str]) -> str:
    """Replace the words that the venue may add to."""
    return _STRING.sub(lambda found: f'"NEW_{found[1]}"' if found[1] in words else found[0], text)


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
