"""Agents of pydantic-ai on both providers."""

# pyright: basic, reportMissingImports=false
from functools import partial

from pydantic_ai import Agent
from steps import MODEL, QUESTION, TASK, run, weather

PREFIX = {"chat": "openai-chat", "responses": "openai-responses", "messages": "anthropic"}


def agent(interface: str, **options) -> Agent:
    return Agent(f"{PREFIX[interface]}:{MODEL[interface]}", **options)


async def ask(agent: Agent, question: str) -> str:
    async with agent.run_stream(question) as result:
        return "".join([delta async for delta in result.stream_text(delta=True)])


def answer(interface: str):
    return ask(agent(interface), QUESTION)


def use_tools(interface: str) -> str:
    return agent(interface, tools=[weather]).run_sync(TASK).output


run({name: (partial(answer, name), partial(use_tools, name)) for name in PREFIX})
