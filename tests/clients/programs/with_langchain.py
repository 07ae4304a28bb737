"""LangChain's chat models and its agent, on both providers."""

# pyright: basic, reportMissingImports=false
from functools import partial

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from steps import MODEL, QUESTION, TASK, run, weather


def model(interface: str):
    if interface == "messages":
        return ChatAnthropic(model=MODEL[interface])
    return ChatOpenAI(model=MODEL[interface], use_responses_api=interface == "responses")


def answer(interface: str) -> str:
    return "".join(chunk.text for chunk in model(interface).stream(QUESTION))


def use_tools(interface: str) -> str:
    agent = create_agent(model(interface), [weather])
    *_, state = agent.stream(
        {"messages": [{"role": "user", "content": TASK}]}, stream_mode="values"
    )
    return state["messages"][-1].text


run(
    {
        name: (partial(answer, name), partial(use_tools, name))
        for name in ("chat", "responses", "messages")
    }
)
