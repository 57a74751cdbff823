"""No private frame ends anything: what cannot be read is kept with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from foxtrot.errors import UnknownSymbol
from foxtrot.protocol.messages import Ack, Message, Unknown
from foxtrot.protocol.reading import FrameReader


class Reader(FrameReader):
    """Read {"raise": text} or a list of request ids."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def messages(self, data: bytes, ts_recv: int) -> Sequence[Message]:
        if self.error is not None:
            raise self.error
        return [Ack(number) for number in msgspec.json.decode(data, type=list[int])]


def told(reader: FrameReader, data: bytes) -> list[Message]:
    found: list[Message] = []
    reader.read(data, 5, found.append)
    return found


def test_what_a_frame_says_comes_in_order() -> None:
    assert told(Reader(), b"[3,1,2]") == [Ack(3), Ack(1), Ack(2)]
    assert told(Reader(), b"[]") == []


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"[", None, "DecodeError: "),
        (b"x", RecursionError("too deep"), "RecursionError: "),
        (b"x", KeyError("side"), "KeyError: 'side'"),
        (b"x", ValueError("no price"), "ValueError: no price"),
        (b"x", UnknownSymbol("no A/B", exchange="toy"), "UnknownSymbol: "),
        (b"x", ZeroDivisionError("by nothing"), "ZeroDivisionError: by nothing"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_frame_that_cannot_be_read_is_kept(data: bytes, error: Exception | None, reason: str) -> None:
    (unknown,) = told(Reader(error), data)
    assert isinstance(unknown, Unknown)
    assert unknown.data == data
    assert unknown.reason.startswith(reason)


def test_a_mistake_of_the_adapters_is_not_taken_for_a_bad_frame() -> None:
    with pytest.raises(AttributeError):
        told(Reader(AttributeError("no such field")), b"x")
