"""Engines in processes of their own: start one, hear it load, know its address, end it.

A child writes JSON lines on stdout: `progress` lines, then one `ready` line, or `failed` with a
sentence. It ends when its standard input does, so it never outlives us, however we die.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from gramophone.errors import EngineMissing
from gramophone.tasks import cancel, spawn

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 2.0
MAX_LINE_BYTES = 1 << 20


class Child:
    """One engine process. `what` names it to the user."""

    def __init__(
        self, what: str, module: str, arguments: Sequence[str], progress: Callable[[str], None]
    ) -> None:
        self._what = what
        self._command = [sys.executable, "-m", module, *arguments]
        self._progress = progress
        self._process: asyncio.subprocess.Process | None = None
        self._noise: asyncio.Task[None] | None = None
        self._last_words: deque[str] = deque(maxlen=5)

    async def start(self) -> dict[str, Any]:
        """Start the process; returns its `ready` line.

        Raises:
            EngineMissing: it did not get ready; its own sentence where it gave one.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
            # A Ctrl+C in the terminal is for the app; the app ends its engines itself.
            start_new_session=True,
        )
        self._noise = spawn(self._drain_stderr(), name=f"stderr of {self._what}")
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                ready = await self._until_ready()
        except TimeoutError as error:
            await self.aclose()
            raise EngineMissing(
                f"{self._what} did not start in {START_TIMEOUT_S:.0f} s."
            ) from error

        self._progress("")
        return ready

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    async def aclose(self) -> None:
        """End the process: politely, then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await cancel(self._noise)

    async def _until_ready(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = _json_object(line)
            match told.get("event"):
                case "progress":
                    self._progress(str(told.get("detail", "")))
                case "ready":
                    return told
                case "failed":
                    await self.aclose()
                    raise EngineMissing(str(told.get("detail") or f"{self._what} failed."))
                case _:
                    pass
        await self.aclose()
        said = " ".join(self._last_words) or "it said nothing"
        raise EngineMissing(f"{self._what} ended before it was ready ({said}).")

    async def _drain_stderr(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._last_words.append(line.decode(errors="replace").strip())


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}
