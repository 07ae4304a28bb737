"""The stand-in in other people's tests: the fixture `gramophone_standin` and its marker.

pytest loads this module wherever the package is installed, so it imports nothing of it. Each
stand-in is `gramophone fixture serve` in a process of its own: it does not care which loop, thread
or worker a test runs in, nor what the test does to the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import IO, Any, Literal, cast

import pytest

_ENGINES = ("tone", "piper")
_START_S = 60.0
"""An engine that has to be loaded takes seconds."""
_END_S = 10.0
_WRITE_S = 60.0
_BUNDLE = ".gramophone"
_MODES = ("none", "once", "rewrite", "all")
_ANEW = ("rewrite", "all")
_REAL = {
    "deepgram": "wss://api.deepgram.com",
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
}
_UPSTREAM = "GRAMOPHONE_UPSTREAM"
_PASSED = pytest.StashKey[bool]()
_RECORDINGS = pytest.StashKey["list[Recording]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """How recordings are made, and of which services."""
    group = parser.getgroup("gramophone")
    group.addoption(
        "--gramophone-record",
        metavar="MODE",
        type=_mode,
        help="none, once, rewrite or all: whether recordings are made by asking real services",
    )
    group.addoption(
        "--gramophone-upstream",
        metavar="NAME=URL",
        action="append",
        default=[],
        help="where deepgram, openai or anthropic is when a recording is made; may be repeated",
    )
    parser.addini("gramophone_record", "as --gramophone-record", default="none")
    parser.addini("gramophone_upstream", "as --gramophone-upstream, one a line", "linelist")
    parser.addini(
        "gramophone_redact", "patterns that no recording may keep, one a line", "linelist"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and say at once what of the settings is wrong."""
    config.addinivalue_line(
        "markers",
        "gramophone(source, record=MODE, **options): what gramophone_standin plays when it is not "
        "called",
    )
    try:
        _mode(config.getini("gramophone_record"))
        _upstreams(config)
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the end of the stand-ins how the test went."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Keep what was recorded, when everything else of the test has ended well."""
    passed = False
    try:
        result = yield
        passed = item.stash.get(_PASSED, False)
    finally:
        recordings = item.stash.setdefault(_RECORDINGS, [])
        told = [each.finish(passed=passed) for each in recordings]
        recordings.clear()
        if not passed:
            for words in filter(None, told):
                item.add_report_section("teardown", "by the recording", words)
    if passed and any(told):
        pytest.fail("\n".join(filter(None, told)), pytrace=False)
    return result


class _Service:
    """A process that serves. The address of what it does not serve is empty."""

    def __init__(self, arguments: Sequence[str], settings: str = "") -> None:
        with ExitStack() as starting:
            self._errors = starting.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            # Neither settings nor sessions of whoever runs the tests. They are looked for at the
            # start alone, so that nothing is left over when the tests are killed.
            with tempfile.TemporaryDirectory(prefix="gramophone-") as home:
                (Path(home) / "config.toml").write_text(settings, encoding="utf-8")
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
    def listen_url(self) -> str:
        """Of Deepgram Listen v1: `ws://127.0.0.1:…/v1/listen`."""
        return self._ready.get("listen_url", "")

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

    def _last_words(self, said: str = "", patience_s: float = _END_S) -> dict[str, Any]:
        """Its summary; empty if it has none."""
        try:
            # Its standard input ends.
            out, _ = self._process.communicate(said, timeout=patience_s)
        except subprocess.TimeoutExpired:
            return {}
        summary = _fields(out)
        return summary if summary.pop("event", "") == "summary" else {}

    def _broken(self) -> str:
        code = self._process.poll()
        how = "did not end" if code is None else f"ended with {code}"
        return f"The stand-in {how} and said nothing of what there was. {self._complaints()}"

    def _complaints(self) -> str:
        self._errors.seek(0)
        return self._errors.read().strip()


class Standin(_Service):
    """A stand-in that runs."""

    def __init__(self, arguments: Sequence[str], *, strict: bool) -> None:
        self.strict = strict
        self._summary: dict[str, Any] | None = None
        self._told = ""
        super().__init__(["serve", *arguments])

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


class Recording(_Service):
    """The real services, and a file that what they say is kept in when the test has passed."""

    def __init__(
        self,
        path: Path,
        upstreams: Mapping[str, str],
        services: Sequence[str],
        patterns: Sequence[str],
        *,
        always: bool,
    ) -> None:
        """With `always` it is kept when the test has failed, too."""
        self.path = path
        self._always = always
        deepgram = f"--upstream={upstreams['deepgram']}"
        models = [f"--{name}={upstreams[name]}" for name in ("openai", "anthropic")]
        # A string of JSON is one of TOML.
        settings = f"[recording]\nredact = {json.dumps(list(patterns))}\n"
        super().__init__(["record", f"--bundle={path}", "--if-told", deepgram, *models], settings)
        if services:
            self._ready = {
                name: url for name, url in self._ready.items() if name.startswith(tuple(services))
            }

    def end(self) -> dict[str, Any]:
        """As that of a stand-in, as far as there is anything to say before the test is over."""
        return {"matched": True, "differences": []}

    def finish(self, *, passed: bool) -> str:
        """End it, and keep what was said if it is wanted; why there is no such file, if so."""
        keep = passed or self._always
        with self._closing:
            summary = self._last_words("keep\n" if keep else "", _WRITE_S)
            if not summary:
                return self._broken()
            if not keep or summary["bundle"]:
                return "" if passed else self._complaints()
            if summary["unrecorded"]:
                why = self._complaints()
            else:
                why = "Nothing was said that could be recorded."
        return f"{why} There is no new recording at {self.path}."


