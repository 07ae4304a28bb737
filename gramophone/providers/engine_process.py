"""Engines in processes of their own: starts one, follows its loading, and ends it.

A child writes JSON lines on stdout: `progress` lines, then one `ready` line, or `failed` with a
sentence. It ends when its standard input does: the kernel closes that pipe when this process dies,
in whatever way. Of the environment it gets what an engine needs, and no key of a service.
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
    """One engine process, which can be started again after its end.

    `name` is shown to the user.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        progress: Callable[[str], None],
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_timeout_s: float = STOP_TIMEOUT_S,
    ) -> None:
        self._name = name
        self._command = [sys.executable, "-m", module, *arguments]
        self._progress = progress
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._last_words = b""

    async def start(self) -> dict[str, Any]:
        """Start the process, after the end of one that ran before; returns its `ready` line.

        Raises:
            EngineMissing: it did not get ready; its own sentence where it gave one.
        """
        await self.aclose()
        process = await self._spawn()
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        self._last_words = b""
        self._readers = [
            spawn(self._drain(process.stderr, keep=True), name=f"stderr of {self._name}")
        ]
        try:
            ready = await self._until_ready(process.stdout)
        except BaseException:
            # Also when the caller is cancelled: nobody else knows of the process.
            await self.aclose()
            raise
        finally:
            self._progress("")
        # A pipe that nobody reads fills up, and the engine would block in its next write.
        self._readers.append(
            spawn(self._drain(process.stdout, keep=False), name=f"stdout of {self._name}")
        )
        return ready

    async def _spawn(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
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
                f"{self._name} cannot be started ({error.strerror}); close some programs."
            ) from error

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as is known."""
        return self._process is not None and self._process.returncode is None

    async def ended(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` for the end of the process; whether it has ended.

        The event loop learns of a death some time after the connections to the process have broken.
        """
        if self._process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._process.wait()
        return not self.alive

    async def aclose(self) -> None:
        """End the process: close its standard input, wait, then kill it."""
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
            await self._end_readers()

    async def _end_readers(self) -> None:
        # What a dead process wrote last may still be in the pipe.
        readers, self._readers = self._readers, []
        if readers:
            await asyncio.wait(readers, timeout=self._stop_timeout_s)
        for task in readers:
            await cancel(task)

    async def _until_ready(self, stdout: asyncio.StreamReader) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._start_timeout_s):
                if (ready := await self._read_ready(stdout)) is not None:
                    return ready
        except TimeoutError as error:
            raise EngineMissing(
                f"{self._name} did not start in {self._start_timeout_s:.0f} s; "
                "close some programs and try again."
            ) from error
        # Waits for the rest of stderr, which says why it has ended.
        await self.aclose()
        reason = " ".join(self._last_words.decode(errors="replace").split()) or "it said nothing"
        raise EngineMissing(f"{self._name} ended before it was ready ({_end_of(reason)}).")

    async def _read_ready(self, stdout: asyncio.StreamReader) -> dict[str, Any] | None:
        """The `ready` line; None where the output ends without one."""
        while line := await _read_line(stdout):
            message = _json_object(line)
            match message.get("event"):
                case "progress":
                    self._progress(str(message.get("detail", "")))
                case "ready":
                    return message
                case "failed":
                    raise EngineMissing(str(message.get("detail") or f"{self._name} failed."))
                case _:
                    pass
        return None

    async def _drain(self, stream: asyncio.StreamReader, *, keep: bool) -> None:
        while piece := await stream.read(MAX_LINE_BYTES):
            if keep:
                self._last_words = (self._last_words + piece)[-4 * MAX_LAST_WORDS_CHARS :]


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """The next line; an empty line in place of one that is too long; no bytes at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"\n"


def _end_of(text: str) -> str:
    return text if len(text) <= MAX_LAST_WORDS_CHARS else f"…{text[-MAX_LAST_WORDS_CHARS:]}"


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
