"""Recorded transcripts of OpenAI, by the digest of the sound or, for other sound, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gramophone.standin.deepgram.expected_transcripts import described
from gramophone.standin.source.matching import Difference, SourceRange
from gramophone.standin.source.openai_transcripts import OpenAITranscript


class ExpectedTranscripts:
    """Transcripts, each given once; unless `strict`, the last again when none is left."""

    def __init__(
        self, transcripts: Sequence[OpenAITranscript] = (), *, strict: bool = False
    ) -> None:
        self._transcripts = tuple(transcripts)
        self._unused = list(range(len(self._transcripts)))
        self._strict = strict
        self._differences: list[Difference] = []

    def __bool__(self) -> bool:
        """Whether any recording is expected."""
        return bool(self._transcripts)

    @property
    def expectation(self) -> ExpectedTranscripts:
        """This object, under the name by which answers and speech give theirs."""
        return self

    def differences(self) -> tuple[Difference, ...]:
        """The recordings that came more often than the source has them, in order."""
        return tuple(self._differences)

    def take(self, sound: bytes, form: str) -> OpenAITranscript | None:
        """The transcript of this sound, in this form if there is one; None if nothing is left."""
        digest = hashlib.sha256(sound).hexdigest()
        every = range(len(self._transcripts))
        matching = [index for index in every if self._transcripts[index].sha256 == digest]
        unused = [index for index in self._unused if not matching or index in matching]
        if unused:
            index = next((i for i in unused if self._transcripts[i].form == form), unused[0])
            self._unused.remove(index)
            return self._transcripts[index]
        last = matching[-1] if matching else len(self._transcripts) - 1
        self._differences.append(
            Difference("extra", "recording", "", described(sound), SourceRange(last, last + 1))
        )
        return None if self._strict else self._transcripts[last]
