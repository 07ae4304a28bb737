"""Whatever the answer: the official clients put together what was put in.

The bytes go into the clients as a server's would, without a server, because there are hundreds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, Self

import anthropic
import httpx2
import openai
from anthropic.types import TextBlock, ThinkingBlock, ToolUseBlock
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.llm.answer import (
    ANTHROPIC,
    OPENAI,
    OPENAI_RESPONSES,
    AnswerPiece,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.answer_blocks import plain_pieces
from gramophone.wire.llm.anthropic_messages import MessagesRequest, message_events, render_message
from gramophone.wire.llm.openai_chat import ChatRequest, chat_events, render_chat
from gramophone.wire.llm.openai_responses import parse_responses, render_response, response_events
from gramophone.wire.sse import Timed
from tests.support.deadlines import HANG_S
from tests.support.sse_reading import events_in

CHAT = ChatRequest("m", "Hello?", True, True, 5)
RESPONSES = parse_responses(b'{"model": "m", "input": "Hello?"}')
MESSAGES = MessagesRequest("m", "Hello?", True, 5)

# The clients are loaded by the first example.
timeless = settings(deadline=None, max_examples=40)

texts = st.text(max_size=12)
delays = st.integers(0, 9)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def calls(draw: st.DrawFn) -> list[list[ToolPiece]]:
    """A few calls, the arguments of each cut anywhere."""
    tool_calls: list[list[ToolPiece]] = []
    for index in draw(st.lists(st.integers(0, 20), unique=True, max_size=3)):
        ascii_only = draw(st.booleans())
        arguments = json.dumps(
            draw(st.dictionaries(texts, values, max_size=3)), ensure_ascii=ascii_only
        )
        cuts = sorted(draw(st.lists(st.integers(0, len(arguments)), max_size=4)))
        ends = [0, *cuts, len(arguments)]
        id_ = draw(st.sampled_from(["", f"call_{index}"]))
        parts = [arguments[a:b] for a, b in pairwise(ends)]
        first = ToolPiece(index, id_, f"tool{index}", parts[0], draw(delays))
        tool_calls.append([first, *(ToolPiece(index, "", "", p, draw(delays)) for p in parts[1:])])
    return tool_calls


@st.composite
def answers(draw: st.DrawFn) -> ModelAnswer:
    """Text, thoughts and calls in any order; the pieces of a call keep theirs."""
    text = st.builds(TextPiece, texts, delays)
    thought = st.builds(ThinkingPiece, texts, st.sampled_from(["", "EqQB"]), delays)
    lanes: list[list[AnswerPiece]] = [
        [piece] for piece in draw(st.lists(text | thought, max_size=6))
    ]
    lanes += [list[AnswerPiece](call) for call in draw(calls())]
    pieces: list[AnswerPiece] = []
    while lanes:
        lane = draw(st.sampled_from(lanes))
        pieces.append(lane.pop(0))
        lanes = [lane for lane in lanes if lane]
    return ModelAnswer(None, tuple(pieces))


def text_of(answer: ModelAnswer) -> str:
    return "".join(piece.text for piece in answer.pieces if isinstance(piece, TextPiece))


def plain_text_of(recording: ModelAnswer) -> str:
    """Text of a recording as every other provider's protocol gives it."""
    return "".join(p.text for p in plain_pieces(recording) if isinstance(p, TextPiece))


def without_spaces(text: str) -> str:
    """The text without what stands between words: readers part blocks of text by some."""
    return "".join(text.split())


def called(answer: ModelAnswer) -> list[tuple[str, str]]:
    """Names and whole arguments, in the order in which the calls begin."""
    whole: dict[int, tuple[str, str]] = {}
    for piece in answer.pieces:
        if isinstance(piece, ToolPiece):
            name, arguments = whole.get(piece.index, ("", ""))
            whole[piece.index] = (name + piece.name, arguments + piece.arguments)
    return list(whole.values())


class Wire:
    """Gives both clients, which take long to make, the bytes that a server would send."""

    def __init__(self) -> None:
        self._bytes, self._content_type = b"", ""
        transport = httpx2.MockTransport(self._respond)
        self.openai = openai.OpenAI(
            api_key="k",
            base_url="http://standin/v1",
            http_client=httpx2.Client(transport=transport, timeout=HANG_S),
        )
        self.anthropic = anthropic.Anthropic(
            api_key="k",
            base_url="http://standin",
            http_client=httpx2.Client(transport=transport, timeout=HANG_S),
        )

    def stream(self, events: list[Timed]) -> Self:
        self._bytes = b"".join(event for _, event in events)
        self._content_type = "text/event-stream"
        return self

    def whole(self, body: bytes) -> Self:
        self._bytes, self._content_type = body, "application/json"
        return self

    def _respond(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            200, headers={"content-type": self._content_type}, content=self._bytes
        )


wire = cache(Wire)

QUESTION: Any = [{"role": "user", "content": "Hello?"}]


def chat_streamed(events: list[Timed]) -> tuple[str, list[tuple[str, str]]]:
    with (
        wire().stream(events).openai.chat.completions.stream(model="m", messages=QUESTION) as stream
    ):
        message = stream.get_final_completion().choices[0].message
    return message.content or "", [
        (call.function.name, call.function.arguments) for call in message.tool_calls or []
    ]


def responses_streamed(events: list[Timed]) -> tuple[str, list[tuple[str, str]]]:
    with wire().stream(events).openai.responses.stream(model="m", input="Hello?") as stream:
        response = stream.get_final_response()
    return response.output_text, [
        (item.name, item.arguments) for item in response.output if item.type == "function_call"
    ]


