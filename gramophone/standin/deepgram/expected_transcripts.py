"""Transcripts for whole recordings: by the digest of the sound or, for other sound, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gramophone.standin.source.matching import Difference, SourceRange
from gramophone.wire.lenient_json import as_object, as_text, read_object


def described(sound: bytes) -> str:
    """A recording for a report: its length and the beginning of its digest."""
    return f"{len(sound)} bytes, SHA-256 {hashlib.sha256(sound).hexdigest()[:16]}"


class ExpectedSounds:
    """Recorded transcripts, each given once; unless `strict`, the last again when none is left."""

    def __init__(self, transcripts: Sequence[str] = (), *, strict: bool = False) -> None:
        """`transcripts` are the service's answers, as JSON."""
        self._transcripts = tuple(transcripts)
        self._digests = [
            as_text(as_object(read_object(text).get("metadata")).get("sha256"))
            for text in transcripts
        ]
        self._unused = list(range(len(transcripts)))
        self._strict = strict
        self._differences: list[Difference] = []

    def __bool__(self) -> bool:
        """Whether any recording is expected."""
        return bool(self._transcripts)

    @property
    def expectation(self) -> ExpectedSounds:
        """This object, under the name by which answers and speech give theirs."""
        return self

    def differences(self) -> tuple[Difference, ...]:
        """The recordings that came more often than the source has them, in order."""
        return tuple(self._differences)

    def transcript(self, sound: bytes) -> str | None:
        """The transcript of this sound; None if the source has nothing left for it."""
        digest = hashlib.sha256(sound).hexdigest()
        matching = [index for index, recorded in enumerate(self._digests) if recorded == digest]
        unused = [index for index in self._unused if not matching or index in matching]
        if unused:
            self._unused.remove(unused[0])
            return self._transcripts[unused[0]]
        last = matching[0] if matching else len(self._transcripts) - 1
        self._differences.append(
            Difference("extra", "recording", "", described(sound), SourceRange(last, last + 1))
        )
        return None if self._strict else self._transcripts[last]
