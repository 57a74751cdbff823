"""What goes wrong between a client and its venue: the faults by name, and a seeded schedule of them.

Each answers to something that users of exchange adapters have lost money by. The same names serve both planes: whole
requests and frames in memory (`foxtrot.testkit.world`), and bytes on loopback sockets (`foxtrot.sandbox.proxy`).
"""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Protocol


class Fault(enum.Enum):
    """Name one fault."""

    text: str  # what it does

    def __new__(cls, name: str, text: str) -> Fault:
        """Make a member whose value is its name."""
        fault = object.__new__(cls)
        fault._value_ = name
        fault.text = text
        return fault

    # of a request
    REFUSED = "refused", "no connection: nothing was sent"
    REQUEST_LOST = "request_lost", "sent, never arrives, no answer in time"
    REQUEST_LATE = "request_late", "arrives after the client has given up"
    ANSWER_LOST = "answer_lost", "carried out; the connection breaks before the answer"
    ANSWER_SILENT = "answer_silent", "carried out; no answer in time"
    ANSWER_SLOW = "answer_slow", "carried out; the answer comes just in time"
    ANSWER_CUT = "answer_cut", "carried out; half of the answer's body"
    ANSWER_EMPTY = "answer_empty", "carried out; an empty body with status 200"
    BAD_GATEWAY = "bad_gateway", "carried out; a proxy answers 502 with a page"
    NOT_FORWARDED = "not_forwarded", "not carried out; a proxy answers 503 with a page"
    UNKNOWN_OUTCOME = "unknown_outcome", "carried out; the venue says that it does not know"
    OVERLOADED = "overloaded", "not carried out; the venue says so"
    RATE_LIMITED = "rate_limited", "not carried out; come back later"
    BANNED = "banned", "not carried out, and nothing else for a while"
    CLOCK_JUMP = "clock_jump", "the venue's clock jumps; requests signed before are refused"
    HIDDEN = "hidden", "for a while, queries do not show what was just accepted"
    MAINTENANCE = "maintenance", "not carried out, and nothing else for a while; all sockets are cut"
    UNKNOWN_FIELDS = "unknown_fields", "carried out; the answer holds fields that nobody has heard of"
    CONTRACT_CHANGED = "contract_changed", "carried out; then the price grid of a symbol becomes coarser, or fine again"
    HALTED = "halted", "carried out; then a symbol takes no orders for a while"
    PRIVATE_ENDED = "private_ended", "carried out; then the venue ends all private streams, and says so"
    # of a socket
    SOCKET_REFUSED = "socket_refused", "the handshake fails"
    CUT = "cut", "the connection breaks"
    STALL = "stall", "the connection stays open and says nothing, until it is given up"
    MUTED = "muted", "the connection answers what it is asked, but brings no more news"
    DUPLICATE = "duplicate", "a frame comes twice"
    DELAY = "delay", "frames are held up, in order"
    GARBAGE = "garbage", "something that is no message comes between"
    MISSING = "missing", "a frame never comes"
    REORDERED = "reordered", "a frame comes after its successor"
    NEW_FIELDS = "new_fields", "a frame holds fields that nobody has heard of"
    NEW_WORDS = "new_words", "a frame says with a word that nobody has heard of what an order is, or became"


REQUEST_FAULTS = frozenset(list(Fault)[: list(Fault).index(Fault.SOCKET_REFUSED)])
# What may also meet a command that goes over a socket.
COMMAND_FAULTS = frozenset({Fault.REQUEST_LOST, Fault.REQUEST_LATE, Fault.ANSWER_LOST, Fault.ANSWER_SILENT})
FRAME_FAULTS = frozenset(list(Fault)[list(Fault).index(Fault.CUT) :])
Place = tuple[str, int]  # channel and number of the request, handshake or frame in it


class FaultSource(Protocol):
    """Decide which fault meets the next request, handshake or frame of a channel."""

    def draw(self, channel: str, among: Collection[Fault]) -> Fault | None:
        """Return the fault, None for none."""
        ...


class Schedule:
    """Decide, reproducibly, which fault meets which request, handshake or frame.

    The decision for the n-th one of a channel depends on seed, channel and n alone, so that leaving one fault out does
    not move the others. `rates` are chances per request or frame; `only` restricts a replay to some places.
    """

    def __init__(self, seed: int, rates: Mapping[Fault, float], only: Collection[Place] | None = None) -> None:
        self._seed = seed
        self._rates = dict(rates)
        self._only = None if only is None else frozenset(only)
        self._counts: Counter[str] = Counter()
        self.active = False
        self.fired: dict[Place, Fault] = {}

    def draw(self, channel: str, among: Collection[Fault]) -> Fault | None:
        """Return the fault that meets the next one of a channel, None for none."""
        number = self._counts[channel]
        self._counts[channel] += 1
        place = (channel, number)
        if not self.active or (self._only is not None and place not in self._only):
            return None
        lot = random.Random(f"{self._seed}:{channel}:{number}").random()
        for fault, rate in self._rates.items():
            if fault in among:
                if lot < rate:
                    self.fired[place] = fault
                    return fault
                lot -= rate
        return None

    def chance(self, what: str) -> random.Random:
        """Return a source of chance of its own for delays and the like."""
        return random.Random(f"{self._seed}:{what}")
