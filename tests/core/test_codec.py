"""Codec: every kind of event survives the way to JSON and back."""

from __future__ import annotations

import json

import pytest

from gramophone.core.codec import EVENT_TYPES, decode, encode, encode_line
from gramophone.core.errors import TimelineError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    LevelMeasured,
    SettingsChanged,
    SpeechConnected,
    TurnStarted,
    Underran,
)
from tests.support.builders import short_session


@pytest.mark.parametrize("event", short_session(), ids=lambda event: type(event).__name__)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(json.loads(encode_line(event))) == event


def test_pcm_never_travels_in_json() -> None:
    event = AudioReceived(
        at_us=1, turn=0, connection=0, offset_bytes=0, size_bytes=2, pcm=b"\x01\x02"
    )
    assert "pcm" not in encode(event)
    assert encode(event)["size_bytes"] == 2


def test_transients_are_not_among_what_can_be_recorded() -> None:
    assert "LevelMeasured" not in EVENT_TYPES
    with pytest.raises(TimelineError, match="unknown kind"):
        decode(encode(LevelMeasured(at_us=1, peak=0.5, rms=0.1)))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TimelineError, match="DeltaReceived without its text"):
        decode({"event": "DeltaReceived", "at_us": 1, "turn": 0})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at_us": -1}, "at_us"),
        ({"at_us": "5"}, "at_us"),
        ({"at_us": None}, "at_us"),
        ({"at_us": 1 << 63}, "at_us"),
        ({"turn": True}, "turn"),
        ({"turn": 1.0}, "turn"),
        ({"turn": None}, "turn"),
        ({"text": 3}, "text"),
        ({"text": ["hi"]}, "text"),
    ],
)
def test_a_value_that_cannot_be_is_named(change: dict[str, object], field: str) -> None:
    encoded = encode(DeltaReceived(at_us=1, turn=0, text="hi")) | change
    with pytest.raises(TimelineError, match=f"DeltaReceived with an unusable {field}"):
        decode(encoded)


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (AudioReceived(at_us=1, turn=0, connection=0, offset_bytes=0, size_bytes=2), "size_bytes"),
        (Underran(at_us=1, turn=0, position_samples=1, missing_samples=1), "missing_samples"),
        (SpeechConnected(at_us=1, connection=0, url="", request_id=""), "connection"),
    ],
)
def test_what_is_counted_is_never_negative(event: Event, change: str) -> None:
    with pytest.raises(TimelineError, match=f"unusable {change}"):
        decode(encode(event) | {change: -1})


@pytest.mark.parametrize("speed", [float("nan"), float("inf"), 10**400, "fast", None])
def test_a_number_that_is_none_is_named(speed: object) -> None:
    event = SettingsChanged(at_us=1, provider="", model="", voice="", system_prompt="")
    with pytest.raises(TimelineError, match="unusable speed"):
        decode(encode(event) | {"speed": speed})


def test_a_role_is_one_of_two() -> None:
    with pytest.raises(TimelineError, match="unusable role"):
        decode(encode(TurnStarted(at_us=1, turn=0, role="user")) | {"role": "system"})


def test_fields_of_a_later_version_are_passed_over() -> None:
    encoded = encode(DeltaReceived(at_us=1, turn=0, text="hi")) | {"colour": "blue"}
    assert decode(encoded) == DeltaReceived(at_us=1, turn=0, text="hi")
