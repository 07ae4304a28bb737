"""Servers that send too much to our clients: a sentence, and little memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.hostile_servers import (
    BODIES,
    HANDSHAKES,
    MOST_MEMORY_MB,
    PINGS,
    SOCKETS,
    Body,
    attacking,
    met,
)


async def attacked(
    client: str, answers: Mapping[str, Body], *, accepts: bool = False
) -> dict[str, dict[str, Any]]:
    """What a client said to each of these answers."""
    async with AsyncExitStack() as servers:
        attacks = [
            await servers.enter_async_context(attacking(answer, accepts=accepts))
            for answer in answers.values()
        ]
        told = await met(client, *(attack.origin for attack in attacks))
    assert len(told) == len(answers)
    return dict(zip(answers, told, strict=True))


def check(told: Mapping[str, dict[str, Any]]) -> None:
    """Each was answered with one sentence, and took little memory."""
    for name, line in told.items():
        assert line["memory_mb"] <= MOST_MEMORY_MB, name
        assert line["sentence"].endswith("."), name
        assert "\n" not in line["sentence"], name
        assert len(line["sentence"]) < 500, name


@pytest.mark.parametrize("client", ["openai", "anthropic"])
async def test_what_a_model_sends_is_bounded(client: str) -> None:
    check(await attacked(client, {name: BODIES[name] for name in BODIES if name != PINGS}))


async def test_what_a_speech_service_sends_is_bounded() -> None:
    check(await attacked("speech", HANDSHAKES))
    told = await attacked("speech", SOCKETS, accepts=True)
    assert all(line["memory_mb"] <= MOST_MEMORY_MB for line in told.values())
    for name in ("a frame of 200 MB", "a text of 200 MB", "fragments without end"):
        assert told[name]["sentence"] == "1009 it sent a message of more than 8 MB"
