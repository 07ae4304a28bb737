"""Processor time of reading a model's answer: thoughts, calls and text through the one reader.

    python -m benchmarks.reading [--rounds 7] [--json]

Ten thousand deltas of each kind, as the SDK gives them (parsed JSON), become chunks as the
conversation takes them. *Bare* is the least that any client does with a delta: one JSON text
parsed, two look-ups, one value made. *Earlier* is the reader of 0.1.0 for Chat Completions, which
knew text alone. The three take turns, and the figures are medians of processor time.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, cast

from gramophone.ports.language_model import ModelChunk, Usage
from gramophone.providers.llm.chunk_reader import ChunkReader
from gramophone.wire.lenient_json import as_count, as_text
from gramophone.wire.llm.think_tags import ThinkTagMemory

DELTAS = 10_000
KINDS = ("text", "text with think tags", "thoughts", "calls", "all in turn")
Events = list[tuple[dict[str, Any], str]]


def events_of(kind: str) -> Events:
    """The deltas of one answer, as values and as text."""
    deltas = islice(_mixed(), DELTAS) if kind == "all in turn" else _deltas(kind)
    events = [_event(delta) for delta in deltas]
    return [(event, json.dumps(event, separators=(",", ":"))) for event in events]


def _mixed() -> Iterator[dict[str, Any]]:
    """A delta of each kind, in turn."""
    for deltas in zip(*(_deltas(kind) for kind in ("thoughts", "text", "calls")), strict=True):
        yield from deltas


def _event(delta: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "created": 1}
    return {**head, "choices": [choice], "usage": None}


def _deltas(kind: str) -> Iterator[dict[str, Any]]:
    words = ("The ", "sky", " is", " blue", ", and\n", "`a < b`", ".\n\n")
    if kind == "calls":
        call = {"index": 0, "id": "call_1", "function": {"name": "look", "arguments": '{"a":"'}}
        yield {"tool_calls": [call]}
        for number in range(1, DELTAS):
            arguments = words[number % len(words)].strip()
            yield {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}
        return
    field = "reasoning_content" if kind == "thoughts" else "content"
    if kind == "text with think tags":
        words = ("<th", "ink>", "Hm.", "</think", ">\n\n", *words)
    for number in range(DELTAS):
        yield {field: words[number % len(words)]}


def read_bare(events: Events) -> None:
    """Do the least that any client does."""
    for _, raw in events:
        delta = json.loads(raw)["choices"][0]["delta"]
        ModelChunk(raw, delta.get("content") or "")


def read_now(events: Events) -> None:
    """Read as the adapters do."""
    reader = ChunkReader(ThinkTagMemory())
    for fields, raw in events:
        reader.read(fields, raw)
    reader.end(said_done=True)


def read_earlier(events: Events) -> None:
    """Read as the adapter of 0.1.0 for Chat Completions did."""
    for fields, raw in events:
        _earlier_chunk(fields, raw)


def _earlier_chunk(fields: object, raw: str) -> ModelChunk:
    text, finish_reason = "", None
    for choice in _objects(_field(fields, "choices")):
        content = _field(choice.get("delta"), "content")
        text += content if isinstance(content, str) else ""
        finish_reason = as_text(choice.get("finish_reason")) or finish_reason
    usage = None
    tokens = _field(fields, "usage")
    prompt, completion = _field(tokens, "prompt_tokens"), _field(tokens, "completion_tokens")
    if isinstance(prompt, int) and isinstance(completion, int):
        usage = Usage(as_count(prompt), as_count(completion))
    return ModelChunk(raw=raw, text=text, usage=usage, finish_reason=finish_reason)


def _field(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None


def _objects(value: object) -> list[dict[str, Any]]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds a delta by kind and reader, and the ratio of now to earlier."""
    readers: dict[str, Callable[[Events], None]] = {
        "bare": read_bare,
        "earlier": read_earlier,
        "now": read_now,
    }
    figures: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        # Memory that one kind has taken does not count for the next.
        gc.collect()
        events = events_of(kind)
        times: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(rounds):
            for name, read in readers.items():
                begin_ns = time.process_time_ns()
                read(events)
                times[name].append((time.process_time_ns() - begin_ns) / 1000 / DELTAS)
        ratios = [
            now / earlier for now, earlier in zip(times["now"], times["earlier"], strict=True)
        ]
        figures[kind] = {name: statistics.median(values) for name, values in times.items()}
        figures[kind]["ratio"] = statistics.median(ratios)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.rounds)
    if arguments.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for kind, figure in figures.items():
        times = "  ".join(f"{name} {figure[name]:.2f} µs" for name in ("bare", "earlier", "now"))
        sys.stdout.write(f"{kind:22} {times}  ratio {figure['ratio']:.2f}\n")


if __name__ == "__main__":
    main()
