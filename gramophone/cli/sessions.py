"""`sessions`, `show`, `verify` and the other commands for stored sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gramophone.cli.output import note, result, result_json
from gramophone.core.errors import LibraryCorrupt, LibraryTooNew
from gramophone.library.library import Finding, SessionRecord, SessionSummary, TurnRecord
from gramophone.library.tags import tag_changes
from gramophone.text.sanitize import plain_line
from storage.export.text_labels import heard_up_to, speaker_of, thinking_of
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.orphaned_audio import stray_warning
from storage.maintenance.verify import verify as check

# The library puts these private-use characters around the hits of a search in a snippet.
HIT_MARKS = str.maketrans({"\ue000": None, "\ue001": None})


async def list_sessions(home: Path, *, search: str, limit: int, as_json: bool) -> int:
    """List sessions, newest first, one a line."""
    async with await StoredLibrary.open(home) as library:
        listed = await library.sessions(limit=limit, search=search)
    for session in listed:
        if as_json:
            result_json(_summary(session))
        else:
            result(_row(session))
    if sentence := stray_warning(Home.at(home)):
        note(sentence)
    if not listed and not as_json:
        note("No session matches." if search else "No session yet; try: gramophone ask hello")
    return 0


async def show(home: Path, reference: str, *, as_json: bool, thoughts: bool = False) -> int:
    """Print a session's turns; the thoughts of its answers only if they are asked for."""
    async with await StoredLibrary.open(home) as library:
        record = await library.session(await library.resolve(reference))
    if as_json:
        result_json(_record(record))
        return 0
    result(f"{record.summary.title or '(untitled)'}  [{record.summary.id}]")
    result(f"{record.summary.created_at}  {record.summary.provider} {record.summary.model}")
    for turn in record.turns:
        speaker = speaker_of(turn)
        seconds = turn.audio.samples / turn.audio.sample_rate_hz if turn.audio else 0.0
        facts = [f"turn {turn.turn}"]
        facts += [f"{seconds:.1f} s spoken"] if turn.audio else []
        facts += [heard_words] if (heard_words := heard_up_to(turn)) else []
        facts += ["taken back"] if turn.withdrawn else []
        result(f"\n{speaker}  ({', '.join(facts)})")
        if thoughts and turn.aside.thoughts:
            result(f"[{thinking_of(turn)}]\n{turn.aside.thoughts}\n[Answer]")
        result(turn.text)
        for picture in turn.pictures:
            result(plain_line(picture.label))
        if turn.aside.incomplete:
            result(f"[{plain_line(turn.aside.incomplete)}]")
    return 0


async def delete(home: Path, reference: str) -> int:
    """Delete a session's rows and files for good."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        await library.delete(session_id)
    note(f"deleted {session_id}")
    return 0


async def rename(home: Path, reference: str, title: str) -> int:
    """Give a session a title that stays; an empty one restores its first words."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        await library.rename(session_id, title)
        record = await library.session(session_id)
    note(f"{session_id} is “{record.summary.title}” now")
    return 0


async def tag(home: Path, reference: str, typed: str) -> int:
    """Change a session's tags and print what it has."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        before = (await library.session(session_id)).summary.tags
        if typed:
            await library.tag([session_id], *tag_changes(typed, before))
        for name in (await library.session(session_id)).summary.tags:
            result(name)
    return 0


async def pin(home: Path, reference: str, *, pinned: bool) -> int:
    """Keep a session at the head of the list, or no longer."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        await library.pin([session_id], pinned)
    note(f"{'pinned' if pinned else 'unpinned'} {session_id}")
    return 0


async def archive(home: Path, reference: str, *, archived: bool) -> int:
    """Take a session out of the list, or back into it."""
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference)
        await library.archive([session_id], archived)
    note(f"{'archived' if archived else 'back in the list:'} {session_id}")
    return 0


async def verify(home: Path, reference: str | None, *, as_json: bool) -> int:
    """Check whether database, rows and WAV files agree; exit code 1 if they do not."""
    findings = await _findings(home, reference)
    if as_json:
        rows = [{"session": f.session_id, "detail": f.detail} for f in findings]
        result_json({"ok": not findings, "findings": rows})
    else:
        for finding in findings:
            result(f"{finding.session_id or 'library'}: {finding.detail}")
        if not findings:
            result("All is well: database, rows and sound files agree.")
    return 1 if findings else 0


async def _findings(home: Path, reference: str | None) -> list[Finding]:
    try:
        async with await StoredLibrary.open(home) as library:
            session_id = await library.resolve(reference) if reference else None
            return await library.verify(session_id)
    except (LibraryCorrupt, LibraryTooNew):
        # The library will not open, so the check reads what it can without it.
        return await asyncio.to_thread(check, Home.at(home))


async def title_of(home: Path, reference: str) -> str:
    """Title and id of a session, for a question to the user."""
    async with await StoredLibrary.open(home) as library:
        record = await library.session(await library.resolve(reference))
    return f"{plain_line(record.summary.title) or '(untitled)'} [{record.summary.id}]"


def _row(session: SessionSummary) -> str:
    seconds = session.spoken_ms / 1000
    facts = f"{session.id}  {session.created_at[:16].replace('T', ' ')}  {seconds:6.1f} s"
    snippet = session.snippet.translate(HIT_MARKS)
    marks = "".join(f"  #{name}" for name in session.tags) + ("  pinned" if session.pinned else "")
    return f"{facts}  {session.title}{marks}" + (
        f"  … {' '.join(snippet.split())}" if snippet else ""
    )


def _summary(session: SessionSummary) -> dict[str, Any]:
    return {
        "id": session.id,
        "title": session.title,
        "created_at": session.created_at,
        "turns": session.turns,
        "spoken_ms": session.spoken_ms,
        "provider": session.provider,
        "model": session.model,
        "voice": session.voice,
        "recovered": session.recovered,
        "tags": list(session.tags),
        "pinned": session.pinned,
        "archived": session.archived,
        "snippet": session.snippet.translate(HIT_MARKS),
    }


def _record(record: SessionRecord) -> dict[str, Any]:
    summary = _summary(record.summary)
    del summary["snippet"]
    return summary | {
        "system_prompt": record.system_prompt,
        "encoding": record.encoding,
        "sample_rate": record.sample_rate_hz,
        "turns": [_turn(turn) for turn in record.turns],
    }


def _turn(turn: TurnRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "turn": turn.turn,
        "role": turn.role,
        "text": turn.text,
        "finish_reason": turn.finish_reason,
        "heard_characters": turn.heard_chars,
        "started_ms": turn.started_us / 1000,
        "withdrawn": turn.withdrawn,
    }
    if turn.pictures:
        fields["pictures"] = [picture.facts for picture in turn.pictures]
    if turn.role == "assistant":
        fields |= {"thoughts": turn.aside.thoughts, "incomplete": turn.aside.incomplete}
    if turn.audio is not None:
        fields["audio"] = {
            "path": str(turn.audio.path),
            "sample_rate": turn.audio.sample_rate_hz,
            "samples": turn.audio.samples,
            "sha256": turn.audio.sha256,
        }
    if turn.role == "assistant":
        metrics = turn.metrics
        fields["metrics"] = {
            "ttft_ms": metrics.ttft_ms,
            "ttfb_ms": metrics.ttfb_ms,
            "ttfa_ms": metrics.ttfa_ms,
            "response_ms": metrics.response_ms,
            "underruns": metrics.underruns,
            "flushes": metrics.flushes,
            "input_tokens": metrics.input_tokens,
            "output_tokens": metrics.output_tokens,
            "tokens_per_s": metrics.tokens_per_s,
        }
    return fields
