"""What every test may use."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import websockets
import websockets.sync.client
from hypothesis import HealthCheck, settings

from tests.support.deadlines import HANG_S
from tests.support.playbook import Make, Playbook, a_conversation
from tests.support.programs import Gramophone, standin
from tests.support.talks import connected

# How long an example takes says something of the machine only. What takes long is told apart by
# counting, in tests of its own.
settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")

pytest_plugins = ["pytester", "tests.support.sound_card"]


# A client of `websockets` gives up after 10 s without a handshake and after 20 s without a pong. On
# a machine that does eight other things both take longer.
for _connect in (websockets.connect.__init__, websockets.sync.client.connect):
    assert _connect.__kwdefaults__ is not None
    _connect.__kwdefaults__.update(open_timeout=HANG_S, ping_timeout=HANG_S)


# Ten thousand tests and the modules behind them are half a million objects that stay. To look
# through them for garbage again and again is a tenth of the processor time of a worker.


def pytest_configure() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def playbook() -> Generator[Make]:
    """Makes playbooks, and sees at the end that all that came out was asserted."""
    opened: list[Playbook] = []

    def make(**settings: Any) -> Playbook:
        opened.append(Playbook(a_conversation(**settings)))
        return opened[-1]

    yield make
    for play in opened:
        play.close()


@pytest.fixture
def play(playbook: Make) -> Playbook:
    """A session whose line to the speech service stands."""
    return connected(playbook())


@pytest.fixture(scope="session")
def speak_url() -> Generator[str]:
    """The address of a stand-in's voice: one process for all tests of a worker."""
    with standin("--no-limits") as url:
        yield url


@pytest.fixture
def gramophone(tmp_path: Path, speak_url: str) -> Gramophone:
    """The command line, with a data directory of its own."""
    return Gramophone(tmp_path / "home", speak_url)
