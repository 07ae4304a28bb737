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
    look: Callable[[Path], str] = lambda _place: ""
    again: frozenset[int] = frozenset({0})


def commands() -> list[Command]:
    """Every command that writes; paths are relative to a case's place."""
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
        place = Path(scratch)
        template = asyncio.run(build_template(place / "template"))
        target = asyncio.run(digest_of(template.place / "home", TARGET))
        # Repaired by whatever opens the library next, killed or not.
        asyncio.run(record_unended(template.place / "home", "ffff0006"))
        with standin("--no-limits") as speak_url, answering(_ANSWER) as model_url:
            env = {"GRAMOPHONE_SPEAK_URL": speak_url, "OPENAI_BASE_URL": model_url}
            with program_server(place / "runs", env | {"TERM": "xterm-256color"}) as server:
                campaign = _Campaign(place, template, target, server, figures, chance)
                campaign.run(max(1, round(KILLS * effort)))
    return figures


class _Campaign:
    def __init__(
        self,
        place: Path,
        template: Template,
        target: str,
        server: ProgramServer,
        figures: Figures,
        chance: random.Random,
    ) -> None:
        self._place = place
        self._template = template
        self._target = target
        self._server = server
        self._figures = figures
        self._chance = chance

    def run(self, kills: int) -> None:
        known = commands()
        lasts_s = {each.name: min(self._measured(each), self._measured(each)) for each in known}
        number = 0
        while self._figures.counts["kills"] < kills and number < 4 * kills:
            command = known[number % len(known)]
            self._case(number, command, self._chance.uniform(0, lasts_s[command.name]))
            number += 1

    def _measured(self, command: Command) -> float:
        """Seconds that a command takes when nobody kills it."""
        if command.name == "app":
            return _APP_LASTS_S
        place = self._place / "measured"
        home = self._made(place)
        began_s = time.monotonic()
        program = self._start(command, place, home)
        code = program.code()
        lasts_s = time.monotonic() - began_s
        if code:
            said = program.errors[-200:]
            self._figures.broken.append(f"{command.name} ended with {code}: {said}")
        shutil.rmtree(place)
        return lasts_s

    def _made(self, place: Path) -> Path:
        home = self._template.copied(place)
        (place / "out").mkdir()
        return home

    def _start(self, command: Command, place: Path, home: Path, terminal: str = "") -> Program:
        arguments = [
            each.replace("PLACE/", f"{place}/").replace("OUT/", f"{place}/out/")
            for each in command.arguments
        ]
        return self._server.start(home, arguments, terminal=terminal)

    def _case(self, number: int, command: Command, after_s: float) -> None:
        place = self._place / f"case-{number}"
        home = self._made(place)
        what = f"case {number}, {command.name} killed after {after_s:.3f} s"
        if command.name == "app":
            code = self._killed_app(command, place, home, after_s)
        else:
            program = self._start(command, place, home)
            program.ended(after_s)
            program.kill()
            code = program.code()
        self._figures.counts["kills" if code < 0 else "ended before"] += 1
        broken = self._after(command, home, place)
        again = self._start(command, place, home) if command.name != "app" else None
        if again is not None and again.code() not in command.again:
            broken.append(f"run again it fails: {again.errors[-200:]}")
        broken += self._after(command, home, place) if again is not None else []
        self._figures.broken += [f"{what}: {sentence}" for sentence in broken]
        if not broken:
            shutil.rmtree(place)

    def _killed_app(self, command: Command, place: Path, home: Path, after_s: float) -> int:
        """Talk in the app until it is killed, while other commands open and close the library."""
        others: list[Program] = []
        ours, theirs = pty.openpty()
        program = self._start(command, place, home, os.ttyname(theirs))
        until_s = time.monotonic() + after_s
        ask_s = time.monotonic() + 0.6
        while (left_s := until_s - time.monotonic()) > 0:
            if select.select([ours], [], [], min(left_s, 0.1))[0]:
                os.read(ours, 1 << 16)
            if time.monotonic() > ask_s:
                os.write(ours, _QUESTION)
                ask_s += 0.5
                others.append(self._start(_LOOK, place, home))
        program.kill()
        os.close(theirs)
        os.close(ours)
        for each in others:
            if code := each.code():
                self._figures.broken.append(f"sessions beside the app ended with {code}")
        return program.code()

    def _after(self, command: Command, home: Path, place: Path) -> list[str]:
        found = examine(self._template, home)
        self._figures.counts["sessions kept"] += found.sessions
        left = [each for each in found.findings if _may_be_left(command, each)]
        self._figures.counts["files left, named"] += len(left)
        told = [each for each in found.findings if each not in left]
        told += [wrong] if (wrong := command.look(place / "out")) else []
        return [*found.broken, *told, *self._target_is_whole(command, home)]

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
    found = _LEFT.search(finding)
    if found is None:
        return False
    wanted = _MAY_LEAVE.get(command.name, DISCARDED)
    return found[1] == DISCARDED or not wanted or found[1] == wanted


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
