"""Stand-ins in processes of their own, as the plugin of pytest gives them to tests.

pytest loads this with the plugin wherever the package is installed, so it imports nothing of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import IO, Any

import pytest

_START_S = 60.0
"""An engine that has to be loaded takes seconds."""
_END_S = 60.0
"""It ends at once, but on a machine under load that takes seconds, too."""
_WRITE_S = 60.0


class _StandinProcess:
    """A process that serves; the addresses of services that it does not serve are empty."""

    def __init__(self, arguments: Sequence[str], settings: str = "") -> None:
        with ExitStack() as starting:
            self._errors = starting.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            # Imported late: pytest loads this module in projects that do not use it.
            from gramophone.system.temporary_files import scratch_directory

            # The process must find neither settings nor sessions of the user. It looks for them at
            # its start alone, so the directory may go at once, and none is left over when the
            # tests are killed.
            with scratch_directory() as home:
                (Path(home) / "config.toml").write_text(settings, encoding="utf-8")
                self._process = _started(arguments, str(home), self._errors)
                starting.callback(_killed, self._process)
                self._ready = self._wait()
            self._closing = starting.pop_all()

    @property
    def speak_url(self) -> str:
        """Address of Deepgram Speak v1: `ws://127.0.0.1:…/v1/speak`."""
        return self._ready.get("speak_url", "")

    @property
    def speak_v2_url(self) -> str:
        """Address of Deepgram Speak v2, Flux: `ws://127.0.0.1:…/v2/speak`."""
        return self._ready.get("speak_v2_url", "")

    @property
    def listen_url(self) -> str:
        """Address of Deepgram Listen v1: `ws://127.0.0.1:…/v1/listen`."""
        return self._ready.get("listen_url", "")

    @property
    def listen_v2_url(self) -> str:
        """Address of Deepgram Listen v2, Flux: `ws://127.0.0.1:…/v2/listen`."""
        return self._ready.get("listen_v2_url", "")

    @property
    def openai_base_url(self) -> str:
        """The `base_url` for OpenAI's clients."""
        return self._ready.get("openai_base_url", "")

    @property
    def anthropic_base_url(self) -> str:
        """The `base_url` for Anthropic's clients."""
        return self._ready.get("anthropic_base_url", "")

    @property
    def control_url(self) -> str:
        """The address at which a manual clock is moved."""
        return self._ready.get("control_url", "")

    def _wait(self) -> dict[str, str]:
        assert self._process.stdout is not None
        watchdog = Timer(_START_S, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        ready = _fields(line)
        if ready.get("event") != "ready":
            self._process.wait()
            pytest.fail(f"The stand-in did not start. {self._complaints()}", pytrace=False)
        return ready

    def _last_words(self, line: str = "", timeout_s: float = _END_S) -> dict[str, Any]:
        """End the process; gives its summary, empty if it has none."""
        try:
            # Its standard input ends.
            out, _ = self._process.communicate(line, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return {}
        summary = _fields(out)
        return summary if summary.pop("event", "") == "summary" else {}

    def _broken(self) -> str:
        code = self._process.poll()
        outcome = "did not end" if code is None else f"ended with {code}"
        return f"The stand-in {outcome} and said nothing of what there was. {self._complaints()}"

    def _complaints(self) -> str:
        self._errors.seek(0)
        return self._errors.read().strip()


class Standin(_StandinProcess):
    """A running stand-in."""

    def __init__(self, arguments: Sequence[str], *, strict: bool) -> None:
        self.strict = strict
        self._summary: dict[str, Any] | None = None
        self._complaint = ""
        super().__init__(["serve", *arguments])

    def end(self) -> dict[str, Any]:
        """End it now and give its summary; a strict one fails the test if anything differed.

        Without this it ends behind the test.
        """
        summary, complaint = self.stop()
        if complaint and (self.strict or not summary):
            pytest.fail(complaint, pytrace=False)
        return summary

    def stop(self) -> tuple[dict[str, Any], str]:
        """End it; gives its summary, and the differences or the failure as a text."""
        first = self._summary is None
        if self._summary is None:
            with self._closing:
                self._summary = self._last_words()
                self._complaint = self._differences() if self._summary else self._broken()
        # A test that ended it itself has reported the text; the fixture must not do so again.
        return self._summary, self._complaint if first else ""

    def _differences(self) -> str:
        assert self._summary is not None
        if self._summary["matched"]:
            return ""
        from gramophone.standin.source.matching import Difference, diff

        differences = [
            Difference(fields["kind"], fields["side"], fields["expected"], fields["got"])
            for fields in self._summary["differences"]
        ]
        return f"What was said is not what the source expects:\n{diff(differences)}"


class BundleRecording(_StandinProcess):
    """A proxy to the real services, and the file that keeps its session if the test passes."""

    def __init__(
        self,
        path: Path,
        upstreams: Mapping[str, str],
        services: Sequence[str],
        patterns: Sequence[str],
        *,
        always: bool,
    ) -> None:
        """With `always` the session is kept when the test has failed, too."""
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
        """A summary like a stand-in's; the recording goes on until the test is over."""
        return {"matched": True, "differences": []}

    def finish(self, *, passed: bool) -> str:
        """End it, and keep the session if it is wanted; gives the reason if there is no file."""
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


def _started(arguments: Sequence[str], home: str, errors: IO[str]) -> subprocess.Popen[str]:
    # Imported here, as everything of the package: see above.
    from gramophone.system.child_environment import CERTIFICATES, ENGINE, child_environment

    environment = child_environment(os.environ, ENGINE, CERTIFICATES, GRAMOPHONE_HOME=home)
    # A project under test may have packages of our names (`storage`, `tui`), in its directory or on
    # its path: ours come first, and `-P` leaves the directory out.
    places = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
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


def _killed(process: subprocess.Popen[str]) -> None:
    """Kill a process that has not ended by itself, and close its pipes."""
    process.kill()
    process.communicate()


def _fields(line: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:
        return {}
