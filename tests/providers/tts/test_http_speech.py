"""Speech over HTTP: both services against the stand-in, and servers that do what it never would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from gramophone.core.clock import ManualClock
from gramophone.core.errors import SpeechError
from gramophone.providers.tts.deepgram_rest import DeepgramRest
from gramophone.providers.tts.http_speech import HttpSpeech
from gramophone.providers.tts.openai_speech import OpenAISpeech
from gramophone.providers.tts.request_connection import RequestConnection
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.openai_audio.speech_form import SpeechForm
from gramophone.wire.speech_requests import CANCEL, CANCELLED
from tests.support.model_servers import Reply, Step, serving
from tests.support.openai_audio import audio_standin, tones, wav
from tests.support.standins import running

KEY = "sk-s3cr3t"
PCM = bytes(range(1, 201)) * 4


class HurriedClock(ManualClock):
    """Does not wait, but notes for how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_us: list[int] = []

    async def sleep_until_us(self, deadline_us: int) -> None:
        self.waits_us.append(deadline_us - self.now_us())


def openai(
    origin: str,
    key: str = KEY,
    clock: HurriedClock | None = None,
    form: SpeechForm = SpeechForm(),  # noqa: B008 (frozen)
) -> OpenAISpeech:
    clock = clock or HurriedClock()
    return OpenAISpeech(form, base_url=f"{origin}/v1", api_key=key, clock=clock)


def deepgram(origin: str, key: str = KEY, clock: HurriedClock | None = None) -> DeepgramRest:
    clock = clock or HurriedClock()
    return DeepgramRest(f"{origin}/v1/speak", SpeakParameters(), api_key=key, clock=clock)


SERVICES = pytest.mark.parametrize("service_at", [openai, deepgram], ids=["openai", "deepgram"])
ServiceAt = Callable[..., HttpSpeech]


@asynccontextmanager
async def connected(service: HttpSpeech) -> AsyncGenerator[RequestConnection]:
    connection = await service.connect()
    try:
        yield connection
    finally:
        await connection.aclose()


def body(service: HttpSpeech, text: str) -> str:
    """The body that the service's machine makes of a text."""
    machine = service.protocol.client(0)
    machine.speak(text, 0)
    machine.flush(0)
    (frame,) = machine.poll(0)
    return frame.frame


async def spoken(service: HttpSpeech, *texts: str) -> tuple[bytes, list[dict[str, object]]]:
    """The sound of texts that are sent at once, and the reports about them."""
    sound, reports = b"", list[dict[str, object]]()
    async with connected(service) as connection:
        for text in texts:
            await connection.send(body(service, text))
        async for frame in connection.frames():
            if isinstance(frame, bytes):
                sound += frame
                continue
            reports.append(json.loads(frame))
            if len([report for report in reports if report["type"] == "RequestEnded"]) == len(
                texts
            ):
                break
    return sound, reports


async def failure(service: HttpSpeech) -> str:
    """The sentence about a request that gets no sound, which the next connection tells."""
    async with connected(service) as connection:
        await connection.send(body(service, "Hello."))
        frames = [frame async for frame in connection.frames() if isinstance(frame, bytes)]
        assert frames == []
        assert connection.closed()[0] == 1011
    with pytest.raises(SpeechError) as refused:
        await service.connect()
    again = await service.connect()
    await again.aclose()
    return str(refused.value)


class TestOnTheStandIn:
    async def test_openai_speaks(self) -> None:
        forms = (
            SpeechForm(),
            SpeechForm(response_format="wav"),
            SpeechForm(stream_format="sse"),
        )
        for form in forms:
            async with audio_standin() as address:
                sound, reports = await spoken(openai(address.http(), form=form), "Hi.")
            assert sound == tones("Hi."), form
            assert str(reports[0]["request_id"]).startswith("req_")

    async def test_deepgram_speaks(self) -> None:
        async with running() as url:
            service = DeepgramRest(url.replace("ws", "http"), SpeakParameters())
            sound, reports = await spoken(service, "Hi.")
        assert sound == tones("Hi.")
        assert len(str(reports[0]["request_id"])) == 36

    async def test_texts_follow_each_other_without_a_gap(self) -> None:
        async with audio_standin() as address:
            sound, _ = await spoken(openai(address.http()), "One.", "Two.", "Three.")
        assert sound == tones("One.") + tones("Two.") + tones("Three.")

    async def test_mp3_in_spite_of_pcm_is_decoded(self) -> None:
        async with audio_standin() as address:
            service = openai(address.http(), form=SpeechForm(response_format="mp3"))
            sound, _ = await spoken(service, "Hi there.")
        assert abs(len(sound) - len(tones("Hi there."))) <= 8


