"""Errors: one tree for everything that is expected to fail.

GramophoneError             a sentence for the user: what is wrong and what to do
├── ConfigError             a setting, flag or environment variable is wrong
├── PictureError            a picture cannot be attached
├── ModelError              the language-model stream failed
│   └── PicturesRefused     … because the model does not take the question's pictures
├── SpeechError             the speech service failed
│   └── HandshakeRefused    … before the connection stood; carries status and dg-error
├── SpeakerError            the sound device failed
├── StorageError            the library cannot be read or written
│   ├── LibraryTooNew       … it was written by a newer version
│   ├── LibraryCorrupt      … it is damaged
│   ├── SessionNotFound     … no such session, or the prefix is ambiguous
│   ├── SessionNotResumable … nothing can be added to a stored session
│   └── FilterError         … a filter of a search cannot be understood
├── EngineMissing           an embedded engine is not installed or does not start
└── TimelineError           an event cannot be decoded
"""

from __future__ import annotations


class GramophoneError(Exception):
    """Base of all expected failures; its text is one clear sentence for the user."""


class ConfigError(GramophoneError):
    """A setting, flag or environment variable is wrong."""


class ModelError(GramophoneError):
    """The language-model stream could not start or did not end as it should.

    Attributes:
        partial_text: the text of the answer that came before, where the raiser knows it.
    """

    def __init__(self, sentence: str = "", *, partial_text: str = "") -> None:
        super().__init__(sentence)
        self.partial_text = partial_text


class PictureError(GramophoneError):
    """A file or text cannot go with a question as a picture."""


class PicturesRefused(ModelError):
    """The model does not take the pictures of the question; without them it would answer."""


class SpeechError(GramophoneError):
    """The speech service could not be reached, hung up or fell silent."""


class HandshakeRefused(SpeechError):
    """The speech service refused the connection.

    Attributes:
        status: HTTP status of the refusal.
        dg_error: text of the `dg-error` header, or of the body, or empty.
    """

    def __init__(self, status: int, dg_error: str, url: str) -> None:
        self.status = status
        self.dg_error = dg_error
        self.url = url
        super().__init__(status, dg_error, url)

    def __str__(self) -> str:
        advice = {
            400: "check --voice and the sample rate",
            401: "check DEEPGRAM_API_KEY",
            402: "the account is out of credit",
            403: "the key may not use this voice; choose another with --voice",
            404: "check the address in --speak-url; it ends in /v1/speak",
            429: "too many sessions are open; close some and try again",
        }.get(self.status, "try again later")
        reason = f": {self.dg_error}" if self.dg_error else ""
        return f"The speech service refused the connection ({self.status}{reason}); {advice}."


class SpeakerError(GramophoneError):
    """The sound device could not be opened, or died."""


class StorageError(GramophoneError):
    """The library cannot be read or written."""


class LibraryTooNew(StorageError):
    """The library was written by a newer version of the program."""


class LibraryUnwritable(StorageError):
    """The library cannot be written: the disk is full, or the file system or the rights forbid it.

    It can still be read. `full` says that there is no room; `reading` is the sentence for a command
    that reads all the same.
    """

    def __init__(self, sentence: str, *, reading: str, full: bool = False) -> None:
        super().__init__(sentence)
        self.reading = reading
        self.full = full


class LibraryCorrupt(StorageError):
    """The library's database is damaged."""


class SessionNotFound(StorageError):
    """No session has this id, or more than one begins with it."""


class SessionNotResumable(StorageError):
    """Nothing can be added to a stored session: it is open elsewhere, or its form is not ours."""


class FilterError(StorageError):
    """A filter that was typed into a search cannot be understood."""


class EngineMissing(GramophoneError):
    """An embedded engine is not installed or does not start."""


class TimelineError(GramophoneError):
    """A stored event cannot be decoded."""
