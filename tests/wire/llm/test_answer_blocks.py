"""What an answer says, in whatever words it was recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.llm.answer import (
    ANTHROPIC,
    OPENAI,
    OPENAI_RESPONSES,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.answer_blocks import (
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    blocks_of,
    call_input,
    plain_pieces,
)
from tests.support.model_servers import anthropic_events, openai_chunks


def recorded(provider: str, *chunks: dict[str, Any]) -> ModelAnswer:
    raw = (RawPiece(json.dumps(chunk), 10 * n) for n, chunk in enumerate(chunks))
    return ModelAnswer(None, tuple(raw), provider=provider)


class TestRecordedWords:
    def test_chunks_of_chat_completions(self) -> None:
        call = {"index": 4, "id": "call_a", "function": {"name": "look", "arguments": ""}}
        more = {"index": 4, "function": {"arguments": "{}"}}
        answer = recorded(
            OPENAI,
            *openai_chunks(
                {"reasoning_content": "Hm."},
                {"content": "Hello."},
                {"tool_calls": [call]},
                {"tool_calls": [more]},
            ),
        )
        assert plain_pieces(answer) == (
            ThinkingPiece("Hm.", "", 10),
            TextPiece("Hello.", 20),
            ToolPiece(0, "call_a", "look", "", 30),
            ToolPiece(0, "", "", "{}", 40),
        )

    def test_a_whole_chat_completion(self) -> None:
        call = {"id": "call_a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        message = {"role": "assistant", "content": "Hi", "tool_calls": [call]}
        answer = recorded(OPENAI, {"choices": [{"index": 0, "message": message}]})
        assert plain_pieces(answer) == (TextPiece("Hi"), ToolPiece(0, "call_a", "f", "{}"))

    def test_events_of_messages(self) -> None:
        answer = recorded(ANTHROPIC, *anthropic_events("Hel", "lo", thinking="Hm."))
        text = "".join(p.text for p in plain_pieces(answer) if isinstance(p, TextPiece))
        (thoughts, _) = blocks_of(answer)
        assert text == "Hello"
        assert isinstance(thoughts, ThinkingBlock)
        assert (thoughts.text, thoughts.signature) == ("Hm.", "EqQB")

    def test_a_call_in_messages(self) -> None:
        block: dict[str, Any] = {"type": "tool_use", "id": "toolu_a", "name": "look", "input": {}}
        partial = {"type": "input_json_delta", "partial_json": '{"a":1}'}
        answer = recorded(
            ANTHROPIC,
            {"type": "content_block_start", "index": 1, "content_block": block},
            {"type": "content_block_delta", "index": 1, "delta": partial},
        )
        assert plain_pieces(answer) == (
            ToolPiece(0, "toolu_a", "look", "", 0),
            ToolPiece(0, "", "", '{"a":1}', 10),
        )

    def test_a_whole_message(self) -> None:
        content = [
            {"type": "text", "text": "Hi"},
            {"type": "tool_use", "id": "toolu_a", "name": "look", "input": {"a": 1}},
        ]
        answer = recorded(ANTHROPIC, {"type": "message", "content": content})
        assert plain_pieces(answer) == (
            TextPiece("Hi"),
            ToolPiece(0, "toolu_a", "look", '{"a":1}'),
        )

    def test_events_of_responses(self) -> None:
        item = {"type": "function_call", "call_id": "call_a", "name": "look", "arguments": ""}
        answer = recorded(
            OPENAI_RESPONSES,
            {"type": "response.reasoning_summary_text.delta", "delta": "Hm.", "output_index": 0},
            {"type": "response.output_text.delta", "delta": "Hi", "output_index": 1},
            {"type": "response.output_item.added", "output_index": 2, "item": item},
            {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
            {"type": "response.output_item.done", "output_index": 2, "item": item},
        )
        assert plain_pieces(answer) == (
            ThinkingPiece("Hm.", "", 0),
            TextPiece("Hi", 10),
            ToolPiece(0, "call_a", "look", "", 20),
            ToolPiece(0, "", "", "{}", 30),
        )

    @pytest.mark.parametrize("rubbish", ["", "{", "[]", "7", '{"choices": 3}', '{"type": 1}'])
    def test_rubbish_says_nothing(self, rubbish: str) -> None:
        assert plain_pieces(ModelAnswer(None, (RawPiece(rubbish),), provider=OPENAI)) == ()


class TestBlocks:
    def test_text_without_a_break_is_one_block(self) -> None:
        answer = ModelAnswer(None, (TextPiece("a"), TextPiece(""), TextPiece("b")))
        (block,) = blocks_of(answer)
        assert isinstance(block, TextBlock)
        assert block.text == "ab"

    def test_calls_that_come_crosswise_are_put_in_order(self) -> None:
        answer = ModelAnswer(
            None,
            (
                ToolPiece(7, "a", "first", "{", 1),
                ToolPiece(2, "b", "second", "{", 2),
                TextPiece("and", 3),
                ToolPiece(7, "", "", "}", 4),
                ToolPiece(2, "", "", "}", 5),
            ),
        )
        first, second, text = blocks_of(answer)
        assert isinstance(first, ToolBlock)
        assert isinstance(second, ToolBlock)
        assert (first.index, first.id, first.name, first.arguments) == (0, "a", "first", "{}")
        assert (second.index, second.id, second.name, second.arguments) == (1, "b", "second", "{}")
        assert isinstance(text, TextBlock)

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ("", {}),
            (" {} ", {}),
            ('{"a": 1}', {"a": 1}),
            ("[1]", {"arguments": "[1]"}),
            ("{", {"arguments": "{"}),
        ],
    )
    def test_arguments_become_an_object(self, arguments: str, expected: dict[str, object]) -> None:
        assert call_input(arguments) == expected
