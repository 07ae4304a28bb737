"""Engines in processes of their own: start one, hear it load, know its address, end it.

A child writes JSON lines on stdout: `progress` lines, then one `ready` line, or `failed` with a
sentence. It ends when its standard input does, so it never outlives us, however we die. Of the
environment it gets what an engine needs: no key of a service is among that.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from gramophone.core.errors import EngineMissing
from gramophone.core.tasks import cancel, spawn
from gramophone.system.child_environment import ENGINE, child_environment

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 2.0
MAX_LINE_BYTES = 1 << 20
MAX_LAST_WORDS_CHARS = 300


class EngineProcess:
    """One engine process. `what` names it to the user."""

    def __init__(
        self,
        what: str,
        module: str,
        arguments: Sequence[str],
        progress: Callable[[str], None],
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_timeout_s: float = STOP_TIMEOUT_S,
    ) -> None:
        self._what = what
        self._command = [sys.executable, "-m", module, *arguments]
        self._progress = progress
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._noise: list[asyncio.Task[None]] = []
        self._last_words = b""

    async def start(self) -> dict[str, Any]:
        """Start the process, after the end of one that ran before; returns its `ready` line.

        Raises:
            EngineMissing: it did not get ready; its own sentence where it gave one.
        """
        await self.aclose()
        self._last_words = b""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=MAX_LINE_BYTES,
                # A Ctrl+C in the terminal is for the app; the app ends its engines itself.
                start_new_session=True,
                env=child_environment(os.environ, ENGINE),
            )
        except OSError as error:
            raise EngineMissing(
                f"{self._what} cannot be started ({error.strerror}); close some programs."
            ) from error
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        self._noise = [
            spawn(self._hear_out(process.stderr, keep=True), name=f"stderr of {self._what}")
        ]
        try:
            async with asyncio.timeout(self._start_timeout_s):
                ready = await self._until_ready(process.stdout)
        except TimeoutError as error:
            self._progress("")
            await self.aclose()
            raise EngineMissing(
                f"{self._what} did not start in {self._start_timeout_s:.0f} s; "
                "close some programs and try again."
            ) from error
        except BaseException:
            # Whoever waited has gone: a process that nobody knows of must not stay.
            self._progress("")
            await self.aclose()
            raise
        # What an engine still writes must go somewhere, or it waits for ever.
        self._noise.append(
            spawn(self._hear_out(process.stdout, keep=False), name=f"stdout of {self._what}")
        )
        self._progress("")
        return ready

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as is known."""
        return self._process is not None and self._process.returncode is None

    async def ended(self, timeout_s: float) -> bool:
        """Wait a little for the news that the process has ended; whether it has."""
        if self._process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._process.wait()
        return not self.alive

    async def aclose(self) -> None:
        """End the process: politely, then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.stdin is not None:
                process.stdin.close()
            async with asyncio.timeout(self._stop_timeout_s):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await self._end_noise()

    async def _end_noise(self) -> None:
        # A dead process's last words may still be on their way.
        noise, self._noise = self._noise, []
        if noise:
            await asyncio.wait(noise, timeout=self._stop_timeout_s)
        for task in noise:
            await cancel(task)

    async def _until_ready(self, stdout: asyncio.StreamReader) -> dict[str, Any]:
        while line := await _line(stdout):
            told = _json_object(line)
            match told.get("event"):
                case "progress":
                    self._progress(str(told.get("detail", "")))
                case "ready":
                    return told
                case "failed":
                    raise EngineMissing(str(told.get("detail") or f"{self._what} failed."))
                case _:
                    pass
        await self.aclose()
        said = " ".join(self._last_words.decode(errors="replace").split()) or "it said nothing"
        raise EngineMissing(f"{self._what} ended before it was ready ({_end_of(said)}).")

    async def _hear_out(self, stream: asyncio.StreamReader, *, keep: bool) -> None:
        while piece := await stream.read(MAX_LINE_BYTES):
            if keep:
                self._last_words = (self._last_words + piece)[-4 * MAX_LAST_WORDS_CHARS :]


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; one that is too long is an empty one. Nothing at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"\n"


def _end_of(said: str) -> str:
    return said if len(said) <= MAX_LAST_WORDS_CHARS else f"…{said[-MAX_LAST_WORDS_CHARS:]}"


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}
