"""Bundles that nobody should have made: each is refused in a sentence, and nothing is left."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionEnded
from storage.bundle.container import ContainerWriter
from storage.bundle.importer import import_bundle
from storage.bundle.layout import EVENTS, MANIFEST, SESSION, TURNS
from storage.bundle.reader import read_bundle
from storage.home import Home
from storage.maintenance.verify import verify
from tests.support.builders import session_started, spoken_exchange
from tests.support.bundles import build, build_raw, bytes_of, export, names_in, parts_of
from tests.support.recordings import SESSION_ID, everything_in, record

Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """A good bundle, as it is and compressed."""
    directory = tmp_path_factory.mktemp("good")
    frames = (bytes(range(256)) * 8, b"\1\0" * 500)
    events = [
        session_started(),
        *spoken_exchange(frames=frames),
        *spoken_exchange(first_turn=2, start_us=3_000_000, frames=frames[1:]),
        SessionEnded(at_us=9_000_000),
    ]
    asyncio.run(record(directory / "home", events))
    bundles: dict[bool, Path] = {}
    for compress in (False, True):
        bundles[compress] = directory / f"{compress}.gramophone"
        asyncio.run(export(directory / "home", bundles[compress], compress=compress))
    return bundles


@pytest.fixture
def good(places: dict[bool, Path]) -> Parts:
    return parts_of(places[False])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty library, in which nothing may be left by what is refused in a test."""
    directory = tmp_path / "box" / "home"
    directory.parent.mkdir()
    yield directory
    assert names_in(directory.parent) in ([], ["home"])
    if directory.exists():
        assert everything_in(directory / "audio") == {}
        assert "incoming" not in names_in(directory)


def refused(home: Path, path: Path, match: str = "cannot be read as a bundle") -> None:
    """Both readers say why, in one sentence."""
    with pytest.raises(StorageError, match=match) as refusal:
        import_bundle(Home.at(home), path)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence.removeprefix(str(path))) < 300


def changed(parts: Parts, name: str, change: Callable[[bytes], bytes]) -> Parts:
    return {part: change(data) if part == name else data for part, data in parts.items()}


def line_changed(parts: Parts, name: str, number: int, **values: Any) -> Parts:
    def change(data: bytes) -> bytes:
        lines = data.splitlines()
        fields = json.loads(lines[number]) | values
        lines[number] = json.dumps({k: v for k, v in fields.items() if v != "GONE"}).encode()
        return b"\n".join(lines) + b"\n"

    return changed(parts, name, change)


def test_the_good_one_is_taken(tmp_path: Path, good: Parts) -> None:
    assert not import_bundle(Home.at(tmp_path / "home"), build(tmp_path / "b", good)).already


