"""One stand-in for all commands, and a data directory for each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.programs import Gramophone, standin


@pytest.fixture(scope="session")
def speak_url() -> Generator[str]:
    with standin("--no-limits") as url:
        yield url


@pytest.fixture
def gramophone(tmp_path: Path, speak_url: str) -> Gramophone:
    return Gramophone(tmp_path / "home", speak_url)
