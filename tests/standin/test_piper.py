"""The embedded voice: it really speaks; and how text is cut for it."""

from __future__ import annotations

from array import array

import pytest

from gramophone.errors import EngineMissing
from gramophone.standin.piper import PiperVoice, pieces
from gramophone.standin.voices import Sound
from gramophone.wire.pcm import decode
from gramophone.wire.speak_messages import Flush, Flushed, Speak, SpeakParameters
from tests.standin.talking import sound, talking
from tests.standins import running

SENTENCE = "The quick brown fox jumps over the lazy sleeping dog."


def test_text_is_cut_at_the_ends_of_sentences() -> None:
    assert list(pieces(' He said "no." Then 3.14 came…  Why?\nAsk him ')) == [
        'He said "no."',
        "Then 3.14 came…",
        "Why?",
        "Ask him",
    ]


def test_long_sentences_are_cut_at_a_clause_a_word_or_anywhere() -> None:
    clauses = list(pieces("word " * 20 + "end, " + "word " * 40))
    assert clauses[0].endswith("end,")
    assert all(len(piece) <= 200 for piece in clauses)
    assert [len(piece) for piece in pieces("x" * 450)] == [200, 200, 50]


def test_nothing_is_lost_and_phonemes_cannot_be_slipped_in() -> None:
    text = "A [[h@l'oU]] b! C?! (d.) " + "e, " * 200
    spoken = "".join("".join(pieces(text)).split())
    assert spoken == "".join(text.split())
    assert "[[" not in " ".join(pieces(text))
    assert list(pieces(" \n ")) == []


@pytest.mark.engines
async def test_it_speaks_at_the_rate_of_the_session() -> None:
    told: list[str] = []
    voice = PiperVoice()
    await voice.load(told.append)
    try:
        async with running(voice=voice) as url, talking(url, "sample_rate=48000") as talk:
            await talk.say(Speak(SENTENCE), Flush())
            samples = array("h", sound(await talk.hear_until(Flushed)))
        assert 2.0 < len(samples) / 48_000 < 6.0
        assert max(samples) > 8_000
        assert told[0] == "loading the voice engine"
    finally:
        await voice.aclose()


@pytest.mark.engines
async def test_speed_and_telephone_encodings() -> None:
    voice = PiperVoice()
    await voice.load(lambda detail: None)

    async def seconds(parameters: SpeakParameters) -> float:
        pcm = bytearray()
        async for piece in voice.synthesise(SENTENCE, parameters):
            assert isinstance(piece, Sound)
            pcm += piece.pcm
        linear16 = decode(bytes(pcm), parameters.encoding)
        assert max(array("h", linear16)) > 8_000
        return len(linear16) / 2 / parameters.sample_rate_hz

    model = "aura-2-thalia-en"
    try:
        plain = await seconds(SpeakParameters(model=model, encoding="mulaw", sample_rate_hz=8_000))
        quick = await seconds(SpeakParameters(model=model, sample_rate_hz=24_000, speed=1.5))
    finally:
        await voice.aclose()
    assert 2.0 < plain < 6.0
    assert quick < plain / 1.2


async def test_speaking_before_it_is_loaded_is_an_error() -> None:
    voice = PiperVoice()
    with pytest.raises(EngineMissing, match="not loaded"):
        await anext(voice.synthesise("Hello.", SpeakParameters()))
    await voice.aclose()