@pytest.mark.parametrize(
    ("name", "number", "values", "match"),
    [
        (SESSION, 0, {"id": "../../etc"}, "unusable id"),
        (SESSION, 0, {"id": "/tmp/x"}, "unusable id"),
        (SESSION, 0, {"id": "AB"}, "unusable id"),
        (SESSION, 0, {"id": 5}, "unusable id"),
        (SESSION, 0, {"id": "GONE"}, "has no id"),
        (SESSION, 0, {"id": "abc"}, "begins another session"),
        (SESSION, 0, {"title": "a\nb"}, "unusable title"),
        (SESSION, 0, {"title": "a" * 5000}, "unusable title"),
        (SESSION, 0, {"title": "\ud83d"}, "unusable title"),
        (SESSION, 0, {"created_at": "yesterday"}, "unusable created_at"),
        (SESSION, 0, {"encoding": "opus"}, "unusable encoding"),
        (SESSION, 0, {"encoding": ["mulaw"]}, "unusable encoding"),
        (SESSION, 0, {"encoding": "mulaw"}, "is not a WAV as the session's are"),
        (SESSION, 0, {"sample_rate_hz": 0}, "unusable sample_rate_hz"),
        (SESSION, 0, {"sample_rate_hz": 24000}, "is not a WAV as the session's are"),
        (SESSION, 0, {"sample_rate_hz": True}, "unusable sample_rate_hz"),
        (SESSION, 0, {"format_version": 2}, "newer Gramophone recorded it"),
        (SESSION, 0, {"ended": 1}, "unusable ended"),
        (SESSION, 0, {"tags": ["Two Words"]}, "unusable tags"),
        (SESSION, 0, {"tags": "kept"}, "unusable tags"),
        (TURNS, 0, {"turn": -1}, "unusable turn"),
        (TURNS, 0, {"turn": 1 << 20}, "unusable turn"),
        (TURNS, 0, {"turn": 1}, "out of order|do not agree"),
        (TURNS, 0, {"role": "system"}, "unusable role"),
        (TURNS, 0, {"started_us": 1 << 63}, "unusable started_us"),
        (TURNS, 1, {"samples": 5}, "not of one length"),
        (TURNS, 1, {"sha256": "0" * 64}, "is not what its turn says"),
        (TURNS, 1, {"sha256": "GONE"}, "do not agree"),
        (TURNS, 0, {"sha256": "0" * 64}, "do not agree"),
        (TURNS, 1, {"ttft_ms": "soon"}, "unusable ttft_ms"),
        (TURNS, 1, {"ttft_ms": float("nan")}, "unusable ttft_ms"),
        (EVENTS, 0, {"event": "Exploded"}, "unknown kind"),
        (EVENTS, 0, {"event": ["TurnStarted"]}, "unknown kind"),
        (EVENTS, 0, {"session_id": "abcd"}, "begins another session"),
        (EVENTS, 1, {"at_us": -1}, "before the session"),
        (EVENTS, 1, {"at_us": 1 << 70}, "unusable at_us"),
        (EVENTS, 1, {"turn": 1 << 40}, "unusable turn"),
        (EVENTS, 1, {"turn": None}, "unusable turn"),
        (EVENTS, 1, {"role": "root"}, "unusable role"),
        (EVENTS, 1, {"text": 5}, "unusable text"),
        (EVENTS, 11, {"size_bytes": 1 << 40}, "sound that is not there"),
        (EVENTS, 11, {"offset_bytes": -2}, "sound that is not there"),
        (EVENTS, 11, {"offset_bytes": 1 << 20}, "sound that is not there"),
        (EVENTS, 11, {"turn": 0}, "sound that is not there"),
        (EVENTS, 11, {"connection": -1}, "sound that is not there"),
    ],
)
def test_a_row_that_cannot_be_is_refused(
    tmp_path: Path,
    home: Path,
    good: Parts,
    name: str,
    number: int,
    values: dict[str, Any],
    match: str,
) -> None:
    refused(home, build(tmp_path / "b", line_changed(good, name, number, **values)), match)


@pytest.mark.parametrize("name", [SESSION, TURNS, EVENTS])
@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000],
    ids=["empty", "list", "null", "open", "no-utf8", "deep-list", "deep-object", "digits"],
)
def test_what_is_no_row_is_refused(
    tmp_path: Path, home: Path, good: Parts, name: str, line: bytes
) -> None:
    refused(home, build(tmp_path / "b", changed(good, name, lambda _: line + b"\n")))


@pytest.mark.parametrize("name", [SESSION, TURNS, EVENTS, "audio/1.wav"])
def test_a_part_that_is_missing_or_empty_is_refused(
    tmp_path: Path, home: Path, good: Parts, name: str
) -> None:
    without = {part: data for part, data in good.items() if part != name}
    refused(home, build(tmp_path / "b", without))
    # A session without events is odd and does no harm.
    if name != EVENTS:
        refused(home, build(tmp_path / "c", changed(good, name, lambda _: b"")))


@pytest.mark.parametrize(
    "name",
    [
        "../evil.wav",
        "/tmp/evil.wav",
        "audio/../../evil.wav",
        "audio/01.wav",
        "audio/1.wav/x",
        "audio/١.wav",
        "audio/99999999.wav",
        "C:\\evil.wav",
        "audio/",
        "evil\n.wav",
        "\x1b[31mevil",
        "",
        "a" * 5000,
    ],
)
def test_a_name_that_no_bundle_has_is_refused(
    tmp_path: Path, home: Path, good: Parts, name: str
) -> None:
    entries = [*good.items(), (name, b"x")]
    refused(home, build_raw(tmp_path / "b", entries), "cannot be read as a bundle")


def test_sound_without_a_turn_is_refused(tmp_path: Path, home: Path, good: Parts) -> None:
    refused(
        home, build(tmp_path / "b", good | {"audio/7.wav": good["audio/1.wav"]}), "belongs to no"
    )
    both = good | {"audio/1.flac": b"fLaC"}
    refused(home, build(tmp_path / "c", both), "sound of turn 1 twice")


