"""Requests over a WebSocket: each gets its own answer, or an error that says what is known of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from foxtrot.config import TransportConfig
from foxtrot.errors import (
    AuthenticationError,
    Banned,
    ConnectFailed,
    ConnectionLost,
    FoxtrotError,
    NetworkError,
    Outcome,
    RateLimited,
    RequestTimeout,
    StateError,
)
from foxtrot.io.rpc import RpcClient
from foxtrot.ports import OnClose, OnFrame
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.codec import Endpoints
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector, MemorySocket


class Codec:
    max_life_s = 86_400.0
    tokens = False

    def open_call(self) -> Call[str] | None:
        return Call(endpoint="token", params={}, decode=bytes.decode) if self.tokens else None

    def url(self, endpoints: Endpoints) -> str:
        return endpoints.ws_api

    def supports(self, call: Call[object]) -> bool:
        return call.endpoint != "elsewhere"

    def encode(self, call: Call[object], request_id: int, now_ms: int, token: str) -> bytes:
        return json.dumps(
            {
                "id": request_id,
                "method": call.endpoint,
                "size": int(call.params.get("size", "0")),
                "token": token,
            }
        ).encode()

    def stale(self, response: RawResponse) -> bool:
        return response.body == b'"stale"'

    def decode(self, data: bytes) -> tuple[int | str | None, RawResponse] | None:
        found: dict[str, Any] = json.loads(data)
        if "heartbeat" in found:
            return None
        return found["id"], RawResponse(found.get("status", 200), {}, json.dumps(found["body"]).encode())


class Fallback:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.closed = False

    async def request(self, call: Call[object]) -> RawResponse:
        self.calls.append(call.endpoint)
        return RawResponse(200, {}, b"by rest")

    async def close(self) -> None:
        self.closed = True


class SlowNet(MemoryConnector):
    """Open connections only once `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> MemorySocket:
        await self.gate.wait()
        return await super().connect(url, on_frame, on_close)


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.net = SlowNet()
        self.fallback = Fallback()
        self.codec = Codec()
        self.tokens: list[str | Exception] = []
        self.lanes: list[Lane] = []
        self.told: list[tuple[bool, str]] = []
        self.stray: list[RawResponse] = []
        self.client = RpcClient(
            self.codec,
            Endpoints(rest="https://x", stream="wss://x", ws_api="wss://api"),
            self.net,
            TransportConfig(request_timeout_s=10),
            lambda: 1,
            self.fallback,
            self.call,
            self.clock,
            lambda up, reason: self.told.append((up, reason)),
            self.stray.append,
        )

    async def call(self, call: Call[Any]) -> Any:
        self.lanes.append(call.lane)
        token = self.tokens.pop(0)
        if isinstance(token, Exception):
            raise token
        return token

    async def ask(self, endpoint: str = "place", **params: str) -> asyncio.Task[RawResponse]:
        asking = asyncio.ensure_future(self.client.request(Call(endpoint=endpoint, params=params, decode=bytes)))
        await self.clock.settle()
        return asking

    def answer(self, number: int, body: object = "done") -> None:
        self.net.last.say(json.dumps({"id": number, "body": body}))

    def ids(self) -> list[int]:
        return [json.loads(frame)["id"] for frame in self.net.last.sent]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.client.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []
    assert all(not socket.open for socket in made.net.sockets)


def out_of_budget() -> RateLimited:
    return RateLimited("no budget left", outcome=Outcome.NOT_SENT)


async def failure(asking: asyncio.Task[RawResponse], kind: type[NetworkError]) -> NetworkError:
    with pytest.raises(kind) as caught:
        await asking
    return caught.value


async def test_answers_find_their_requests_in_any_order(bench: Bench) -> None:
    first, second, third = [await bench.ask() for _ in range(3)]
    one, two, three = bench.ids()
    bench.answer(three, "c")
    bench.answer(one, "a")
    bench.answer(two, "b")
    assert [(await asking).body for asking in (first, second, third)] == [b'"a"', b'"b"', b'"c"']
    assert bench.net.attempts == 1


async def test_no_answer_in_time_leaves_the_outcome_unknown(bench: Bench) -> None:
    early = await bench.ask()
    await bench.clock.advance(6)
    late = await bench.ask("cancel")
    await bench.clock.advance(3.9)
    assert not early.done()
    await bench.clock.advance(0.2)
    error = await failure(early, RequestTimeout)
    assert (error.outcome, "place" in str(error)) == (Outcome.UNKNOWN, True)
    assert not late.done()
    await bench.clock.advance(6)
    assert "cancel" in str(await failure(late, RequestTimeout))


async def test_a_late_answer_is_counted_and_goes_to_nobody_else(bench: Bench) -> None:
    first = await bench.ask()
    (number,) = bench.ids()
    await bench.clock.advance(11)
    await failure(first, RequestTimeout)
    second = await bench.ask()
    bench.answer(number, "late")
    await bench.clock.settle()
    assert (second.done(), bench.client.late_answers) == (False, 1)
    bench.answer(bench.ids()[-1], "right")
    assert (await second).body == b'"right"'


async def test_a_lost_connection_leaves_the_outcome_unknown_and_the_next_request_opens_a_new_one(bench: Bench) -> None:
    first = await bench.ask()
    bench.net.last.cut("power")
    error = await failure(first, ConnectionLost)
    assert (error.outcome, "power" in str(error)) == (Outcome.UNKNOWN, True)
    second = await bench.ask()
    assert len(bench.net.sockets) == 2
    assert len(bench.net.last.sent) == 1  # the lost one is never sent again
    bench.answer(bench.ids()[0])
    assert (await second).status == 200


async def test_what_no_connection_can_be_had_for_goes_by_the_other_way_once_and_it_is_told(bench: Bench) -> None:
    bench.net.refuse = 2
    assert (await (await bench.ask("place"))).body == b"by rest"
    assert (await (await bench.ask("cancel"))).body == b"by rest"
    assert bench.fallback.calls == ["place", "cancel"]
    assert bench.net.attempts == 1  # the second one waits for no further attempt
    (told,) = bench.told
    assert (told[0], "other way" in told[1]) == (False, True)
    await bench.clock.advance(1.1)
    assert (bench.net.attempts, len(bench.told)) == (2, 1)
    await bench.clock.advance(2.1)
    assert [up for up, _ in bench.told] == [False, True]
    again = await bench.ask()
    bench.answer(bench.ids()[0])
    assert (await again).status == 200
    assert bench.fallback.calls == ["place", "cancel"]


async def test_all_who_ask_while_the_connection_is_opened_share_one_attempt_and_its_end(bench: Bench) -> None:
    bench.net.gate.clear()
    bench.net.refuse = 1
    asking = [await bench.ask() for _ in range(5)]
    bench.net.gate.set()
    assert [(await one).body for one in asking] == [b"by rest"] * 5
    assert bench.net.attempts == 1


async def test_a_request_waits_a_few_seconds_for_a_connection_that_does_not_open_and_the_next_not_at_all(
    bench: Bench,
) -> None:
    bench.net.gate.clear()
    first = await bench.ask()
    await bench.clock.advance(2.9)
    assert not first.done()
    await bench.clock.advance(0.2)
    assert (await first).body == b"by rest"
    assert (await (await bench.ask("cancel"))).body == b"by rest"
    bench.net.gate.set()
    await bench.clock.advance(1.1)
    assert [up for up, _ in bench.told] == [False, True]
    assert bench.net.attempts == 1
    await (await answered(bench, "cancel"))


async def test_what_may_have_been_sent_never_goes_by_the_other_way(bench: Bench) -> None:
    first = await bench.ask()
    bench.net.refuse = 1
    bench.net.last.cut("power")
    await failure(first, ConnectionLost)
    late = await bench.ask("later")
    assert (await late).body == b"by rest"
    assert bench.fallback.calls == ["later"]


async def test_one_who_gives_up_while_the_connection_is_opened_does_not_harm_the_others(bench: Bench) -> None:
    bench.net.gate.clear()
    first, second = await bench.ask(), await bench.ask()
    first.cancel()
    await bench.clock.settle()
    bench.net.gate.set()
    await bench.clock.settle()
    bench.answer(bench.ids()[0])
    assert (await second).status == 200


async def test_an_answer_that_cannot_be_read_is_counted_and_ends_nothing(bench: Bench) -> None:
    asking = await bench.ask()
    bench.net.last.say(b"\xff garbage")
    bench.net.last.say(b"{}")
    bench.answer(bench.ids()[0])
    assert (await asking).status == 200
    assert bench.client.bad_frames == 2


async def test_a_request_that_cannot_be_encoded_is_not_sent_and_not_waited_for(bench: Bench) -> None:
    with pytest.raises(ValueError, match="many"):
        await (await bench.ask(size="many"))
    assert bench.net.last.sent == []
    assert bench.clock.pending == 0


async def test_what_the_websocket_cannot_carry_goes_by_the_declared_other_way(bench: Bench) -> None:
    assert (await (await bench.ask("elsewhere"))).body == b"by rest"
    assert (bench.fallback.calls, bench.net.attempts) == (["elsewhere"], 0)


async def test_closing_ends_who_waits_with_an_unknown_outcome_and_refuses_who_comes_later(bench: Bench) -> None:
    waiting = await bench.ask()
    await bench.client.close()
    assert (await failure(waiting, ConnectionLost)).outcome is Outcome.UNKNOWN
    with pytest.raises(StateError):
        await (await bench.ask())
    assert not bench.fallback.closed


async def test_closing_while_the_connection_is_opened_says_so(bench: Bench) -> None:
    bench.net.gate.clear()
    waiting = await bench.ask()
    await bench.client.close()
    with pytest.raises(StateError, match="closed"):
        await waiting


async def test_a_connection_near_its_end_gets_no_new_request_but_its_answers_are_awaited(bench: Bench) -> None:
    await (await answered(bench, "place"))
    await bench.clock.advance(0.9499 * Codec.max_life_s)
    slow = await bench.ask("slow")
    old, (_, number) = bench.net.last, bench.ids()
    await bench.clock.advance(9)
    await (await answered(bench, "cancel"))
    assert (bench.net.attempts, old.open) == (2, True)
    old.say(json.dumps({"id": number, "body": "in time"}))
    assert (await slow).body == b'"in time"'
    await bench.clock.settle()
    assert (old.open, bench.net.last.open) == (False, True)


async def answered(bench: Bench, endpoint: str) -> asyncio.Task[RawResponse]:
    asking = await bench.ask(endpoint)
    bench.answer(bench.ids()[-1])
    return asking


async def test_a_connection_that_fell_silent_gets_no_more_requests(bench: Bench) -> None:
    await (await answered(bench, "place"))
    await bench.clock.advance(1)
    late = await bench.ask()
    await bench.clock.advance(10.1)
    await failure(late, RequestTimeout)
    await (await answered(bench, "cancel"))
    assert (bench.net.attempts, [socket.open for socket in bench.net.sockets]) == (2, [False, True])


async def test_one_answer_too_late_is_no_reason_for_a_new_connection(bench: Bench) -> None:
    late = await bench.ask()
    await bench.clock.advance(1)
    await (await answered(bench, "cancel"))
    await bench.clock.advance(10)
    await failure(late, RequestTimeout)
    await (await answered(bench, "cancel"))
    assert bench.net.attempts == 1


async def test_the_token_of_a_connection_goes_with_each_of_its_requests(bench: Bench) -> None:
    bench.codec.tokens, bench.tokens = True, ["first", "second"]
    one = await bench.ask()
    two = await bench.ask()
    assert [json.loads(frame)["token"] for frame in bench.net.last.sent] == ["first", "first"]
    bench.net.last.cut("cut")
    await asyncio.gather(one, two, return_exceptions=True)
    three = await bench.ask()
    assert json.loads(bench.net.last.sent[0])["token"] == "second"
    bench.answer(3)
    await three


@pytest.mark.parametrize(
    "why", [RequestTimeout("no answer"), AuthenticationError("may not use sockets"), out_of_budget()], ids=repr
)
async def test_without_a_token_a_request_goes_by_the_other_way(bench: Bench, why: FoxtrotError) -> None:
    bench.codec.tokens, bench.tokens = True, [why]
    assert (await (await bench.ask())).body == b"by rest"
    assert bench.net.sockets == []


async def test_a_token_is_asked_for_before_all_reads(bench: Bench) -> None:
    bench.codec.tokens, bench.tokens = True, ["token"]
    await (await answered(bench, "cancel"))
    assert bench.lanes == [Lane.CANCEL]


async def test_a_budget_that_lacks_for_a_moment_is_no_outage(bench: Bench) -> None:
    bench.codec.tokens, bench.tokens = True, [out_of_budget(), "token"]
    assert (await (await bench.ask())).body == b"by rest"
    await (await answered(bench, "cancel"))
    assert (bench.fallback.calls, bench.told) == (["place"], [])


@pytest.mark.parametrize("kind", [RateLimited, Banned])
async def test_who_is_told_to_wait_for_a_token_goes_no_other_way(bench: Bench, kind: type[RateLimited]) -> None:
    bench.codec.tokens, bench.tokens = True, [kind("slower", outcome=Outcome.REFUSED)]
    with pytest.raises(kind) as told:
        await (await bench.ask())
    assert (told.value.outcome, bench.fallback.calls) == (Outcome.NOT_SENT, [])


async def test_a_key_that_is_refused_is_tried_again_only_when_there_is_something_to_send(bench: Bench) -> None:
    refused = [AuthenticationError("no such key") for _ in range(3)]
    bench.codec.tokens, bench.tokens = True, [*refused, "token"]
    await (await bench.ask())
    await bench.clock.advance(3_600)
    assert len(bench.tokens) == 2
    assert (await (await bench.ask())).body == b"by rest"
    await bench.clock.advance(3_600)
    assert len(bench.tokens) == 1


async def test_a_request_whose_token_was_refused_counts_as_not_sent_and_the_next_has_a_new_one(bench: Bench) -> None:
    bench.codec.tokens, bench.tokens = True, ["old", "new"]
    asking = await bench.ask()
    bench.answer(1, "stale")
    with pytest.raises(ConnectFailed) as refused:
        await asking
    assert refused.value.outcome is Outcome.NOT_SENT
    again = await bench.ask()
    assert json.loads(bench.net.last.sent[0])["token"] == "new"
    bench.answer(2)
    await again


async def test_an_answer_without_an_id_ends_no_request_and_is_passed_on(bench: Bench) -> None:
    asking = await bench.ask()
    bench.net.last.say(json.dumps({"id": None, "status": 429, "body": "slower"}))
    await bench.clock.settle()
    assert not asking.done()
    assert [response.status for response in bench.stray] == [429]
    bench.answer(1)
    await asking
    bench.answer(1, "late")
    assert (len(bench.stray), bench.client.late_answers) == (1, 2)


async def test_a_frame_that_answers_nobody_is_no_late_answer(bench: Bench) -> None:
    asking = await bench.ask()
    bench.net.last.say(json.dumps({"heartbeat": 1}))
    bench.answer(1)
    await asking
    assert (bench.client.late_answers, bench.client.bad_frames) == (0, 0)
