"""The stand-in in other people's tests: the fixture `gramophone_standin` and its marker.

pytest loads this module wherever the package is installed, so it imports nothing of it. Each
stand-in is `gramophone fixture serve` in a process of its own: it does not care which loop, thread
or worker a test runs in, nor what the test does to the clock.
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
        complaints = [each.finish(passed=passed) for each in recordings]
        recordings.clear()
        if not passed:
            for complaint in filter(None, complaints):
                item.add_report_section("teardown", "by the recording", complaint)
    if passed and any(complaints):
        pytest.fail("\n".join(filter(None, complaints)), pytrace=False)
    return result


class Standins:
    """The fixture: called, it starts a stand-in; not called, it is one, as the marker says."""

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
        faults: Sequence[str] = (),
        services: Sequence[str] = (),
        clock: Literal["system", "manual"] = "system",
    ) -> Standin | BundleRecording:
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
        mode = self._record_mode(source, record)
        if mode in _REPLACING or (mode == "once" and not path.exists()):
            if clock == "manual":
                pytest.fail(
                    "The real service has no clock to be moved; record without it.",
                    pytrace=False,
                )
            return self._record(path, services, always=mode == "all")
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
        """Start the one that the marker describes."""
        self._own = self(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(Standin, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._own is None:
            self.start_own()
        return getattr(self._own, name)

    def _record(self, path: Path, services: Sequence[str], *, always: bool) -> BundleRecording:
        if any(each.path == path for each in self.recordings):
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
    # They end when all else has, so that what they kept is from a test that has passed.
    node.stash[_RECORDINGS] = standins.recordings
    try:
        marker = node.get_closest_marker("gramophone")
        if marker is not None:
            standins.start_own(*marker.args, **marker.kwargs)
        yield standins
    finally:
        complaints = [(each, *each.stop()) for each in standins.running]
    failures = [
        complaint
        for each, summary, complaint in complaints
        if complaint and (each.strict or not summary)
    ]
    if node.stash.get(_PASSED, False):
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
    else:
        # A test that stopped halfway has said less than expected; that explains, and is no fault.
        for complaint in failures:
            node.add_report_section("teardown", "by the stand-in", complaint)


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
    """Where each service is: the option wins over the environment, and that over the settings."""
    found = dict(_REAL)
    complaints = [
        *config.getini("gramophone_upstream"),
        *os.environ.get(_UPSTREAM, "").split(),
        *cast("list[str]", config.getoption("gramophone_upstream")),
    ]
    for each in complaints:
        name, _, url = each.partition("=")
        if name not in found or not url:
            raise argparse.ArgumentTypeError(
                f"{each!r} is not an upstream; write NAME=URL with one of {', '.join(found)}."
            )
        found[name] = url
    return found
