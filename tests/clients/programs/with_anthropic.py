"""Anthropic's own client: Messages, with its helper for streams and its runner of tools."""

# pyright: basic, reportMissingImports=false
import anthropic
from anthropic import beta_tool
from steps import MODEL, QUESTION, TASK, run, weather


def answer() -> str:
    with anthropic.Anthropic().messages.stream(
        model=MODEL["messages"],
        max_tokens=1024,
        messages=[{"role": "user", "content": QUESTION}],
    ) as stream:
        return "".join(stream.text_stream)


def use_tools() -> str:
    runner = anthropic.Anthropic().beta.messages.tool_runner(
        model=MODEL["messages"],
        max_tokens=1024,
        tools=[beta_tool(weather)],
        messages=[{"role": "user", "content": TASK}],
        stream=True,
    )
    text = ""
    for stream in runner:
        text = "".join(stream.text_stream)
    return text


run({"messages": (answer, use_tools)})