@SERVICES
class TestRequests:
    async def test_the_body_is_the_frame_and_the_key_goes_to_this_service_alone(
        self, service_at: ServiceAt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
            monkeypatch.setenv(name, "from-the-environment")
        async with serving(Reply([PCM], content_type="audio/pcm")) as server:
            service = service_at(server.origin)
            await spoken(service, "Grüß Gott.")
            (request,) = server.requests
        assert request.body == json.loads(body(service, "Grüß Gott."))
        assert int(request.headers["content-length"]) == len(body(service, "Grüß Gott.").encode())
        assert request.headers["authorization"] in (f"Bearer {KEY}", f"Token {KEY}")
        assert "from-the-environment" not in str(request.headers)

    async def test_the_next_is_asked_for_while_the_first_still_comes(
        self, service_at: ServiceAt
    ) -> None:
        rest, second = asyncio.Event(), asyncio.Event()
        replies = [
            Reply([PCM, rest, b"\7\0"]),
            Reply([b"\5\0" * 100], begun=second),
        ]
        async with serving(*replies) as server, connected(service_at(server.origin)) as connection:
            service = service_at(server.origin)
            frames = connection.frames()
            await connection.send(body(service, "One."))
            assert await anext(frames) == PCM
            await connection.send(body(service, "Two."))
            await second.wait()
            rest.set()
            assert await anext(frames) == b"\7\0"
            assert json.loads(str(await anext(frames)))["type"] == "RequestEnded"
            assert await anext(frames) == b"\5\0" * 100

    async def test_cancelling_closes_the_request(self, service_at: ServiceAt) -> None:
        replies = [Reply([PCM, Step.HANG]), Reply([b"\5\0" * 100])]
        async with serving(*replies) as server, connected(service_at(server.origin)) as connection:
            service = service_at(server.origin)
            frames = connection.frames()
            await connection.send(body(service, "One."))
            assert await anext(frames) == PCM
            await connection.send(CANCEL)
            await server.requests[0].gone.wait()
            await connection.send(body(service, "Two."))
            assert await anext(frames) == CANCELLED
            assert await anext(frames) == b"\5\0" * 100

    async def test_a_request_is_made_again_before_there_is_sound(
        self, service_at: ServiceAt
    ) -> None:
        clock = HurriedClock()
        replies = [
            Reply([b'{"error":{"message":"Busy"}}'], status=503),
            Reply([b"later"], status=429, headers=(("retry-after", "3"),)),
            Reply([PCM]),
        ]
        async with serving(*replies) as server:
            sound, reports = await spoken(service_at(server.origin, clock=clock), "Hello.")
        assert clock.waits_us == [500_000, 3_000_000]
        assert sound == PCM
        assert [report["type"] for report in reports] == [
            "RequestRetried",
            "RequestRetried",
            "RequestEnded",
        ]
        assert "503: Busy" in str(reports[0]["detail"])

    async def test_a_loss_in_the_middle_of_the_sound_ends_the_connection(
        self, service_at: ServiceAt
    ) -> None:
        async with serving(Reply([PCM, Step.CUT])) as server:
            service = service_at(server.origin)
            async with connected(service) as connection:
                await connection.send(body(service, "Hello."))
                assert [frame async for frame in connection.frames()] == [PCM]
                code, reason = connection.closed()
            # It can be asked for the rest: nothing is wrong but this answer.
            await (await service.connect()).aclose()
        assert code == 1011
        assert reason.endswith("broke its answer off.")


REFUSALS = [
    (400, "check the voice, the model and the format"),
    (402, "the account is out of credit"),
    (404, "check the model, and that the address ends as the service's documents say"),
    (308, "the address has moved; check it"),
]


@SERVICES
class TestFailures:
    @pytest.mark.parametrize(("status", "advice"), REFUSALS, ids=[str(s) for s, _ in REFUSALS])
    async def test_a_refusal_is_a_sentence_with_advice(
        self, service_at: ServiceAt, status: int, advice: str
    ) -> None:
        reason = json.dumps({"error": {"message": f"No.\x1b[31m {KEY}"}}).encode()
        async with serving(Reply([reason], status=status)) as server:
            sentence = await failure(service_at(server.origin))
        assert sentence.endswith(f"refused the text ({status}: No. [key]); {advice}.")

    @pytest.mark.parametrize(
        ("steps", "description"),
        [
            ([b"<html><title>Log in</title>"], "a web page (Log in)"),
            ([b'{"error":{"message":"No such voice"}}'], "an error (No such voice)"),
            ([b"not today"], "text (not today)"),
            ([], "no sound"),
            ([b"\0"], "no sound"),
            ([b"\0\0\0\x20ftypM4A " + bytes(90)], "MP4, which is not read here; ask it for wav"),
        ],
        ids=["page", "json", "text", "nothing", "half-a-sample", "mp4"],
    )
    async def test_a_success_without_sound_is_told(
        self, service_at: ServiceAt, steps: list[bytes], description: str
    ) -> None:
        async with serving(Reply(steps, content_type="audio/pcm")) as server:
            sentence = await failure(service_at(server.origin))
        assert f"sent {description}" in sentence

    async def test_a_key_that_is_wrong_is_named(self, service_at: ServiceAt) -> None:
        async with serving(Reply([b"{}"], status=401)) as server:
            sentence = await failure(service_at(server.origin))
        assert sentence.endswith(("check OPENAI_API_KEY.", "check DEEPGRAM_API_KEY."))

    async def test_a_wait_that_is_too_long_is_not_waited(self, service_at: ServiceAt) -> None:
        reply = Reply([b"slow down"], status=429, headers=(("retry-after", "3600"),))
        async with serving(reply) as server:
            sentence = await failure(service_at(server.origin))
        assert "429: text (slow down)" in sentence

    async def test_an_error_of_any_size_is_read_to_a_bound(self, service_at: ServiceAt) -> None:
        async with serving(Reply([b"x" * 2**16] * 40, status=400)) as server:
            sentence = await failure(service_at(server.origin))
        assert len(sentence) < 500


@SERVICES
async def test_a_server_that_hangs_up_is_asked_three_times(service_at: ServiceAt) -> None:
    clock = HurriedClock()
    async with serving(*[Reply([Step.CUT], silent=True)] * 3) as server:
        sentence = await failure(service_at(server.origin, clock=clock))
    assert "cannot be reached at 127.0.0.1" in sentence
    assert clock.waits_us == [500_000, 2_000_000]


@SERVICES
async def test_a_key_with_a_line_break_is_refused(service_at: ServiceAt) -> None:
    with pytest.raises(SpeechError, match="_API_KEY holds characters that no key has"):
        await service_at("http://127.0.0.1:1", key="a\nb").connect()


@pytest.mark.parametrize("base_url", ["nonsense", "ftp://example.com"])
async def test_an_address_that_is_wrong_is_a_sentence(base_url: str) -> None:
    sentence = await failure(OpenAISpeech(SpeechForm(), base_url=base_url, clock=HurriedClock()))
    assert "check its address" in sentence


async def test_silence_is_reported() -> None:
    async with serving(Reply([bytes(4_800)])) as server:
        _, reports = await spoken(openai(server.origin), "Hello.")
    assert reports[0]["silent"] is True


async def test_sound_comes_at_the_rate_it_was_sent_at() -> None:
    samples = bytes(index % 251 for index in range(8_000))
    replies = [
        Reply([wav(samples, 22_050)], content_type="audio/wav"),
        Reply([samples], content_type="audio/pcm"),
    ]
    async with serving(*replies) as server, connected(openai(server.origin)) as connection:
        assert connection.sample_rate_hz == 0
        await connection.send(body(openai(server.origin), "Hello."))
        frames = connection.frames()
        sound = b""
        async for frame in frames:
            if isinstance(frame, str):
                break
            sound += frame
        assert (sound, connection.sample_rate_hz) == (samples, 22_050)
        # What follows on the connection is brought to the rate that its sound has had so far.
        await connection.send(body(openai(server.origin), "Again."))
        later = b""
        async for frame in frames:
            if isinstance(frame, str):
                break
            later += frame
    assert connection.sample_rate_hz == 22_050
    assert len(later) == 2 * (4_000 * 22_050 // 24_000)


async def test_stereo_with_8_bits_at_another_rate_is_met() -> None:
    samples = bytes(128 + (index // 2 % 40) for index in range(8_000))
    head = bytearray(wav(samples, 8_000))
    head[22], head[34] = 2, 8
    async with serving(Reply([bytes(head)], content_type="audio/wav")) as server:
        sound, _ = await spoken(openai(server.origin), "Hello.")
    assert len(sound) == 2 * 4_000
