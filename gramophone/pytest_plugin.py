"""The stand-in in other people's tests: the fixture `gramophone_standin` and its marker.

pytest loads this module wherever the package is installed, so it imports nothing of it. Each
stand-in is `gramophone fixture serve` in a process of its own: it does not care which loop, thread
or worker a test runs in, nor what the test does to the clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import IO, Any, Literal, cast

import pytest

_ENGINES = ("tone", "piper")
_START_S = 60.0
"""An engine that has to be loaded takes seconds."""
_END_S = 10.0
_PASSED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "gramophone(source, **options): what gramophone_standin plays when it is not called",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the end of the stand-ins how the test went."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


class Standin:
    """A stand-in that runs. The address of what it does not serve is empty."""

    def __init__(self, arguments: Sequence[str], *, strict: bool) -> None:
        self.strict = strict
        self._summary: dict[str, Any] | None = None
        self._told = ""
        with ExitStack() as starting:
            self._errors = starting.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            # Neither settings nor sessions of whoever runs the tests. They are looked for at the
            # start alone, so that nothing is left over when the tests are killed.
            with tempfile.TemporaryDirectory(prefix="gramophone-") as home:
                (Path(home) / "config.toml").touch()
                self._process = _started(arguments, home, self._errors)
                starting.callback(_killed, self._process)
                self._ready = self._wait()
            self._closing = starting.pop_all()

    @property
    def speak_url(self) -> str:
        """Of Deepgram Speak v1: `ws://127.0.0.1:…/v1/speak`."""
        return self._ready.get("speak_url", "")

    @property
    def speak_v2_url(self) -> str:
        """Of Deepgram Speak v2, Flux: `ws://127.0.0.1:…/v2/speak`."""
        return self._ready.get("speak_v2_url", "")

    @property
    def openai_base_url(self) -> str:
        """What OpenAI's clients take as `base_url`."""
        return self._ready.get("openai_base_url", "")

    @property
    def anthropic_base_url(self) -> str:
        """What Anthropic's clients take as `base_url`."""
        return self._ready.get("anthropic_base_url", "")

    @property
    def control_url(self) -> str:
        """Where a manual clock is moved."""
        return self._ready.get("control_url", "")

    def end(self) -> dict[str, Any]:
        """End it now and give its summary; a strict one fails the test if anything differed.

        Without this it ends behind the test.
        """
        summary, told = self.stop()
        if told and (self.strict or not summary):
            pytest.fail(told, pytrace=False)
        return summary

    def stop(self) -> tuple[dict[str, Any], str]:
        """End it; its summary, and what is to be told of it: differences, or how it broke."""
        first = self._summary is None
        if self._summary is None:
            with self._closing:
                self._summary = self._last_words()
                self._told = self._differences() if self._summary else self._broken()
        # What has been told once is not told again when the fixture ends.
        return self._summary, self._told if first else ""

    def _wait(self) -> dict[str, str]:
        assert self._process.stdout is not None
        patience = Timer(_START_S, self._process.kill)
        patience.start()
        try:
            line = self._process.stdout.readline()
        finally:
            patience.cancel()
        ready = _fields(line)
        if ready.get("event") != "ready":
            self._process.wait()
            pytest.fail(f"The stand-in did not start. {self._complaints()}", pytrace=False)
        return ready

    def _last_words(self) -> dict[str, Any]:
        try:
            # Its standard input ends.
            out, _ = self._process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            return {}
        summary = _fields(out)
        return summary if summary.pop("event", "") == "summary" else {}

    def _differences(self) -> str:
        assert self._summary is not None
        if self._summary["matched"]:
            return ""
        from gramophone.standin.matching import Difference, diff

        differences = [
            Difference(each["kind"], each["side"], each["expected"], each["got"])
            for each in self._summary["differences"]
        ]
        return f"What was said is not what the source expects:\n{diff(differences)}"

    def _broken(self) -> str:
        code = self._process.poll()
        how = "did not end" if code is None else f"ended with {code}"
        return f"The stand-in {how} and said nothing of what there was. {self._complaints()}"

    def _complaints(self) -> str:
        self._errors.seek(0)
        return self._errors.read().strip()


class Standins:
    """The fixture: called, it starts a stand-in; not called, it is one, as the marker says."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own: Standin | None = None
        self.running: list[Standin] = []

    def __call__(
        self,
        source: str | Path = "tone",
        *,
        speed: float = 0,
        strict: bool = True,
        by_message: bool = False,
        faults: Sequence[str] = (),
        services: Sequence[str] = (),
        clock: Literal["system", "manual"] = "system",
    ) -> Standin:
        """Start a stand-in, which ends behind the test.

        Args:
            source: `tone`, `piper`, or the file of a scenario or bundle, seen from that of the
                test.
            speed: times the recorded timing; 0 is at once.
            strict: refuse what is not in the source, and fail the test if anything differed.
            by_message: the cutting of texts into messages counts, too.
            faults: what goes wrong on purpose, as on the command line.
            services: some of `speak`, `openai` and `anthropic`; all unless some are named.
            clock: `manual` for a time that is moved at `control_url`.
        """
        arguments = [
            self._found(source),
            f"--speed={speed}",
            f"--clock={clock}",
            "--strict" if strict else "--lenient",
            *(["--by-message"] if by_message else []),
            *(f"--fault={fault}" for fault in faults),
            *(f"--{service}" for service in services),
        ]
        self.running.append(Standin(arguments, strict=strict))
        return self.running[-1]

    def start_own(self, *arguments: Any, **options: Any) -> None:
        """Start the one that the marker describes."""
        self._own = self(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Standin, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._own is None:
            self.start_own()
        return getattr(self._own, name)

    def _found(self, source: str | Path) -> str:
        if source in _ENGINES:
            return str(source)
        path = self._directory / source
        if not path.is_file():
            pytest.fail(f"There is no scenario and no bundle at {path}.", pytrace=False)
        return str(path)


@pytest.fixture
def gramophone_standin(request: pytest.FixtureRequest) -> Generator[Standins]:
    """Plays Deepgram, OpenAI and Anthropic for the test; call it for another source."""
    node = cast("pytest.Item", request.node)
    standins = Standins(request.path.parent)
    try:
        marker = node.get_closest_marker("gramophone")
        if marker is not None:
            standins.start_own(*marker.args, **marker.kwargs)
        yield standins
    finally:
        told = [(each, *each.stop()) for each in standins.running]
    failures = [words for each, summary, words in told if words and (each.strict or not summary)]
    if node.stash.get(_PASSED, False):
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
    else:
        # A test that stopped halfway has said less than expected; that explains, and is no fault.
        for words in failures:
            node.add_report_section("teardown", "by the stand-in", words)


def _started(arguments: Sequence[str], home: str, errors: IO[str]) -> subprocess.Popen[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GRAMOPHONE_")
    }
    environment["GRAMOPHONE_HOME"] = home
    # A project under test may have packages of our names, where it runs or where it looks.
    places = [str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, places))
    command = [sys.executable, "-P", "-m", "gramophone.cli", "fixture", "serve", "--watch-stdin"]
    return subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        encoding="utf-8",
    )


def _killed(process: subprocess.Popen[str]) -> None:
    """What has not ended by itself does so now, and nothing of it stays open."""
    process.kill()
    process.communicate()


def _fields(line: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:
        return {}
