"""The tag of an MP3, read back by the format's own rules."""

from __future__ import annotations

import struct

import pytest

from storage.export.audio_tags import AudioMark, about
from storage.export.formats.id3 import tag
from tests.support.summaries import summary


def frames(content: bytes) -> list[tuple[bytes, bytes]]:
    contents, at = list[tuple[bytes, bytes]](), 0
    while at < len(content):
        name, size = content[at : at + 4], unsafe(content[at + 4 : at + 8])
        contents.append((name, content[at + 10 : at + 10 + size]))
        at += 10 + size
    return contents


def unsafe(size: bytes) -> int:
    assert max(size) < 128
    return sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))


@pytest.mark.parametrize("count", [0, 1, 255, 256, 700])
def test_every_chapter_stands_in_the_table_of_contents(count: int) -> None:
    marks = [
        AudioMark(number * 48_000, f"Chapter {number} ü", turn=True) for number in range(count)
    ]
    written = tag(about([summary()]), marks, 48_000, count * 48_000)
    assert written[:6] == b"ID3\x04\0\0"
    assert unsafe(written[6:10]) == len(written) - 10
    contents = frames(written[10:])
    tables = {content.split(b"\0")[0]: content for name, content in contents if name == b"CTOC"}
    chapters = [content for name, content in contents if name == b"CHAP"]

    def below(table: bytes) -> list[bytes]:
        _, _, rest = tables[table].partition(b"\0")
        children = rest[2:].split(b"\0")[:-1]
        assert len(children) == rest[1]
        named = (below(child) if child in tables else [child] for child in children)
        return [name for names in named for name in names]

    assert [chapter.split(b"\0")[0] for chapter in chapters] == (below(b"toc") if count else [])
    for number, chapter in enumerate(chapters):
        _, _, rest = chapter.partition(b"\0")
        assert struct.unpack(">II", rest[:8]) == (number * 1000, number * 1000 + 1000)
        assert frames(rest[16:]) == [(b"TIT2", b"\x03" + f"Chapter {number} ü".encode())]


def test_a_long_label_is_cut_at_a_character() -> None:
    written = tag(about([summary()]), [AudioMark(0, "ü" * 120, turn=True)], 48_000, 48_000)
    (chapter,) = (content for name, content in frames(written[10:]) if name == b"CHAP")
    assert frames(chapter[chapter.index(b"\0") + 17 :]) == [(b"TIT2", b"\x03" + "ü".encode() * 63)]
