"""OpenAI's text to speech, of OpenAI or any server that speaks it, with the official SDK.

Kokoro-FastAPI, LocalAI and Speaches are reached through `base_url`. The SDK is imported at the
first connection: it takes half a second.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from gramophone.core.clock import Clock
from gramophone.providers.tts.http_speech import HttpRequester, HttpSpeech
from gramophone.providers.tts.speech_failures import SpeechFailures
from gramophone.wire.lenient_json import read_object
from gramophone.wire.loopback import host_of
from gramophone.wire.openai_audio.speech import SAMPLE_RATE_HZ
from gramophone.wire.openai_audio.speech_form import CAPABILITIES, SpeechForm
from gramophone.wire.speech_requests import SpeechOverHttp, answer_timeout_us

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

OPENAI_BASE_URL = "https://api.openai.com/v1"
READ_TIMEOUT_S = 60.0
"""A server that makes all of the sound before it sends any may take long for it."""


class OpenAISpeech(HttpSpeech):
    """A `ports.speech.SpeechService`.

    `api_key` may be empty for servers that want none; then no key is sent, whatever the environment
    has. `title` begins sentences. `sent_hz` is the rate of samples without a head, `session_hz`
    that of the session. `timeout_s` is how long an answer may be silent; None for the usual time.
    """

    def __init__(
        self,
        form: SpeechForm,
        *,
        base_url: str = OPENAI_BASE_URL,
        api_key: str = "",
        key_name: str = "OPENAI_API_KEY",
        title: str = "OpenAI's speech",
        sent_hz: int = SAMPLE_RATE_HZ,
        session_hz: int = SAMPLE_RATE_HZ,
        timeout_s: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        read_timeout_s = READ_TIMEOUT_S if timeout_s is None else timeout_s
        super().__init__(
            SpeechFailures(title, key_name, host_of(base_url), api_key),
            sent_hz=sent_hz,
            session_hz=session_hz,
            clock=clock,
        )
        self.protocol = SpeechOverHttp(form.body, CAPABILITIES, answer_timeout_us(read_timeout_s))
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._read_timeout_s = read_timeout_s

    def _requester(self) -> HttpRequester:
        import httpx2
        from openai import AsyncOpenAI

        from gramophone.providers.tts.http_client import speech_client

        headers = {"authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        try:
            http = speech_client(self._base_url, headers, self._read_timeout_s)
            client = AsyncOpenAI(
                # The SDK refuses an empty key; the HTTP client takes this one out again.
                api_key=self._api_key or "none",
                base_url=self._base_url,
                # Failures are counted and told by the connection.
                max_retries=0,
                http_client=http,
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error
        return _OpenAIRequester(f"{self._base_url}/audio/speech", client, http, self._failures)


class _OpenAIRequester(HttpRequester):
    """Makes requests by the SDK."""

    def __init__(
        self, url: str, client: AsyncOpenAI, http: httpx2.AsyncClient, failures: SpeechFailures
    ) -> None:
        super().__init__(url, http, failures)
        self._client = client

    @asynccontextmanager
    async def _post(self, body: str) -> AsyncGenerator[httpx2.Response]:
        import openai

        create = cast("Any", self._client.audio.speech.with_streaming_response.create)
        try:
            manager = create(**read_object(body))
            response = await manager.__aenter__()
        except openai.APIStatusError as error:
            raise self._refusal(error.response, error.response.content) from error
        except openai.APIConnectionError as error:
            # The SDK has one error for all failures of the transport; its cause tells them apart.
            raise (error.__cause__ or self.failures.unreachable()) from error
        except openai.OpenAIError as error:
            raise self.failures.misconfigured(str(error)) from error
        try:
            yield response.http_response
        finally:
            await manager.__aexit__(None, None, None)
