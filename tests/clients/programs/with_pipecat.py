"""Pipecat: a pipeline of text, with its services of models and its functions."""

# pyright: basic, reportMissingImports=false
import asyncio
import os
from functools import partial
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import EndFrame, ErrorFrame, LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.responses.llm import (
    OpenAIResponsesHttpLLMService,
    OpenAIResponsesLLMService,
)
from steps import MODEL, QUESTION, TASK, calls, run, weather

TOOL = FunctionSchema(
    "weather",
    "Tell the weather in a city.",
    properties={"city": {"type": "string"}},
    required=["city"],
)
INTERFACES = ("chat", "responses", "messages", "websocket")


class PipelineError(Exception):
    """An error that the pipeline reported."""


def model(interface: str) -> Any:
    if interface == "messages":
        return AnthropicLLMService(
            api_key=os.environ["ANTHROPIC_API_KEY"],
            settings=AnthropicLLMService.Settings(model=MODEL[interface]),
        )
    key = os.environ["OPENAI_API_KEY"]
    if interface == "websocket":
        address = os.environ["OPENAI_BASE_URL"].replace("http", "ws", 1) + "/responses"
        settings = OpenAIResponsesLLMService.Settings(model=MODEL["responses"])
        return OpenAIResponsesLLMService(api_key=key, ws_url=address, settings=settings)
    service = {"chat": OpenAILLMService, "responses": OpenAIResponsesHttpLLMService}[interface]
    return service(api_key=key, settings=service.Settings(model=MODEL[interface]))


async def _weather(params: FunctionCallParams) -> None:
    # A result that comes at once would make it ask before the other calls have begun.
    await asyncio.sleep(0.1)
    await params.result_callback(weather(**params.arguments))


async def ask(interface: str, question: str, tools: list[FunctionSchema]) -> str:
    llm = model(interface)
    llm.register_function("weather", _weather)
    context = LLMContext([{"role": "user", "content": question}], tools=ToolsSchema(tools))
    user, assistant = LLMContextAggregatorPair(context)
    task = PipelineTask(Pipeline([user, llm, assistant]))
    errors: list[str] = []

    @task.event_handler("on_pipeline_error")
    async def on_error(task: PipelineTask, frame: ErrorFrame) -> None:
        errors.append(frame.error)
        await task.queue_frame(EndFrame())

    @assistant.event_handler("on_assistant_turn_stopped")
    async def on_answer(aggregator: Any, message: Any) -> None:
        # Text may come before the calls, too. Its service of Anthropic takes the last call alone.
        most_calls = 1 if interface == "messages" else 2
        if message.content and (not tools or len(calls) == most_calls):
            await task.queue_frame(EndFrame())

    await task.queue_frame(LLMRunFrame())
    await PipelineRunner(handle_sigint=False).run(task)
    if errors:
        raise PipelineError(errors[0])
    return str(context.get_messages()[-1]["content"])


run(
    {
        name: (partial(ask, name, QUESTION, []), partial(ask, name, TASK, [TOOL]))
        for name in INTERFACES
    }
)
