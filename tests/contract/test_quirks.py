"""Our clients against the stand-in with every quirk: the answer is the same, however it is sent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gramophone.core.errors import ModelError
from gramophone.ports.language_model import LanguageModel, ModelChunk
from gramophone.providers.llm.anthropic_messages import AnthropicMessages
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.providers.llm.openai_responses import OpenAIResponses
from gramophone.standin.server.routes import Address
from gramophone.standin.source.scenario import ScenarioError, scenario
from gramophone.wire.llm.quirks import QUIRKS
from tests.support.model_contract import KEY, closing, read, text_of
from tests.support.paths import ROOT
from tests.support.scenario_standin import no_wav, served

ANSWER = """
[[answer]]
thinking = "Let me see."
text = "Hello there."
input_tokens = 12
output_tokens = 5
tools = [{name = "look", arguments = {a = 1}}, {name = "look", arguments = {b = 2}}]
"""
FAILS = 'fails = {status = 500, message = "out of memory"}\n'
SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
PROTOCOLS = ("chat", "responses", "messages")
CASES = [
    pytest.param(protocol, name, id=f"{protocol}-{name}")
    for name, quirk in QUIRKS.items()
    for protocol in PROTOCOLS
    if quirk.protocol in ("all", protocol)
]


def client(protocol: str, address: Address) -> LanguageModel:
    """A client that offers a tool, without which no call is sent."""
    look = {"name": "look", "description": "Look."}
    openai: dict[str, Any] = {"api_key": KEY, "base_url": address.http("/v1")}
    match protocol:
        case "chat":
            tool = {"type": "function", "function": {**look, "parameters": SCHEMA}}
            return OpenAIChat("m", **openai, options=EndpointOptions(extra_body={"tools": [tool]}))
        case "responses":
            tool = {"type": "function", **look, "parameters": SCHEMA, "strict": False}
            options = EndpointOptions(extra_body={"tools": [tool]})
            return OpenAIResponses("m", **openai, options=options)
        case _:
            options = EndpointOptions(extra_body={"tools": [{**look, "input_schema": SCHEMA}]})
            return AnthropicMessages("m", api_key=KEY, base_url=address.http(), options=options)


async def answer_of(protocol: str, text: str) -> tuple[list[ModelChunk], str]:
    """The chunks of a scenario's answer, and the sentence of its failure."""
    chunks: list[ModelChunk] = []
    async with served(text) as address, closing(client(protocol, address)) as model:
        try:
            await read(model, chunks.append)
        except ModelError as error:
            return chunks, str(error)
    return chunks, ""


_usual: dict[str, list[ModelChunk]] = {}


async def usual(protocol: str) -> list[ModelChunk]:
    """The chunks of the answer without a quirk, which are asked for once."""
    if protocol not in _usual:
        _usual[protocol] = (await answer_of(protocol, ANSWER))[0]
    return _usual[protocol]


def calls_in(chunks: list[ModelChunk]) -> list[tuple[str, object]]:
    calls: dict[int, list[str]] = {}
    for part in (part for chunk in chunks for part in chunk.calls):
        names = calls.setdefault(part.index, ["", ""])
        names[0] += part.name
        names[1] += part.arguments
    return [(name, json.loads(arguments)) for name, arguments in calls.values()]


@pytest.mark.parametrize(("protocol", "quirk"), CASES)
async def test_the_answer_is_the_same(protocol: str, quirk: str) -> None:
    chunks, failure = await answer_of(protocol, f'{ANSWER}quirk = "{quirk}"')
    retraction = next((n for n, chunk in enumerate(chunks) if chunk.retracts), 0)
    thought = text_of(chunks[:retraction]) + "".join(chunk.thought for chunk in chunks)
    assert failure == ""
    assert quirk == "error-as-text" or chunks != await usual(protocol), "it is sent otherwise"
    assert thought.strip() == "Let me see."
    assert text_of(chunks[retraction:]) == "Hello there."
    assert any(chunk.refuses for chunk in chunks) == (quirk == "refusal")
    assert calls_in(chunks) == [("look", {"a": 1}), ("look", {"b": 2})]
    counts = [chunk.usage.output_tokens for chunk in chunks if chunk.usage]
    assert set(counts) == (set() if quirk == "no-usage" else {5})
    assert len([chunk for chunk in chunks if chunk.finish_reason]) == 1
    if quirk == "signed-calls":
        signed = [part.give_back for chunk in chunks for part in chunk.calls if part.give_back]
        assert len(signed) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_without_a_quirk_it_is_always_sent_alike(protocol: str) -> None:
    assert (await answer_of(protocol, ANSWER))[0] == await usual(protocol)


async def test_the_words_of_an_error_are_not_lost() -> None:
    as_usual = await answer_of("chat", f"{ANSWER}{FAILS}")
    chunks, failure = await answer_of("chat", f'{ANSWER}{FAILS}quirk = "error-as-text"')
    assert (chunks, failure) == as_usual, "to a user it is the same"
    assert text_of(chunks) == "Hello there."
    assert "(out of memory)" in failure


def test_a_scenario_cannot_name_another() -> None:
    with pytest.raises(ScenarioError, match=r"answer\[0\]\.quirk .* is one of whole-body, "):
        scenario('[[answer]]\nquirk = "sulks"', no_wav)


def test_every_quirk_is_documented() -> None:
    page = (ROOT / "docs" / "stand-in.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", page, re.MULTILINE)
    assert rows == [(name, quirk.protocol, quirk.meaning) for name, quirk in QUIRKS.items()]
