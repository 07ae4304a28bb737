"""The words of Speak v1: what is written is read back, and rubbish is one kind of error."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    ClientMessage,
    Close,
    Flush,
    Flushed,
    Metadata,
    ProtocolViolation,
    ServerMessage,
    Speak,
    Unknown,
    Warned,
    parse_client,
    parse_server,
    render,
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Speak('She said "no".'), '{"type":"Speak","text":"She said \\"no\\"."}'),
        (Flush(), '{"type":"Flush"}'),
        (Clear(), '{"type":"Clear"}'),
        (Close(), '{"type":"Close"}'),
    ],
)
def test_what_a_client_says(message: ClientMessage, text: str) -> None:
    assert render(message) == text
    assert parse_client(text) == message


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            Metadata("r-1", "aura-2-thalia-en", "2025-04-07.0", "m-1"),
            '{"type":"Metadata","request_id":"r-1","model_name":"aura-2-thalia-en",'
            '"model_version":"2025-04-07.0","model_uuid":"m-1"}',
        ),
        (Flushed(0), '{"type":"Flushed","sequence_id":0}'),
        (Cleared(7), '{"type":"Cleared","sequence_id":7}'),
        (
            Warned("EXCESSIVE_FLUSH", "Too many."),
            '{"type":"Warning","warn_code":"EXCESSIVE_FLUSH","warn_msg":"Too many."}',
        ),
        (Unknown("Sang", '{"type":"Sang","key":"C"}'), '{"type":"Sang","key":"C"}'),
    ],
)
def test_what_the_service_says(message: ServerMessage, text: str) -> None:
    assert render(message) == text
    assert parse_server(text) == message


def test_a_warning_is_read_in_both_dialects() -> None:
    warned = Warned("EXCESSIVE_FLUSH", "Too many.")
    assert json.loads(render(warned, "specified")) == {
        "type": "Warning",
        "code": "EXCESSIVE_FLUSH",
        "description": "Too many.",
    }
    assert parse_server(render(warned, "specified")) == warned
    both = '{"type":"Warning","code":"X","description":"x","warn_code":"Y","warn_msg":"y"}'
    assert parse_server(both) == Warned("Y", "y")


def test_fields_that_are_missing_or_odd_do_not_stop_a_client() -> None:
    assert parse_server('{"type":"Flushed"}') == Flushed(0)
    assert parse_server('{"type":"Flushed","sequence_id":"3"}') == Flushed(0)
    assert parse_server('{"type":"Metadata","request_id":5}') == Metadata("", "", "", "")
    assert parse_server('{"more":1}') == Unknown("", '{"more":1}')
    assert parse_server('{"type":["Flushed"]}') == Unknown("", '{"type":["Flushed"]}')


@pytest.mark.parametrize(
    "text",
    ["", "Speak", "[]", "null", '"Flush"', '{"type":"Speak"', "[" * 100_000, "9" * 10_000],
    ids=["empty", "bare", "list", "null", "string", "cut", "deep", "long-number"],
)
def test_what_is_not_a_json_object_is_a_violation(text: str) -> None:
    with pytest.raises(ProtocolViolation, match="DATA-0000"):
        parse_client(text)
    with pytest.raises(ProtocolViolation, match="DATA-0000"):
        parse_server(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"KeepAlive"}',
        '{"type":"speak","text":"x"}',
        '{"text":"x"}',
        '{"type":"Speak"}',
        '{"type":"Speak","text":5}',
        '{"type":{"a":1}}',
    ],
)
def test_what_a_client_may_not_say(text: str) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse_client(text)
    assert caught.value.code == "DATA-0000"


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_survives_the_wire(text: str) -> None:
    wire = render(Speak(text)).encode()
    assert parse_client(wire.decode()) == Speak(text)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps))
def test_reading_never_fails_in_another_way(text: str) -> None:
    for parse in (parse_client, parse_server):
        with suppress(ProtocolViolation):
            parse(text)
