"""`export --format bundle` and `import`, as a person uses them."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs import Gramophone

TEXT = "Records turn. Needles listen."


def test_a_session_travels_in_one_file(gramophone: Gramophone, tmp_path: Path) -> None:
    gramophone("say", "--mute", TEXT)
    document = gramophone.json("show", "last")
    path = tmp_path / "records.gramophone"
    completed = gramophone("export", "last", "--format", "bundle", "-o", str(path), "--compress")
    assert (completed.returncode, completed.stderr) == (0, f"wrote {path}\n")
    assert path.stat().st_mode & 0o777 == 0o600

    elsewhere = Gramophone(tmp_path / "elsewhere", gramophone.speak_url)
    completed = elsewhere("import", str(path))
    assert (completed.returncode, completed.stdout) == (0, f"{document['id']}\n")
    assert completed.stderr == f"imported {document['id']} “Records turn. Needles listen.”\n"
    taken = elsewhere.json("show", "last")
    assert taken["turns"][0]["audio"].pop("path") != document["turns"][0]["audio"].pop("path")
    assert taken == document
    assert elsewhere("sessions", "--search", "needl").stdout.startswith(document["id"])
    assert elsewhere("replay", "last", "--mute").returncode == 0


def test_one_that_is_there_is_left_alone_or_taken_as_new(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    gramophone("say", "--mute", TEXT)
    path = tmp_path / "records.gramophone"
    gramophone("export", "last", "--format", "bundle", "-o", str(path))
    completed = gramophone("import", str(path))
    assert completed.returncode == 0
    assert "is in the library already; nothing to do" in completed.stderr
    again = gramophone("import", str(path), "--as-new")
    assert again.returncode == 0
    assert again.stdout.strip() not in ("", completed.stdout.strip())
    assert gramophone("verify").returncode == 0
    assert len(gramophone("sessions").stdout.splitlines()) == 2


def test_without_a_name_it_is_named_by_day_title_and_session(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    gramophone("say", "--mute", TEXT)
    session_id = gramophone.json("show", "last")["id"]
    completed = gramophone("export", "last", "--format", "bundle", "-o", str(tmp_path))
    assert completed.returncode == 0
    (there,) = tmp_path.glob("*.gramophone")
    day = gramophone.json("show", "last")["created_at"][:10]
    assert there.name == f"{day}-records-turn-needles-listen-{session_id[:12]}.gramophone"


def test_what_cannot_be_is_refused(gramophone: Gramophone, tmp_path: Path) -> None:
    bad = tmp_path / "bad.gramophone"
    bad.write_bytes(b"PK\3\4 and so on")
    for arguments, code, words in (
        (("import", str(bad)), 1, "cannot be read as a bundle"),
        (("import", str(tmp_path / "none")), 1, "There is no file"),
        (("import",), 2, "Missing argument"),
        (("export",), 2, "name a SESSION"),
        (("export", "last", "-o", "x.wav", "--compress"), 2, "--format bundle"),
    ):
        completed = gramophone(*arguments)
        assert completed.returncode == code, arguments
        assert words in completed.stderr
        assert completed.stdout == ""
    assert gramophone("sessions").stdout == ""
