"""The figures of all answers that were kept, as sums for `gramophone.library.statistics`.

SQLite adds up, group by group in the order of an index, so that nothing is sorted. The few
sessions that changed their model or voice on the way are known by another index; of those each
answer is looked at.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gramophone.library.statistics import QUARTER_S, StoredStatistics, Tally, VoiceConfig
from gramophone.wire.lenient_json import LARGEST_COUNT
from storage.sqlite.reader import ReadConnection
from storage.sqlite.schema import TURN_BITS

_SUMS = (
    "count(*), sum(withdrawn), sum(finish_reason = 'repeated'), "
    "sum(samples * 1000 / coalesce(own_rate_hz, sample_rate_hz)), sum(length(text)), "
    # Older recordings may hold whatever a service said: their sum would not fit.
    f"sum(min(input_tokens, {LARGEST_COUNT})), sum(min(output_tokens, {LARGEST_COUNT})), "
    "sum(underruns), group_concat(ttft_ms), group_concat(ttfb_ms), "
    "group_concat(ttfa_ms), group_concat(response_ms)"
)
_CHANGED = "(SELECT session FROM event WHERE kind = 'SettingsChanged')"
_CHOSEN = "discarded_at IS NULL AND (?1 IS NULL OR created_at >= ?1) AND (?2 IS NULL OR id = ?2)"
# Turns are found by the span of their row numbers, and not by their role, which halves them only.
# What was inherited was said in another session, and counts there.
_ANSWERS = (
    f"FROM session CROSS JOIN turn WHERE turn.number >= session.number << {TURN_BITS} "
    f"AND turn.number < (session.number + 1) << {TURN_BITS} AND +role = 'assistant' "
    f"AND finish_reason <> 'inherited' AND {_CHOSEN} "
)
_BY_VOICING = (
    f"SELECT provider, model, voice, {_SUMS} {_ANSWERS} AND session.number NOT IN {_CHANGED} "
    "GROUP BY provider, model, voice"
)
_ONE_BY_ONE = (
    f"SELECT session.number, started_us, provider, model, voice, {_SUMS} {_ANSWERS} "
    f"AND session.number IN {_CHANGED} GROUP BY turn.number"
)
_BY_QUARTER = (
    f"SELECT unixepoch(created_at) / {QUARTER_S} AS quarter, count(*), "
    f"sum(spoken_samples * 1000 / sample_rate_hz) FROM session WHERE {_CHOSEN} "
    "AND quarter IS NOT NULL GROUP BY quarter"
)
# The first event of a session says what it began with.
_CHANGES = (
    "SELECT session, at_us, detail FROM event WHERE kind = 'SettingsChanged' UNION ALL "
    f"SELECT session, -1, detail FROM event WHERE seq = 0 AND session IN {_CHANGED} ORDER BY 1, 2"
)


_COUNTS = 5
"""Of what `Tally` begins with, so many are always counted."""


async def stored_statistics(
    reader: ReadConnection, *, since: datetime | None = None, session_id: str | None = None
) -> StoredStatistics:
    """Of one session, of those begun since, or of all."""
    begun = None if since is None else since.astimezone(UTC).isoformat(timespec="milliseconds")
    chosen = begun, session_id
    tallies: dict[VoiceConfig, Tally] = {}
    for row in await reader.fetch(_BY_VOICING, chosen):
        tallies.setdefault(_voicing(row[:3]), Tally()).add(_tally(row[3:]))
    singly = await reader.fetch(_ONE_BY_ONE, chosen)
    changes = await _changes(reader) if singly else {}
    for session, started_us, provider, model, voice, *sums in singly:
        voicing = _at(changes.get(session, ()), started_us) or _voicing((provider, model, voice))
        tallies.setdefault(voicing, Tally()).add(_tally(sums))
    began = await reader.fetch(_BY_QUARTER, chosen)
    return StoredStatistics(
        tallies, {quarter: (sessions, ms or 0) for quarter, sessions, ms in began}
    )


def _voicing(names: Sequence[Any]) -> VoiceConfig:
    """Names of a damaged row may be something else than text."""
    provider, model, voice = ("" if name is None else str(name) for name in names)
    return VoiceConfig(provider, model, voice)


def _tally(sums: Sequence[Any]) -> Tally:
    *counted, ttft, ttfb, ttfa, response = sums
    # Counts of damaged rows may be missing; that of tokens may be in any case.
    counts: list[Any] = [count or 0 for count in counted[:_COUNTS]]
    tally = Tally(*counts, *counted[_COUNTS:])
    tally.ttft_ms, tally.ttfb_ms = _numbers(ttft), _numbers(ttfb)
    tally.ttfa_ms, tally.response_ms = _numbers(ttfa), _numbers(response)
    return tally


def _numbers(joined: str | None) -> list[float]:
    return [float(number) for number in joined.split(",")] if joined else []


async def _changes(reader: ReadConnection) -> dict[int, list[tuple[int, VoiceConfig]]]:
    """By session that changed its settings: from when on which went, in order."""
    changes: defaultdict[int, list[tuple[int, VoiceConfig]]] = defaultdict(list)
    for session, at_us, detail in await reader.fetch(_CHANGES):
        voicing = _settings_in(detail)
        if voicing is not None:
            changes[session].append((at_us, voicing))
    return changes


def _settings_in(detail: str | None) -> VoiceConfig | None:
    """Settings in the details of an event; None if its row is damaged."""
    try:
        settings = json.loads(detail or "")
        return VoiceConfig(
            str(settings["provider"]), str(settings["model"]), str(settings["voice"])
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _at(changes: Sequence[tuple[int, VoiceConfig]], started_us: int) -> VoiceConfig | None:
    """Settings of a turn that began at a time. A change is emitted before the first turn it holds
    for."""
    index = bisect_right(changes, started_us, key=lambda change: change[0])
    return changes[index - 1][1] if index else None
