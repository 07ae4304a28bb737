"""The embedded voice: it really speaks; and how text is cut for it."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator

import pytest

from gramophone.audio.pcm import decode
from gramophone.core.errors import EngineMissing
from gramophone.standin.voice import VoiceSound
from gramophone.standin.voices.piper import PiperVoice, pieces
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak, SpeakParameters
from tests.support.speak_client import sound, talking
from tests.support.standins import running

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


def test_what_the_engine_cannot_take_is_left_out() -> None:
    assert list(pieces("\0One\x1b[31m two.\ud800\nThree")) == ["One[31m two.", "Three"]


async def test_speaking_before_it_is_loaded_is_an_error() -> None:
    voice = PiperVoice()
    with pytest.raises(EngineMissing, match="not loaded"):
        await anext(voice.synthesise("Hello.", SpeakParameters()))
    await voice.aclose()


# --- with the engine --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def piper() -> Iterator[PiperVoice]:
    voice = PiperVoice()
    asyncio.run(voice.load(lambda detail: None))
    yield voice
    asyncio.run(voice.aclose())


async def seconds(piper: PiperVoice, parameters: SpeakParameters, text: str = SENTENCE) -> float:
    """The length of what is spoken, which must not be silence."""
    pcm = bytearray()
    async for piece in piper.synthesise(text, parameters):
        assert isinstance(piece, VoiceSound)
        pcm += piece.pcm
    linear16 = decode(bytes(pcm), parameters.encoding)
    assert max(array("h", linear16)) > 8_000
    return len(linear16) / 2 / parameters.sample_rate_hz


@pytest.mark.engines
async def test_it_speaks_at_the_rate_of_the_session(piper: PiperVoice) -> None:
    async with running(voice=piper) as url, talking(url, "sample_rate=48000") as talk:
        await talk.say(Speak(SENTENCE), Flush())
        samples = array("h", sound(await talk.hear_until(Flushed)))
    assert 2.0 < len(samples) / 48_000 < 6.0
    assert 8_000 < max(samples) < 32_767


@pytest.mark.engines
async def test_telephone_encodings(piper: PiperVoice) -> None:
    for encoding in ("mulaw", "alaw"):
        telephone = SpeakParameters(encoding=encoding, sample_rate_hz=8_000)
        assert 2.0 < await seconds(piper, telephone) < 6.0


@pytest.mark.engines
async def test_speed(piper: PiperVoice) -> None:
    model = "aura-2-thalia-en"
    slow = await seconds(piper, SpeakParameters(model=model, speed=0.7))
    quick = await seconds(piper, SpeakParameters(model=model, speed=1.5))
    assert 1.7 < slow / quick < 2.6


@pytest.mark.engines
async def test_sentences_come_one_by_one(piper: PiperVoice) -> None:
    pieces = [piece async for piece in piper.synthesise("One. Two! Three?", SpeakParameters())]
    assert len(pieces) >= 3


@pytest.mark.engines
@pytest.mark.parametrize("text", ["...", "—", "🙂", "\0\x1b", "[[", "\ud800", "1" * 500, "中文"])
async def test_no_text_is_too_odd(piper: PiperVoice, text: str) -> None:
    async for piece in piper.synthesise(text, SpeakParameters()):
        assert isinstance(piece, VoiceSound)
