"""A recording proxy between a client and OpenAI's speech: the answers are served again."""

from __future__ import annotations

import httpx2
import pytest

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import (
    AudioReceived,
    FrameReceived,
    SpeechConnected,
    TextSpoken,
    TurnStarted,
)
from gramophone.standin.openai_audio.expected_transcripts import ExpectedTranscripts
from gramophone.standin.openai_audio.routes import openai_audio_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.proxy.observe_speak_rest import SpeakRequestObserver
from gramophone.standin.proxy.session_recorder import AudioEncoding
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.source.openai_transcripts import openai_transcripts
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
from gramophone.wire.deepgram.speak_v1.rest import wav_header
from gramophone.wire.openai_audio.speech import SPEECH_PATH
from gramophone.wire.openai_audio.transcription_request import (
    TRANSCRIPTIONS_PATH,
    TRANSLATIONS_PATH,
)
from tests.support.deadlines import HANG_S
from tests.support.model_proxies import passing, post
from tests.support.openai_audio import QUICK_VOICE, audio_standin, tones, wav
from tests.support.plain_http import NO_TLS

SPEAKING = {"model": "gpt-4o-mini-tts", "voice": "alloy"}
FORMS = [
    {"response_format": "pcm"},
    {"response_format": "wav"},
    {},
    {"response_format": "flac"},
    {"response_format": "pcm", "stream_format": "sse"},
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()) or "mp3")
async def test_an_answer_is_served_again_byte_for_byte(form: dict[str, str]) -> None:
    texts = ["One two.", "Three.", "One two."]
    async with audio_standin(pace=50.0) as service, passing(service.http()) as through:
        first = [await say(through.address, text, **form) for text in texts]
    assert [event.text for event in through.all(TextSpoken)] == texts
    assert all(event.request_id for event in through.all(SpeechConnected))
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with audio_standin(voice=voice) as again:
        for before, text in zip(first, texts, strict=True):
            second = await say(again, text, **form)
            assert (second.status_code, second.content) == (200, before.content)
            assert second.headers["content-type"] == before.headers["content-type"]
        assert voice.expectation.differences() == ()
        once_more = await say(again, texts[0], **form)
    assert (once_more.status_code, once_more.json()["error"]["code"]) == (404, "not_recorded")
    assert [difference.kind for difference in voice.expectation.differences()] == ["extra"]


async def test_samples_are_sound_of_the_session_and_files_are_not() -> None:
    async with audio_standin() as service, passing(service.http()) as through:
        await say(through.address, "One.", response_format="pcm")
        await say(through.address, "Two.")
    assert b"".join(event.pcm for event in through.all(AudioReceived)) == tones("One.")
    assert through.proxy.requests == 2
    assert through.proxy.unrecorded == 0


async def test_a_refusal_passes_and_begins_no_session() -> None:
    async with audio_standin("refuse=429") as service, passing(service.http()) as through:
        refused = await say(through.address, "One.")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert (through.proxy.refused, through.proxy.session_id, through.events) == (1, None, [])


def test_a_wav_of_another_rate_is_no_sound_of_the_session() -> None:
    observer = SpeakRequestObserver(0, 0, "One.", "audio/wav", AudioEncoding("linear16", 24_000))
    head = wav_header(SpeakParameters(sample_rate_hz=16_000), None)
    events = [*observer.received(head + bytes(10), 0), *observer.received(bytes(6), 0)]
    assert {type(event) for event in events} == {FrameReceived}
    assert len(events) == 3


async def say(address: Address, text: str, **fields: str) -> httpx2.Response:
    return await post(address, SPEECH_PATH, input=text, **SPEAKING, **fields)


async def test_a_transcript_is_served_again_by_its_sound() -> None:
    sounds = [wav(bytes(9_600)), wav(bytes(19_200))]
    verbose = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
    async with audio_standin(find=find_by_length) as service, passing(service.http()) as through:
        first = [await hear(through.address, sound, **verbose) for sound in sounds]
        streamed = await hear(through.address, sounds[0], model="m", stream="true")
    assert [event.text for event in through.all(TurnStarted)] == ["Short.", "Long.", "Short."]
    recorded = ExpectedTranscripts(openai_transcripts(through.events), strict=True)
    clock = SystemClock()
    routes = openai_audio_routes(QUICK_VOICE, lambda sound: None, StandinOptions(), clock, recorded)
    async with listening(routes) as again:
        second = [await hear(again, sound, **verbose) for sound in reversed(sounds)]
        assert [answer.content for answer in reversed(second)] == [
            answer.content for answer in first
        ]
        stream_again = await hear(again, sounds[0], model="m", stream="true")
        assert stream_again.content == streamed.content
        assert (await hear(again, sounds[0], **verbose)).status_code == 404
    assert [difference.kind for difference in recorded.differences()] == ["extra"]


async def test_a_translation_is_served_again() -> None:
    sound = wav(bytes(9_600))
    async with audio_standin(find=find_by_length) as service, passing(service.http()) as through:
        first = await hear(through.address, sound, TRANSLATIONS_PATH)
    recorded = ExpectedTranscripts(openai_transcripts(through.events), strict=True)
    clock = SystemClock()
    routes = openai_audio_routes(QUICK_VOICE, lambda sound: None, StandinOptions(), clock, recorded)
    async with listening(routes) as again:
        assert (await hear(again, sound, TRANSLATIONS_PATH)).content == first.content
    assert recorded.differences() == ()


def find_by_length(sound: bytes) -> tuple[Utterance, ...]:
    return (Utterance("Short." if len(sound) < 10_000 else "Long.", 100_000),)


async def hear(
    address: Address, sound: bytes, path: str = TRANSCRIPTIONS_PATH, **fields: str
) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(
            address.http(path),
            data={"model": "whisper-1"} | fields,
            files={"file": ("a.wav", sound)},
        )
