"""Surroundings of a program that uses the interface: services on this machine, its own library."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.programs import environment
from tests.support.standins import running


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Path]:
    """The data directory; a stand-in speaks, and there is no sound card and no language model."""
    home = tmp_path / "home"
    async with running() as speak_url:
        settings = environment(home, {"GRAMOPHONE_SPEAK_URL": speak_url})
        for name in set(os.environ) - set(settings):
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield home
