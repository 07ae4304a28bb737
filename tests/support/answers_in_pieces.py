"""Turns whose answer comes in pieces, in the chunks of every protocol of language models."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    ModelFinished,
    SessionEnded,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from tests.support.builders import session_started

SOUND = bytes(48_000)


CHUNKS: dict[str, Callable[[str], dict[str, Any]]] = {
    "chat": lambda text: {"choices": [{"index": 0, "delta": {"content": text}}]},
    "thoughts": lambda text: {"choices": [{"index": 0, "delta": {"reasoning_content": text}}]},
    "call": lambda text: {
        "choices": [
            {"index": 0, "delta": {"tool_calls": [{"index": 1, "function": {"arguments": text}}]}}
        ]
    },
    "completion": lambda text: {"choices": [{"index": 0, "text": text}]},
    "messages": lambda text: {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": text},
    },
    "messages thoughts": lambda text: {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": text},
    },
    "messages call": lambda text: {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": text},
    },
    "responses": lambda text: {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": text,
    },
    "responses call": lambda text: {
        "type": "response.function_call_arguments.delta",
        "output_index": 1,
        "delta": text,
    },
}


def answered(pieces: Sequence[str], chunk: Callable[[str], dict[str, Any]]) -> list[Event]:
    """A turn whose answer comes in these pieces and goes on to the speech service in them."""
    whole, at_us = "".join(pieces), 0
    events: list[Event] = [
        session_started(),
        TurnStarted(at_us=0, turn=0, role="user", text=whole),
        TurnCompleted(at_us=0, turn=0, role="user", text=whole, finish_reason="sent"),
        TurnStarted(at_us=1, turn=1, role="assistant"),
    ]
    start = 0
    for number, piece in enumerate(pieces):
        at_us += 10
        spoken = json.dumps({"type": "Speak", "text": piece})
        end = start + len(piece)
        events += [
            ModelChunkReceived(at_us=at_us, turn=1, raw=json.dumps(chunk(piece))),
            DeltaReceived(at_us=at_us + 1, turn=1, text=piece),
            TextSpoken(
                at_us=at_us + 2,
                turn=1,
                chunk=number,
                text=piece,
                source_start=start,
                source_end=end,
            ),
            FrameSent(at_us=at_us + 3, connection=0, text=spoken),
            FrameReceived(at_us=at_us + 4, connection=0, text=spoken),
        ]
        start = end
    return [
        *events,
        ModelFinished(at_us=at_us + 5, turn=1, reason="stop"),
        FlushSent(at_us=at_us + 5, turn=1, flush=0, last_chunk=len(pieces) - 1),
        AudioReceived(
            at_us=at_us + 6,
            turn=1,
            connection=0,
            offset_bytes=0,
            size_bytes=len(SOUND),
            pcm=SOUND,
        ),
        FlushAnswered(at_us=at_us + 6, turn=1, flush=0, end_samples=len(SOUND) // 2),
        TurnCompleted(at_us=at_us + 6, turn=1, role="assistant", text=whole, finish_reason="stop"),
        SessionEnded(at_us=at_us + 7),
    ]
