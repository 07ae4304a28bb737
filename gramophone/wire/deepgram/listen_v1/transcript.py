"""The transcript of a whole recording as a plain value, whatever service is asked for it."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import (
    HeardWord,
    ListenParameters,
    Metadata,
    Results,
)
from gramophone.wire.deepgram.listen_v1.server import ListenServer
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.server_actions import SendText


@frozen(kw_only=True)
class RecordingTranscript:
    """The words of each utterance in a recording, and the digest and length of its sound."""

    utterances: tuple[tuple[HeardWord, ...], ...]
    duration_us: int
    sha256: str

    @property
    def words(self) -> tuple[HeardWord, ...]:
        """The words of all utterances, in order."""
        return tuple(word for utterance in self.utterances for word in utterance)

    @property
    def text(self) -> str:
        """These words with their punctuation."""
        return text_of(self.words)


def text_of(words: Sequence[HeardWord]) -> str:
    """Words with their punctuation, as a text."""
    return " ".join(word.text for word in words)


def transcript_of(
    sound: bytes, utterances: Sequence[Utterance], parameters: ListenParameters | None = None
) -> RecordingTranscript:
    """Lay utterances over a recording; those that begin behind its end are left out.

    `parameters` have the form of raw sound; without them the sound is a file.
    """
    # The transcript comes from the same machine as one on a websocket: all of the sound at once,
    # then the end of the stream.
    machine = ListenServer(parameters or ListenParameters(), utterances)
    actions = (*machine.sound_received(sound, 0), *machine.sound_received(b"", 0))
    messages = [action.message for action in actions if isinstance(action, SendText)]
    (metadata,) = (message for message in messages if isinstance(message, Metadata))
    return RecordingTranscript(
        utterances=tuple(
            message.words
            for message in messages
            if isinstance(message, Results) and message.is_final and message.words
        ),
        duration_us=metadata.duration_us,
        sha256=metadata.sha256,
    )
