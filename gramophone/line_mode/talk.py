"""The talk in lines: a question is typed, and its answer read to its end, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from gramophone.core.errors import GramophoneError
from gramophone.core.intents import Interrupt, Mute, Regenerate, RepeatTurn, Request, Submit
from gramophone.core.timeline import Entry, SessionStarted
from gramophone.library.library import Library
from gramophone.line_mode.answer_lines import AnswerLines
from gramophone.line_mode.commands import (
    USAGES,
    LineCommand,
    PromptLine,
    UnknownCommand,
    changed,
    listed,
    read_line,
)
from gramophone.line_mode.event_lines import EventLines
from gramophone.ports.backend import Backend, ConversationOptions
from gramophone.text.sanitize import plain_line

PROMPT: Final = "You: "
_SESSIONS_LISTED: Final = 10
_SETTERS: Final = frozenset(
    {"model", "provider", "voice", "as", "system", "speed", "language", "set"}
)


class Lines(Protocol):
    """The terminal, line by line."""

    def read(self) -> str:
        """Ask for a line.

        Raises:
            EOFError: there are no more.
            KeyboardInterrupt: the user dropped it by Ctrl+C.
        """
        ...

    def write(self, line: str) -> None:
        """Print a line."""
        ...

    def wait(self) -> None:
        """Wait a moment for what comes; KeyboardInterrupt is the user's Ctrl+C."""
        ...


class LineTalk:
    """One conversation in lines. Reads, waits and prints in the thread that calls `run`."""

    def __init__(self, backend: Backend, lines: Lines) -> None:
        self._backend = backend
        self._lines = lines
        self._choice = ConversationOptions()
        self._talk = backend.open_conversation()
        self._events = EventLines(self._talk.setup.model or self._talk.setup.provider)
        self._session_id = ""
        self._runner: asyncio.Runner | None = None

    @property
    def lost(self) -> bool:
        """Whether a failure ended the conversation."""
        return self._events.lost

    def run(self) -> None:
        """Talk until the user leaves, or the conversation is lost."""
        # The library belongs to one event loop, which runs only while it is asked.
        with asyncio.Runner() as runner:
            self._runner = runner
            self._converse()

    def _converse(self) -> None:
        self._greet()
        while not self._events.lost:
            self._drain()
            try:
                line = self._lines.read()
            except EOFError:
                return
            except KeyboardInterrupt:
                self._lines.write("Type slash quit, or press Control D, to leave.")
                continue
            if not self._handle(line):
                return

    # --- what was typed -----------------------------------------------------------------------

    def _greet(self) -> None:
        setup = self._talk.setup
        spoken = f"The voice is {setup.voice}." if setup.voice else ""
        kept = "" if setup.stored else "Nothing is recorded."
        muted = "The sound is muted." if setup.muted else ""
        facts = " ".join(filter(None, (spoken, muted, kept)))
        self._lines.write(f"Gramophone. The model is {plain_line(self._events.model)}. {facts}")
        self._lines.write(
            "Type a question and press Enter. Slash help lists commands, Control C stops an "
            "answer, Control D leaves."
        )

    def _handle(self, line: str) -> bool:
        """Do what a line says; False to leave."""
        match read_line(line):
            case PromptLine(text):
                if text:
                    self._request(Submit(text))
            case UnknownCommand(sentence):
                self._lines.write(plain_line(sentence))
            case LineCommand(name="quit"):
                return False
            case command:
                self._write(self._carry_out(command))
        return True

    def _carry_out(self, command: LineCommand) -> list[str]:
        """Carry a command out; returns lines about it."""
        if command.name in _SETTERS:
            return self._set(command)
        match command.name:
            case "help":
                return list(USAGES.values())
            case "mute" | "unmute":
                muted = command.name == "mute"
                self._talk.post(Mute(muted))
                return ["The sound is muted." if muted else "The sound is on."]
            case "speak" | "regenerate" | "read":
                return self._again(command.name)
            case "title":
                return self._in_library(lambda library: self._title(library, command.argument))
            case _:
                return self._in_library(lambda library: _history(library, command.argument))

    def _set(self, command: LineCommand) -> list[str]:
        options = self._backend.choices()
        if not command.argument:
            if command.name == "system" and self._choice.system_prompt:
                return [f"The system prompt is: {self._choice.system_prompt}"]
            provider = self._choice.provider or self._talk.setup.provider
            return listed(command, options, provider)
        try:
            choice = changed(self._choice, command, options)
            self._talk.configure(choice)
        except GramophoneError as error:
            return [str(error)]
        self._choice = choice
        return ["This holds from the next answer on."]

    def _again(self, name: str) -> list[str]:
        turn = self._events.last_answer
        if turn is None:
            return ["There is no answer yet."]
        if name == "read":
            answer = AnswerLines()
            return [*answer.feed(self._events.last_text), *answer.finish()]
        self._request(RepeatTurn(turn) if name == "speak" else Regenerate())
        return []

    def _in_library(self, work: Callable[[Library], Awaitable[list[str]]]) -> list[str]:
        async def run() -> list[str]:
            return await work(await self._backend.open_library())

        assert self._runner is not None
        try:
            return self._runner.run(run())
        except GramophoneError as error:
            return [str(error)]

    async def _title(self, library: Library, title: str) -> list[str]:
        if self._events.last_answer is None or not self._talk.setup.stored:
            return ["There is no session to give a title to yet."]
        await library.rename(self._session_id, title)
        return ["The session has this title now." if title else "The session has its first words."]

    # --- what happens -------------------------------------------------------------------------

    def _request(self, request: Request) -> None:
        """Post a request, and print what comes until its answer is over."""
        self._talk.post(request)
        self._events.answering = True
        stopping = False
        while self._events.answering and not self._events.lost:
            try:
                if not self._drain():
                    self._lines.wait()
            except KeyboardInterrupt:
                if stopping:
                    return  # nothing came of the first one
                stopping = True
                self._talk.post(Interrupt())

    def _drain(self) -> bool:
        """Print what has come; whether anything has."""
        entries = self._talk.feed.take()
        for entry in entries:
            self._note(entry)
            self._write(self._events.take(entry))
        return bool(entries)

    def _note(self, entry: Entry) -> None:
        if isinstance(entry, SessionStarted):
            self._session_id = entry.session_id

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._lines.write(line)


async def _history(library: Library, words: str) -> list[str]:
    sessions = await library.sessions(limit=_SESSIONS_LISTED, search=words)
    if not sessions:
        return ["No session matches." if words else "There is no session yet."]
    return [
        plain_line(
            f"{session.title or 'Without a title'}; {session.created_at[:10]}, "
            f"{session.turns} turns, with {session.model or session.provider}."
        )
        for session in sessions
    ]
