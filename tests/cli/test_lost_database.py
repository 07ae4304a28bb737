"""A lost or emptied database beside sound: said at the start, never freed without being asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import Gramophone


def wav_files(gramophone: Gramophone) -> list[Path]:
    return sorted(gramophone.home.glob("audio/*/*.wav"))


@pytest.fixture(params=["lost", "emptied"])
def bereft(gramophone: Gramophone, request: pytest.FixtureRequest) -> Gramophone:
    """A library with the sound of one session, whose database is gone."""
    assert gramophone("say", "--mute", "Records turn.").returncode == 0
    database = gramophone.home / "library.db"
    if request.param == "lost":
        database.unlink()
    else:
        database.write_bytes(b"")
    return gramophone


def test_it_is_said_at_the_start_and_by_verify(bereft: Gramophone) -> None:
    (wav,) = wav_files(bereft)
    listed = bereft("sessions")
    assert "has sound of 1 session that library.db does not know" in listed.stderr
    assert "gramophone recover" in listed.stderr
    completed = bereft("say", "--mute", "Needles listen.")
    assert "has sound of 1 session that library.db does not know" in completed.stderr
    checked = bereft("verify")
    assert checked.returncode == 1
    assert "There is sound of 1 session in" in checked.stdout
    assert f"The file {wav} belongs to no turn." in checked.stdout
    looked = bereft.json("gc")
    assert looked["strays"]["sessions"] == [wav.parent.name]


def test_gc_frees_it_only_when_told_to(bereft: Gramophone) -> None:
    (lost,) = wav_files(bereft)
    assert bereft("say", "--mute", "Needles listen.").returncode == 0
    freeing = bereft("gc", "--yes")
    assert "sound of 1 session that the database does not know" in freeing.stdout
    assert f"    {lost.parent.name}  " in freeing.stdout
    assert "`gramophone gc --orphans` frees it" in freeing.stdout
    assert freeing.stdout.endswith("Nothing to free.\n")
    assert lost.exists()
    listing = bereft("gc", "--orphans")
    assert "can be freed" in listing.stdout
    assert lost.exists()
    freed = bereft("gc", "--orphans", "--yes")
    assert "Freed" in freed.stdout
    assert not lost.parent.exists()
    assert len(wav_files(bereft)) == 1
    assert bereft("verify").returncode == 0
    assert bereft("sessions").stderr == ""


def test_recover_makes_sessions_of_it_in_a_new_library(bereft: Gramophone) -> None:
    (lost,) = wav_files(bereft)
    sound = lost.read_bytes()
    assert bereft("say", "--mute", "Needles listen.").returncode == 0
    completed = bereft("recover")
    assert completed.returncode == 0, completed.stderr
    new = Gramophone(bereft.home.with_name("home.recovered"))
    assert "Recovered 2 sessions" in completed.stdout
    assert "1 session of sound alone" in completed.stdout
    assert f"GRAMOPHONE_HOME={new.home} gramophone" in completed.stderr
    assert lost.read_bytes() == sound
    assert (new.home / lost.relative_to(bereft.home)).read_bytes() == sound
    listed = new("sessions")
    assert listed.stderr == ""
    assert "Recovered sound of" in listed.stdout
    assert "Needles listen" in listed.stdout
    assert new("export", lost.parent.name, "-o", str(new.home / "out.wav")).returncode == 0
    assert bereft("recover").returncode == 1, "it is there already"


def test_without_a_database_the_sound_is_named(bereft: Gramophone) -> None:
    (bereft.home / "library.db").unlink(missing_ok=True)
    refused = bereft("gc")
    assert refused.returncode == 1
    assert "library.db is missing, while there is sound in" in refused.stderr
