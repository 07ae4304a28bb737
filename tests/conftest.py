"""What every test may use."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.playbook import Make, Playbook, a_conversation
from tests.talks import connected

# How long an example takes says something of the machine only. What takes long is told apart by
# counting, in tests of its own.
settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")

pytest_plugins = ["pytester", "tests.sound_card"]


@pytest.fixture
def playbook() -> Generator[Make]:
    """Makes playbooks, and sees at the end that all that came out was asserted."""
    opened: list[Playbook] = []

    def make(**settings: Any) -> Playbook:
        opened.append(Playbook(a_conversation(**settings)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def play(playbook: Make) -> Playbook:
    """A session whose line to the speech service stands."""
    return connected(playbook())
