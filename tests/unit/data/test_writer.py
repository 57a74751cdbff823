"""What an event loop hands over is written by a thread: all of it, in order, or it is said what is missing."""

import threading

import pytest

from foxtrot.data.writer import BackgroundWriter
from foxtrot.errors import ConfigError


def test_everything_handed_in_before_close_is_written_in_order() -> None:
    written: list[int] = []
    writer: BackgroundWriter[int] = BackgroundWriter("test", written.extend, 60.0, at_once=7, most=10_000)
    for number in range(1_000):
        writer.put(number)
    writer.close()
    assert written == list(range(1_000))
    assert writer.dropped == 0


def test_when_enough_waits_it_is_written_without_waiting_for_the_next_look() -> None:
    written = threading.Event()
    writer: BackgroundWriter[int] = BackgroundWriter("test", lambda _: written.set(), 3_600.0, at_once=3, most=10)
    for number in range(3):
        writer.put(number)
    assert written.wait(10)
    writer.close()


def test_a_disk_that_hangs_costs_counted_items_and_never_holds_up_the_caller() -> None:
    hangs, goes_on, written = threading.Event(), threading.Event(), list[int]()

    def write(batch: list[int]) -> None:
        hangs.set()
        goes_on.wait(10)
        written.extend(batch)

    writer: BackgroundWriter[int] = BackgroundWriter("test", write, 60.0, at_once=1, most=5)
    writer.put(0)
    assert hangs.wait(10)
    for number in range(1, 10):
        writer.put(number)
    assert writer.dropped == 4
    goes_on.set()
    writer.close()
    assert written == [0, 1, 2, 3, 4, 5]


def test_what_could_not_be_written_is_raised_at_close_and_counted() -> None:
    def write(batch: list[int]) -> None:
        raise OSError(28, "No space left on device")

    writer: BackgroundWriter[int] = BackgroundWriter("diary", write, 60.0, at_once=2, most=5)
    writer.put(1)
    writer.put(2)
    with pytest.raises(ConfigError, match=r"The diary could not be written: .*No space left"):
        writer.close()
    writer.put(3)
    assert writer.dropped == 3


def test_a_full_disk_is_logged_without_a_traceback_and_a_fault_of_ours_with_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error, traced in ((OSError(28, "No space left on device"), False), (KeyError("column"), True)):

        def write(batch: list[int], error: Exception = error) -> None:
            raise error

        caplog.clear()
        writer: BackgroundWriter[int] = BackgroundWriter("diary", write, 60.0, at_once=1, most=5)
        writer.put(1)
        with pytest.raises(ConfigError, match="diary could not be written"):
            writer.close()
        (record,) = caplog.records
        assert "diary" in record.getMessage()
        assert bool(record.exc_info) is traced
