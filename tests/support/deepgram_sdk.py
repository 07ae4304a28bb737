"""Deepgram's own client in a test: where it finds the service, and what it heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepgram import DeepgramClientEnvironment


def environment(speak_url: str) -> DeepgramClientEnvironment:
    """Where the SDK finds the service: the address without its path."""
    base = speak_url.removesuffix("/v1/speak")
    http = base.replace("ws://", "http://")
    return DeepgramClientEnvironment(base=http, production=base, agent=base, agent_rest=http)


def kinds(received: Sequence[Any]) -> list[str]:
    """The types of what was heard, sound only once."""
    names = [type(message).__name__ for message in received]
    return [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]]
