"""The library of the `llm` command, with its plugin for Anthropic."""

# pyright: basic, reportMissingImports=false
from functools import partial

import llm
from steps import QUESTION, TASK, run, weather

# It knows its models by name.
MODEL = {"chat": "gpt-4o-mini", "responses": "gpt-5-mini", "messages": "claude-sonnet-5"}


def answer(interface: str) -> str:
    return "".join(llm.get_model(MODEL[interface]).prompt(QUESTION))


def use_tools(interface: str) -> str:
    *_, last = llm.get_model(MODEL[interface]).chain(TASK, tools=[weather]).responses()
    return last.text()


run({name: (partial(answer, name), partial(use_tools, name)) for name in MODEL})
