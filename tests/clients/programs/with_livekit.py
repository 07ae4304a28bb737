"""LiveKit's agents, without a room: their models, and a session that is typed to."""

# pyright: basic, reportMissingImports=false
import os
from functools import partial

from livekit.agents import Agent, AgentSession, ChatContext, function_tool
from livekit.agents.utils import http_context
from livekit.plugins import anthropic, openai
from steps import MODEL, QUESTION, TASK, run, weather


def model(interface: str):
    if interface == "messages":
        return anthropic.LLM(model=MODEL[interface])
    if interface == "responses":
        return openai.responses.LLM(model=MODEL[interface], use_websocket=False)
    if interface == "websocket":
        address = os.environ["OPENAI_BASE_URL"] + "/responses"
        return openai.responses.LLM(model=MODEL["responses"], base_url=address)
    return openai.LLM(model=MODEL[interface])


async def answer(interface: str) -> str:
    context = ChatContext.empty()
    context.add_message(role="user", content=QUESTION)
    text = ""
    async with (
        http_context.open(),
        model(interface) as llm,
        llm.chat(chat_ctx=context) as stream,
    ):
        async for chunk in stream:
            text += (chunk.delta and chunk.delta.content) or ""
    return text


async def use_tools(interface: str) -> str:
    async def look(city: str) -> str:
        """Tell the weather in a city.

        Args:
            city: its name.
        """
        return weather(city)

    agent = Agent(instructions="Be brief.", tools=[function_tool(look, name="weather")])
    async with http_context.open(), model(interface) as llm, AgentSession(llm=llm) as session:
        await session.start(agent)
        await session.run(user_input=TASK)
        return session.history.messages()[-1].text_content


run(
    {
        name: (partial(answer, name), partial(use_tools, name))
        for name in ("chat", "responses", "messages", "websocket")
    }
)
