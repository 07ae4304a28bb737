"""Deepgram's Speak over HTTP, for networks in which websockets are blocked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gramophone.core.clock import Clock
from gramophone.providers.tts.http_speech import HttpRequester, HttpSpeech
from gramophone.providers.tts.speech_failures import SpeechFailures
from gramophone.wire.deepgram.speak_v1.parameters import SPEEDS, SpeakParameters
from gramophone.wire.deepgram.speak_v1.rest import FORMATS
from gramophone.wire.lenient_json import compact
from gramophone.wire.loopback import host_of
from gramophone.wire.speech_client import SpeechCapabilities
from gramophone.wire.speech_requests import SpeechOverHttp, answer_timeout_us

if TYPE_CHECKING:
    import httpx2

SPEAK_REST_URL = "https://api.deepgram.com/v1/speak"
READ_TIMEOUT_S = 20.0

CAPABILITIES = SpeechCapabilities(
    speeds=SPEEDS,
    longest_request_chars=2_000,
    sample_rates_hz=FORMATS["linear16"].rates_hz,
)


class DeepgramRest(HttpSpeech):
    """A `ports.speech.SpeechService` that makes a request for each piece of text."""

    def __init__(
        self,
        url: str,
        parameters: SpeakParameters,
        *,
        api_key: str = "",
        key_name: str = "DEEPGRAM_API_KEY",
        title: str = "Deepgram",
        timeout_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`parameters` win over those that `url` has already. `timeout_s` is how long an answer may
        be silent; None for the usual time."""
        rate_hz = parameters.sample_rate_hz
        read_timeout_s = READ_TIMEOUT_S if timeout_s is None else timeout_s
        super().__init__(
            SpeechFailures(title, key_name, host_of(url), api_key),
            sent_hz=rate_hz,
            session_hz=rate_hz,
            clock=clock,
        )
        self.protocol = SpeechOverHttp(_body, CAPABILITIES, answer_timeout_us(read_timeout_s))
        self._url = f"{url.partition('?')[0]}?{_query(parameters)}"
        self._api_key = api_key
        self._read_timeout_s = read_timeout_s

    def _requester(self) -> HttpRequester:
        import httpx2

        from gramophone.providers.tts.http_client import speech_client

        headers = {"authorization": f"Token {self._api_key}"} if self._api_key else {}
        try:
            http = speech_client(self._url, headers, self._read_timeout_s)
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error
        return _DeepgramRequester(self._url, http, self._failures)


class _DeepgramRequester(HttpRequester):
    """Makes requests without an SDK."""

    @asynccontextmanager
    async def _post(self, body: str) -> AsyncGenerator[httpx2.Response]:
        headers = {"content-type": "application/json"}
        content = body.encode(errors="replace")
        async with self._http.stream("POST", self.url, content=content, headers=headers) as answer:
            if not answer.is_success:
                raise self._refusal(answer, await answer.aread())
            yield answer


def _body(text: str) -> str:
    return compact({"text": text})


def _query(parameters: SpeakParameters) -> str:
    """The query of every request: samples without a head, in the session's form."""
    fields = {
        "model": parameters.model,
        "encoding": parameters.encoding,
        "container": "none",
        "sample_rate": str(parameters.sample_rate_hz),
        "speed": f"{parameters.speed:g}" if parameters.speed != 1.0 else "",
        "mip_opt_out": "true" if parameters.mip_opt_out else "",
    }
    return urlencode({name: value for name, value in fields.items() if value})
