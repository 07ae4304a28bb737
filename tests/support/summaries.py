"""A row of the history, for what only needs to be told of one."""

from __future__ import annotations

from gramophone.library.library import SessionSummary


def summary(**changes: object) -> SessionSummary:
    fields: dict[str, object] = {
        "id": "5e551017a0000000",
        "title": "What is a gramophone?",
        "created_at": "2026-11-21T12:00:00.250+00:00",
        "turns": 2,
        "spoken_ms": 400,
        "provider": "local",
        "model": "smollm2",
        "voice": "aura-2-thalia-en",
    }
    return SessionSummary(**(fields | changes))  # pyright: ignore[reportArgumentType]
