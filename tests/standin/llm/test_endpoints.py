"""The language model's part at the edge: time, connections, and whatever is thrown at it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gramophone.core.clock import ManualClock
from gramophone.core.tasks import spawn
from gramophone.standin.llm.answer_selection import EchoAnswers, RecordedOrder
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.server.http import ClientGone, Request
from gramophone.standin.server.routes import Address
from gramophone.wire.llm.answer import (
    CUT,
    SILENT,
    UNFINISHED,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
)
from gramophone.wire.llm.deterministic_ids import CREATED_S
from tests.support.clocks import WatchedClock
from tests.support.deadlines import HANG_S
from tests.support.model_requests import CHAT, MESSAGES, RESPONSES, VERSION, asking
from tests.support.model_standin import HELLO, LOOKED, LOOKING, standing_in
from tests.support.plain_http import NO_TLS
from tests.support.sse_reading import events_in


async def post(address: Address, path: str, **fields: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(address.http(path), json=asking(path, **fields), headers=VERSION)


def answer(question: str | None, text: str) -> ModelAnswer:
    return ModelAnswer(question, (TextPiece(text),))


class TestChoosing:
    def test_each_question_gets_its_own_answer(self) -> None:
        choose = RecordedOrder([answer("One?", "1"), answer("Two?", "2")])
        assert choose("Two?", 0) == answer("Two?", "2")
        assert choose(" One ? ", 0) == answer("One?", "1")

    def test_a_question_asked_again_gets_the_next_and_then_begins_anew(self) -> None:
        first, second = answer("Hi?", "1"), answer("Hi?", "2")
        choose = RecordedOrder([first, second])
        assert [choose("Hi?", 0) for _ in range(3)] == [first, second, first]

    def test_answers_to_anything_stand_in(self) -> None:
        recorded, some, other = answer("Hi?", "hi"), answer(None, "any"), answer(None, "other")
        choose = RecordedOrder([some, recorded, other])
        answers = [choose(question, 0) for question in ("Hi?", "What?", "Who?", "When?")]
        assert answers == [recorded, some, other, other]

    def test_nothing_fits(self) -> None:
        assert RecordedOrder([answer("Hi?", "hi")])("Who?", 0) is None
        assert RecordedOrder([])("", 0) is None

    @pytest.mark.parametrize("question", ["Look twice.", None])
    def test_calls_to_tools_go_with_what_they_lead_to(self, question: str | None) -> None:
        looking, looked = replace(LOOKING, prompt=question), replace(LOOKED, prompt=question)
        choose = RecordedOrder([looking, looked])
        assert [choose("Look twice.", step) for step in (0, 0, 1, 1, 0, 1, 2)] == [
            looking,
            looking,
            looked,
            looked,
            looking,
            looked,
            looked,
        ]

    def test_a_conversation_that_began_elsewhere_finds_its_step(self) -> None:
        assert RecordedOrder([LOOKING, LOOKED])("Look twice.", 1) == LOOKED

    def test_calls_that_lead_nowhere(self) -> None:
        choose = RecordedOrder([LOOKED, LOOKING])
        assert [choose("Look twice.", step) for step in (0, 0, 1)] == [LOOKED, LOOKING, LOOKING]

    @pytest.mark.parametrize("question", ["Hi?", "", " a\n\n b ", "né 日本 "])
    def test_an_echo_gives_every_word_back(self, question: str) -> None:
        answer = EchoAnswers()(question, 0)
        assert answer is not None
        texts = [piece for piece in answer.pieces if isinstance(piece, TextPiece)]
        assert "".join(piece.text for piece in texts) == f"You said: {question}"
        assert [piece.due_us for piece in texts[:2]] == [200_000, 230_000]


class TestTime:
    TIMED = ModelAnswer(None, (TextPiece("Hel", 100_000), TextPiece("lo.", 250_000)))

    @pytest.mark.parametrize(
        ("speed", "deadlines"), [(1, [100, 250]), (2, [50, 125]), (0.5, [200, 500])]
    )
    async def test_pieces_come_at_their_time(self, speed: float, deadlines: list[int]) -> None:
        clock = WatchedClock()
        async with (
            standing_in(self.TIMED, speed=speed, clock=clock) as address,
            httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
        ):

            async def received() -> list[str]:
                body = asking(CHAT, stream=True)
                async with http.stream("POST", address.http(CHAT), json=body) as response:
                    return [line async for line in response.aiter_lines() if line]

            asking_task = spawn(received(), name="a client")
            for deadline_ms in deadlines:
                await clock.asleep_until(1000 * deadline_ms)
                clock.advance_us(1000 * deadline_ms - clock.now_us())
            assert (await asking_task)[-1] == "data: [DONE]"
        assert clock.deadlines == {1000 * ms for ms in deadlines}

    async def test_without_pace_nobody_waits(self) -> None:
        async with standing_in(self.TIMED, clock=ManualClock()) as address:
            assert "[DONE]" in (await post(address, CHAT, stream=True)).text

    async def test_a_whole_answer_comes_when_its_last_piece_would(self) -> None:
        clock = WatchedClock()
        async with standing_in(self.TIMED, speed=1, clock=clock) as address:
            asking_task = spawn(post(address, MESSAGES), name="a client")
            await clock.asleep_until(250_000)
            clock.advance_us(250_000)
            assert (await asking_task).json()["content"][0]["text"] == "Hello."

    async def test_a_refusal_comes_when_it_came(self) -> None:
        clock = WatchedClock()
        failure = AnswerFailure("", "Too fast.", 429, in_stream=False)
        refusal = ModelAnswer(None, (), failure=failure, ends_us=70_000)
        async with standing_in(refusal, speed=1, clock=clock) as address:
            asking_task = spawn(post(address, CHAT), name="a client")
            await clock.asleep_until(70_000)
            clock.advance_us(70_000)
            assert (await asking_task).status_code == 429


class TestHttp:
    @pytest.mark.parametrize(
        ("path", "header"),
        [(CHAT, "x-request-id"), (RESPONSES, "x-request-id"), (MESSAGES, "request-id")],
    )
    async def test_headers(self, path: str, header: str) -> None:
        async with standing_in() as address:
            whole = await post(address, path)
            stream = await post(address, path, stream=True)
        assert whole.headers["content-type"] == "application/json"
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["transfer-encoding"] == "chunked"
        assert whole.headers[header] != stream.headers[header]

    async def test_ids_of_requests_are_new_each_time(self) -> None:
        ids: list[str] = []
        async with (
            standing_in() as address,
            httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
        ):
            for _ in range(2):
                models = await http.get(address.http("/v1/models"))
                counted = await post(address, f"{MESSAGES}/count_tokens")
                refused = await post(address, CHAT, messages=[])
                ids += [counted.headers["request-id"]]
                ids += [r.headers["x-request-id"] for r in (models, refused)]
                ids += [(await post(address, MESSAGES)).headers["request-id"]]
        assert len(set(ids)) == len(ids) == 8

    @pytest.mark.parametrize("faults", [["overloaded=#4"], ["overloaded=#7", "duplicate"]])
    async def test_numbers_of_responses_run_through_an_error(self, faults: list[str]) -> None:
        async with standing_in(faults=faults) as address:
            stream = await post(address, RESPONSES, stream=True)
        numbers = [json.loads(data)["sequence_number"] for _, data in events_in(stream.content)]
        assert list(dict.fromkeys(numbers)) == [0, 1, 2, 3]
        assert numbers.count(3) == 1

    async def test_the_same_is_answered_to_the_same_each_time(self) -> None:
        bodies: list[bytes] = []
        for _ in range(2):
            async with standing_in(clock=ManualClock()) as address:
                bodies.append((await post(address, CHAT, stream=True)).content)
        assert bodies[0] == bodies[1]

    @pytest.mark.parametrize("path", [CHAT, RESPONSES])
    async def test_answers_are_dated_by_the_time_of_day(self, path: str) -> None:
        before_s = int(time.time())
        async with standing_in() as address:
            answer = await post(address, path)
        fields = answer.json()
        dated_s = parsedate_to_datetime(answer.headers["date"]).timestamp()
        created_s = fields["created" if path == CHAT else "created_at"]
        assert before_s <= created_s <= dated_s <= time.time()

    async def test_answers_are_dated_by_the_manual_clock(self) -> None:
        clock = ManualClock(2_000_000)
        async with standing_in(clock=clock) as address:
            first = await post(address, CHAT)
            stored = (await post(address, RESPONSES)).json()
            clock.advance_us(60_000_000)
            second = await post(address, CHAT)
            async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
                fetched = (await http.get(address.http(f"{RESPONSES}/{stored['id']}"))).json()
        created_s = [answer.json()["created"] for answer in (first, second)]
        assert created_s == [CREATED_S + 2, CREATED_S + 62]
        assert first.headers["date"] == "Thu, 01 Jan 2026 00:00:02 GMT"
        assert second.headers["date"] == "Thu, 01 Jan 2026 00:01:02 GMT"
        assert fetched["created_at"] == fetched["completed_at"] == CREATED_S + 2

    async def test_one_connection_serves_many_requests(self) -> None:
        async with standing_in() as address:
            port = int(address.http().rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for stream in (False, True, False):
                body = json.dumps(asking(CHAT, stream=stream)).encode()
                head = f"POST {CHAT}?beta=1 HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {len(body)}"
                writer.write(head.encode() + b"\r\n\r\n" + body)
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
                end = b"data: [DONE]\n\n\r\n0\r\n\r\n" if stream else b"}}}"
                await reader.readuntil(end)
            writer.close()

    async def test_recorded_chunks_are_on_the_wire_as_they_were(self) -> None:
        raw = '{ "choices" : [{"delta":{"content":"né"},"finish_reason":"stop"}], "x":1.10}'
        recorded = ModelAnswer(None, (RawPiece(raw),), provider="openai")
        async with standing_in(recorded) as address:
            stream = await post(address, CHAT, stream=True)
        assert stream.content == f"data: {raw}\n\ndata: [DONE]\n\n".encode()


class TestWordlessFailures:
    @pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
    async def test_cut_before_anything_came(self, path: str) -> None:
        failure = AnswerFailure(CUT, "", 0, in_stream=False)
        async with standing_in(ModelAnswer(None, (), failure=failure)) as address:
            with pytest.raises(httpx2.RemoteProtocolError):
                await post(address, path, stream=True)

    async def test_cut_in_the_stream(self) -> None:
        failure = AnswerFailure(CUT, "", 0, in_stream=True)
        async with standing_in(ModelAnswer(None, HELLO.pieces, failure=failure)) as address:
            with pytest.raises(httpx2.RemoteProtocolError, match="incomplete"):
                await post(address, CHAT, stream=True)
            with pytest.raises(httpx2.RemoteProtocolError):
                await post(address, CHAT)

    async def test_an_unfinished_stream_ends_in_good_order(self) -> None:
        failure = AnswerFailure(UNFINISHED, "", 0, in_stream=True)
        async with standing_in(ModelAnswer(None, HELLO.pieces, failure=failure)) as address:
            stream = await post(address, CHAT, stream=True)
        assert '"content":"."' in stream.text
        assert "[DONE]" not in stream.text
        assert '"finish_reason":"stop"' not in stream.text

    @pytest.mark.parametrize("in_stream", [False, True])
    async def test_silence_until_the_client_goes(self, in_stream: bool) -> None:
        failure = AnswerFailure(SILENT, "", 0, in_stream=in_stream)
        async with (
            standing_in(ModelAnswer(None, HELLO.pieces, failure=failure)) as address,
            httpx2.AsyncClient(verify=NO_TLS, timeout=httpx2.Timeout(5, read=0.2)) as http,
        ):
            with pytest.raises(httpx2.ReadTimeout):
                await http.post(address.http(CHAT), json=asking(CHAT, stream=True))


class TestUnstreamedFaults:
    @pytest.mark.parametrize("path", [CHAT, RESPONSES, MESSAGES])
    @pytest.mark.parametrize("fault", ["sse-cut", "drop=9", "reset=9", "malformed-chunk"])
    async def test_a_body_that_breaks_off(self, path: str, fault: str) -> None:
        async with standing_in(faults=[fault]) as address:
            with pytest.raises(httpx2.TransportError):
                await post(address, path)

    async def test_rubbish_is_no_json(self) -> None:
        async with standing_in(faults=["rubbish"]) as address:
            response = await post(address, MESSAGES)
        with pytest.raises(ValueError, match=r"."):
            response.json()

    async def test_an_overload_is_a_refusal(self) -> None:
        async with standing_in(faults=["overloaded", "duplicate", "unknown-type"]) as address:
            assert (await post(address, MESSAGES)).status_code == 529
            overload = await post(address, CHAT)
        assert overload.status_code == 503
        assert overload.json()["error"]["code"] == "server_is_overloaded"

    async def test_a_fault_strikes_the_request_it_names(self) -> None:
        async with standing_in(faults=["refuse=503@1"]) as address:
            statuses = [(await post(address, CHAT)).status_code for _ in range(3)]
        assert statuses == [200, 503, 200]


class Written:
    """A `Reply` that keeps what it is told."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.ended = False

    async def start(self, status: int, headers: object) -> None:
        assert not self.status
        self.status = status

    async def send(self, data: bytes) -> None:
        assert not self.ended
        self.body += data

    async def end(self) -> None:
        self.ended = True

    async def spoil(self) -> None:
        raise ClientGone

    def cut(self, *, reset: bool = False) -> None:
        raise ClientGone


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["user", "assistant", "text", "input_text", "tool_result", "auto"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "citations"]) | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
fields = [
    "model",
    "messages",
    "input",
    "stream",
    "stream_options",
    "n",
    "max_tokens",
    "system",
    "tools",
    "instructions",
    "metadata",
    "previous_response_id",
    "temperature",
]
bodies = st.dictionaries(st.sampled_from(fields), anything) | anything


