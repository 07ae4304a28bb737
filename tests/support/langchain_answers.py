"""Answers of `fixtures/answers` as a chat model of LangChain streams them: in its own chunks."""

# pyright: basic, reportMissingImports=false, reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fixtures.answers import Case

_PIECE_CHARS = 3


def is_langchains(case: Case) -> bool:
    """Whether LangChain's chunks can have all that this case is about.

    A model's refusal, an error in the stream and a whole body are its packages' own affair.
    """
    return not any(name in case for name in ("refusal", "error", "whole"))


def message_chunks(protocol: str, case: Case) -> Iterator[Any]:
    """The chunks of a case, as LangChain's package for this protocol makes them.

    Thoughts are `reasoning_content` of Chat Completions, blocks of type `thinking` of Messages, and
    summaries in blocks of type `reasoning` of Responses.
    """
    from langchain_core.messages import AIMessageChunk

    yield AIMessageChunk("")
    for thought in _thoughts(case):
        match protocol:
            case "chat":
                yield AIMessageChunk("", additional_kwargs={"reasoning_content": thought})
            case "messages":
                block = {"type": "thinking", "thinking": thought, "index": 0}
                yield AIMessageChunk([block])
            case _:
                summary = [{"type": "summary_text", "text": thought, "index": 0}]
                yield AIMessageChunk([{"type": "reasoning", "summary": summary, "index": 0}])
    for text in _texts(case):
        content = text if protocol == "chat" else [{"type": "text", "text": text, "index": 1}]
        yield AIMessageChunk(content)
    for index, call in enumerate(case.get("calls", [])):
        begun = {"index": index, "id": call["id"], "name": call["name"], "args": ""}
        yield AIMessageChunk("", tool_call_chunks=[begun])
        for arguments in _cut(call["arguments"]):
            part = {"index": index, "id": None, "name": None, "args": arguments}
            yield AIMessageChunk("", tool_call_chunks=[part])
    if case.get("finish"):
        key = "stop_reason" if protocol == "messages" else "finish_reason"
        yield AIMessageChunk("", response_metadata={key: case["finish"]})
    if "usage" in case:
        input_tokens, output_tokens = case["usage"]
        usage = {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        }
        yield AIMessageChunk("", usage_metadata=usage)


def _thoughts(case: Case) -> list[str]:
    # Those of tags stand in the text.
    return [] if "tags" in case else _cut(case.get("thought", ""))


def _texts(case: Case) -> list[str]:
    if "tags" not in case:
        return _cut(case["text"])
    choices = [choice for event in case["events"] for choice in event.get("choices", [])]
    return [choice["delta"].get("content") or "" for choice in choices if "delta" in choice]


def _cut(text: str) -> list[str]:
    starts = range(0, len(text), _PIECE_CHARS)
    return [text[start : start + _PIECE_CHARS] for start in starts]
