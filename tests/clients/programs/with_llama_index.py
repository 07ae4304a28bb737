"""LlamaIndex: its models of OpenAI and its agent.

Its package for Anthropic (0.12.3) fits neither the newest client of Anthropic nor the one before.
"""

# pyright: basic, reportMissingImports=false
import os
from functools import partial

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI, OpenAIResponses
from steps import MODEL, QUESTION, TASK, run, weather

CLASSES = {"chat": OpenAI, "responses": OpenAIResponses}


def model(interface: str):
    return CLASSES[interface](MODEL[interface], api_base=os.environ["OPENAI_BASE_URL"])


def answer(interface: str) -> str:
    chunks = model(interface).stream_chat([ChatMessage(role="user", content=QUESTION)])
    return "".join(chunk.delta or "" for chunk in chunks)


async def use_tools(interface: str) -> str:
    agent = FunctionAgent(tools=[weather], llm=model(interface))
    return str(await agent.run(TASK))


run({name: (partial(answer, name), partial(use_tools, name)) for name in CLASSES})