@pytest.mark.parametrize("kind", ["LIST", "trailing", "extensible", "no sizes"])
def test_sound_in_another_wrapping_is_taken(tmp_path: Path, good: Parts, kind: str) -> None:
    """As another program would write the very same sound."""
    name = "audio/1.wav"
    wav = good[name]
    form, rest, data = wav[20:36], wav[12:36], wav[36:]
    extra = b"LIST\4\0\0\0INFO" + b"junk\3\0\0\0odd\0"
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    extensible = b"\xfe\xff" + form[2:] + b"\x16\0\x10\0\4\0\0\0" + guid
    wrapped = {
        "LIST": wav[:12] + extra + rest + data,
        "trailing": wav + extra,
        "extensible": wav[:12] + b"fmt \x28\0\0\0" + extensible + data,
        "no sizes": b"RIFF\0\0\0\0" + wav[8:40] + b"\xff\xff\xff\xff" + wav[44:],
    }[kind]
    parts = good | {name: wrapped}
    home = Home.at(tmp_path / "home")
    import_bundle(home, build(tmp_path / "b", parts))
    # Stored as every sound is.
    assert bytes_of(home.wav(SESSION_ID, 1)) == wav
    assert verify(home) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused(tmp_path: Path, home: Path, good: Parts) -> None:
    entries = [*good.items(), (SESSION, good[SESSION])]
    refused(home, build_raw(tmp_path / "b", entries), "two parts of one name")
    parts = [{"name": n, "size_bytes": len(d), "sha256": "0" * 64} for n, d in good.items()]
    refused(home, build_raw(tmp_path / "c", [*good.items()], parts=parts * 2), "cannot be read")


def test_a_link_is_refused(tmp_path: Path, home: Path, good: Parts) -> None:
    path = build(tmp_path / "b", good)
    raw = bytearray(bytes_of(path))
    header = raw.index(b"PK\1\2")
    struct.pack_into("<I", raw, header + 38, 0o120777 << 16)
    path.write_bytes(raw)
    refused(home, path, "not a plain file")


