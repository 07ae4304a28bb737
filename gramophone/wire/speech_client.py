"""Values that the client's side of every speech protocol speaks in, whatever the service.

A client machine (`ports.speech.SpeechClient`) takes text and flushes, and what comes from the
service; it gives frames to send, and these events.
"""

from __future__ import annotations

from typing import TypeAlias

from gramophone.core.frozen import frozen


@frozen(kw_only=True)
class SpeechCapabilities:
    """Properties of a service that decide how it is given text and stopped.

    Attributes:
        streams_text: whether it speaks text as it comes and finds its own boundaries. Then text is
            sent at once, with one flush at its end; else it speaks when it is flushed.
        interrupts_at_offset: whether it is told how much was played when it is to stop, and
            answers with the text that was heard.
        changes_speed: whether the speed can change while the connection stands.
        word_times: whether it says when each word is spoken.
        speeds: the slowest and the fastest speed.
        longest_request_chars: most characters of a message or a request.
        minute_flushes: most flushes, or requests, in a minute; None where they are not counted.
        sample_rates_hz: rates of its linear PCM; empty where it cannot be asked for one.
        languages: codes of the languages that it speaks; empty where that is not known.
        language_advice: what to do about another language, to end a sentence.
    """

    streams_text: bool = False
    interrupts_at_offset: bool = False
    changes_speed: bool = False
    word_times: bool = False
    speeds: tuple[float, float] = (1.0, 1.0)
    longest_request_chars: int = 2000
    minute_flushes: int | None = None
    sample_rates_hz: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    language_advice: str = ""


@frozen
class OutgoingFrame:
    """A frame to send now.

    Attributes:
        chunks: the chunks whose text begins in it.
        flush: the flush that it is, or holds, if it is one.
    """

    frame: str
    chunks: tuple[int, ...] = ()
    flush: int | None = None


@frozen
class Opened:
    """The service has greeted; `request_id` is its name for the connection."""

    request_id: str


@frozen
class FlushDone:
    """The last sound of this flush has come."""

    flush: int


@frozen
class FlushIgnored:
    """The service ignored this flush; it is queued again."""

    flush: int


@frozen
class HeardPosition:
    """The first `characters` of this chunk were heard, and all chunks before it."""

    chunk: int
    characters: int


@frozen
class ClearDone:
    """The oldest Clear was answered: sound from now on belongs to what was sent after it.

    `heard` is how much text was heard; None where the service does not say.
    """

    heard: HeardPosition | None = None


@frozen
class ServiceWarned:
    """The service warned; the connection stays. `for_user` if the user should know of it, too."""

    code: str
    description: str
    for_user: bool = False


@frozen
class NotUnderstood:
    """A frame that is not a known message; `detail` says why."""

    detail: str


SpeechClientEvent: TypeAlias = (
    Opened | FlushDone | FlushIgnored | ClearDone | ServiceWarned | NotUnderstood
)
