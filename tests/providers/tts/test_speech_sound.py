"""Sound of an answer comes through as samples, whatever it was sent as."""

from __future__ import annotations

import asyncio
import io
import math
from array import array

import pytest
import soundfile

from gramophone.audio.sound_reader import NotSound
from gramophone.providers.tts.speech_sound import RateChoice, SpeechSound

RATE_HZ = 24_000


def tone(rate_hz: int, seconds: float = 1.0) -> array[int]:
    step = 2 * math.pi * 440 / rate_hz
    return array(
        "h", [round(16_000 * math.sin(step * index)) for index in range(round(rate_hz * seconds))]
    )


def file(samples: array[int], rate_hz: int, kind: str, subtype: str) -> bytes:
    data = io.BytesIO()
    with soundfile.SoundFile(data, "w", rate_hz, 1, subtype, format=kind) as sound:
        sound.buffer_write(samples.tobytes(), dtype="int16")
    return data.getvalue()


class Received:
    """Sound that has been delivered."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.begun = asyncio.Event()

    async def deliver(self, pcm: bytes) -> None:
        self.pcm += pcm
        self.begun.set()

    @property
    def samples(self) -> array[int]:
        return array("h", bytes(self.pcm))


async def always(_sent_hz: int) -> int:
    return RATE_HZ


async def as_sent(sent_hz: int) -> int:
    return sent_hz


async def received(
    body: bytes,
    *,
    content_type: str = "audio/pcm",
    step: int = 700,
    choose_rate: RateChoice = always,
) -> Received:
    sound = Received()
    reader = SpeechSound(
        content_type, sent_hz=RATE_HZ, choose_rate=choose_rate, deliver=sound.deliver
    )
    async with reader:
        for start in range(0, len(body), step):
            await reader.feed(body[start : start + step])
        await reader.finish()
    return sound


async def test_samples_at_the_wanted_rate_come_through_untouched() -> None:
    samples = tone(RATE_HZ)
    assert (await received(samples.tobytes())).samples == samples
    assert (await received(file(samples, RATE_HZ, "WAV", "PCM_16"))).samples == samples


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
async def test_samples_come_through_untouched_at_the_rate_they_were_sent_at(rate_hz: int) -> None:
    samples = tone(rate_hz)
    for kind in ("WAV", "FLAC"):
        sound = await received(file(samples, rate_hz, kind, "PCM_16"), choose_rate=as_sent)
        assert sound.samples == samples


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
async def test_another_rate_is_resampled_to_the_same_sound(rate_hz: int) -> None:
    samples = (await received(file(tone(rate_hz), rate_hz, "WAV", "PCM_16"))).samples
    assert len(samples) == RATE_HZ
    middle = range(2_000, 22_000)
    wanted = tone(RATE_HZ)
    assert max(abs(samples[index] - wanted[index]) for index in middle) < 40


@pytest.mark.parametrize(
    ("kind", "subtype", "rate_hz", "most_off"),
    [
        ("MP3", "MPEG_LAYER_III", 24_000, 1_500),
        ("MP3", "MPEG_LAYER_III", 44_100, 1_500),
        ("OGG", "OPUS", 24_000, 4_000),
        ("OGG", "VORBIS", 24_000, 4_000),
        ("FLAC", "PCM_16", 24_000, 0),
    ],
    ids=["mp3", "mp3-of-cd", "opus", "vorbis", "flac"],
)
async def test_a_compressed_file_is_decoded(
    kind: str, subtype: str, rate_hz: int, most_off: int
) -> None:
    sound = await received(file(tone(rate_hz), rate_hz, kind, subtype))
    samples, wanted = sound.samples, tone(RATE_HZ)
    assert abs(len(samples) - RATE_HZ) <= 2
    assert max(abs(samples[index] - wanted[index]) for index in range(4_000, 20_000)) <= most_off


async def test_mp3_sounds_before_its_end_has_come() -> None:
    sound = Received()
    body = file(tone(RATE_HZ, 4), RATE_HZ, "MP3", "MPEG_LAYER_III")
    reader = SpeechSound("", sent_hz=RATE_HZ, choose_rate=always, deliver=sound.deliver)
    async with reader:
        await reader.feed(body[: len(body) // 2])
        await sound.begun.wait()
        await reader.feed(body[len(body) // 2 :])
        await reader.finish()
    assert abs(len(sound.samples) - 4 * RATE_HZ) <= 2


async def test_leaving_early_ends_the_decoder() -> None:
    sound = Received()
    body = file(tone(RATE_HZ, 4), RATE_HZ, "MP3", "MPEG_LAYER_III")
    async with SpeechSound(
        "", sent_hz=RATE_HZ, choose_rate=always, deliver=sound.deliver
    ) as reader:
        await reader.feed(body[:500])
    assert not sound.pcm


async def test_a_broken_file_is_no_sound() -> None:
    with pytest.raises(NotSound, match="OGG that cannot be decoded"):
        await received(b"OggS" + bytes(5_000))


async def test_silence_is_noticed() -> None:
    body = bytes(4_800)
    for pcm, silent in ((body, True), (body + b"\1\0", False)):
        reader = SpeechSound("", sent_hz=RATE_HZ, choose_rate=always, deliver=Received().deliver)
        async with reader:
            await reader.feed(pcm)
            await reader.finish()
        assert reader.silent is silent
