"""What every test may use."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.playbook import Make, Playbook, a_conversation
from tests.talks import connected

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
