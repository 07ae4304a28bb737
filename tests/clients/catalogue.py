"""Clients that `python -m tests.clients` runs, and the end of each step as with the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STEPS: Mapping[str, str] = {
    "answer": "",
    "tools": "",
    "busy": "refuse=429@0",
    "overloaded": "refuse=529@0",
    "cut": "sse-cut",
}
"""Steps of the language models' clients, and the fault of each."""


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
        scenarios: those that differ from the steps' own: `answer` or `tools`.
        lock: name of the lock in `requirements/`.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    interfaces: tuple[str, ...]
    errors: Mapping[str, str]
    scenarios: Mapping[str, str] = field(default_factory=dict[str, str])
    lock: str = ""

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

    def scenario(self, step: str) -> str:
        """Name of the scenario of the step, without its suffix."""
        usual = "tools" if step == "tools" else "answer"
        return self.scenarios.get(usual, usual)


_ALL = ("chat", "responses", "messages")
_OURS = "test"
"""The lock of the tests' own environment, which has the services' own clients."""

CLIENTS = (
    Client(
        "openai",
        "with_openai.py",
        ("openai",),
        ("chat", "responses"),
        {"cut": "APIConnectionError"},
        lock=_OURS,
    ),
    Client(
        "anthropic",
        "with_anthropic.py",
        ("anthropic",),
        ("messages",),
        {"cut": "RemoteProtocolError"},
        lock=_OURS,
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
    Client("pipecat-voice", "talk_with_pipecat.py", ("pipecat-ai",), _VOICES, {}),
    Client("livekit-voice", "talk_with_livekit.py", ("livekit-agents",), _VOICES, {}),
)
"""Clients that hold a whole talk by voice, with Nova and Aura or with Flux both ways: `talks`."""
