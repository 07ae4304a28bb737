"""OpenAI's agents, on Responses as they come and on Chat Completions."""

# pyright: basic, reportMissingImports=false
from functools import partial

from agents import Agent, Runner, function_tool, set_default_openai_api, set_tracing_disabled
from openai.types.responses import ResponseTextDeltaEvent
from steps import MODEL, QUESTION, TASK, run, weather

API = {"chat": "chat_completions", "responses": "responses"}


def agent(interface: str, tools: list) -> Agent:
    set_default_openai_api(API[interface])
    set_tracing_disabled(True)
    return Agent(name="Assistant", model=MODEL[interface], tools=tools)


async def answer(interface: str) -> str:
    result = Runner.run_streamed(agent(interface, []), QUESTION)
    text = ""
    async for event in result.stream_events():
        if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
            text += event.data.delta
    return text


async def use_tools(interface: str) -> str:
    result = Runner.run_streamed(agent(interface, [function_tool(weather)]), TASK)
    async for _ in result.stream_events():
        pass
    return result.final_output


run({name: (partial(answer, name), partial(use_tools, name)) for name in API})
