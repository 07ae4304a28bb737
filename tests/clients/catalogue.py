"""Clients that `python -m tests.clients` runs, and the end of each step as with the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STEPS = ("answer", "tools", "busy", "overloaded", "cut")
"""Steps of the language models' clients."""


def fault_of(interface: str, step: str) -> str:
    """The fault of a step; empty if there is none."""
    status = 529 if interface == "messages" else 503
    faults = {"busy": "refuse=429@0", "overloaded": f"refuse={status}@0", "cut": "sse-cut@0"}
    return faults.get(step, "")


@dataclass(frozen=True)
class Client:
    """A client, as its users install it and write their programs.

    Attributes:
        name: as on the command line.
        program: a file in `programs/`, or in `node/` if it ends with `.mjs`.
        packages: shown with their versions; the first has the name of the client.
        interfaces: names of what the program can do all steps with.
        errors: name of the error that ends a step, by step or by `INTERFACE/STEP`. Other steps end
            with the answer, those with a refusal because the client asks again by itself.
        scenarios: those that differ from the usual ones, `answer` and `tools`, by these names or
            by `INTERFACE/STEP`.
        lock: name of the lock in `requirements/`.
        texts: the answers that differ from those of the scenario, by `INTERFACE/STEP`.
        last_call_only: interfaces in which the client runs the last call of an answer alone.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    interfaces: tuple[str, ...]
    errors: Mapping[str, str]
    scenarios: Mapping[str, str] = field(default_factory=dict[str, str])
    lock: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    last_call_only: tuple[str, ...] = ()

    @property
    def is_node(self) -> bool:
        return self.program.endswith(".mjs")

    @property
    def lock_name(self) -> str:
        """Name of the lock, without its suffix; a Node client has none of its own."""
        return self.lock or f"clients-{self.name}"

    def error(self, interface: str, step: str) -> str:
        """Name of the error that ends the step; empty if the answer does."""
        return self.errors.get(f"{interface}/{step}", self.errors.get(step, ""))

    def scenario(self, interface: str, step: str) -> str:
        """Name of the scenario of the step, without its suffix."""
        usual = "tools" if step == "tools" else "answer"
        return self.scenarios.get(f"{interface}/{step}", self.scenarios.get(usual, usual))

    def text(self, interface: str, step: str) -> str:
        """The answer that the program ends with; empty if an error ends it."""
        if self.error(interface, step):
            return ""
        usual = REPORT if step == "tools" else ANSWER
        return self.texts.get(f"{interface}/{step}", usual)

    def calls(self, interface: str, step: str) -> tuple[str, ...]:
        """Arguments of the calls in a step, sorted."""
        if step != "tools":
            return ()
        return ("Köln",) if interface in self.last_call_only else CITIES


ANSWER = "Because of scattering: blue light scatters more than red."
REPORT = "It rains in both."
"""Texts of the scenarios: the answer, and that after the calls of tools."""
CITIES = ("Köln", "Oslo")
"""Arguments of the calls, sorted."""

_ALL = ("chat", "responses", "messages")
OURS = "test"
"""The lock of the tests' own environment, which has the services' own clients."""

CLIENTS = (
    Client(
        "openai",
        "with_openai.py",
        ("openai",),
        ("chat", "responses"),
        {"cut": "APIConnectionError"},
        lock=OURS,
    ),
    Client(
        "anthropic",
        "with_anthropic.py",
        ("anthropic",),
        ("messages",),
        {"cut": "RemoteProtocolError"},
        lock=OURS,
    ),
    Client(
        "langchain",
        "with_langchain.py",
        ("langchain", "langchain-openai", "langchain-anthropic"),
        _ALL,
        {"cut": "OpenAIConnectionError", "messages/cut": "RemoteProtocolError"},
    ),
    Client(
        "litellm",
        "with_litellm.py",
        ("litellm",),
        _ALL,
        {"cut": "MidStreamFallbackError", "responses/cut": "RemoteProtocolError"},
    ),
    Client(
        "pydantic-ai",
        "with_pydantic_ai.py",
        ("pydantic-ai-slim",),
        _ALL,
        {"cut": "ModelConnectionError"},
    ),
    Client(
        "openai-agents",
        "with_openai_agents.py",
        ("openai-agents",),
        ("chat", "responses"),
        {"cut": "APIConnectionError"},
    ),
    Client(
        "instructor",
        "with_instructor.py",
        ("instructor",),
        ("chat", "messages"),
        {"cut": "InstructorRetryException"},
        {"answer": "instructor-answer", "tools": "instructor-tools"},
    ),
    Client(
        "llm",
        "with_llm.py",
        ("llm", "llm-anthropic"),
        _ALL,
        {"cut": "APIConnectionError", "messages/cut": "RemoteProtocolError"},
    ),
    Client(
        "smolagents",
        "with_smolagents.py",
        ("smolagents",),
        ("chat",),
        {"cut": "APIConnectionError"},
        {"tools": "smolagents-tools"},
    ),
    Client(
        "llama-index",
        "with_llama_index.py",
        ("llama-index-core", "llama-index-llms-openai"),
        ("chat", "responses"),
        {"cut": "RemoteProtocolError"},
    ),
    Client(
        "pipecat",
        "with_pipecat.py",
        ("pipecat-ai",),
        ("chat", "responses", "messages", "websocket"),
        {
            "cut": "PipelineError",
            "websocket/cut": "",
            "websocket/busy": "PipelineError",
            "websocket/overloaded": "PipelineError",
        },
        # It connects again, and asks once more; what it had is not taken back.
        {"websocket/cut": "answer-twice"},
        texts={"websocket/cut": f"Because of scattering: blue {ANSWER}"},
        last_call_only=("messages",),
    ),
    Client(
        "livekit",
        "with_livekit.py",
        ("livekit-agents",),
        ("chat", "responses", "messages", "websocket"),
        {
            "cut": "APIConnectionError",
            "websocket/cut": "",
            "websocket/busy": "APIStatusError",
            "websocket/overloaded": "APIStatusError",
        },
        {"websocket/cut": "answer-twice"},
        texts={"websocket/cut": f"Because of scattering: blue {ANSWER}"},
    ),
    Client(
        "ai-sdk",
        "with_ai_sdk.mjs",
        ("ai", "@ai-sdk/openai", "@ai-sdk/anthropic"),
        _ALL,
        {"cut": "AI_APICallError"},
    ),
    Client(
        "openai-node",
        "with_openai.mjs",
        ("openai",),
        ("chat", "responses"),
        {"chat/cut": "TypeError", "responses/cut": "OpenAIError"},
    ),
    Client(
        "anthropic-node",
        "with_anthropic.mjs",
        ("@anthropic-ai/sdk",),
        ("messages",),
        {"cut": "AnthropicError"},
    ),
)

_VOICES = ("nova", "flux")

TALKERS = (
    Client(
        "pipecat-voice",
        "talk_with_pipecat.py",
        ("pipecat-ai",),
        _VOICES,
        {},
        lock="clients-pipecat",
    ),
    Client(
        "livekit-voice",
        "talk_with_livekit.py",
        ("livekit-agents",),
        _VOICES,
        {},
        lock="clients-livekit",
    ),
)
"""Clients that hold a whole talk by voice, with Nova and Aura or with Flux both ways: `talks`."""
