"""What every test may use."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.playbook import Playbook, a_conversation

pytest_plugins = ["tests.sound_card"]


@pytest.fixture
def playbook() -> Generator[Callable[..., Playbook]]:
    """Makes playbooks, and sees at the end that all that came out was asserted."""
    opened: list[Playbook] = []

    def make(**settings: Any) -> Playbook:
        opened.append(Playbook(a_conversation(**settings)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