class Standins:
    """The fixture: called, it starts a stand-in; not called, it is one, as the marker says."""

    def __init__(self, directory: Path, config: pytest.Config) -> None:
        self._directory = directory
        self._config = config
        self._own: Standin | Recording | None = None
        self.running: list[Standin] = []
        self.recordings: list[Recording] = []

    def __call__(
        self,
        source: str | Path = "tone",
        *,
        record: str | None = None,
        speed: float = 0,
        strict: bool = True,
        by_message: bool = False,
        faults: Sequence[str] = (),
        services: Sequence[str] = (),
        clock: Literal["system", "manual"] = "system",
    ) -> Standin | Recording:
        """Start a stand-in, which ends behind the test.

        Args:
            source: `tone`, `piper`, or the file of a scenario or bundle, seen from that of the
                test.
            record: `none`, `once`, `rewrite` or `all`; a bundle may be recorded first.
            speed: times the recorded timing; 0 is at once.
            strict: refuse what is not in the source, and fail the test if anything differed.
            by_message: the cutting of texts into messages counts, too.
            faults: what goes wrong on purpose, as on the command line.
            services: some of `speak`, `openai` and `anthropic`; all unless some are named.
            clock: `manual` for a time that is moved at `control_url`.
        """
        path = self._directory / source
        if path.suffix == _BUNDLE:
            mode = self._config.getoption("gramophone_record") or _asked_mode(
                record or self._config.getini("gramophone_record")
            )
            if mode in _ANEW or (mode == "once" and not path.exists()):
                if clock == "manual":
                    pytest.fail(
                        "The real service has no clock to be moved; record without it.",
                        pytrace=False,
                    )
                return self._record(path, services, always=mode == "all")
        elif record is not None:
            pytest.fail(
                f"What is recorded is a bundle; {source} is none, its name ends otherwise than in "
                f"{_BUNDLE}.",
                pytrace=False,
            )
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

    def _record(self, path: Path, services: Sequence[str], *, always: bool) -> Recording:
        if any(each.path == path for each in self.recordings):
            pytest.fail(
                f"{path} is being recorded; record the other into a file of its own.", pytrace=False
            )
        upstreams, patterns = _upstreams(self._config), self._config.getini("gramophone_redact")
        self.recordings.append(Recording(path, upstreams, services, patterns, always=always))
        return self.recordings[-1]

    def _found(self, source: str | Path) -> str:
        if source in _ENGINES:
            return str(source)
        path = self._directory / source
        if not path.is_file() and path.suffix == _BUNDLE:
            pytest.fail(
                f"There is no recording at {path}, and no service is asked; let it be made with "
                "--gramophone-record=once.",
                pytrace=False,
            )
        if not path.is_file():
            pytest.fail(f"There is no scenario and no bundle at {path}.", pytrace=False)
        return str(path)


@pytest.fixture
def gramophone_standin(request: pytest.FixtureRequest) -> Generator[Standins]:
    """Plays Deepgram, OpenAI and Anthropic for the test; call it for another source."""
    node = cast("pytest.Item", request.node)
    standins = Standins(request.path.parent, request.config)
    # They end when all else has, so that what they kept is from a test that has passed.
    node.stash[_RECORDINGS] = standins.recordings
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
    command = [sys.executable, "-P", "-m", "gramophone.cli", "fixture"]
    return subprocess.Popen(
        [*command, *arguments, "--watch-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
        encoding="utf-8",
    )


def _mode(text: str) -> str:
    if text in ("new", "new_episodes"):
        raise argparse.ArgumentTypeError(
            f"There is no record mode {text!r}: a session cannot be added to; record it again with "
            "rewrite."
        )
    if text not in _MODES:
        raise argparse.ArgumentTypeError(
            f"There is no record mode {text!r}; choose one of {', '.join(_MODES)}."
        )
    return text


def _asked_mode(text: str) -> str:
    try:
        return _mode(text)
    except argparse.ArgumentTypeError as error:
        pytest.fail(str(error), pytrace=False)


def _upstreams(config: pytest.Config) -> dict[str, str]:
    """Where each service is: the option wins over the environment, and that over the settings."""
    found = dict(_REAL)
    told = [
        *config.getini("gramophone_upstream"),
        *os.environ.get(_UPSTREAM, "").split(),
        *cast("list[str]", config.getoption("gramophone_upstream")),
    ]
    for each in told:
        name, _, url = each.partition("=")
        if name not in found or not url:
            raise argparse.ArgumentTypeError(
                f"{each!r} is no upstream; write NAME=URL with one of {', '.join(found)}."
            )
        found[name] = url
    return found


def _killed(process: subprocess.Popen[str]) -> None:
    """What has not ended by itself does so now, and nothing of it stays open."""
    process.kill()
    process.communicate()


def _fields(line: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:
        return {}
