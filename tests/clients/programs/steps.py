"""Steps that every program of a client can be asked for, and the line with the outcome of each.

A program takes steps from its standard input, one a line: a JSON object with `interface`, `step`
and `environment`, the addresses and keys where its users have them. It answers each with a line
that has `text`, the `calls` that its tool got and the name of the `error` that ended the step.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

QUESTION = "Why is the sky blue?"
TASK = "How is the weather in Oslo and in Köln?"
MODEL = {"chat": "gpt-5-mini", "responses": "gpt-5-mini", "messages": "claude-sonnet-5"}
"""The model's name by interface."""

calls: list[dict[str, str]] = []
"""Arguments of the calls to `weather` in this step, in their order."""


def weather(city: str) -> str:
    """Tell the weather in a city.

    Args:
        city: its name.
    """
    calls.append({"city": city})
    return f"In {city} it rains."


def run(interfaces: Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]]) -> None:
    """Run the steps that come, until standard input ends.

    Args:
        interfaces: two functions by interface, which may be coroutine functions: one asks
            `QUESTION` and returns the streamed text, the other gives the model `TASK` and the tool
            `weather` and returns the text after the calls.
    """
    # Libraries print as they like; the lines of outcomes have a file of their own.
    outcomes = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            request = json.loads(line)
            os.environ.update(request["environment"])
            answer, use_tools = interfaces[request["interface"]]
            outcome = _outcome(use_tools if request["step"] == "tools" else answer, runner)
            print(json.dumps(outcome), file=outcomes, flush=True)


def _outcome(function: Callable[[], Any], runner: asyncio.Runner) -> dict[str, Any]:
    calls.clear()
    try:
        text = function()
        if inspect.isawaitable(text):
            text = runner.run(_awaited(text))
    except Exception as error:
        # For a person who looks for the cause.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return {"text": "", "calls": calls, "error": type(error).__name__}
    return {"text": text, "calls": calls, "error": ""}


async def _awaited(result: Any) -> Any:
    return await result
