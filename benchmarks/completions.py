"""Processor time of a key while a model is chosen: 450 names, filtered at each key, and drawn.

    python -m benchmarks.completions [--names N] [--json]

Each key is the way of a real one: the line is completed, and the list of completions drawn by a
Textual app of 120×40 without a terminal. Names are those of OpenRouter's kind. Times are those of
the processor, so that other processes do not count. Wanted: 16 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time

from textual.app import App, ComposeResult

from gramophone.ports.backend import AvailableOptions
from tui.conversation.slash.commands import complete
from tui.conversation.slash.conversation_commands import conversation_commands
from tui.prompt.completions import Completions

MAKERS = ("anthropic", "deepseek", "google", "meta-llama", "mistralai", "openai", "qwen", "x-ai")
TYPED = ("gpt-5", "claude", "qwen", "instruct", "70b", "mstral", "zzz", "free")
ROUNDS = 5
WANTED_MS = 16.0


class OneList(App[None]):
    """An app with nothing but the list."""

    def compose(self) -> ComposeResult:
        yield Completions()


def names(count: int) -> tuple[str, ...]:
    """Names as a router of many models lists them."""
    kinds = ("gpt-5", "claude-sonnet", "llama-4-70b-instruct", "qwen3-235b-a22b", "mistral-small")
    return tuple(
        f"{MAKERS[n % len(MAKERS)]}/{kinds[n % len(kinds)]}-{n:03}{':free' * (n % 7 == 0)}"
        for n in range(count)
    )


async def measure(count: int) -> list[float]:
    """Milliseconds of the processor for each key."""
    options = AvailableOptions(("openrouter",), {"openrouter": names(count)})
    commands = conversation_commands(lambda: options, lambda: "openrouter")
    key_ms: list[float] = []
    app = OneList()
    async with app.run_test(size=(120, 40)) as pilot:
        shown = app.query_one(Completions)
        for typed in TYPED * ROUNDS:
            for end in range(len(typed) + 1):
                line = f"/model {typed[:end]}"
                started_s = time.process_time()
                shown.show(complete(line, len(line), commands))
                await pilot.pause()
                key_ms.append((time.process_time() - started_s) * 1000)
    return key_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=450)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    key_ms = asyncio.run(measure(arguments.names))
    figures = {
        "names": arguments.names,
        "keys": len(key_ms),
        "p50_ms": round(statistics.median(key_ms), 2),
        "p95_ms": round(statistics.quantiles(key_ms, n=20)[-1], 2),
        "most_ms": round(max(key_ms), 2),
    }
    if arguments.json:
        print(json.dumps(figures))
        return
    line = "{keys} keys over {names} names: p50 {p50_ms} ms, p95 {p95_ms} ms, most {most_ms} ms"
    print(line.format(**figures))
    print(f"wanted: {WANTED_MS:g} ms a key")


if __name__ == "__main__":
    main()
