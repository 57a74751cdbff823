"""What can be said at any moment about how an exchange instance is."""

from __future__ import annotations

import msgspec

from foxtrot.model.events import AdapterState


class ChannelHealth(msgspec.Struct, frozen=True):
    """State whether a channel is up, why, and since when (ns UTC)."""

    up: bool
    reason: str
    since: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """State how a connection is: the whole, why it is not READY, and each channel used so far by name.

    `requests` and `failures` count since connect; `unlisted` counts answers with an error code that no table knows.
    `last_answer` is our time (ns UTC, 0 before the first) of the last good REST answer, `clock_offset_ms` how far the
    venue's clock is ahead of ours, `in_doubt` the number of orders of which the venue may or may not have acted on the
    last command, `journal` "" or why the journal cannot be written.
    """

    exchange: str
    state: AdapterState
    channels: dict[str, ChannelHealth]
    reasons: tuple[str, ...] = ()
    requests: int = 0
    failures: int = 0
    unlisted: int = 0
    last_answer: int = 0
    clock_offset_ms: float = 0.0
    clock_drift_ppm: float = 0.0
    orders_open: int = 0
    in_doubt: int = 0
    journal: str = ""
