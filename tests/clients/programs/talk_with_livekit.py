"""LiveKit Agents: an agent that hears, thinks and speaks, with Nova and Aura, or with Flux."""

# pyright: basic, reportMissingImports=false
import asyncio
import os
import time
from functools import partial
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins import deepgram, openai
from talk_steps import INSTRUCTIONS, RATE_HZ, User, run, weather

KEY = "none"


class Microphone(AudioInput):
    """A source of sound that the user fills."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def take(self, sound: bytes) -> None:
        self._frames.put_nowait(rtc.AudioFrame(sound, RATE_HZ, 1, len(sound) // 2))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class Speaker(AudioOutput):
    """A sink of sound that the user hears, as long as it lasts."""

    def __init__(self, user: User) -> None:
        capabilities = AudioOutputCapabilities(pause=False)
        super().__init__(label="speaker", capabilities=capabilities, sample_rate=24_000)
        self._user = user
        self._seconds = 0.0
        self._playing: asyncio.TimerHandle | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._seconds:
            self.on_playback_started(created_at=time.time())
        self._user.hear(bytes(frame.data))
        self._seconds += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._seconds:
            loop = asyncio.get_running_loop()
            self._playing = loop.call_later(self._seconds, self._end, self._seconds)
            self._seconds = 0.0

    def clear_buffer(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
        self.on_playback_finished(playback_position=0.0, interrupted=True)

    def _end(self, seconds: float) -> None:
        self.on_playback_finished(playback_position=seconds, interrupted=False)


class Assistant(Agent):
    """An agent with one tool."""

    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    @function_tool
    async def weather(self, city: str) -> str:
        """Tell the weather.

        Args:
            city: its name.
        """
        return weather(city)


def _services(interface: str, http: aiohttp.ClientSession) -> tuple[Any, Any]:
    """Speech recognition and synthesis by interface."""
    base = os.environ["DEEPGRAM_BASE_URL"]
    common: dict[str, Any] = {"api_key": KEY, "http_session": http}
    if interface == "flux":
        ears = deepgram.STTv2(base_url=f"{base}/v2/listen", **common)
        return ears, deepgram.TTSv2(base_url=f"{base}/v2/speak", **common)
    ears = deepgram.STT(base_url=f"{base}/v1/listen", **common)
    return ears, deepgram.TTS(base_url=f"{base}/v1/speak", **common)


async def talk(interface: str) -> str:
    """Hold the talk; gives what was said by both sides."""
    async with aiohttp.ClientSession() as http:
        ears, mouth = _services(interface, http)
        session = AgentSession(
            stt=ears,
            llm=openai.LLM(model="gpt-4.1-mini", api_key=KEY),
            tts=mouth,
            vad=None,
            turn_handling={"turn_detection": "stt"},
        )
        microphone = Microphone()
        user = User(microphone.take)
        session.input.audio = microphone
        session.output.audio = Speaker(user)

        @session.on("agent_state_changed")
        def _on_state(event: Any) -> None:
            if event.old_state == "speaking":
                user.answer_ended()

        try:
            await session.start(Assistant())
            await user.talk()
            return "\n".join(
                f"{item.role}: {item.text_content}"
                for item in session.history.items
                if item.type == "message"
            )
        finally:
            await session.aclose()


run({"nova": partial(talk, "nova"), "flux": partial(talk, "flux")})
