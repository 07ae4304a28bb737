"""Pipecat: a pipeline that hears, thinks and speaks, with Nova and Aura, or with Flux both ways."""

# pyright: basic, reportMissingImports=false
import asyncio
import os
from functools import partial
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EndFrame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.flux.tts import DeepgramFluxTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.deepgram.tts import DeepgramTTSService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from talk_steps import INSTRUCTIONS, RATE_HZ, User, run, weather

KEY = "none"


class Microphone(BaseInputTransport):
    """A source of sound that the user fills."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def take(self, sound: bytes) -> None:
        await self.push_audio_frame(InputAudioRawFrame(sound, RATE_HZ, 1))


class Speaker(BaseOutputTransport):
    """A sink of sound that the user hears, as long as it lasts."""

    user: User

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self.user.hear(frame.audio)
        await asyncio.sleep(frame.num_frames / frame.sample_rate)
        return True


class AnswerEnds(BaseObserver):
    """A watcher for the end of what the bot says."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user = user

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, BotStoppedSpeakingFrame):
            self._user.answer_ended()


async def _weather(params: FunctionCallParams) -> None:
    # A result that comes at once would make it ask before the other calls have begun.
    await asyncio.sleep(0.1)
    await params.result_callback(weather(**params.arguments))


def _services(interface: str) -> tuple[Any, Any, Any]:
    """Speech recognition, synthesis and the strategies of turns by interface."""
    base = os.environ["DEEPGRAM_BASE_URL"]
    if interface == "flux":
        ears = DeepgramFluxSTTService(api_key=KEY, url=f"{base}/v2/listen")
        return ears, DeepgramFluxTTSService(api_key=KEY, url=f"{base}/v2/speak"), None
    strategies = UserTurnStrategies(
        start=[TranscriptionUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy()]
    )
    ears = DeepgramSTTService(api_key=KEY, base_url=base)
    return ears, DeepgramTTSService(api_key=KEY, base_url=base), strategies


def _context() -> LLMContext:
    city = {"city": {"type": "string"}}
    tool = FunctionSchema("weather", "Tell the weather.", properties=city, required=["city"])
    return LLMContext(
        [{"role": "system", "content": INSTRUCTIONS}], tools=ToolsSchema(standard_tools=[tool])
    )


async def talk(interface: str) -> str:
    """Hold the talk; gives what was said by both sides."""
    ears, mouth, strategies = _services(interface)
    model = OpenAILLMService(api_key=KEY, settings=OpenAILLMService.Settings(model="gpt-5-mini"))
    model.register_function("weather", _weather)
    context = _context()
    params = LLMUserAggregatorParams(user_turn_strategies=strategies)
    user_side, model_side = LLMContextAggregatorPair(context, user_params=params)
    sound = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    microphone, speaker = Microphone(sound), Speaker(sound)
    speaker.user = user = User(microphone.take)
    task = PipelineTask(
        Pipeline([microphone, ears, user_side, model, mouth, speaker, model_side]),
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=24_000),
        observers=[AnswerEnds(user)],
    )
    await _run(task, user)
    return "\n".join(
        f"{message['role']}: {message['content']}"
        for message in context.get_messages()
        if message.get("content") and message["role"] in ("user", "assistant")
    )


async def _run(task: PipelineTask, user: User) -> None:
    """Run the pipeline while the user talks."""
    started = asyncio.Event()

    @task.event_handler("on_pipeline_started")
    async def _on_start(task: PipelineTask, frame: StartFrame) -> None:
        started.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(PipelineRunner(handle_sigint=False).run(task))
        await started.wait()
        await user.talk()
        await task.queue_frame(EndFrame())


run({"nova": partial(talk, "nova"), "flux": partial(talk, "flux")})
