"""With how many levels recorded books were subscribed: where the venue cuts its books, they can only be kept so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from foxtrot.errors import ConfigError, InvalidRequest
from foxtrot.model.contract import Contract
from foxtrot.protocol.codec import StreamCodec
from foxtrot.protocol.messages import Channel, ChannelKind

_Leaf = tuple[str, Any]
_Leaves = frozenset[_Leaf]


class BookDepths:
    """Tell from the venue's own answers how books were subscribed.

    An answer repeats what was asked for: a frame that holds all that the codec would ask for a book with is one.
    `wanted` is what the user says, for recordings without such an answer; None: nothing. Raises InvalidRequest for a
    depth that the venue does not have. Where it does not cut its books, nothing needs to be known.
    """

    def __init__(self, venue: str, codec: StreamCodec, wanted: int | None) -> None:
        self._codec = codec
        self._venue = venue
        depths = codec.limits.book_depths
        rules = {codec.book_rules(Channel(ChannelKind.BOOK, "", str(depth))).depth for depth in depths}
        self.matter = len(rules) > 1
        if self.matter and wanted is not None and wanted not in depths:
            listed = ", ".join(map(str, depths))
            raise InvalidRequest(f"{venue} has no books of {wanted!r} levels; it has {listed}.", field="depth")
        self._wanted = "" if wanted is None or not self.matter else str(wanted)
        self._told: dict[str, str] = {}
        self._asked: dict[_Leaves, Channel] = {}
        self._marks: tuple[bytes, ...] = ()

    def load(self, contracts: Sequence[Contract]) -> None:
        """Know the contracts whose books may be in the recording."""
        if not self.matter:
            return
        for contract in contracts:
            for depth in self._codec.limits.book_depths:
                channel = Channel(ChannelKind.BOOK, contract.symbol, str(depth))
                self._asked[_request(self._codec, channel)] = channel
        common = frozenset.intersection(*self._asked) if self._asked else frozenset()
        self._marks = tuple(value.encode() for _, value in common if isinstance(value, str))

    def channel(self, symbol: str) -> Channel:
        """Return the channel of a symbol's book, as far as it is known."""
        return Channel(ChannelKind.BOOK, symbol, self._told.get(symbol, self._wanted))

    def answered(self, data: bytes) -> list[Channel]:
        """Return the books that a frame says to be subscribed, most often none."""
        if not self.matter or not all(mark in data for mark in self._marks):
            return []
        try:
            said = frozenset(_leaves("", msgspec.json.decode(data)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return []
        found = [channel for asked, channel in self._asked.items() if asked <= said]
        self._told |= {channel.symbol: channel.param for channel in found}
        return found

    def unknown(self, symbol: str) -> bool:
        """Tell whether a book's depth ought to be known and is not."""
        return self.matter and not self._wanted and symbol not in self._told

    def missing(self, symbol: str) -> ConfigError:
        """Return the error for such a book."""
        listed = ", ".join(map(str, self._codec.limits.book_depths))
        return ConfigError(
            f"The recording does not say with how many levels the book of {symbol} was subscribed at {self._venue}; "
            f"give depth (--depth on the command line), one of {listed}."
        )


def _request(codec: StreamCodec, channel: Channel) -> _Leaves:
    """Return what a request for a channel says beside its number."""
    first, second = (frozenset(_leaves("", msgspec.json.decode(codec.subscribe([channel], n)))) for n in (1, 2))
    return first & second


def _leaves(name: str, value: Any) -> Iterator[_Leaf]:
    """Yield the values in a message with their names, in whatever they are wrapped."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(name, inner)
    else:
        yield name, value
