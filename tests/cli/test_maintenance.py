"""`compact`, `gc` and `backup`: what the commands say, as its users type it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.cli.maintenance import size_words
from tests.support.programs import Gramophone, environment
from tests.support.recordings import opened
from tests.support.sound_card import wait_until


def sound_files(gramophone: Gramophone) -> list[str]:
    return sorted(path.name for path in gramophone.home.glob("audio/*/*"))


def test_compact_says_what_it_saved_and_the_session_is_as_before(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    assert gramophone("say", "--mute", "Records turn. Needles listen.").returncode == 0
    before, after = tmp_path / "before.gramophone", tmp_path / "after.gramophone"
    gramophone("export", "last", "--format", "bundle", "-o", str(before))

    young = gramophone("compact")
    assert (young.returncode, young.stdout) == (
        0,
        "Nothing to pack: no sound is old enough, or all of it is packed.\n",
    )
    looked = gramophone("compact", "--older-than", "0d", "--dry-run")
    assert looked.stdout.startswith("Would pack 1 turn of 1 session: "), looked
    assert sound_files(gramophone) == ["0.wav"]

    report = gramophone.json("compact", "--older-than", "0h")
    assert (report["turns"], report["left"], report["dry_run"]) == (1, [], False)
    assert 0 < report["flac_bytes"] < report["wav_bytes"]
    assert report["saved_bytes"] == report["wav_bytes"] - report["flac_bytes"]
    assert sound_files(gramophone) == ["0.flac"]

    gramophone("export", "last", "--format", "bundle", "-o", str(after))
    assert after.read_bytes() == before.read_bytes()
    assert gramophone("verify").returncode == 0
    assert gramophone("replay", "--mute", "last").returncode == 0
    assert gramophone("fixture", "check", "last").returncode == 0


@pytest.mark.parametrize("age", ["90", "d", "-1d", "1y", "٣d"])
def test_an_age_that_is_none_is_refused(gramophone: Gramophone, age: str) -> None:
    refused = gramophone("compact", f"--older-than={age}")
    assert refused.returncode == 2
    assert "write 36h, 90d or 12w" in refused.stderr


def test_gc_tells_first_and_frees_when_told_to(gramophone: Gramophone) -> None:
    nothing = gramophone("gc")
    assert nothing.returncode == 1
    assert "There is no library in" in nothing.stderr
    assert gramophone("say", "--mute", "Records turn.").returncode == 0
    clean = gramophone("gc", "--yes")
    assert clean.stdout.endswith("Nothing to free.\n"), clean
    orphan = next(gramophone.home.glob("audio/*")) / "9.wav"
    orphan.write_bytes(bytes(2_000))

    for flags in ((), ("--dry-run",), ("--dry-run", "--yes")):
        completed = gramophone("gc", *flags)
        assert completed.returncode == 0
        assert (
            f"- sound of no session: {orphan}, 2.0 kB\nAbout 2.0 kB can be freed."
            in completed.stdout
        )
        assert "gc --yes` frees it" in completed.stderr
    looked = gramophone.json("gc")
    assert looked["orphans"] == {"files": 1, "bytes": 2_000, "paths": [str(orphan)]}
    assert (looked["freed_bytes"], looked["reclaimable_bytes"]) == (None, 2_000)
    assert orphan.exists()

    freed = gramophone("gc", "--yes")
    assert "Freed 2.0 kB." in freed.stdout
    assert not orphan.exists()
    assert sound_files(gramophone) == ["0.wav"]
    assert gramophone.json("gc", "--yes")["freed_bytes"] is None
    assert gramophone("verify").returncode == 0


def test_limits_remove_nothing_before_gc_was_agreed_to(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    assert gramophone("say", "--mute", "Records turn.").returncode == 0
    assert gramophone("say", "--mute", "Needles listen.").returncode == 0
    old = gramophone("sessions").stdout.splitlines()[-1].split()[0]
    with opened(gramophone.home) as database:
        database.execute("UPDATE session SET created_at = '2020-02-02T' WHERE id = ?", (old,))
    assert gramophone("gc", "--yes").stdout.endswith("Nothing to free.\n"), "it is off by default"

    (gramophone.home / "config.toml").write_text("[library]\nkeep_days = 90\n")
    looked = gramophone("gc")
    assert "- 1 session beyond keep_days = 90, removed for good:\n" in looked.stdout
    assert f"    {old}  2020-02-02  " in looked.stdout
    assert gramophone.json("gc", "--dry-run")["beyond_limits"] == [old]
    assert len(gramophone("sessions").stdout.splitlines()) == 2
    assert not (gramophone.home / "retention.json").exists()

    assert gramophone("gc", "--yes").returncode == 0
    assert old not in gramophone("sessions").stdout
    assert len(gramophone("sessions").stdout.splitlines()) == 1
    assert (gramophone.home / "retention.json").exists()
    assert gramophone("verify").returncode == 0


def test_a_backup_made_in_mid_talk_verifies_and_replays(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    assert gramophone("say", "--mute", "Records turn.").returncode == 0
    # Real speech, still being recorded when the copy is made.
    talking = subprocess.Popen(
        [sys.executable, "-m", "gramophone.cli", "say", "--mute", "Needles listen. " * 400],
        env=environment(gramophone.home, {"GRAMOPHONE_SPEAK_URL": gramophone.speak_url}),
        stderr=subprocess.DEVNULL,
    )
    with talking:
        wait_until(lambda: len(list(gramophone.home.glob("audio/*/*"))) == 2, "a second file")
        completed = gramophone("backup", str(tmp_path / "copy"))
        assert talking.poll() is None, "it was not in mid-talk"
        talking.kill()
    assert completed.returncode == 0, completed
    assert completed.stderr.startswith("backed up 2 sessions, "), completed
    copy = Gramophone(tmp_path / "copy", gramophone.speak_url)
    verified = copy("verify")
    assert verified.returncode == 0, verified.stdout
    for session in ("last", copy("sessions").stdout.splitlines()[-1].split()[0]):
        replayed = copy("replay", "--mute", session)
        assert (replayed.returncode, replayed.stderr) == (0, "")
    again = gramophone("backup", str(tmp_path / "copy"))
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)
    assert gramophone("backup", "--force", str(tmp_path / "copy")).returncode == 0


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (123_456, "123 kB"),
        (999_600, "1.0 MB"),
        (5_000_000_000_000, "5000 GB"),
    ],
)
def test_sizes_are_said_as_people_say_them(size: int, words: str) -> None:
    assert size_words(size) == words
