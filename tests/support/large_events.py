"""Events as large as a model's client takes, and larger, to a real `gramophone ask`.

One event of the longest text is not the worst: many short values of JSON, and characters outside
the Basic Multilingual Plane, take many times their bytes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import TypeAlias

from gramophone.wire.limits import MOST_EVENT_VALUES
from tests.support.hostile_servers import event, head
from tests.support.programs import environment

Shape: TypeAlias = Callable[[int], tuple[str, str]]
"""The text of an event, and JSON of a value that nobody asked for, of so many bytes in all."""

PROVIDERS = ("openai", "anthropic")
_HEAD_BYTES = 1000
"""What stands around the large value, and what an event counts beside its text."""


def _items(item: str, values: int, size_bytes: int) -> str:
    """A list of `item` again and again, `%` in it filled with digits: of so many bytes, unless it
    would have more values than an event may; `values` are in one."""
    item_bytes = len(item.replace("%", "").encode()) + len(",")
    count = min(MOST_EVENT_VALUES // values - 100, size_bytes // (item_bytes + 5))
    fill = size_bytes // count - item_bytes
    return "[" + ",".join(item.replace("%", f"{n:0{fill}}") for n in range(count)) + "]"


SHAPES: dict[str, Shape] = {
    "one long text": lambda size: ("x" * size, "0"),
    "a text of words": lambda size: ("word " * (size // 5), "0"),
    "a text that takes four bytes each": lambda size: ("x" * (size - 4) + "😀", "0"),
    "a long value": lambda size: ("Hi.", json.dumps("x" * size)),
    "a long value that takes four bytes each": lambda size: ("Hi.", f'"{"x" * (size - 4)}😀"'),
    "many empty objects": lambda size: ("Hi.", _items("{}", 2, size)),
    "many lists": lambda size: ("Hi.", _items("[0]", 2, size)),
    "many objects": lambda size: ("Hi.", _items('{"%":{}}', 4, size)),
    "many texts": lambda size: ("Hi.", _items('"%"', 1, size)),
    "many texts that take four bytes each": lambda size: ("Hi.", _items('"%😀"', 1, size)),
    "many names": lambda size: ("Hi.", "{" + _items('"%":1', 2, size)[1:-1] + "}"),
}


def answer(shape: Shape, provider: str, size_bytes: int) -> Callable[[], Iterator[bytes]]:
    """A stream of one event of that shape and size, and its end."""
    text, more = shape(size_bytes - _HEAD_BYTES)
    text_json = json.dumps(text, ensure_ascii=False)
    if provider == "anthropic":
        delta = f'{{"type":"text_delta","text":{text_json},"more":{more}}}'
        large = f'{{"type":"content_block_delta","index":0,"delta":{delta}}}'
        end = '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}'
        ending = event(end, "message_delta") + event({"type": "message_stop"}, "message_stop")
    else:
        delta = f'{{"content":{text_json},"more":{more}}}'
        large = f'{{"choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}'
        end = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
        ending = event(end) + event("[DONE]")
    name = "content_block_delta" if provider == "anthropic" else "message"
    return partial(iter, [head(content_type="text/event-stream"), event(large, name), ending])


async def ask(origin: str, provider: str, speak_url: str, directory: Path) -> tuple[int, str]:
    """Ask that server as a person does, and press Ctrl+C when text has come: the most memory that
    the process took, in MB, and what it wrote to stderr."""
    env = environment(
        directory / "home",
        {
            "GRAMOPHONE_SPEAK_URL": speak_url,
            "OPENAI_BASE_URL": f"{origin}/v1",
            "OPENAI_API_KEY": "key-0123456789",
            "ANTHROPIC_BASE_URL": origin,
            "ANTHROPIC_API_KEY": "key-0123456789",
        },
    )
    memory = directory / "memory"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.measured_program", str(memory)),
        *("ask", "--mute", "--provider", provider, "Hello?"),
        env=env,
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    if await process.stdout.read(10) and process.returncode is None:
        process.send_signal(SIGINT)
    _, stderr = await process.communicate()
    return int(memory.read_text(encoding="ascii")), stderr.decode()
