"""Speech over HTTP through the recording proxy: texts to speak, and whole recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

from gramophone.standin.proxy.forwarding import pass_on
from gramophone.standin.proxy.session_recorder import AudioEncoding, SessionRecorder
from gramophone.standin.proxy.speech_watchers import (
    DeepgramTranscribedWatcher,
    OpenAITranscribedWatcher,
    SpeechWatcher,
    SpokenRequest,
    SpokenWatcher,
)
from gramophone.standin.server.credentials import secrets_in, without_secrets
from gramophone.standin.server.http import Handler, Reply, Request
from gramophone.wire.deepgram.management import GRANT_PATH, PROJECTS_PATH
from gramophone.wire.deepgram.paths import LISTEN_PATH, SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused
from gramophone.wire.deepgram.speak_v1.rest import RestParameters, TextRefused, text_of
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.openai_audio.speech import SAMPLE_RATE_HZ, SPEECH_PATH, parse_speech
from gramophone.wire.openai_audio.transcription_request import (
    TRANSCRIPTIONS_PATH,
    TRANSLATIONS_PATH,
)

_FORWARDED = (
    ("GET", PROJECTS_PATH),
    ("GET", f"{PROJECTS_PATH}/"),
    ("POST", GRANT_PATH),
)

MakeWatcher: TypeAlias = Callable[[str, Request, SessionRecorder], SpeechWatcher]
"""Makes the watcher of a request to this address."""


class SpeechRequests:
    """The proxy's handlers for speech over HTTP, and their counts in one run."""

    def __init__(
        self,
        upstreams: Mapping[str, str],
        recorder: SessionRecorder,
        hide: Callable[[Iterable[str]], None],
    ) -> None:
        """`upstreams` of `deepgram` and `openai` begin with http or https; paths with `/v1`."""
        self._upstreams = upstreams
        self._recorder = recorder
        self._hide = hide
        self.requests = 0
        self.refused = 0
        self.unrecorded = 0

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """The handlers by method and path; projects and tokens pass without being recorded."""
        watched: tuple[tuple[str, str, MakeWatcher], ...] = (
            ("deepgram", SPEAK_PATH, partial(SpokenWatcher, deepgrams_text)),
            ("deepgram", LISTEN_PATH, DeepgramTranscribedWatcher),
            ("openai", SPEECH_PATH, partial(SpokenWatcher, openais_text)),
            ("openai", TRANSCRIPTIONS_PATH, OpenAITranscribedWatcher),
            ("openai", TRANSLATIONS_PATH, OpenAITranscribedWatcher),
        )
        asking = {
            ("POST", path): partial(self._ask, self._upstreams[service], make)
            for service, path, make in watched
        }
        return {**asking, **dict.fromkeys(_FORWARDED, self._forward)}

    async def _forward(self, request: Request, reply: Reply) -> None:
        await pass_on(self._upstreams["deepgram"], request, reply)

    async def _ask(self, upstream: str, make: MakeWatcher, request: Request, reply: Reply) -> None:
        self.requests += 1
        self._hide(secrets_in(request.headers, request.query))
        address = f"{upstream}{request.path}"
        if query := without_secrets(request.query):
            address = f"{address}?{query}"
        watcher = make(address, request, self._recorder)
        await pass_on(upstream, request, reply, watcher)
        self.refused += watcher.refused
        self.unrecorded += watcher.unrecorded


def deepgrams_text(request: Request) -> SpokenRequest | None:
    """The text of a request to Speak."""
    try:
        parameters = RestParameters.from_query(request.query)
        text = text_of(request.header("content-type"), request.body)
    except (ParameterRefused, TextRefused):
        return None
    form = AudioEncoding(parameters.encoding, parameters.sample_rate_hz)
    return SpokenRequest(text, parameters.model, form if parameters.raw else None)


def openais_text(request: Request) -> SpokenRequest | None:
    """The text of a request to `audio/speech`; the sound within events is not taken out."""
    try:
        speech = parse_speech(request.body)
    except RequestRefused:
        return None
    has_samples = speech.encoding in ("pcm", "wav") and not speech.in_events
    form = AudioEncoding("linear16", SAMPLE_RATE_HZ) if has_samples else None
    return SpokenRequest(speech.text, speech.voice, form)
