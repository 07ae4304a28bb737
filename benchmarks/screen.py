"""What the screen costs while an answer streams: Gramophone against Textual's own `MarkdownStream`.

    python -m benchmarks.screen [CASE …] [--rounds N] [--json]

Each app runs in a pty of its own, 120×40, one after the other in one run, and gets the same deltas
at the same instants (`benchmarks/screen_apps.py`). While they stream, a key is pressed four times
a second; the time runs until the character has been written to the pty. CPU is what the process
used from just before the first delta until a second after the last has been seen.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.screen_apps import END_MARK, LEAD_IN_S

COLUMNS, ROWS = 120, 40
KEY_EVERY_S = 0.25
AFTER_S = 1.0
DEADLINE_S = 180.0
IDLE_S = 20.0
# None of them stands in the text, and none is made of two code points.
KEYS = [chr(code) for code in range(0x0410, 0x0450)] + [chr(code) for code in range(0x03B1, 0x03C2)]
_TICKS_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Case:
    """One way to load the screen, and what is wanted of it."""

    arguments: tuple[str, ...]
    target: str
    bare: bool = True
    keys: bool = True
    for_s: float = 0.0


CASES = {
    "mixed": Case(("--deltas", "2000", "--rate-hz", "200"), "CPU ≤ 0.8× the bare app"),
    "fence": Case(("--deltas", "2000", "--rate-hz", "200", "--kind", "fence"), "CPU ≤ 0.8×"),
    "burst": Case(("--deltas", "10000"), "on screen within 1 s of the last delta", keys=False),
    "burst-fence": Case(("--deltas", "10000", "--kind", "fence"), "within 1 s", keys=False),
    "past": Case(
        ("--deltas", "2000", "--rate-hz", "200", "--past", "200"), "keys p95 ≤ 60 ms", bare=False
    ),
    "panes": Case(
        ("--deltas", "600", "--rate-hz", "60", "--panes", "4"),
        "CPU ≤ 0.8× four bare streams; keys p95 ≤ 60 ms",
    ),
    "idle": Case((), "≤ 1 % of a core", bare=False, keys=False, for_s=IDLE_S),
    "meter": Case(("--sound",), "≤ 10 % of a core", bare=False, keys=False, for_s=IDLE_S),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One run of one app."""

    app: str
    cpu_s: float
    core_percent: float
    end_late_s: float | None
    key_p50_ms: float | None
    key_p95_ms: float | None
    key_most_ms: float | None


class Terminal:
    """A program in a pty, and what it has written since a mark was last set."""

    def __init__(self, arguments: list[str]) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            command = [sys.executable, "-m", "benchmarks.screen_apps", *arguments]
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._tail = ""

    def read(self, for_s: float) -> str:
        """What is written within `for_s`, at once when something is."""
        readable, _, _ = select.select([self._fd], [], [], max(0.0, for_s))
        if not readable:
            return ""
        try:
            piece = os.read(self._fd, 1 << 20)
        except OSError as error:
            raise SystemExit("the app ended by itself") from error
        text = self._tail + piece.decode(errors="replace")
        self._tail = text[-8:]
        return text

    def press(self, key: str) -> None:
        os.write(self._fd, key.encode())

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_HZ

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def run(app: str, case: Case, folder: Path) -> Seen:
    """One app, once."""
    report = folder / f"{app}.json"
    report.unlink(missing_ok=True)
    terminal = Terminal([app, *case.arguments, "--report", str(report)])
    try:
        _first_frame(terminal)
        if case.for_s:
            return _steady(app, terminal, case.for_s)
        return _streaming(app, terminal, case, report)
    finally:
        terminal.close()


def _first_frame(terminal: Terminal) -> None:
    """Until the app has drawn and been still for a moment, less than the lead-in."""
    while not terminal.read(DEADLINE_S):
        pass
    until_s = time.monotonic() + LEAD_IN_S / 2
    while time.monotonic() < until_s:
        terminal.read(until_s - time.monotonic())


