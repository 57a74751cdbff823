"""What stream codecs have in common whose frames say themselves what they are."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.protocol.codec import Emit, StreamCodec
from foxtrot.protocol.messages import Message, Unknown
from foxtrot.protocol.reading import UNREADABLE
from foxtrot.protocol.stamping import Stamping

ReadTyped = Callable[[Any, int, Emit], None]  # takes a decoded frame and `ts_recv`


class StreamBase(Stamping, StreamCodec):
    """Decode the frequent frames as one tagged union, at once, and lead each to what reads its type.

    `decode_frame` decodes such a frame, `readers` take one of each type. All else comes to `read_seldom`.
    """

    decode_frame: Callable[[bytes], Any]
    readers: Mapping[type, ReadTyped]

    @abc.abstractmethod
    def read_seldom(self, data: bytes) -> Message:
        """Read an answer, a status, or what nobody knows; it may raise any of `UNREADABLE`."""

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`."""
        try:
            frame = self.decode_frame(data)
        except (msgspec.MsgspecError, RecursionError):
            emit(self._seldom(data))
            return
        try:
            self.readers[frame.__class__](frame, ts_recv, emit)
        except (UnknownSymbol, KeyError) as error:
            emit(Unknown(str(error), data))

    def _seldom(self, data: bytes) -> Message:
        try:
            return self.read_seldom(data)
        except UNREADABLE as error:
            return Unknown(str(error), data)
