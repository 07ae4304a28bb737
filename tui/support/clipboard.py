"""Clipboard: programs of the desktop, tmux and the terminal, and which of them took a text.

A program of the desktop says whether it took the text; a terminal that is asked with OSC 52 never
answers. So programs come first, and the sentence says what is certain. The environment alone
tells which ways there are; only `copy` starts processes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.system.child_environment import DESKTOP, child_environment

LIMIT_S = 2.0
LONGEST_OSC52: Final = 100_000
"""Characters of base64; several terminals drop a longer sequence without a word."""


@frozen
class Program:
    """A program that takes the text on its standard input. `instead` is tried when it fails."""

    name: str
    arguments: tuple[str, ...]
    encoding: str = "utf-8"
    instead: Program | None = None


@frozen
class ClipboardRoutes:
    """The ways there are: the first desktop program that works is enough; tmux's buffer and the
    terminal's sequences come besides it, where they reach further."""

    desktop: tuple[Program, ...]
    tmux: Program | None
    ask_terminal: bool


@frozen
class CopyOutcome:
    """Ways that took the text, for certain or perhaps; `file` where no other did."""

    sure: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    too_long: bool = False
    file: Path | None = None
    trouble: str = ""


# --- which ways there are -------------------------------------------------------------------------

_TMUX = Program(
    "tmux buffer",
    # -w hands it on to the terminal around tmux; tmux before 3.2 does not know it.
    ("tmux", "load-buffer", "-w", "-"),
    instead=Program("tmux buffer", ("tmux", "load-buffer", "-")),
)


def routes(environment: Mapping[str, str], platform: str) -> ClipboardRoutes:
    """The ways in this environment; `platform` as in `sys.platform`."""
    remote = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    desktop: list[Program] = []
    if environment.get("WAYLAND_DISPLAY"):
        desktop.append(Program("wl-copy", ("wl-copy", "--type", "text/plain;charset=utf-8")))
    if environment.get("DISPLAY"):
        desktop.append(Program("xclip", ("xclip", "-in", "-selection", "clipboard")))
        desktop.append(Program("xsel", ("xsel", "--input", "--clipboard")))
    # Over ssh these would fill the clipboard of the machine one is not sitting at.
    if platform == "darwin" and not remote:
        desktop.append(Program("pbcopy", ("pbcopy",)))
    if environment.get("WSL_DISTRO_NAME") and not remote:
        desktop.append(Program("clip.exe", ("clip.exe",), encoding="utf-16-le"))
    return ClipboardRoutes(
        desktop=tuple(desktop),
        tmux=_TMUX if environment.get("TMUX") else None,
        ask_terminal=environment.get("TERM", "") not in ("", "dumb", "linux"),
    )


def sequences(text: str, *, past_tmux: bool = False, alone: bool = True) -> str | None:
    """Escape sequence (OSC 52) that asks the terminal to take the text; None for a too long text.

    `past_tmux` wraps it for the terminal around tmux; `alone` asks tmux itself too, because
    nothing else has.
    """
    encoded = base64.b64encode(text.encode("utf-8")).decode("ascii")
    if len(encoded) > LONGEST_OSC52:
        return None
    request = f"\x1b]52;c;{encoded}\x07"
    if not past_tmux:
        return request
    wrapped = f"\x1bPtmux;\x1b{request}\x1b\\"
    return request + wrapped if alone else wrapped


def sentence(subject: str, outcome: CopyOutcome) -> str:
    """Sentence about an attempt to copy `subject`."""
    ways = list(outcome.sure)
    ways += [f"{way} (the terminal may refuse it)" for way in outcome.perhaps]
    if outcome.file is not None:
        return f"No clipboard took {subject}; it is in {outcome.file}"
    if not ways:
        return f"Could not copy {subject}: {outcome.trouble}"
    longer = "; too long for OSC 52" if outcome.too_long else ""
    return f"Copied {subject}: {', '.join(ways)}{longer}."


# --- the edge -------------------------------------------------------------------------------------


async def copy(
    text: str,
    environment: Mapping[str, str],
    platform: str,
    write: Callable[[str], None] | None,
    *,
    limit_s: float = LIMIT_S,
) -> CopyOutcome:
    """Copy a text by each way that reaches a clipboard of its own.

    `write` sends to the terminal; None where there is none. A program has `limit_s` seconds.
    """
    ways = routes(environment, platform)
    sure: list[str] = []
    perhaps: list[str] = []
    too_long = False
    desktop = await _first_that_works(ways.desktop, text, environment, limit_s)
    if desktop is not None:
        sure.append(desktop)
    if ways.tmux is not None:
        buffer = await _first_that_works([ways.tmux], text, environment, limit_s)
        sure += [] if buffer is None else [buffer]
    # A terminal never says whether it took the text: it is asked only where no program has it.
    if desktop is None and ways.ask_terminal and write is not None:
        request = sequences(text, past_tmux=ways.tmux is not None, alone=not sure)
        too_long = request is None
        if request is not None:
            write(request)
            perhaps.append("OSC 52")
    if sure or perhaps:
        return CopyOutcome(tuple(sure), tuple(perhaps), too_long)
    return await asyncio.to_thread(_into_a_file, text, environment)


async def _first_that_works(
    programs: Sequence[Program], text: str, environment: Mapping[str, str], limit_s: float
) -> str | None:
    for program in programs:
        attempt: Program | None = program
        while attempt is not None:
            if await _runs(attempt, text, environment, limit_s):
                return attempt.name
            attempt = attempt.instead
    return None


async def _runs(
    program: Program, text: str, environment: Mapping[str, str], limit_s: float
) -> bool:
    """Whether it took the text in time. It never sees the terminal, which is ours."""
    try:
        process = await asyncio.create_subprocess_exec(
            *program.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(environment, DESKTOP),
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(limit_s):
            await process.communicate(text.encode(program.encoding, "replace"))
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode == 0


def _into_a_file(text: str, environment: Mapping[str, str]) -> CopyOutcome:
    """The last resort: a file only the user can read, where it does not outlive the machine."""
    directory = environment.get("XDG_RUNTIME_DIR") or None
    try:
        if directory is not None and not os.access(directory, os.W_OK):
            directory = None
        number, path = tempfile.mkstemp(".txt", "gramophone-copy-", directory)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return CopyOutcome(trouble=f"{error.strerror or 'no place would take it'}.")
    return CopyOutcome(file=Path(path))
