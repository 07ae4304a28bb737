"""Kills every command that writes, at random moments: `make soak ARGS=kills`.

After each kill the library is opened by every reader and checked: nothing that was there before is
lost, what the command works on is as before or as after, and the command succeeds when it is run
again.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import re
import select
import shutil
import tempfile
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gramophone.core.errors import GramophoneError, SessionNotFound
from storage.bundle.reader import read_bundle
from storage.home import Home
from storage.maintenance.verify import verify
from tests.soak.figures import Figures
from tests.soak.kill_library import DISCARDED, TARGET, Template, build_template, digest_of, examine
from tests.soak.program_server import Program, ProgramServer, program_server
from tests.support.chat_server import answering
from tests.support.programs import standin
from tests.support.recordings import record_unended

KILLS = 300
_ANSWER = "Needles listen, records turn, and the horn tells the room about it. " * 6
_APP_LASTS_S = 6.0
_QUESTION = b"What is a gramophone?\r"

# What a deletion or an import that was cut short leaves is named, and is no loss. Every command
# that opens the library removes what an app discarded long ago.
_LEFT = re.compile(r"/([0-9a-f]+)/[^/]+ belongs to no turn")
_MAY_LEAVE = {"delete": TARGET, "import bundle": ""}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is killed; `look` says what is wrong with its result, before or after."""

    name: str
    arguments: tuple[str, ...]
    look: Callable[[Path], str] = lambda _path: ""
    again: frozenset[int] = frozenset({0})


def commands() -> list[Command]:
    """Every command that writes; paths are relative to a case's directory."""
    out = "OUT/"
    return [
        Command("app", ("chat", "--provider", "openai", "--mute")),
        Command("ask", ("ask", "--provider", "openai", "--mute", "What is a gramophone?")),
        Command("say", ("say", "--mute", _ANSWER)),
        Command("import bundle", ("import", "PLACE/talk.gramophone", "--as-new")),
        Command("import chats", ("import", "PLACE/chats.json")),
        Command("export wav", ("export", TARGET, "-o", f"{out}talk.wav", "--force"), _whole_wav),
        Command(
            "export bundle",
            ("export", TARGET, "-o", f"{out}talk.gramophone", "--compress", "--force"),
            _whole_bundle,
        ),
        Command("export page", ("export", TARGET, "-o", f"{out}talk.html", "--force"), _whole_page),
        Command("delete", ("delete", TARGET, "--yes"), again=frozenset({0, 1})),
        Command("gc", ("gc", "--yes")),
        Command("compact", ("compact", "--older-than", "0d")),
        Command("backup", ("backup", f"{out}backup", "--force"), _whole_backup),
        Command("tag", ("tag", TARGET, "+kept")),
        Command("rename", ("rename", TARGET, "Another title")),
        Command("pin", ("pin", TARGET)),
        Command("archive", ("archive", TARGET)),
        Command("sessions", ("sessions",)),
    ]


_LOOK = Command("sessions", ("sessions",))


def run(seed: int, effort: float) -> Figures:
    """Kill 300 commands at effort 1; `broken` names the seed's case that shows it again."""
    chance = random.Random(seed)
    figures = Figures({"kills": 0, "ended before": 0, "files left, named": 0, "sessions kept": 0})
    with tempfile.TemporaryDirectory(prefix="soak-kills-") as scratch:
        directory = Path(scratch)
        template = asyncio.run(build_template(directory / "template"))
        target = asyncio.run(digest_of(template.directory / "home", TARGET))
        # Repaired by whatever opens the library next, killed or not.
        asyncio.run(record_unended(template.directory / "home", "ffff0006"))
        with standin("--no-limits") as speak_url, answering(_ANSWER) as model_url:
            env = {"GRAMOPHONE_SPEAK_URL": speak_url, "OPENAI_BASE_URL": model_url}
            with program_server(directory / "runs", env | {"TERM": "xterm-256color"}) as server:
                campaign = _Campaign(directory, template, target, server, figures, chance)
                campaign.run(max(1, round(KILLS * effort)))
    return figures


