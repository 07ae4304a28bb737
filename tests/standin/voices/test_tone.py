"""The tone voice: the same sound for the same text, for ever and everywhere."""

from __future__ import annotations

import hashlib
from array import array

import pytest

from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

AT_48_KHZ = SpeakParameters(sample_rate_hz=48_000)


def spoken(text: str, parameters: SpeakParameters = AT_48_KHZ) -> bytes:
    return b"".join(ToneVoice().words(text, parameters))


def test_the_sound_of_a_sentence_never_changes() -> None:
    sound = spoken("A gramophone plays records.")
    assert (
        hashlib.sha256(sound).hexdigest()
        == "4265f547fadbc938cc211203e46d47a66d1196ee9ecbcf5c971ec755d9bbb0a8"
    )


def test_a_word_lasts_as_long_as_it_is_and_a_gap_follows() -> None:
    words = list(ToneVoice(character_ms=60, gap_ms=40).words("Hi  there", AT_48_KHZ))
    assert [len(word) // 2 for word in words] == [48 * (2 * 60 + 40), 48 * (5 * 60 + 40)]
    gap = words[0][-2 * 48 * 40 :]
    assert not any(gap)


def test_speed_makes_words_shorter() -> None:
    faster = SpeakParameters(model="aura-2-thalia-en", sample_rate_hz=48_000, speed=1.25)
    assert len(spoken("there", faster)) == len(spoken("there")) / 1.25


def test_words_differ_in_pitch_and_case_does_not() -> None:
    assert spoken("north") != spoken("south")
    assert spoken("North") == spoken("north")


def test_edges_are_soft_and_nothing_is_too_loud() -> None:
    samples = array("h", spoken("records"))
    assert samples[0] == 0
    assert abs(samples[20]) < 200
    assert max(abs(sample) for sample in samples) <= 8_192
    assert max(abs(sample) for sample in samples) > 8_000


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
def test_telephone_sound_has_one_byte_a_sample(encoding: str) -> None:
    telephone = SpeakParameters(encoding=encoding, sample_rate_hz=8_000)
    linear = SpeakParameters(sample_rate_hz=8_000)
    assert len(spoken("Hello there", telephone)) * 2 == len(spoken("Hello there", linear))


def test_no_words_no_sound() -> None:
    assert spoken(" \n") == b""
    assert spoken("\ud800") != b""