def messages_streamed(events: list[Timed]) -> anthropic.types.Message:
    with (
        wire()
        .stream(events)
        .anthropic.messages.stream(model="m", max_tokens=9, messages=QUESTION) as stream
    ):
        return stream.get_final_message()


def texts_in(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if isinstance(block, TextBlock))


def calls_in(message: anthropic.types.Message) -> list[tuple[str, object]]:
    return [(b.name, b.input) for b in message.content if isinstance(b, ToolUseBlock)]


def as_inputs(calls: list[tuple[str, str]]) -> list[tuple[str, object]]:
    return [(name, json.loads(arguments)) for name, arguments in calls]


def in_provider_words(events: list[Timed], provider: str) -> ModelAnswer:
    """The same answer as a recording of it."""
    stream = b"".join(event for _, event in events)
    raw: Iterator[str] = (data for _, data in events_in(stream) if data != "[DONE]")
    return ModelAnswer(None, tuple(map(RawPiece, raw)), provider=provider)


class TestStreams:
    @timeless
    @given(answers())
    def test_chat_completions(self, answer: ModelAnswer) -> None:
        assert chat_streamed(chat_events(answer, CHAT, 0)) == (text_of(answer), called(answer))

    @timeless
    @given(answers())
    def test_responses(self, answer: ModelAnswer) -> None:
        events = response_events(answer, RESPONSES, 0)
        assert responses_streamed(events) == (text_of(answer), called(answer))

    @timeless
    @given(answers())
    def test_messages(self, answer: ModelAnswer) -> None:
        message = messages_streamed(message_events(answer, MESSAGES, 0))
        assert texts_in(message) == text_of(answer)
        assert calls_in(message) == as_inputs(called(answer))
        thoughts = [block for block in message.content if isinstance(block, ThinkingBlock)]
        assert "".join(block.thinking for block in thoughts) == "".join(
            piece.text for piece in answer.pieces if isinstance(piece, ThinkingPiece)
        )
        assert all(block.signature for block in thoughts)


class TestWhole:
    @timeless
    @given(answers())
    def test_chat_completions(self, answer: ModelAnswer) -> None:
        body = render_chat(answer, CHAT, 0)
        whole = wire().whole(body).openai.chat.completions.create(model="m", messages=QUESTION)
        message = whole.choices[0].message
        assert (message.content or "") == text_of(answer)
        assert [
            (call.function.name, call.function.arguments)
            for call in message.tool_calls or []
            if call.type == "function"
        ] == called(answer)

    @timeless
    @given(answers())
    def test_responses(self, answer: ModelAnswer) -> None:
        body = render_response(answer, RESPONSES, 0)
        whole = wire().whole(body).openai.responses.create(model="m", input="Hello?")
        assert whole.output_text == text_of(answer)

    @timeless
    @given(answers())
    def test_messages(self, answer: ModelAnswer) -> None:
        body = render_message(answer, MESSAGES, 0)
        whole = (
            wire().whole(body).anthropic.messages.create(model="m", max_tokens=9, messages=QUESTION)
        )
        assert texts_in(whole) == text_of(answer)
        assert calls_in(whole) == as_inputs(called(answer))


class TestAcross:
    """An answer recorded in one provider's words and asked for in another's."""

    @timeless
    @given(answers())
    def test_from_chat_completions(self, answer: ModelAnswer) -> None:
        recording = in_provider_words(chat_events(answer, CHAT, 0), OPENAI)
        message = messages_streamed(message_events(recording, MESSAGES, 0))
        assert texts_in(message) == text_of(answer)
        assert calls_in(message) == as_inputs(called(answer))

    @timeless
    @given(answers())
    def test_from_messages(self, answer: ModelAnswer) -> None:
        recording = in_provider_words(message_events(answer, MESSAGES, 0), ANTHROPIC)
        text, calls = responses_streamed(response_events(recording, RESPONSES, 0))
        assert text == plain_text_of(recording)
        assert without_spaces(text) == without_spaces(text_of(answer))
        assert calls == called(answer)

    @timeless
    @given(answers())
    def test_from_responses(self, answer: ModelAnswer) -> None:
        recording = in_provider_words(response_events(answer, RESPONSES, 0), OPENAI_RESPONSES)
        text, calls = chat_streamed(chat_events(recording, CHAT, 0))
        assert text == plain_text_of(recording)
        assert without_spaces(text) == without_spaces(text_of(answer))
        assert calls == called(answer)

    @timeless
    @given(answers(), st.integers(1, 30))
    def test_a_recording_that_breaks_off_anywhere(
        self, answer: ModelAnswer, first_events: int
    ) -> None:
        """Is ended well, and says no more than it said."""
        for provider, events in (
            (OPENAI, chat_events(answer, CHAT, 0)[:first_events]),
            (OPENAI_RESPONSES, response_events(answer, RESPONSES, 0)[:first_events]),
            (ANTHROPIC, message_events(answer, MESSAGES, 0)[:first_events]),
        ):
            recording = in_provider_words(events, provider)
            text = plain_text_of(recording)
            if provider == ANTHROPIC:
                received = texts_in(messages_streamed(message_events(recording, MESSAGES, 0)))
            elif provider == OPENAI:
                received = chat_streamed(chat_events(recording, CHAT, 0))[0]
                assert received == text
            else:
                received = responses_streamed(response_events(recording, RESPONSES, 0))[0]
            assert without_spaces(received) == without_spaces(text)
