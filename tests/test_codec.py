"""Codec: every kind of event survives the way to JSON and back."""

from __future__ import annotations

import json

import pytest

from gramophone.codec import EVENT_TYPES, decode, encode, encode_line
from gramophone.errors import TimelineError
from gramophone.timeline import AudioReceived, DeltaReceived, Event, LevelMeasured
from tests.builders import short_session


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


def test_fields_of_a_later_version_are_passed_over() -> None:
    encoded = encode(DeltaReceived(at_us=1, turn=0, text="hi")) | {"colour": "blue"}
    assert decode(encoded) == DeltaReceived(at_us=1, turn=0, text="hi")