def near_miss(path: str, changed: dict[str, object]) -> dict[str, object]:
    return {**asking(path), **changed}


near_misses = st.builds(
    near_miss,
    st.sampled_from([CHAT, RESPONSES, MESSAGES]),
    st.dictionaries(st.sampled_from(fields), anything, max_size=3),
)


class TestWhateverIsAsked:
    """Never a crash: an answer, or an error in the provider's shape."""

    @settings(deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(bodies | near_misses)
    def test_json(self, body: object) -> None:
        sent = json.dumps(body).encode()
        for path in (CHAT, RESPONSES, MESSAGES):
            self.check(path, sent)

    @settings(deadline=None)
    @given(st.binary(max_size=60))
    def test_bytes(self, body: bytes) -> None:
        for path in (CHAT, RESPONSES, MESSAGES):
            self.check(path, body)

    @pytest.mark.parametrize(
        "body",
        [
            b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}],"input":"\\ud800",'
            b'"max_tokens":9,"metadata":{"a":"\\udfff"}}',
            b'{"model":"m","messages":' + b"[" * 900 + b"]" * 900 + b"}",
            b'{"model":"m","input":' + b"[" * 90_000 + b"]" * 90_000 + b"}",
            b'{"n":' + b"9" * 9000 + b"}",
            b'{"model":"m","messages":[{"role":"\\ud800","content":1}],"input":{}}',
        ],
    )
    def test_oddities(self, body: bytes) -> None:
        for path in (CHAT, RESPONSES, MESSAGES):
            self.check(path, body)

    def check(self, path: str, body: bytes) -> None:
        standin = ModelStandin(RecordedOrder([HELLO]), ModelOptions(speed=0), ManualClock())
        handler = standin.routes().handlers["POST", path]
        headers = (("anthropic-version", "2023-06-01"),)
        reply = Written()
        asyncio.run(self.handled(handler(Request("POST", path, "", headers, body), reply)))
        assert reply.ended
        if reply.status == 200:
            assert b'"H' in reply.body, "the first token at least"
            return
        assert reply.status == 400
        error = json.loads(reply.body)["error"]
        assert error["type"] == "invalid_request_error"
        assert error["message"]

    async def handled(self, handling: Any) -> None:
        await handling
