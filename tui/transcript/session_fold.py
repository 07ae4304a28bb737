"""Fold of what the events say of a session as a whole: who answers, by which voice."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from gramophone.core.timeline import SessionResumed, SessionStarted, SettingsChanged

AboutSession: TypeAlias = SessionStarted | SessionResumed | SettingsChanged


def session_after(session: SessionStarted | None, entry: AboutSession) -> SessionStarted | None:
    """The session as it is after an event; a live feed of one that was resumed begins in the
    middle, and `SettingsChanged` says who answers."""
    match entry:
        case SessionStarted():
            return entry
        case SessionResumed():
            return session or SessionStarted(
                at_us=entry.at_us,
                session_id=entry.session_id,
                provider="",
                model="",
                voice="",
                encoding=entry.encoding,
                sample_rate_hz=entry.sample_rate_hz,
                system_prompt="",
            )
        case SettingsChanged():
            return session and replace(
                session,
                provider=entry.provider,
                model=entry.model,
                voice=entry.voice,
                system_prompt=entry.system_prompt,
            )
