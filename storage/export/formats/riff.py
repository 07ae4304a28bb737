"""The bytes of a WAV around its samples: RIFF chunks, and RF64 where 32 bits do not hold the size.

Written after: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0"
(1991) for `fmt `, `data`, `cue `, `LIST INFO` and `LIST adtl`; EBU Tech 3285 for `bext`; EBU Tech
3306 for RF64, whose `ds64` takes the place that a `JUNK` chunk keeps free for it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gramophone.core.frozen import frozen
from storage.export.audio_tags import About, AudioMark, ascii_only

LARGEST_SIZE = 0xFFFF_FFFF
"""What a chunk's 32 bits can say; in RF64 they say this, and `ds64` the truth."""

_FORMAT = struct.Struct("<HHIIHH")
_DS64 = struct.Struct("<QQQI")
_CUE = struct.Struct("<II4sIII")
_BEXT = struct.Struct("<256s32s32s10s8sIIH64s190s")
_PCM = 1

HEAD_BYTES = 12 + 8 + _DS64.size + 8 + _FORMAT.size + 8 + _BEXT.size + 8
"""The length of `TaggedWav.head`, whatever it says."""


# A RIFF file is one chunk `RIFF` whose content is `WAVE` and then chunks: a name of four bytes, a
# size in 32 bits without the pad byte, the content, and a zero byte after an odd one. A WAV beyond
# 4 GiB is RF64: the 32-bit sizes say 0xFFFFFFFF and the first chunk, `ds64`, has them in 64 bits.
# The size is known only when all samples are written, so a `JUNK` chunk of the same length keeps
# the place free; the head has one length either way, and can be written over in place.
@frozen
class TaggedWav:
    """16-bit PCM of so many channels, described by `about`; `into_us` is how far into the session
    its first sample lies."""

    rate_hz: int
    channels: int
    about: About
    into_us: int = 0

    def head(self, data_bytes: int, tail_bytes: int, largest: int = LARGEST_SIZE) -> bytes:
        """The bytes before the samples. A file larger than `largest` bytes becomes RF64."""
        reserved = bytes(_DS64.size)
        between = chunk(b"fmt ", self._format()) + chunk(b"bext", self._bext())
        riff_bytes = 4 + 8 + len(reserved) + len(between) + 8 + data_bytes + tail_bytes
        if riff_bytes <= largest:
            sizes, name, first = (riff_bytes, data_bytes), b"RIFF", chunk(b"JUNK", reserved)
        else:
            frames = data_bytes // (2 * self.channels)
            truth = _DS64.pack(riff_bytes, data_bytes, frames, 0)
            sizes, name, first = (LARGEST_SIZE, LARGEST_SIZE), b"RF64", chunk(b"ds64", truth)
        riff = struct.pack("<4sI4s", name, sizes[0], b"WAVE")
        return riff + first + between + struct.pack("<4sI", b"data", sizes[1])

    def _format(self) -> bytes:
        width = 2 * self.channels
        return _FORMAT.pack(_PCM, self.channels, self.rate_hz, self.rate_hz * width, width, 16)

    def _bext(self) -> bytes:
        """Version 1. The time reference is the samples from midnight (UTC) to the first one."""
        begun = self.about.begun
        midnight_us = (begun.hour * 3600 + begun.minute * 60 + begun.second) * 1_000_000
        past_us = midnight_us + begun.microsecond + self.into_us
        reference = past_us * self.rate_hz // 1_000_000
        return _BEXT.pack(
            (ascii_only(self.about.title) or f"Session {self.about.reference}").encode()[:256],
            self.about.software.encode(),
            ascii_only(self.about.reference).encode()[:32],
            begun.strftime("%Y-%m-%d").encode(),
            begun.strftime("%H:%M:%S").encode(),
            reference & 0xFFFF_FFFF,
            reference >> 32,
            1,
            b"",
            b"",
        )


def tail(about: About, marks: Sequence[AudioMark]) -> bytes:
    """The bytes after the samples: cue points, their labels, and the tags."""
    # A cue point counts samples in 32 bits, in RF64 too.
    fitting = [mark for mark in marks if mark.at_samples <= LARGEST_SIZE]
    return (_cues(fitting) if fitting else b"") + _info(about)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk, with the zero byte that follows an odd one."""
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def _cues(marks: Sequence[AudioMark]) -> bytes:
    points = b"".join(
        _CUE.pack(number, mark.at_samples, b"data", 0, 0, mark.at_samples)
        for number, mark in enumerate(marks, 1)
    )
    labels = b"".join(
        chunk(b"labl", struct.pack("<I", number) + _text(mark.label))
        for number, mark in enumerate(marks, 1)
    )
    cue = chunk(b"cue ", struct.pack("<I", len(marks)) + points)
    return cue + chunk(b"LIST", b"adtl" + labels)


def _info(about: About) -> bytes:
    texts = {
        b"INAM": about.title,
        b"IART": about.voice,
        b"ISFT": about.software,
        b"ICRD": about.date,
        b"ICMT": about.comment,
    }
    items = (chunk(name, _text(text)) for name, text in texts.items() if text)
    return chunk(b"LIST", b"INFO" + b"".join(items))


def _text(text: str) -> bytes:
    """With the zero that ends it; UTF-8, which the format does not name and readers expect."""
    return text.encode("utf-8", "replace") + b"\0"
