"""Servers that send too much to our clients: a sentence, and little memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from gramophone.wire.limits import MOST_EVENT_BYTES
from tests.support.hostile_servers import (
    BODIES,
    HANDSHAKES,
    MOST_MEMORY_MB,
    PINGS,
    READ_ALIKE,
    SOCKETS,
    Body,
    attacking,
    met,
)
from tests.support.large_events import PROVIDERS, SHAPES, answer, ask
from tests.support.programs import standin


async def attacked(
    client: str, answers: Mapping[str, Body], *, accepts: bool = False
) -> dict[str, dict[str, Any]]:
    """What a client said to each of these answers."""
    async with AsyncExitStack() as servers:
        attacks = [
            await servers.enter_async_context(attacking(answer, accepts=accepts))
            for answer in answers.values()
        ]
        lines = await met(client, *(attack.origin for attack in attacks))
    assert len(lines) == len(answers)
    return dict(zip(answers, lines, strict=True))


def check(lines: Mapping[str, dict[str, Any]]) -> None:
    """Each was answered with one sentence, and took little memory."""
    for name, line in lines.items():
        assert line["memory_mb"] <= MOST_MEMORY_MB, name
        assert line["sentence"].endswith("."), name
        assert "\n" not in line["sentence"], name
        assert len(line["sentence"]) < 500, name


@pytest.mark.parametrize("client", ["openai", "anthropic"])
async def test_what_a_model_sends_is_bounded(client: str) -> None:
    check(await attacked(client, {name: BODIES[name] for name in BODIES if name != PINGS}))


async def test_what_is_read_of_responses_is_bounded() -> None:
    check(await attacked("responses", {name: BODIES[name] for name in READ_ALIKE}))


async def test_what_a_speech_service_sends_is_bounded() -> None:
    check(await attacked("speech", HANDSHAKES))
    lines = await attacked("speech", SOCKETS, accepts=True)
    assert all(line["memory_mb"] <= MOST_MEMORY_MB for line in lines.values())
    for name in ("a frame of 200 MB", "a text of 200 MB", "fragments without end"):
        assert lines[name]["sentence"] == "1009 it sent a message of more than 8 MB"


WORST = ("a text that takes four bytes each", "many texts that take four bytes each")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_largest_event_takes_little_memory_of_a_real_ask(
    provider: str, tmp_path: Path
) -> None:
    with standin("--no-limits") as speak_url:
        for name in WORST:
            body = answer(SHAPES[name], provider, MOST_EVENT_BYTES)
            async with attacking(body) as server:
                used_mb, stderr = await ask(server.origin, provider, speak_url, tmp_path)
            assert used_mb <= MOST_MEMORY_MB, name
            # On a slow machine it is said before that nothing came for a while.
            assert stderr.splitlines()[-1].startswith("session "), name


@pytest.mark.parametrize("client", PROVIDERS)
async def test_a_larger_event_is_refused(client: str) -> None:
    larger = MOST_EVENT_BYTES * 5 // 4
    lines = await attacked(
        client, {name: answer(shape, client, larger) for name, shape in SHAPES.items()}
    )
    sentences = {name: line["sentence"] for name, line in lines.items()}
    assert all(line["came"] == 0 for name, line in lines.items() if sentences[name])
    assert {
        name for name, sentence in sentences.items() if "an event of more than 512 kB" in sentence
    } == {name for name in SHAPES if name not in ("many empty objects", "many lists")}
    check({name: line for name, line in lines.items() if line["sentence"]})


@pytest.mark.parametrize("client", PROVIDERS)
async def test_an_event_of_more_values_is_refused(client: str) -> None:
    def shape(size_bytes: int) -> tuple[str, str]:
        return "Hi.", "[" + "{}," * 30_000 + "{}]"

    lines = await attacked(client, {"values": answer(shape, client, MOST_EVENT_BYTES)})
    assert "an event of too many parts" in lines["values"]["sentence"]