class _Campaign:
    def __init__(
        self,
        directory: Path,
        template: Template,
        target: str,
        server: ProgramServer,
        figures: Figures,
        chance: random.Random,
    ) -> None:
        self._directory = directory
        self._template = template
        self._target = target
        self._server = server
        self._figures = figures
        self._chance = chance

    def run(self, kills: int) -> None:
        all_commands = commands()
        lasts_s = {
            command.name: min(self._measured(command), self._measured(command))
            for command in all_commands
        }
        number = 0
        while self._figures.counts["kills"] < kills and number < 4 * kills:
            command = all_commands[number % len(all_commands)]
            self._case(number, command, self._chance.uniform(0, lasts_s[command.name]))
            number += 1

    def _measured(self, command: Command) -> float:
        """Seconds that a command takes when nobody kills it."""
        if command.name == "app":
            return _APP_LASTS_S
        directory = self._directory / "measured"
        home = self._made(directory)
        began_s = time.monotonic()
        program = self._start(command, directory, home)
        code = program.code()
        lasts_s = time.monotonic() - began_s
        if code:
            stderr = program.errors[-200:]
            self._figures.broken.append(f"{command.name} ended with {code}: {stderr}")
        shutil.rmtree(directory)
        return lasts_s

    def _made(self, directory: Path) -> Path:
        home = self._template.copied(directory)
        (directory / "out").mkdir()
        return home

    def _start(self, command: Command, directory: Path, home: Path, terminal: str = "") -> Program:
        arguments = [
            argument.replace("PLACE/", f"{directory}/").replace("OUT/", f"{directory}/out/")
            for argument in command.arguments
        ]
        return self._server.start(home, arguments, terminal=terminal)

    def _case(self, number: int, command: Command, after_s: float) -> None:
        directory = self._directory / f"case-{number}"
        home = self._made(directory)
        case = f"case {number}, {command.name} killed after {after_s:.3f} s"
        if command.name == "app":
            code = self._killed_app(command, directory, home, after_s)
        else:
            program = self._start(command, directory, home)
            program.ended(after_s)
            program.kill()
            code = program.code()
        self._figures.counts["kills" if code < 0 else "ended before"] += 1
        broken = self._after(command, home, directory)
        again = self._start(command, directory, home) if command.name != "app" else None
        if again is not None and again.code() not in command.again:
            broken.append(f"run again it fails: {again.errors[-200:]}")
        broken += self._after(command, home, directory) if again is not None else []
        self._figures.broken += [f"{case}: {sentence}" for sentence in broken]
        if not broken:
            shutil.rmtree(directory)

    def _killed_app(self, command: Command, directory: Path, home: Path, after_s: float) -> int:
        """Talk in the app until it is killed, while other commands open and close the library."""
        others: list[Program] = []
        ours, theirs = pty.openpty()
        program = self._start(command, directory, home, os.ttyname(theirs))
        until_s = time.monotonic() + after_s
        ask_s = time.monotonic() + 0.6
        while (left_s := until_s - time.monotonic()) > 0:
            if select.select([ours], [], [], min(left_s, 0.1))[0]:
                os.read(ours, 1 << 16)
            if time.monotonic() > ask_s:
                os.write(ours, _QUESTION)
                ask_s += 0.5
                others.append(self._start(_LOOK, directory, home))
        program.kill()
        os.close(theirs)
        os.close(ours)
        for other in others:
            if code := other.code():
                self._figures.broken.append(f"sessions beside the app ended with {code}")
        return program.code()

    def _after(self, command: Command, home: Path, directory: Path) -> list[str]:
        condition = examine(self._template, home)
        self._figures.counts["sessions kept"] += condition.sessions
        leftovers = [finding for finding in condition.findings if _may_be_left(command, finding)]
        self._figures.counts["files left, named"] += len(leftovers)
        unexpected = [finding for finding in condition.findings if finding not in leftovers]
        unexpected += [wrong] if (wrong := command.look(directory / "out")) else []
        return [*condition.broken, *unexpected, *self._target_is_whole(command, home)]

    def _target_is_whole(self, command: Command, home: Path) -> list[str]:
        try:
            if asyncio.run(digest_of(home, TARGET)) == self._target:
                return []
        except SessionNotFound:
            return [] if command.name == "delete" else [f"the session {TARGET} is gone"]
        except GramophoneError as error:
            return [str(error)]
        return [f"the session {TARGET} is not what it was"]


def _may_be_left(command: Command, finding: str) -> bool:
    leftover = _LEFT.search(finding)
    if leftover is None:
        return False
    expected = _MAY_LEAVE.get(command.name, DISCARDED)
    return leftover[1] == DISCARDED or not expected or leftover[1] == expected


# --- what a command made --------------------------------------------------------------------------


def _whole_wav(out: Path) -> str:
    path = out / "talk.wav"
    if not path.exists():
        return ""
    with wave.open(str(path), "rb") as sound:
        whole = len(sound.readframes(sound.getnframes())) == 2 * sound.getnframes()
    return "" if whole and sound.getnframes() else "the exported WAV is not whole"


def _whole_bundle(out: Path) -> str:
    path = out / "talk.gramophone"
    if path.exists():
        read_bundle(path)
    return ""


def _whole_page(out: Path) -> str:
    path = out / "talk.html"
    if path.exists() and not path.read_text().rstrip().endswith("</html>"):
        return "the exported page is not whole"
    return ""


def _whole_backup(out: Path) -> str:
    path = out / "backup"
    if not path.exists():
        return ""
    return " ".join(finding.detail for finding in verify(Home.at(path)))
