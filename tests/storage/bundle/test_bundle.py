"""Bundles: the same bytes whenever they are written, and all of a session in them."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.core.errors import SessionNotFound, StorageError
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    SessionEnded,
    TurnCompleted,
)
from storage.bundle import layout
from storage.bundle.reader import read_bundle
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.gc import examine, reclaim
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.bundles import bytes_of, export, names_in, parts_of
from tests.support.compacted import as_flac
from tests.support.recordings import NOON, SESSION_ID, everything_in, opened, record, record_unended

NOISE = bytes(range(256)) * 40


async def imported(home: Path, path: Path, **how: str) -> tuple[str, bool]:
    async with await StoredLibrary.open(home) as library:
        taken = await library.import_bundle(path, **how)  # pyright: ignore[reportArgumentType]
        assert await library.verify() == []
    return taken.session_id, taken.already


async def test_all_of_a_session_comes_back(tmp_path: Path) -> None:
    there, here, path = tmp_path / "there", tmp_path / "here", tmp_path / "s.gramophone"
    await record(there)
    async with await StoredLibrary.open(there) as library:
        await library.rename(SESSION_ID, "On gramophones")
        await library.tag([SESSION_ID], ["kept", "a-1"])
        original = await library.session(SESSION_ID)
        happened = await library.events(SESSION_ID)
    await export(there, path)
    assert await imported(here, path) == (SESSION_ID, False)
    async with await StoredLibrary.open(here) as library:
        taken = await library.session(SESSION_ID)
        assert taken.summary == original.summary
        assert [(t.turn, t.text, t.metrics, t.finish_reason) for t in taken.turns] == [
            (t.turn, t.text, t.metrics, t.finish_reason) for t in original.turns
        ]
        events = await library.events(SESSION_ID)
        assert events == happened
        assert [e.pcm for e in events if isinstance(e, AudioReceived)] == [
            e.pcm for e in happened if isinstance(e, AudioReceived)
        ]
        assert [summary.id for summary in await library.sessions(search="plays records")] == [
            SESSION_ID
        ]
        assert [summary.id for summary in await library.sessions(search="tag:kept")] == [SESSION_ID]
        # A title that was set stays when a recorder's would not.
        await library.rename(SESSION_ID, "")
        assert (await library.session(SESSION_ID)).summary.title == "What is a gramophone?"
    there_wav = bytes_of(there / "audio" / SESSION_ID / "1.wav")
    assert bytes_of(here / "audio" / SESSION_ID / "1.wav") == there_wav


@pytest.mark.parametrize("compress", [False, True])
async def test_the_same_session_gives_the_same_file(tmp_path: Path, compress: bool) -> None:
    await record(tmp_path / "home")
    first = await export(tmp_path / "home", tmp_path / "1.gramophone", compress=compress)
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    again = await export(tmp_path / "copy", tmp_path / "2.gramophone", compress=compress)
    assert again == first
    # In a library where other sessions came before it.
    await record(tmp_path / "other", short_session("ab"))
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert await export(tmp_path / "other", tmp_path / "3.gramophone", compress=compress) == first


async def test_a_bundle_is_bytes_that_never_change(tmp_path: Path) -> None:
    """If this fails, files that people have made already would differ from now on."""
    await record(tmp_path / "home")
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone")
    assert hashlib.sha256(bundle).hexdigest() == (
        "a7aae44194613a1e3b30bbe87b1bc5a0cbad387a0ef895dbbce6ac241370d1b2"
    )


async def test_flac_and_back_is_the_same_session(tmp_path: Path) -> None:
    await record(tmp_path / "home", [*talk((NOISE, b"\x01\x00" * 24_000))])
    plain = await export(tmp_path / "home", tmp_path / "plain.gramophone")
    small = await export(tmp_path / "home", tmp_path / "small.gramophone", compress=True)
    assert len(small) < len(plain) / 2
    assert "audio/1.flac" in parts_of(tmp_path / "small.gramophone")
    await imported(tmp_path / "other", tmp_path / "small.gramophone")
    assert await export(tmp_path / "other", tmp_path / "again.gramophone") == plain


def talk(frames: tuple[bytes, ...], **started: Any) -> list[Event]:
    return [
        session_started(**started),
        *spoken_exchange(frames=frames),
        SessionEnded(at_us=9_000_000),
    ]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_eight_bit_sound_stays_as_it_is(tmp_path: Path, encoding: str) -> None:
    await record(tmp_path / "home", talk((NOISE,), encoding=encoding, sample_rate_hz=8000))
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone", compress=True)
    assert "audio/1.wav" in parts_of(tmp_path / "1.gramophone")
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert await export(tmp_path / "other", tmp_path / "2.gramophone", compress=True) == bundle


async def test_half_a_sample_is_kept(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk((NOISE, b"\x07")))
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone", compress=True)
    assert parts_of(tmp_path / "1.gramophone")["audio/1.wav"].endswith(b"\x07\x00")
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert await export(tmp_path / "other", tmp_path / "2.gramophone", compress=True) == bundle


async def test_half_an_emoji_is_kept(tmp_path: Path) -> None:
    events = short_session()
    events.insert(-1, DeltaReceived(at_us=1_900_000, turn=1, text="\ud83d"))
    await record(tmp_path / "home", events)
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    _, read = read_bundle(tmp_path / "1.gramophone")
    assert read == events
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert await library.events(SESSION_ID) == events


async def test_it_is_read_without_a_library(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone", compress=True)
    shutil.rmtree(tmp_path / "home")
    record_read, events = read_bundle(tmp_path / "1.gramophone")
    assert events == short_session()
    assert [e.pcm for e in events if isinstance(e, AudioReceived)] == [
        e.pcm for e in short_session() if isinstance(e, AudioReceived)
    ]
    assert record_read.summary.id == SESSION_ID
    assert [turn.text for turn in record_read.turns] == [
        "What is a gramophone?",
        "A gramophone plays records.",
    ]
    assert sorted(everything_in(tmp_path)) == [tmp_path / "1.gramophone"]


async def test_recording_what_a_bundle_holds_gives_the_bundle(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone")
    _, events = read_bundle(tmp_path / "1.gramophone")
    await record(tmp_path / "again", events)
    assert await export(tmp_path / "again", tmp_path / "2.gramophone") == bundle


texts = st.text(max_size=60) | st.just("\ud83d")


@settings(max_examples=25, deadline=None)
@given(
    question=st.text(max_size=60),
    deltas=st.lists(texts, max_size=4),
    frames=st.lists(st.binary(max_size=3000), max_size=4),
    encoding=st.sampled_from(["linear16", "mulaw", "alaw"]),
    compress=st.booleans(),
    ended=st.booleans(),
)
def test_any_session_survives_the_way_there_and_back(
    tmp_path_factory: pytest.TempPathFactory,
    question: str,
    deltas: list[str],
    frames: list[bytes],
    encoding: str,
    compress: bool,
    ended: bool,
) -> None:
    events = [
        session_started(encoding=encoding),
        *spoken_exchange(question, "An answer.", frames=tuple(frames)),
        *(DeltaReceived(at_us=2_000_000, turn=1, text=text) for text in deltas),
    ]
    if ended:
        events.append(SessionEnded(at_us=3_000_000))
    directory = tmp_path_factory.mktemp("there-and-back")

    async def there_and_back() -> None:
        await record(directory / "home", events)
        bundle = await export(directory / "home", directory / "1.gramophone", compress=compress)
        _, read = read_bundle(directory / "1.gramophone")
        assert read == events
        assert [e.pcm for e in read if isinstance(e, AudioReceived)] == frames
        await imported(directory / "other", directory / "1.gramophone")
        again = await export(directory / "other", directory / "2.gramophone", compress=compress)
        assert again == bundle

    asyncio.run(there_and_back())


@pytest.mark.parametrize("compress", [False, True])
async def test_a_bundle_of_many_gigabytes_is_a_bundle(
    tmp_path: Path, compress: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zips change their shape at 2 GiB; here they do at 50 kB."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 50_000)
    await record(tmp_path / "home", talk((NOISE * 9, NOISE)))
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone", compress=compress)
    assert b"PK\6\7" in bundle[-64:]
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert await export(tmp_path / "other", tmp_path / "2.gramophone", compress=compress) == bundle


# --- what is there already --------------------------------------------------------------------


async def test_a_session_that_is_there_is_left_alone(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.rename(SESSION_ID, "Mine")
    assert await imported(tmp_path / "home", tmp_path / "1.gramophone") == (SESSION_ID, True)
    async with await StoredLibrary.open(tmp_path / "home") as library:
        assert (await library.session(SESSION_ID)).summary.title == "Mine"
        assert len(await library.sessions()) == 1


async def test_one_that_was_deleted_comes_back(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    async with await StoredLibrary.open(tmp_path / "home") as library:
        await library.discard([SESSION_ID])
        await library.import_bundle(tmp_path / "1.gramophone")
        assert len(await library.sessions()) == 1


async def test_another_session_of_that_id_is_refused(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    await record(tmp_path / "other", talk((NOISE,)))
    before = everything_in(tmp_path / "other" / "audio")
    with pytest.raises(StorageError, match=r"has another session 5e551017a0000000; .*--as-new"):
        await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert everything_in(tmp_path / "other" / "audio") == before
    assert await imported(tmp_path / "other", tmp_path / "1.gramophone", new_id="abcd") == (
        "abcd",
        False,
    )
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert len(await library.sessions()) == 2
        (started, *_) = await library.events("abcd")
        assert started == session_started("abcd")


async def test_a_session_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    async with Recorder.open(tmp_path / "other", wall_clock=lambda: NOON) as recorder:
        for event in short_session()[:-1]:
            recorder.emit(event)
        await recorder.flush()
        with pytest.raises(StorageError, match="is not over yet"):
            await export(tmp_path / "other", tmp_path / "2.gramophone")
        with pytest.raises(StorageError, match="is being recorded"):
            await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert not (tmp_path / "2.gramophone").exists()


# --- what goes wrong --------------------------------------------------------------------------


async def test_what_is_not_there_cannot_be_exported(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    with pytest.raises(SessionNotFound):
        await export(tmp_path / "home", tmp_path / "1.gramophone", session_id="abc")
    (tmp_path / "home" / "audio" / SESSION_ID / "1.wav").unlink()
    with pytest.raises(StorageError, match="missing or not what was recorded"):
        await export(tmp_path / "home", tmp_path / "1.gramophone")
    assert names_in(tmp_path) == ["home"]


async def test_sound_that_changed_is_no_bundle(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    path = tmp_path / "home" / "audio" / SESSION_ID / "1.wav"
    path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    for compress in (False, True):
        with pytest.raises(StorageError, match="missing or not what was recorded"):
            await export(tmp_path / "home", tmp_path / "1.gramophone", compress=compress)
    assert names_in(tmp_path) == ["home"]


async def test_a_damaged_row_is_named(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    with opened(tmp_path / "home") as database:
        database.execute("UPDATE event SET detail = '{' WHERE seq = 3")
    with pytest.raises(StorageError, match="Row 3 of the session"):
        await export(tmp_path / "home", tmp_path / "1.gramophone")
    with opened(tmp_path / "home") as database:
        database.execute("UPDATE event SET detail = CAST(x'ff' AS TEXT) WHERE seq = 3")
    with pytest.raises(StorageError, match=r"A row of the session .* is damaged"):
        await export(tmp_path / "home", tmp_path / "1.gramophone")


async def test_a_repaired_session_goes_as_it_is(tmp_path: Path) -> None:
    await record_unended(tmp_path / "home")
    bundle = await export(tmp_path / "home", tmp_path / "1.gramophone")
    await imported(tmp_path / "other", tmp_path / "1.gramophone")
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert (await library.session(SESSION_ID)).summary.recovered
    assert await export(tmp_path / "other", tmp_path / "2.gramophone") == bundle


async def stopped_half_way(home: Path, path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        assert 0 <= done <= total
        if done > total // 2:
            begun.set()
            go_on.wait()

    async with await StoredLibrary.open(home) as library:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(library.import_bundle(path, progress=hold))
            await asyncio.to_thread(begun.wait)
            task.cancel()
        go_on.set()


def test_an_import_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other"
    asyncio.run(record(tmp_path / "home", talk((NOISE * 300,))))
    asyncio.run(export(tmp_path / "home", tmp_path / "1.gramophone"))
    # The loop is over when the thread is.
    asyncio.run(stopped_half_way(other, tmp_path / "1.gramophone"))

    async def look() -> None:
        async with await StoredLibrary.open(other) as library:
            assert await library.sessions() == []
            assert await library.verify() == []

    asyncio.run(look())
    assert "incoming" not in names_in(other)
    assert everything_in(other / "audio") == {}
    asyncio.run(imported(other, tmp_path / "1.gramophone"))


async def test_what_a_killed_import_left_goes(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    shutil.copytree(tmp_path / "home" / "audio" / SESSION_ID, tmp_path / "sound")
    other = tmp_path / "other"
    async with await StoredLibrary.open(other):
        pass
    # Killed while it wrote sound, of this session and of another; killed before the commit.
    shutil.copytree(tmp_path / "sound", other / "incoming" / "abcd")
    shutil.copytree(tmp_path / "sound", other / "incoming" / SESSION_ID)
    shutil.copytree(tmp_path / "sound", other / "audio" / SESSION_ID)
    assert await imported(other, tmp_path / "1.gramophone") == (SESSION_ID, False)
    assert not (other / "incoming").exists()


async def test_sound_of_a_lost_session_is_not_replaced(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    audio = tmp_path / "other" / "audio" / SESSION_ID
    audio.mkdir(parents=True)
    (audio / "1.wav").write_bytes(b"something of mine")
    with pytest.raises(StorageError, match="holds sound that no session of the library knows"):
        await imported(tmp_path / "other", tmp_path / "1.gramophone")
    assert (audio / "1.wav").read_bytes() == b"something of mine"
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert await library.sessions() == []


async def test_sound_that_was_compacted_counts_as_the_same(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk((NOISE,)))
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    as_flac(tmp_path / "home")
    audio = tmp_path / "other" / "audio" / SESSION_ID
    shutil.copytree(tmp_path / "home" / "audio" / SESSION_ID, audio)
    assert [path.suffix for path in audio.iterdir()] == [".flac"]
    assert await imported(tmp_path / "other", tmp_path / "1.gramophone") == (SESSION_ID, False)
    async with await StoredLibrary.open(tmp_path / "other") as library:
        assert await library.verify() == []


async def test_a_talk_that_packs_too_well_is_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader would take for a bomb is never written: the exporter keeps to its rule."""
    monkeypatch.setattr(layout, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    long = [
        replace(event, text="a" * 1_500_000) if isinstance(event, TurnCompleted) else event
        for event in short_session()
    ]
    await record(tmp_path / "home", long[:3] + long[-1:])
    await export(tmp_path / "home", tmp_path / "1.gramophone", compress=True)
    with zipfile.ZipFile(tmp_path / "1.gramophone") as file:
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
    read_bundle(tmp_path / "1.gramophone")


KILLED_BEFORE_THE_COMMIT = """
import os, signal, sys
from pathlib import Path
from storage.bundle.importer import import_bundle
from storage.home import Home

home = Home.at(Path(sys.argv[1]))

def kill(event, arguments):
    # The directory of all sound is synced when the session's has its name there.
    if event == "open" and str(arguments[0]) == str(home.audio):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
import_bundle(home, Path(sys.argv[2]), new_id="abcd")
"""


async def test_sound_of_an_import_that_was_killed_at_its_end_is_nobodys(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    await export(tmp_path / "home", tmp_path / "1.gramophone")
    other = tmp_path / "other"
    command = [sys.executable, "-c", KILLED_BEFORE_THE_COMMIT, str(other)]
    command.append(str(tmp_path / "1.gramophone"))
    completed = await asyncio.to_thread(subprocess.run, command, check=False)
    assert completed.returncode == -signal.SIGKILL
    assert (other / "audio" / "abcd" / "1.wav").exists()
    report = examine(Home.at(other), datetime.now(UTC))
    assert report.strays.paths == ()
    reclaim(Home.at(other), report)
    assert everything_in(other / "audio") == {}
    async with await StoredLibrary.open(other) as library:
        assert await library.verify() == []
