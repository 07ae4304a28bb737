"""Sources of a stand-in as one value, whether from a session, a bundle or a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Event
from gramophone.standin.faults import Fault
from gramophone.standin.source.answers import answers_of
from gramophone.standin.source.listen_v1 import recorded_transcripts
from gramophone.standin.source.one_rate import at_one_rate
from gramophone.standin.source.openai_transcripts import OpenAITranscript, openai_transcripts
from gramophone.standin.source.speech import RecordedSpeech, recorded_speech
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.llm.answer import ModelAnswer
from gramophone.wire.llm.served_windows import ServedWindow


@frozen(kw_only=True)
class StandinSource:
    """Speech, transcripts, answers and faults of a stand-in; without `speech` it speaks in tones.

    Attributes:
        title: of the session or scenario.
        speech: texts with their sound.
        transcripts: transcripts of Listen, if there are any.
        openai_transcripts: recordings that OpenAI transcribed.
        answers: of the language model.
        faults: injected on purpose.
        models: the models there are; empty allows any name.
        window: the context of the models, and how it is told.
        betas: names in `anthropic-beta` that are known beside the service's.
    """

    title: str = ""
    speech: RecordedSpeech | None = None
    transcripts: RecordedTranscripts | None = None
    openai_transcripts: tuple[OpenAITranscript, ...] = ()
    answers: tuple[ModelAnswer, ...] = ()
    faults: tuple[Fault, ...] = ()
    models: tuple[str, ...] = ()
    window: ServedWindow | None = None
    betas: tuple[str, ...] = ()

    @property
    def prompts(self) -> tuple[str, ...]:
        """The questions that are expected; an answer to any question expects none."""
        return tuple(answer.prompt for answer in self.answers if answer.prompt is not None)


def source_of(events: Sequence[Event], title: str = "", *, endless: bool = False) -> StandinSource:
    """The source that a recorded session makes; its AudioReceived carry their sound.

    With `endless`, an answer that was interrupted waits until it is interrupted again.

    Raises:
        TimelineError: the events have no beginning, or lack their sound.
    """
    events = at_one_rate(events)
    speech = recorded_speech(events)
    return StandinSource(
        title=title,
        speech=speech if speech.segments else None,
        transcripts=recorded_transcripts(events),
        openai_transcripts=openai_transcripts(events),
        answers=answers_of(events, endless=endless),
    )
