"""The words of Speak v2: every shape, both ways, and what cannot be understood."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Close,
    Configure,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    ControlsApplied,
    Errored,
    Flush,
    Flushed,
    Interrupt,
    ProtocolViolation,
    ServerMessage,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Unknown,
    Warned,
    parse_client,
    parse_server,
    render,
)

ID = "dg_sp_a1b2c3d4e5f6"
BODY = SpeechMetadata(ID, 2_340, 47, 45, ControlsApplied(2, 0, 1))
BODY_FIELDS = {
    "speech_id": ID,
    "audio_duration_ms": 2340,
    "input_character_count": 47,
    "billable_character_count": 45,
    "controls_applied": {
        "pronunciations_applied": 2,
        "breaks_applied": 0,
        "pronunciation_warnings": 1,
    },
}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Speak("Sure, "), {"type": "Speak", "text": "Sure, "}),
        (Flush(), {"type": "Flush"}),
        (Interrupt(), {"type": "Interrupt"}),
        (
            Interrupt(2340),
            {"type": "Interrupt", "playback_offset": {"type": "time_ms", "value": 2340}},
        ),
        (Configure(1.15), {"type": "Configure", "speed": 1.15}),
        (Configure(), {"type": "Configure"}),
        (Close(), {"type": "Close"}),
    ],
)
def test_what_a_client_says(message: ClientMessage, fields: dict[str, Any]) -> None:
    assert json.loads(render(message)) == fields
    assert parse_client(json.dumps(fields)) == message


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            Connected("r", "flux-haley-en", "2026.06.01", ("m-1", "m-2")),
            {
                "type": "Connected",
                "request_id": "r",
                "model_name": "flux-haley-en",
                "model_version": "2026.06.01",
                "model_uuids": ["m-1", "m-2"],
            },
        ),
        (SpeechStarted(ID), {"type": "SpeechStarted", "speech_id": ID}),
        (Flushed(ID), {"type": "Flushed", "speech_id": ID}),
        (BODY, {"type": "SpeechMetadata", **BODY_FIELDS}),
        (
            SpeechInterrupted(2340, BODY, "Sure.", " Let me"),
            {
                "type": "SpeechInterrupted",
                "audio_played_ms": 2340,
                "text_spoken": "Sure.",
                "text_remaining": " Let me",
                "metadata": BODY_FIELDS,
            },
        ),
        (
            SpeechInterrupted(2340, BODY),
            {"type": "SpeechInterrupted", "audio_played_ms": 2340, "metadata": BODY_FIELDS},
        ),
        (
            SessionMetadata(184_500, 4_280, 4_270),
            {
                "type": "SessionMetadata",
                "total_audio_duration_ms": 184_500,
                "total_input_character_count": 4_280,
                "total_billable_character_count": 4_270,
            },
        ),
        (ConfigureSuccess(1.15), {"type": "ConfigureSuccess", "applied": {"speed": 1.15}}),
        (ConfigureSuccess(None), {"type": "ConfigureSuccess", "applied": {}}),
        (
            ConfigureFailure("SPEED_OUT_OF_RANGE", "no", "speed", 3.5),
            {
                "type": "ConfigureFailure",
                "code": "SPEED_OUT_OF_RANGE",
                "description": "no",
                "field": "speed",
                "value": 3.5,
            },
        ),
        (
            ConfigureFailure("INTERNAL_ERROR", "no"),
            {"type": "ConfigureFailure", "code": "INTERNAL_ERROR", "description": "no"},
        ),
        (
            Warned("NO_ACTIVE_SPEECH", "none"),
            {"type": "Warning", "code": "NO_ACTIVE_SPEECH", "description": "none"},
        ),
        (
            Errored("NET-0004", "gone"),
            {"type": "Error", "code": "NET-0004", "description": "gone"},
        ),
    ],
)
def test_what_the_service_says(message: ServerMessage, fields: dict[str, Any]) -> None:
    assert json.loads(render(message)) == fields
    assert parse_server(json.dumps(fields)) == message


@pytest.mark.parametrize("text", ["", "Hello", "[]", "3", '{"type":', "null", "[" * 100_000])
def test_what_is_no_object_cannot_be_parsed(text: str) -> None:
    for parse in (parse_client, parse_server):
        with pytest.raises(ProtocolViolation, match="MESSAGE-0000"):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"type":"Clear"}',
        '{"type":"KeepAlive"}',
        '{"type":"Speak"}',
        '{"type":"Speak","text":3}',
        '{"type":"Configure","speed":"fast"}',
        '{"type":"Configure","speed":true}',
        '{"type":"Configure","speed":NaN}',
        '{"type":"Interrupt","speech_id":"dg_sp_1"}',
        '{"type":"Interrupt","playback_offset":2340}',
        '{"type":"Interrupt","playback_offset":{"type":"bytes","value":2340}}',
        '{"type":"Interrupt","playback_offset":{"type":"time_ms"}}',
        '{"type":"Interrupt","playback_offset":{"type":"time_ms","value":Infinity}}',
        f'{{"type":"Interrupt","playback_offset":{{"type":"time_ms","value":1{"0" * 400}}}}}',
    ],
)
def test_what_is_no_command_is_invalid(text: str) -> None:
    with pytest.raises(ProtocolViolation, match="DATA-0000"):
        parse_client(text)


def test_an_offset_that_is_null_is_none() -> None:
    assert parse_client('{"type":"Interrupt","playback_offset":null}') == Interrupt()


def test_an_unknown_message_is_kept_as_it_came() -> None:
    text = '{"type": "Applause", "volume": 11}'
    assert parse_server(text) == Unknown("Applause", text)
    assert render(Unknown("Applause", text)) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
names = st.sampled_from(
    ["type", "text", "speed", "playback_offset", "metadata", "applied", "model_uuids", "value"]
)
kinds = st.sampled_from(
    ["Speak", "Interrupt", "Configure", "SpeechInterrupted", "ConfigureFailure", "Connected"]
)


@settings(deadline=None)
@given(st.dictionaries(names, json_values), kinds)
def test_any_fields_are_read_or_refused(fields: dict[str, Any], kind: str) -> None:
    text = json.dumps(fields | {"type": kind})
    parse_server(text)
    with suppress(ProtocolViolation):
        message = parse_client(text)
        assert parse_client(render(message)) == message


@settings(deadline=None)
@given(st.text())
def test_any_text_is_sent_and_read_again(text: str) -> None:
    assert parse_client(render(Speak(text))) == Speak(text)
    render(Speak(text)).encode()
