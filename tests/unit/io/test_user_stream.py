"""The private stream: opened by a token or a login, kept alive, healed, and closed without a trace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    AuthenticationError,
    ClockSkew,
    ConnectFailed,
    ConnectionLost,
    RequestTimeout,
    UnsupportedError,
    VenueUnavailable,
)
from foxtrot.io.user_stream import UserStream
from foxtrot.protocol.calls import Call
from foxtrot.protocol.codec import Emit, Endpoints, ReadFrame
from foxtrot.protocol.messages import Ack, BalancesChanged, Message, Nack, StreamEnded, Unknown
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector

EVENT = b'{"event": 1}'


class Scheme:
    """Either a token in the URL, kept alive every 100 s, or a login frame."""

    max_life_s = 86_400.0
    keepalive_interval_s = 100.0

    def __init__(self, *, by_login: bool) -> None:
        self.name = "login" if by_login else "token"
        self._by_login = by_login

    def open_call(self) -> Call[str] | None:
        return None if self._by_login else _call("open", {})

    def url(self, endpoints: Endpoints, token: str) -> str:
        return f"{endpoints.stream}/{token}"

    def logins(self, now_ms: int, request_id: int, token: str) -> list[bytes]:
        return [json.dumps({"login": now_ms, "id": request_id}).encode()] if self._by_login else []

    def reader(self) -> ReadFrame:
        return self.decode

    def keepalive_call(self, token: str) -> Call[None] | None:
        return None if self._by_login else _call("keep", {"token": token})

    def close_call(self, token: str) -> Call[None] | None:
        return None if self._by_login else _call("close", {"token": token})

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        found: dict[str, Any] = json.loads(data)
        if "ack" in found:
            emit(Ack(found["ack"]))
        elif "nack" in found:
            emit(Nack(found["nack"], found["code"], "because"))
        elif "end" in found:
            emit(StreamEnded(found["end"]))
        else:
            emit(BalancesChanged((), found["event"], ts_recv))


def _call(endpoint: str, params: dict[str, str]) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=bytes.decode)


class Bench:
    def __init__(self, *, by_login: bool) -> None:
        self.clock = VirtualClock()
        self.net = MemoryConnector()
        self.messages: list[Message] = []
        self.states: list[tuple[bool, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.failing: dict[str, Exception] = {}
        self.venue_ms = 1_234
        self.stream = UserStream(
            Scheme(by_login=by_login),
            Endpoints(rest="https://x", stream="wss://x"),
            self.net,
            self.clock,
            self.call,
            lambda: self.venue_ms,
            self.synchronise_clock,
            self.messages.append,
            lambda up, reason: self.states.append((up, reason)),
            RetryConfig(reconnect_initial_s=1, reconnect_max_s=16),
        )

    async def call(self, call: Call[Any]) -> Any:
        self.calls.append((call.endpoint, call.params.get("token", "")))
        if call.endpoint in self.failing:
            raise self.failing[call.endpoint]
        return f"token{len(self.sent('open'))}"

    async def synchronise_clock(self) -> None:
        self.calls.append(("time", ""))
        if "time" in self.failing:
            raise self.failing["time"]
        self.venue_ms = 5_678

    def sent(self, endpoint: str) -> list[str]:
        return [token for name, token in self.calls if name == endpoint]

    def answer(self, **answer: object) -> None:
        self.net.last.say(json.dumps(answer))

    async def logging_in(self) -> asyncio.Task[None]:
        opening = asyncio.ensure_future(self.stream.open())
        await self.clock.settle()
        return opening


async def closed_without_a_trace(bench: Bench) -> None:
    await bench.stream.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []
    assert all(not socket.open for socket in bench.net.sockets)
    assert bench.clock.pending == 0


@pytest.fixture
async def by_token() -> AsyncIterator[Bench]:
    bench = Bench(by_login=False)
    yield bench
    await closed_without_a_trace(bench)


@pytest.fixture
async def by_login() -> AsyncIterator[Bench]:
    bench = Bench(by_login=True)
    yield bench
    await closed_without_a_trace(bench)


async def test_a_token_opens_the_stream_and_is_given_back_at_the_end(by_token: Bench) -> None:
    await by_token.stream.open()
    assert by_token.net.last.url == "wss://x/token1"
    by_token.net.last.say(EVENT)
    assert isinstance(by_token.messages[0], BalancesChanged)
    assert by_token.states == [(True, "user stream open (token)")]
    await by_token.stream.close()
    assert by_token.sent("close") == ["token1"]


async def test_the_token_is_kept_alive_for_as_long_as_the_stream_lives(by_token: Bench) -> None:
    await by_token.stream.open()
    await by_token.clock.advance(350)
    assert by_token.sent("keep") == ["token1"] * 3
    await by_token.stream.close()
    await by_token.clock.advance(350)
    assert len(by_token.sent("keep")) == 3


async def test_a_token_that_cannot_be_kept_alive_is_replaced(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.failing["keep"] = VenueUnavailable("down")
    await by_token.clock.advance(100)
    del by_token.failing["keep"]
    await by_token.clock.advance(3)
    assert [up for up, _ in by_token.states] == [True, False, True]
    assert "keep-alive failed: down" in by_token.states[1][1]
    assert by_token.net.last.url == "wss://x/token2"
    assert not by_token.net.sockets[0].open


async def test_a_stream_that_the_venue_ends_is_opened_anew_with_a_new_token(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.answer(end="key expired")
    await by_token.clock.advance(3)
    assert by_token.states[1:] == [(False, "key expired"), (True, "user stream open (token)")]
    assert by_token.net.last.url == "wss://x/token2"


async def test_the_login_is_awaited_and_carries_the_venues_time(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    assert json.loads(by_login.net.last.sent[0]) == {"login": 1_234, "id": 1}
    assert by_login.states == []
    by_login.answer(ack=77)
    await by_login.clock.settle()
    assert not opening.done()
    by_login.answer(ack=1)
    await opening
    assert by_login.states == [(True, "user stream open (login)")]


@pytest.mark.parametrize(("code", "kind"), [("unsupported", UnsupportedError), ("-2015", AuthenticationError)])
async def test_a_refused_login_tells_an_unknown_scheme_from_wrong_keys(
    by_login: Bench, code: str, kind: type[Exception]
) -> None:
    opening = await by_login.logging_in()
    by_login.answer(nack=1, code=code)
    with pytest.raises(kind):
        await opening
    assert not by_login.net.last.open


async def test_a_login_at_a_wrong_time_measures_the_clock_and_is_repeated_once(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.answer(nack=1, code="clock")
    await by_login.clock.settle()
    assert [json.loads(frame) for frame in by_login.net.last.sent] == [
        {"login": 1_234, "id": 1},
        {"login": 5_678, "id": 2},
    ]
    by_login.answer(ack=2)
    await opening
    assert by_login.states == [(True, "user stream open (login)")]


async def test_a_login_that_is_always_at_a_wrong_time_is_refused_after_the_second(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.answer(nack=1, code="clock")
    await by_login.clock.settle()
    by_login.answer(nack=2, code="clock")
    with pytest.raises(ClockSkew, match="because"):
        await opening
    assert (by_login.calls, by_login.net.last.open) == ([("time", "")], False)


async def test_a_clock_that_cannot_be_measured_leaves_no_connection(by_login: Bench) -> None:
    by_login.failing["time"] = VenueUnavailable("down")
    opening = await by_login.logging_in()
    by_login.answer(nack=1, code="clock")
    with pytest.raises(VenueUnavailable):
        await opening
    assert not by_login.net.last.open


async def test_a_login_without_an_answer_ends_in_bounded_time(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    await by_login.clock.advance(4.9)
    assert not opening.done()
    await by_login.clock.advance(0.2)
    with pytest.raises(RequestTimeout, match="within 5 s"):
        await opening
    assert not by_login.net.last.open


async def test_a_connection_lost_during_the_login_is_named(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.net.last.cut("power")
    with pytest.raises(ConnectionLost, match="power"):
        await opening


async def test_a_caller_who_gives_up_leaves_no_connection(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    opening.cancel()
    await asyncio.wait({opening})
    assert not by_login.net.last.open


async def test_a_venue_that_cannot_be_reached_at_first_is_the_callers_to_know(by_token: Bench) -> None:
    by_token.net.refuse = 1
    with pytest.raises(ConnectFailed):
        await by_token.stream.open()
    assert by_token.states == []


async def test_a_lost_stream_comes_back_with_growing_pauses(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.net.refuse = 3
    by_token.failing["open"] = VenueUnavailable("down")
    by_token.net.last.cut("power")
    await by_token.clock.advance(3)
    assert [up for up, _ in by_token.states[1:]] == [False, *[False] * (len(by_token.sent("open")) - 1)]
    del by_token.failing["open"]
    await by_token.clock.advance(120)
    assert by_token.states[-1][0] is True
    by_token.net.last.say(EVENT)
    assert len(by_token.messages) == 1


async def test_a_venue_that_cuts_the_stream_at_once_is_not_stormed(by_token: Bench) -> None:
    await by_token.stream.open()
    for _ in range(600):
        by_token.net.last.cut()
        await by_token.clock.advance(0.1)
    assert 4 <= by_token.net.attempts <= 14


async def test_an_unexpected_error_while_reopening_is_told_and_tried_again(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.failing["open"] = RuntimeError("a bug of ours")
    by_token.net.last.cut()
    await by_token.clock.advance(3)
    assert "a bug of ours" in by_token.states[-1][1]
    by_token.failing.clear()
    await by_token.clock.advance(30)
    assert by_token.states[-1][0] is True


async def test_a_frame_that_cannot_be_read_is_handed_on_as_unknown(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.net.last.say(b"\xff garbage")
    by_token.net.last.say(EVENT)
    unknown, known = by_token.messages
    assert isinstance(unknown, Unknown)
    assert unknown.data == b"\xff garbage"
    assert isinstance(known, BalancesChanged)


async def test_a_token_that_cannot_be_given_back_does_not_spoil_the_end(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.failing["close"] = VenueUnavailable("down")
    await by_token.stream.close()
    assert by_token.sent("close") == ["token1"]


DAY = Scheme.max_life_s


async def test_a_connection_is_replaced_before_its_end_and_nothing_is_missed(by_token: Bench) -> None:
    await by_token.stream.open()
    await by_token.clock.advance(0.89 * DAY)
    assert len(by_token.net.sockets) == 1
    while len(by_token.net.sockets) == 1:
        await by_token.clock.advance(60)
    await by_token.clock.advance(60)
    old, new = by_token.net.sockets
    assert (old.open, new.open) == (False, True)
    assert by_token.clock.monotonic() < 0.97 * DAY
    by_token.answer(event=7)
    assert len(by_token.messages) == 1
    assert [up for up, _ in by_token.states] == [True]
    await by_token.clock.advance(DAY)
    assert len(by_token.net.sockets) in (3, 4)
    assert [up for up, _ in by_token.states] == [True]


async def test_while_one_connection_replaces_the_other_both_are_heard(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.answer(ack=1)
    await opening
    while len(by_login.net.sockets) == 1:
        await by_login.clock.advance(4)
    old, new = by_login.net.sockets
    old.say(json.dumps({"event": 1}))
    new.say(json.dumps({"ack": 2}))
    await by_login.clock.settle()
    old.say(json.dumps({"event": 2}))
    new.say(json.dumps({"event": 2}))
    assert len(by_login.messages) == 3
    await by_login.clock.advance(6)
    assert not old.open


async def test_without_a_new_connection_the_old_one_is_kept_and_the_change_tried_again(by_token: Bench) -> None:
    await by_token.stream.open()
    by_token.net.refuse = 3
    await by_token.clock.advance(0.985 * DAY)
    assert (by_token.net.attempts, [s.open for s in by_token.net.sockets]) == (5, [False, True])
    assert [up for up, _ in by_token.states] == [True]


async def test_an_old_connection_lost_before_the_new_one_is_open_is_told_as_a_gap(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.answer(ack=1)
    await opening
    while len(by_login.net.sockets) == 1:
        await by_login.clock.advance(4)
    old, new = by_login.net.sockets
    old.cut("too early")
    new.say(json.dumps({"ack": 2}))
    await by_login.clock.settle()
    assert [up for up, _ in by_login.states] == [True, False, True]
    assert new.open


async def test_with_several_logins_the_stream_is_open_when_each_is_confirmed_and_refused_when_one_is(
    by_login: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scheme, "logins", lambda self, now_ms, number, token: [b'{"a":1}', b'{"b":1}'])
    opening = await by_login.logging_in()
    assert by_login.net.last.sent == [b'{"a":1}', b'{"b":1}']
    by_login.answer(ack=2)
    by_login.answer(ack=2)
    await by_login.clock.settle()
    assert not opening.done()
    by_login.answer(ack=1)
    await opening
    by_login.net.last.cut()
    await by_login.clock.advance(20)
    by_login.answer(ack=3)
    by_login.answer(nack=4, code="9")
    await by_login.clock.settle()
    assert by_login.states[-1][0] is False


async def test_a_login_with_a_token_that_is_too_old_is_tried_again_with_a_new_one(by_login: Bench) -> None:
    opening = await by_login.logging_in()
    by_login.answer(nack=1, code="token")
    with pytest.raises(ConnectionLost):
        await opening