def _steady(app: str, terminal: Terminal, for_s: float) -> Seen:
    began_s = time.monotonic()
    while time.monotonic() < began_s + LEAD_IN_S:
        terminal.read(began_s + LEAD_IN_S - time.monotonic())
    began_s, began_cpu_s = time.monotonic(), terminal.cpu_s()
    while time.monotonic() < began_s + for_s:
        terminal.read(began_s + for_s - time.monotonic())
    cpu_s = terminal.cpu_s() - began_cpu_s
    return Seen(app, round(cpu_s, 2), round(100 * cpu_s / for_s, 1), None, None, None, None)


def _streaming(app: str, terminal: Terminal, case: Case, report: Path) -> Seen:
    began_s, began_cpu_s = time.monotonic(), terminal.cpu_s()
    keys = _Keys(terminal) if case.keys else None
    shown_s = None
    while True:
        text = terminal.read(0.01)
        now_s = time.monotonic()
        if now_s - began_s > DEADLINE_S:
            raise SystemExit(f"{app}: the end was not on the screen after {DEADLINE_S:.0f} s")
        if shown_s is None and END_MARK in text:
            shown_s = now_s
        if keys is not None:
            keys.step(text, now_s, press=shown_s is None and now_s > began_s + LEAD_IN_S / 2 + 0.2)
        if shown_s is not None and now_s - shown_s > AFTER_S:
            break
    cpu_s = terminal.cpu_s() - began_cpu_s
    late_s = shown_s - json.loads(report.read_text())["last_delta_s"]
    taken_ms = sorted(keys.taken_ms) if keys is not None else []
    return Seen(
        app=app,
        cpu_s=round(cpu_s, 2),
        core_percent=round(100 * cpu_s / (now_s - began_s), 1),
        end_late_s=round(late_s, 2),
        key_p50_ms=round(statistics.median(taken_ms), 1) if taken_ms else None,
        key_p95_ms=round(taken_ms[int(len(taken_ms) * 0.95)], 1) if taken_ms else None,
        key_most_ms=round(taken_ms[-1], 1) if taken_ms else None,
    )


class _Keys:
    """Presses a key now and then, and waits for its character."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._keys = list(KEYS)
        self._waiting: tuple[str, float] | None = None
        self._next_s = 0.0
        self.taken_ms: list[float] = []

    def step(self, text: str, now_s: float, *, press: bool) -> None:
        if self._waiting is not None and self._waiting[0] in text:
            self.taken_ms.append((now_s - self._waiting[1]) * 1000)
            self._waiting = None
        if press and self._waiting is None and self._keys and now_s >= self._next_s:
            key = self._keys.pop(0)
            self._next_s = now_s + KEY_EVERY_S
            self._waiting = (key, now_s)
            self._terminal.press(key)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], metavar="CASE")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, list[dict[str, Seen]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.cases or CASES:
            case = CASES[name]
            apps = ["ours", "bare"] if case.bare else ["ours"]
            for _ in range(options.rounds):
                runs = {app: run(app, case, Path(folder)) for app in apps}
                results.setdefault(name, []).append(runs)
                if not options.json:
                    _tell(name, case, runs)
    if options.json:
        plain = {
            name: [{app: asdict(figures) for app, figures in one.items()} for one in rounds]
            for name, rounds in results.items()
        }
        print(json.dumps(plain))
    return 0


def _tell(name: str, case: Case, runs: dict[str, Seen]) -> None:
    for app, one in runs.items():
        words = f"{name:12} {app:5} CPU {one.cpu_s:6.2f} s ({one.core_percent:5.1f} %)"
        if one.end_late_s is not None:
            words += f"  end {one.end_late_s:5.2f} s late"
        if one.key_p50_ms is not None:
            words += f"  keys {one.key_p50_ms:.0f}, {one.key_p95_ms:.0f}, {one.key_most_ms:.0f} ms"
        print(words)
    ratio = ""
    if len(runs) == 2 and runs["bare"].cpu_s:
        ratio = f"{runs['ours'].cpu_s / runs['bare'].cpu_s:.2f}×  "
    print(f"{'':12} {ratio}wanted: {case.target}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
