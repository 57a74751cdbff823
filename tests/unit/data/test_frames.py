"""Frames come back as they came, whatever they hold, wherever a file ends, and after a crash."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foxtrot.data.frame_files import FrameFile, frame_files
from foxtrot.data.frames import FrameRecorder, FrameWriter
from foxtrot.data.lines import Line, to_line
from foxtrot.errors import ConfigError
from foxtrot.model.contract import Contract, PriceRule

START = 1_700_000_000_000_000_000
S = 1_000_000_000
CONTRACT = Contract(
    exchange="toy", symbol="A/USD", venue_symbol="AUSD", base="A", quote="USD", rules=(PriceRule(name="P"),)
)


def written(folder: Path, lines: list[Line]) -> Path:
    writer = FrameWriter(folder, "toy", lambda: [CONTRACT], run=1)
    writer.write(lines)
    writer.close()
    (path,) = writer.files
    return path


@pytest.mark.parametrize(
    "data",
    [b'{"a":"\\u20ac \xe2\x82\xac"}', b"", b"plain", b'"\\"\n\r\t\x00\xe2\x80\xa8', b"\xff\xfe\x00", "𝄞".encode()],
)
def test_a_frame_comes_back_byte_for_byte(tmp_path: Path, data: bytes) -> None:
    with FrameRecorder(tmp_path, "toy", lambda: [CONTRACT]) as recorder:
        number = recorder.opened(START)
        recorder.frame(number, START + 1, data)
        recorder.snapshot("A/USD", "symbol=AUSD", START + 2, data)
    (file,) = frame_files(tmp_path)
    opened, frame, snapshot = file.lines()
    assert (opened.e, opened.c) == ("open", 1)
    assert (frame.t, frame.c, frame.data) == (START + 1, 1, data)
    assert (snapshot.s, snapshot.q, snapshot.data) == ("A/USD", "symbol=AUSD", data)


def test_a_file_names_what_is_needed_to_decode_it_offline(tmp_path: Path) -> None:
    path = written(tmp_path, [Line(t=START, c=1, d="x")])
    header = FrameFile(path).header
    assert (header.foxtrot, header.version, header.venue, header.contracts) == ("frames", 1, "toy", [CONTRACT])
    assert path.name == "frames-toy-20231114T221320.000Z.ndjson"


def test_every_line_is_a_json_object_with_the_documented_keys(tmp_path: Path) -> None:
    path = written(tmp_path, [Line(t=START, c=1, d="x"), Line(t=START, s="A/USD", q="symbol=AUSD", d="y")])
    _, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert lines == [{"t": START, "c": 1, "d": "x"}, {"t": START, "s": "A/USD", "q": "symbol=AUSD", "d": "y"}]


@pytest.mark.parametrize("limits", [{"max_bytes": 1_500}, {"max_age_s": 20.0}])
def test_files_are_rotated_and_nothing_gets_lost_between_them(tmp_path: Path, limits: dict[str, int]) -> None:
    lines = [Line(t=START + n * S, c=1, d=f"frame {n}") for n in range(100)]
    writer = FrameWriter(tmp_path, "toy", lambda: [CONTRACT], run=1, **limits)
    for line in lines:
        writer.write([line])
    writer.close()
    files = frame_files(tmp_path)
    assert len(files) >= 5
    assert [line for file in files for line in file.lines()] == lines
    assert {file.header.run for file in files} == {1}
    if "max_bytes" in limits:
        assert max(path.stat().st_size for path in writer.files) < 1_600


def test_two_recorders_in_one_folder_never_write_into_the_same_file(tmp_path: Path) -> None:
    first, second = written(tmp_path, [Line(t=START, d="1")]), written(tmp_path, [Line(t=START, d="2")])
    assert first != second
    assert [line.d for file in frame_files(tmp_path) for line in file.lines()] == ["1", "2"]


def test_wherever_a_crash_cuts_the_file_all_whole_lines_come_back(tmp_path: Path) -> None:
    lines = [to_line(f"frame {n} €".encode(), START + n, c=1) for n in range(3)]
    whole = written(tmp_path, lines).read_bytes()
    first_end = whole.index(b"\n") + 1
    cut = tmp_path / "cut.ndjson"
    for end in range(first_end, len(whole) + 1):
        cut.write_bytes(whole[:end])
        file = FrameFile(cut)
        found = list(file.lines())
        left = whole[first_end:end]
        complete = left.count(b"\n") + left.endswith(b"}")
        assert found == lines[:complete], end
        assert file.torn == (not left.endswith((b"\n", b"}")) and left != b""), end


def test_a_folder_with_a_file_that_a_crash_left_without_header_is_read_without_it(tmp_path: Path) -> None:
    path = written(tmp_path, [Line(t=START, d="kept")])
    (tmp_path / "frames-toy-20991231T000000.000Z.ndjson").write_bytes(path.read_bytes()[:50])
    assert [line.d for file in frame_files(tmp_path) for line in file.lines()] == ["kept"]


def test_a_damaged_line_in_the_middle_is_named_not_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, [Line(t=START + n, d=str(n)) for n in range(4)])
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:2], b'{"t":17,"d\n', *rows[3:]]))
    with pytest.raises(ConfigError, match=r"Line 3 of .* cannot be read"):
        list(FrameFile(path).lines())


def test_a_gzipped_file_reads_alike_and_may_be_cut_off_too(tmp_path: Path) -> None:
    lines = [Line(t=START + n, d=os.urandom(50).hex()) for n in range(500)]
    path = written(tmp_path / "plain", lines)
    packed = tmp_path / "frames-toy-x.ndjson.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(FrameFile(packed).lines()) == lines
    packed.write_bytes(packed.read_bytes()[:-5_000])
    file = FrameFile(packed)
    found = list(file.lines())
    assert file.torn
    assert found == lines[: len(found)]
    assert found


def test_what_is_written_is_on_the_disk_itself_before_write_returns(tmp_path: Path) -> None:
    sizes: list[int] = []
    writer = FrameWriter(tmp_path, "toy", list, run=1, sync=lambda file: sizes.append(os.fstat(file).st_size))
    for n in range(3):
        writer.write([Line(t=START + n, d="x" * 100)])
        assert sizes[-1] == writer.files[0].stat().st_size > n * 100
    writer.close()


def test_kill_minus_9_loses_at_most_the_last_second(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from foxtrot.data.frames import FrameRecorder\n"
        "recorder = FrameRecorder(Path(sys.argv[1]), 'toy', lambda: []); number = 0\n"
        "while True:\n"
        "    number += 1; recorder.frame(1, time.time_ns(), str(number).encode())\n"
        "    print(time.time_ns(), flush=True); time.sleep(0.002)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    first = int(child.stdout.readline())
    last = first
    while last < first + 2 * S:
        last = int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdout.close()
    (file,) = frame_files(tmp_path)
    found = list(file.lines())
    assert [line.d for line in found] == [str(n) for n in range(1, len(found) + 1)]
    assert last - found[-1].t < S


def test_a_folder_that_cannot_be_written_is_said_at_once_and_at_close(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    recorder = FrameRecorder(blocked, "toy", list)
    recorder.frame(1, START, b"x")
    with pytest.raises(ConfigError, match=r"recording of toy in .*file could not be written"):
        recorder.close()
    assert recorder.failure is not None
    assert recorder.dropped == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"foxtrot":"frames","version":2,"venue":"x","run":1,"contracts":[]}\n', "update foxtrot"),
        (b'{"foxtrot":"tape","version":1,"venue":"x","run":1,"contracts":[]}\n', "is of the format tape"),
        (b'{"t":"recv"}\n', "its first line is no header"),
        (b"", "its first line is no header"),
        (b"\xff\xfe", "its first line is no header"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "frames-x.ndjson"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        FrameFile(path)


def test_a_folder_without_recordings_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no recorded frames"):
        frame_files(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        frame_files(tmp_path / "nothing.ndjson")
