"""The stand-in as a pytest plugin: the fixture `gramophone_standin` and its marker.

pytest loads this module wherever the package is installed, so it imports nothing else of it. Each
stand-in is `gramophone fixture serve` in a process of its own: tests may use any loop, thread or
worker, and may replace the clock.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from gramophone.testing.standins import BundleRecording, Standin

_ENGINES = ("tone", "piper")
_BUNDLE = ".gramophone"
_MODES = ("none", "once", "rewrite", "all")
_REPLACING = ("rewrite", "all")
_REAL = {
    "deepgram": "wss://api.deepgram.com",
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
}
_UPSTREAM = "GRAMOPHONE_UPSTREAM"
_PASSED = pytest.StashKey[bool]()
_RECORDINGS = pytest.StashKey["list[BundleRecording]"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options about recordings and the services they are made of."""
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
    """Register the marker, and check the settings."""
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
    """Note for the end of the stand-ins whether the test has passed."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Keep the recordings when everything else of the test has ended well."""
    passed = False
    try:
        result = yield
        passed = item.stash.get(_PASSED, False)
    finally:
        recordings = item.stash.setdefault(_RECORDINGS, [])
        complaints = [recording.finish(passed=passed) for recording in recordings]
        recordings.clear()
        if not passed:
            for complaint in filter(None, complaints):
                item.add_report_section("teardown", "by the recording", complaint)
    if passed and any(complaints):
        pytest.fail("\n".join(filter(None, complaints)), pytrace=False)
    return result


_NO_CLOCK = "The real service has no clock to be moved; record without it."


class Standins:
    """The fixture: called, it starts a stand-in; not called, it is the one of the marker."""

    def __init__(self, directory: Path, config: pytest.Config) -> None:
        self._directory = directory
        self._config = config
        self._own: Standin | BundleRecording | None = None
        self.running: list[Standin] = []
        self.recordings: list[BundleRecording] = []

    def __call__(
        self,
        source: str | Path = "tone",
        *,
        record: str | None = None,
        speed: float = 0,
        strict: bool = True,
        by_message: bool = False,
        tolerant: bool = False,
        models: Sequence[str] = (),
        betas: Sequence[str] = (),
        faults: Sequence[str] = (),
        services: Sequence[str] = (),
        clock: Literal["system", "manual"] = "system",
    ) -> Standin | BundleRecording:
        """Start a stand-in, which ends behind the test.

        Args:
            source: `tone`, `piper`, or a scenario or bundle, relative to the test's directory.
            record: `none`, `once`, `rewrite` or `all`; a bundle may be recorded first.
            speed: factor on the recorded timing; 0 is at once.
            strict: refuse texts that are not in the source, and fail the test on a difference.
            by_message: compare the cutting of texts into messages, too.
            tolerant: answer what the services of language models refuse.
            models: names of language models, if others are to be refused.
            betas: names in `anthropic-beta` that are known beside Anthropic's.
            faults: injected on purpose, as on the command line.
            services: some of `speak`, `openai` and `anthropic`; all unless some are named.
            clock: `manual` for a time that is moved at `control_url`.
        """
        path = self._directory / source
        mode = self._record_mode(source, record)
        if mode in _REPLACING or (mode == "once" and not path.exists()):
            if clock == "manual":
                pytest.fail(_NO_CLOCK, pytrace=False)
            return self._record(path, services, always=mode == "all")
        arguments = [self._found(source), f"--speed={speed}", f"--clock={clock}"]
        arguments += _flags(services, by_message=by_message, tolerant=tolerant, strict=strict)
        arguments += _repeated(model=models, beta=betas, fault=faults)
        return self._start(arguments, strict=strict)

    def _start(self, arguments: Sequence[str], *, strict: bool) -> Standin:
        standin = Standin(arguments, strict=strict)
        self.running.append(standin)
        return standin

    def _record_mode(self, source: str | Path, record: str | None) -> str:
        """The mode of the command line, the call or the settings, in this order; only bundles
        can be recorded."""
        if Path(source).suffix == _BUNDLE:
            return self._config.getoption("gramophone_record") or _checked_mode(
                record or self._config.getini("gramophone_record")
            )
        if record is not None:
            pytest.fail(
                f"A recording is a bundle; {source} is not one, because its name does not end in "
                f"{_BUNDLE}.",
                pytrace=False,
            )
        return "none"

    def start_own(self, *arguments: Any, **options: Any) -> None:
        """Start the stand-in that the marker describes."""
        self._own = self(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Standin, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._own is None:
            self.start_own()
        return getattr(self._own, name)

    def _record(self, path: Path, services: Sequence[str], *, always: bool) -> BundleRecording:
        if any(recording.path == path for recording in self.recordings):
            pytest.fail(
                f"{path} is being recorded; record the other into a file of its own.", pytrace=False
            )
        upstreams, patterns = _upstreams(self._config), self._config.getini("gramophone_redact")
        self.recordings.append(BundleRecording(path, upstreams, services, patterns, always=always))
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
    # Recordings end after all other fixtures, so that one is kept only if those ended well, too.
    node.stash[_RECORDINGS] = standins.recordings
    try:
        marker = node.get_closest_marker("gramophone")
        if marker is not None:
            standins.start_own(*marker.args, **marker.kwargs)
        yield standins
    finally:
        ends = [(standin, *standin.stop()) for standin in standins.running]
    failures = [
        complaint
        for standin, summary, complaint in ends
        if complaint and (standin.strict or not summary)
    ]
    if node.stash.get(_PASSED, False):
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
    else:
        # A test that failed halfway has sent less than expected: the differences may explain the
        # failure, and are no second one.
        for complaint in failures:
            node.add_report_section("teardown", "by the stand-in", complaint)


def _flags(services: Sequence[str], *, by_message: bool, tolerant: bool, strict: bool) -> list[str]:
    """The arguments of the stand-in that are there or not."""
    switches = {"by-message": by_message, "tolerant": tolerant, "strict": strict}
    chosen = [name for name, is_on in switches.items() if is_on]
    return [f"--{name}" for name in (*chosen, *([] if strict else ["lenient"]), *services)]


def _repeated(**options: Sequence[str]) -> list[str]:
    """Arguments of the stand-in that may come several times."""
    return [f"--{name}={value}" for name, values in options.items() for value in values]


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


def _checked_mode(text: str) -> str:
    try:
        return _mode(text)
    except argparse.ArgumentTypeError as error:
        pytest.fail(str(error), pytrace=False)


def _upstreams(config: pytest.Config) -> dict[str, str]:
    """The address of each service: by the option, else the environment, else the settings."""
    addresses = dict(_REAL)
    settings = [
        *config.getini("gramophone_upstream"),
        *os.environ.get(_UPSTREAM, "").split(),
        *cast("list[str]", config.getoption("gramophone_upstream")),
    ]
    for setting in settings:
        name, _, url = setting.partition("=")
        if name not in addresses or not url:
            names = ", ".join(addresses)
            raise argparse.ArgumentTypeError(
                f"{setting!r} is not an upstream; write NAME=URL with one of {names}."
            )
        addresses[name] = url
    return addresses
