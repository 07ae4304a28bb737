"""Ids of calls to tools as the official clients meet them, over several steps and stand-ins."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import anthropic
import openai
from anthropic.types import ToolUseBlock

from gramophone.core.clock import ManualClock
from gramophone.standin.source.scenario import ScenarioSound, scenario
from tests.support.deadlines import HANG_S
from tests.support.model_standin import standing_in

CALLS = 2
"""In each answer."""
TOOLS: Any = [{"name": "look", "input_schema": {"type": "object"}}]
FUNCTION: Any = {"type": "function", "function": {"name": "look"}}
FLAT: Any = {"type": "function", "name": "look"}
ANSWERS = """
[[answer]]
text = "I look."
tools = [{name = "look"}, {name = "look", arguments = {where = "there"}}]
"""
LOOKING = scenario(ANSWERS, lambda name: ScenarioSound(0, b"")).answers
SAME_FORM = {"call_": 29, "toolu_": 30, "fc_": 27}
"""Lengths of the ids, by what they begin with."""


def check_ids(ids: Sequence[str], prefix: str) -> None:
    assert len(set(ids)) == len(ids)
    assert all(id_.startswith(prefix) and len(id_) == SAME_FORM[prefix] for id_ in ids)


async def test_chat_completions() -> None:
    ids: list[str] = []
    messages: Any = [{"role": "user", "content": "Look twice."}]
    for steps in (2, 1):
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(standing_in(*LOOKING))
            client = openai.AsyncOpenAI(timeout=HANG_S, api_key="k", base_url=address.http("/v1"))
            await stack.enter_async_context(client)
            for _ in range(steps):
                async with client.chat.completions.stream(
                    model="m", messages=messages, tools=[FUNCTION]
                ) as stream:
                    message = (await stream.get_final_completion()).choices[0].message
                call_ids = [call.id for call in message.tool_calls or []]
                ids += call_ids
                messages.append(message.to_dict())
                messages += [
                    {"role": "tool", "tool_call_id": id_, "content": ""} for id_ in call_ids
                ]
    assert len(ids) == 3 * CALLS
    check_ids(ids, "call_")


async def test_responses() -> None:
    ids: list[str] = []
    items: list[str] = []
    counts: list[int] = []
    async with standing_in(*LOOKING) as address:
        async with openai.AsyncOpenAI(
            timeout=HANG_S, api_key="k", base_url=address.http("/v1")
        ) as client:
            response = await client.responses.create(model="m", input="Look twice.", tools=[FLAT])
            for _ in range(2):
                calls = [item for item in response.output if item.type == "function_call"]
                ids += [call.call_id for call in calls]
                counts.append(response.usage.input_tokens if response.usage else 0)
                items += [call.id or "" for call in calls]
                results: Any = [
                    {"type": "function_call_output", "call_id": call.call_id, "output": ""}
                    for call in calls
                ]
                response = await client.responses.create(
                    model="m", input=results, previous_response_id=response.id, tools=[FLAT]
                )
    assert len(ids) == 2 * CALLS
    check_ids(ids, "call_")
    check_ids(items, "fc_")
    assert 0 < counts[0] < counts[1], "the turn before is counted with it"


async def test_messages() -> None:
    ids: list[str] = []
    messages: Any = [{"role": "user", "content": "Look twice."}]
    for steps in (2, 1):
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(standing_in(*LOOKING))
            client = anthropic.AsyncAnthropic(timeout=HANG_S, api_key="k", base_url=address.http())
            await stack.enter_async_context(client)
            for _ in range(steps):
                message = await client.messages.create(
                    model="m", max_tokens=9, messages=messages, tools=TOOLS
                )
                call_ids = [
                    block.id for block in message.content if isinstance(block, ToolUseBlock)
                ]
                ids += call_ids
                results = [{"type": "tool_result", "tool_use_id": id_} for id_ in call_ids]
                messages.append({"role": "assistant", "content": message.to_dict()["content"]})
                messages.append({"role": "user", "content": results})
    assert len(ids) == 3 * CALLS
    check_ids(ids, "toolu_")


async def test_ids_are_the_same_each_time() -> None:
    """For the same requests, so that a test may compare what it gets."""
    bodies: list[str] = []
    for _ in range(2):
        async with standing_in(*LOOKING, clock=ManualClock()) as address:
            async with openai.AsyncOpenAI(
                timeout=HANG_S, api_key="k", base_url=address.http("/v1")
            ) as client:
                raw = client.chat.completions.with_raw_response
                messages: Any = [{"role": "user", "content": "Hi"}]
                whole = await raw.create(model="m", messages=messages, tools=[FUNCTION])
                bodies.append(whole.text)
    assert bodies[0] == bodies[1]
