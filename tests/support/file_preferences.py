"""Settings of a file, without a voice that says a sample."""

from __future__ import annotations

from gramophone.app.preferences import FilePreferences
from gramophone.config.loading import load


def preferences(environment: dict[str, str]) -> FilePreferences:
    async def silence(voice: str) -> None:
        raise AssertionError(voice)

    return FilePreferences(load(environment), silence, environment)