@pytest.mark.parametrize(
    ("manifest", "match"),
    [
        ({"version": 3}, "newer Gramophone wrote it.*upgrade"),
        ({"version": 0}, "not that of a bundle"),
        ({"version": True}, "not that of a bundle"),
        ({"version": "1"}, "not that of a bundle"),
        ({"format": "something else"}, "not that of a bundle"),
        ({"parts": {}}, "lists no parts"),
        ({"parts": [5]}, "not that of a bundle"),
        ({"parts": []}, "not those of its manifest"),
        ({"parts": [{"name": SESSION, "size_bytes": -1, "sha256": "0" * 64}]}, "cannot be"),
        ({"parts": [{"name": SESSION, "size_bytes": 1, "sha256": "0"}]}, "no hash"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(
    tmp_path: Path, home: Path, good: Parts, manifest: dict[str, Any], match: str
) -> None:
    refused(home, build_raw(tmp_path / "b", [*good.items()], **manifest), match)


def test_sizes_and_hashes_must_be_those_of_the_manifest(
    tmp_path: Path, home: Path, good: Parts
) -> None:
    def parts(**change: object) -> list[dict[str, object]]:
        return [
            {"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            | (change if name == EVENTS else {})
            for name, data in good.items()
        ]

    entries = [*good.items()]
    size = len(good[EVENTS])
    refused(home, build_raw(tmp_path / "b", entries, parts=parts(size_bytes=size + 1)), "as large")
    refused(home, build_raw(tmp_path / "c", entries, parts=parts(sha256="0" * 64)), "hash differs")


def test_other_zips_are_refused(tmp_path: Path, home: Path, good: Parts) -> None:
    whole = bytes_of(build(tmp_path / "good", good))
    for number, data in enumerate(
        [
            b"",
            b"PK",
            b"\0" * 4096,
            b"#!/bin/sh\n" + whole,
            whole + b"\0",
            whole[:-22] + b"PK\5\6" + b"\xff" * 18,
            b"PK\5\6" + b"\0" * 18,
        ]
    ):
        path = tmp_path / f"{number}.gramophone"
        path.write_bytes(data)
        refused(home, path, "cannot be read as a bundle")
    with zipfile.ZipFile(tmp_path / "lzma", "w", zipfile.ZIP_LZMA) as file:
        file.writestr(MANIFEST, "{}")
    refused(home, tmp_path / "lzma", "packed in a way that bundles are not")
    refused(home, tmp_path / "missing", "There is no file")
    refused(home, tmp_path, "There is no file")


def deflated(path: Path, parts: Parts) -> Path:
    """The parts deflated, as an exporter never would."""
    with path.open("wb") as file:
        container = ContainerWriter(file)
        for name, data in parts.items():
            container.add(name, [data], deflate=True)
        container.finish()
    return path


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, home: Path, good: Parts) -> None:
    bomb = good | {EVENTS: b"\n" * 300_000_000}
    refused(home, deflated(tmp_path / "b", bomb), "unpack to far more")


def test_silence_of_hours_in_flac_is_a_bomb(tmp_path: Path, home: Path, good: Parts) -> None:
    """What FLAC becomes is told by its turn; that counts."""
    samples = 200_000_000
    rows = line_changed(good, TURNS, 1, samples=samples)
    rows["audio/1.flac"] = b"fLaC"
    del rows["audio/1.wav"]
    refused(home, build(tmp_path / "b", rows), "unpack to far more")


def test_flac_that_is_something_else_is_refused(
    tmp_path: Path, home: Path, places: dict[bool, Path]
) -> None:
    good = parts_of(places[True])
    kinds = [
        *(("WAV", 1, 48000, 1524), ("FLAC", 2, 48000, 1524), ("FLAC", 1, 8000, 1524)),
        *(("FLAC", 1, 48000, 9), ("FLAC", 1, 48000, 1_000_000), ("FLAC", 1, 48000, 1524)),
    ]
    for number, (form, channels, rate, samples) in enumerate(kinds):
        file = io.BytesIO()
        sound = np.zeros((samples, channels), dtype="int16")
        soundfile.write(file, sound, rate, "PCM_16", format=form)
        path = build(tmp_path / f"{number}", good | {"audio/1.flac": file.getvalue()})
        refused(home, path, "FLAC|is not what its turn says")
    refused(home, build(tmp_path / "x", good | {"audio/1.flac": b"fLaC" * 99}), "FLAC")


# --- chance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [False, True])
def test_damage_by_chance_is_refused_or_does_no_harm(
    tmp_path: Path, places: dict[bool, Path], compress: bool
) -> None:
    """Bytes flipped, cut off, doubled and left out: a sentence, or the very same session."""
    whole = bytes_of(places[compress])
    chance = random.Random(1887)
    path = tmp_path / "b"
    right = read_bundle(places[compress])[1]
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 1, 2, 8])):
            offset = chance.randrange(len(data))
            match chance.randrange(5):
                case 0:
                    data[offset] ^= 1 << chance.randrange(8)
                case 1:
                    data[offset] = chance.choice([0, 255, 0x7F, 0x80])
                case 2:
                    del data[offset : offset + chance.randrange(1, 200)]
                case 3:
                    data[offset:offset] = data[offset : offset + chance.randrange(1, 200)]
                case _:
                    # The directory and its end, where everything is trusted by others.
                    offset = len(data) - chance.randrange(1, 600)
                    data[offset] = chance.randrange(256)
            if not data:
                data = bytearray(b"\0")
        if chance.randrange(10) == 0:
            del data[chance.randrange(len(data)) :]
        path.write_bytes(data)
        try:
            assert read_bundle(path)[1] == right
        except StorageError as error:
            assert str(error).startswith(f"{path} cannot be read as a bundle: ")  # noqa: PT017


def test_damaged_parts_with_right_hashes_are_refused_or_taken(tmp_path: Path, good: Parts) -> None:
    """The same inside of the parts: whoever made the bundle made the hashes too."""
    chance = random.Random(1877)
    taken = 0
    for number in range(150):
        name = chance.choice([*good])
        data = bytearray(good[name])
        for _ in range(chance.choice([1, 1, 2, 5])):
            offset = chance.randrange(len(data))
            data[offset] = chance.choice(b'0123456789-"{}[],:.eE\\utrfn \0\xff')
        path = build(tmp_path / "b", good | {name: bytes(data)})
        box = tmp_path / str(number % 3)
        before = everything_in(box / "audio") if box.exists() else {}
        try:
            read_bundle(path)
            taken += not import_bundle(Home.at(box), path, new_id=f"{number:x}").already
        except StorageError:
            assert (everything_in(box / "audio") if box.exists() else {}) == before
    assert 0 < taken < 150
    assert names_in(tmp_path) == ["0", "1", "2", "b"]


def test_the_same_session_is_found_again_whatever_its_spelling(tmp_path: Path, good: Parts) -> None:
    import_bundle(Home.at(tmp_path / "home"), build(tmp_path / "b", good))
    spaced = changed(good, EVENTS, lambda data: data.replace(b'","', b'" , "'))
    assert spaced != good
    taken = import_bundle(Home.at(tmp_path / "home"), build(tmp_path / "c", spaced))
    assert (taken.session_id, taken.already) == (SESSION_ID, True)
