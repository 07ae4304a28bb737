"""Anything at all as a text frame, to the service's side of both versions of Speak."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.server_actions import (
    CloseConnection,
    SendText,
    ServerProtocol,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v1.messages import Metadata
from gramophone.wire.deepgram.speak_v1.messages import render as render_v1
from gramophone.wire.deepgram.speak_v1.server import SpeakServer
from gramophone.wire.deepgram.speak_v2.messages import Connected, render
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.server import SpeakV2Server

MessageT = TypeVar("MessageT")

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["Speak", "Flush", "Clear", "Interrupt", "Configure", "Close"])},
    optional={
        "text": st.text(max_size=30) | values,
        "speed": st.floats() | values,
        "playback_offset": values
        | st.fixed_dictionaries({"type": st.just("time_ms"), "value": values}),
        "speech_id": values,
    },
)


def written(value: dict[str, Any]) -> str:
    return json.dumps(value)


frames = st.one_of(
    messages.map(written),
    messages.map(written),
    messages.map(written).flatmap(
        lambda text: st.integers(0, len(text)).map(lambda end: text[:end])
    ),
    values.map(json.dumps),
    st.text(max_size=30),
)


def play(
    server: ServerProtocol[MessageT],
    write: Callable[[MessageT], str],
    received: Sequence[str | bytes],
    finishing: bool,
) -> None:
    """All of it to the end; nothing may come behind the end."""
    server.opened(0)
    hangups = 0
    for frame in received:
        if isinstance(frame, str):
            actions = server.text_received(frame, 0)
        else:
            actions = server.binary_received()
        while actions:
            jobs = [action.job for action in actions if isinstance(action, StartSynthesis)]
            for action in actions:
                assert hangups == 0
                if isinstance(action, SendText):
                    write(action.message).encode()
                hangups += isinstance(action, CloseConnection)
            actions = server.synthesised(jobs[-1]) if jobs and finishing else ()
    assert hangups <= 1


@settings(deadline=None)
@given(st.lists(frames | st.binary(max_size=4), max_size=20), st.booleans())
def test_v2_never_breaks_and_ends_once(received: list[str | bytes], finishing: bool) -> None:
    server = SpeakV2Server(Connected("r", "m", "1", ()), FluxParameters(model="flux-haley-en"))
    play(server, render, received, finishing)


@settings(deadline=None)
@given(st.lists(frames | st.binary(max_size=4), max_size=20), st.booleans())
def test_v1_never_breaks_and_ends_once(received: list[str | bytes], finishing: bool) -> None:
    play(SpeakServer(Metadata("r", "m", "1", "u")), render_v1, received, finishing)
