"""Reading private frames so that none of them ends anything: what cannot be read is kept."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.protocol.codec import Emit
from foxtrot.protocol.messages import Message, Unknown

UNREADABLE = (msgspec.MsgspecError, UnknownSymbol, KeyError, ValueError, ArithmeticError, RecursionError)


class FrameReader(abc.ABC):
    """Read one connection's frames; an adapter says in `messages` what is in one."""

    @abc.abstractmethod
    def messages(self, data: bytes, ts_recv: int) -> Sequence[Message]:
        """Return what a frame says; it may raise any of `UNREADABLE`."""

    def read(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says, in order; one that cannot be read becomes an `Unknown` and nothing else."""
        try:
            found = self.messages(data, ts_recv)
        except UNREADABLE as error:
            found = [unreadable(error, data)]
        for message in found:
            emit(message)


def unreadable(error: Exception, data: bytes) -> Unknown:
    """Return what stands for bytes that could not be read, and why."""
    return Unknown(f"{type(error).__name__}: {error}", data)
