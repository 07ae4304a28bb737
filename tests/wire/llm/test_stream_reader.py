"""The reader of what providers send, on all answers of `fixtures/answers`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fixtures.answers import COMMON, PROTOCOLS, Case, all_cases, cases, events_of
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.stream_parts import (
    AnswerPart,
    EndPart,
    ErrorPart,
    GiveBackPart,
    UsagePart,
)
from gramophone.wire.llm.stream_reader import StreamReader

CASES = [
    pytest.param(case, id=f"{protocol}-{case['name']}")
    for protocol, case in all_cases()
    if "tags" not in case
]


def parts_of(events: list[dict[str, Any]]) -> list[AnswerPart]:
    reader = StreamReader()
    return [*(part for event in events for part in reader.read(event)), *reader.end()]


def calls_in(parts: list[AnswerPart]) -> list[dict[str, Any]]:
    calls: dict[int, dict[str, Any]] = {}
    for part in parts:
        if isinstance(part, ToolPiece):
            call = calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
            call["id"] += part.id
            call["name"] += part.name
            call["arguments"] += part.arguments
            if part.give_back:
                call["give_back"] = json.loads(part.give_back)
    assert list(calls) == list(range(len(calls)))
    return list(calls.values())


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_read(case: Case) -> None:
    parts = parts_of(events_of(case))
    texts = [part for part in parts if isinstance(part, TextPiece)]
    assert "".join(part.text for part in texts) == case["text"]
    assert any(part.refusal for part in texts) == case.get("refusal", False)
    thoughts = (part.text for part in parts if isinstance(part, ThinkingPiece))
    assert "".join(thoughts) == case.get("thought", "")
    assert calls_in(parts) == case.get("calls", [])
    items = [json.loads(part.item) for part in parts if isinstance(part, GiveBackPart)]
    assert items == case.get("give_back", [])
    usage = [part for part in parts if isinstance(part, UsagePart)]
    assert usage[-1:] == [UsagePart(*case["usage"])] if "usage" in case else not usage
    errors = [part.message for part in parts if isinstance(part, ErrorPart)]
    assert [case["error"] in error for error in errors] == ([True] if "error" in case else [])
    if "done" not in case:
        ends = [part.reason for part in parts if isinstance(part, EndPart)]
        assert ends == ([case["finish"]] if case.get("finish") else [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_the_common_cases(protocol: str) -> None:
    names = [case["name"] for case in cases(protocol)]
    assert len(set(names)) == len(names)
    assert set(names) >= COMMON
