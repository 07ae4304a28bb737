"""An agent of smolagents, which calls a tool for its final answer as well."""

# pyright: basic, reportMissingImports=false
from smolagents import OpenAIModel, ToolCallingAgent, tool
from steps import MODEL, QUESTION, TASK, run, weather


def answer() -> str:
    messages = [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    deltas = OpenAIModel(MODEL["chat"]).generate_stream(messages)
    return "".join(delta.content or "" for delta in deltas)


def use_tools() -> str:
    agent = ToolCallingAgent([tool(weather)], OpenAIModel(MODEL["chat"]), stream_outputs=True)
    return str(agent.run(TASK))


run({"chat": (answer, use_tools)})
