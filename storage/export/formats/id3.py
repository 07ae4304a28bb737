"""The tag an MP3 begins with: title, voice, date, comment and chapters.

Written after "ID3 tag version 2.4.0" (structure and native frames) and "ID3v2 Chapter Frame
Addendum 1.0" (`CHAP`, `CTOC`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gramophone.text.graphemes import cut
from storage.export.audio_tags import About, AudioMark

_UTF_8 = b"\x03"
_TOP, _ORDERED = 2, 1
_NO_OFFSET = 0xFFFF_FFFF
_MOST_CHILDREN = 255
# ffmpeg reads the size of a frame within `CHAP` as a plain number. Below 128 that is the same.
_LONGEST_LABEL_BYTES = 126
_LARGEST = (1 << 28) - 1


def tag(about: About, chapters: Sequence[AudioMark], rate_hz: int, samples: int) -> bytes:
    """The tag of a file of so many samples, in which each chapter ends where the next begins."""
    frames = [
        _text(b"TIT2", about.title),
        _text(b"TPE1", about.voice),
        _text(b"TDRC", about.date),
        _text(b"TSSE", about.software),
        _frame(b"COMM", _UTF_8 + b"eng" + b"\0" + _utf_8(about.comment)),
        *_tables(len(chapters)),
        *_chapters(chapters, rate_hz, samples),
    ]
    content = b"".join(frames)
    return b"ID3\x04\0\0" + _syncsafe(len(content)) + content


# Players find chapters through a table of contents: a `CTOC` frame flagged as top level names its
# children, `CHAP` frames or further tables. Times are in milliseconds; the byte offsets of a
# chapter are optional, and 0xFFFFFFFF says that they are not given.
def _tables(chapters: int) -> list[bytes]:
    """The table of contents; one byte counts what stands in it, so a long one has parts."""
    names = [_chapter_name(number) for number in range(chapters)]
    parts = [names[at : at + _MOST_CHILDREN] for at in range(0, chapters, _MOST_CHILDREN)]
    if len(parts) < 2:
        return [_table(b"toc", _TOP | _ORDERED, part) for part in parts]
    titles = [b"toc%d" % number for number in range(len(parts))][:_MOST_CHILDREN]
    below = (_table(title, _ORDERED, part) for title, part in zip(titles, parts, strict=False))
    return [_table(b"toc", _TOP | _ORDERED, titles), *below]


def _table(name: bytes, flags: int, children: Sequence[bytes]) -> bytes:
    listed = b"".join(child + b"\0" for child in children)
    return _frame(b"CTOC", name + b"\0" + bytes([flags, len(children)]) + listed)


def _chapters(chapters: Sequence[AudioMark], rate_hz: int, samples: int) -> list[bytes]:
    starts = [mark.at_samples * 1000 // rate_hz for mark in chapters]
    ends = [*starts[1:], samples * 1000 // rate_hz]
    return [
        _frame(
            b"CHAP",
            _chapter_name(number)
            + b"\0"
            + struct.pack(">IIII", start, end, _NO_OFFSET, _NO_OFFSET)
            + _text(b"TIT2", _shortened(mark.label)),
        )
        for number, (mark, start, end) in enumerate(zip(chapters, starts, ends, strict=False))
    ]


def _shortened(label: str) -> str:
    fitting = _utf_8(label)[:_LONGEST_LABEL_BYTES].decode("utf-8", "ignore")
    return cut(label, len(fitting)) if label.startswith(fitting) else fitting


def _chapter_name(number: int) -> bytes:
    return b"chp%d" % number


def _text(name: bytes, text: str) -> bytes:
    return _frame(name, _UTF_8 + _utf_8(text)) if text else b""


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _syncsafe(len(content)) + b"\0\0" + content


def _utf_8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _syncsafe(size: int) -> bytes:
    """A size in four bytes of seven bits each."""
    # An MPEG frame begins with eleven set bits. With the highest bit of each byte clear no size can
    # look like one to a player that searches for sound and does not know the tag.
    if size > _LARGEST:
        raise ValueError(size)
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
