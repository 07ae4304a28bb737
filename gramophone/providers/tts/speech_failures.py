"""Failures of speech over HTTP as sentences for the user, each with advice."""

from __future__ import annotations

from dataclasses import field

from gramophone.core.errors import SpeechError
from gramophone.core.frozen import frozen
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line

MOST_DETAIL_CHARS = 300
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class RequestFailed(SpeechError):
    """A request got no answer with sound; its text is a sentence for the user.

    Attributes:
        passing: whether it may succeed when it is made again.
        retry_after_us: wait that the service asks for before that; None where it does not say.
    """

    def __init__(
        self, sentence: str, *, passing: bool = False, retry_after_us: int | None = None
    ) -> None:
        super().__init__(sentence)
        self.passing = passing
        self.retry_after_us = retry_after_us


@frozen
class SpeechFailures:
    """Sentences about one voice; the key stands in none of them.

    Attributes:
        voice: as the user knows it, to begin a sentence.
        key_name: the environment variable of the key; empty without one.
        host: where the requests go, without secrets.
        key: what no sentence may contain.
    """

    voice: str
    key_name: str
    host: str
    key: str = field(default="", repr=False)

    def check_key(self) -> None:
        """Refuse a key that cannot stand in an HTTP header: the library's error would quote it.

        Raises:
            SpeechError: it has characters that no key has.
        """
        if not (self.key.isascii() and self.key.isprintable()):
            raise SpeechError(
                f"{self.key_name} holds characters that no key has, such as a line break; "
                "set it again."
            )

    def unreachable(self) -> RequestFailed:
        """No server answers at the address."""
        return RequestFailed(
            f"{self.voice} cannot be reached at {self.host}; check the network and the address.",
            passing=True,
        )

    def misconfigured(self, reason: str) -> RequestFailed:
        """The request could not even be made."""
        return RequestFailed(
            f"No request to {self.voice} can be made ({self._short(reason)}); check its address "
            "and the proxy settings."
        )

    def too_slow(self) -> RequestFailed:
        """Nothing came for longer than the timeout."""
        return RequestFailed(f"{self.voice} does not answer at {self.host}; try again later.")

    def lost(self) -> RequestFailed:
        """The connection ended in the middle of an answer."""
        return RequestFailed(f"{self.voice} broke its answer off.", passing=True)

    def not_sound(self, description: str) -> RequestFailed:
        """The answer was a success, but not sound; `description` follows “sent”."""
        return RequestFailed(
            f"{self.voice} sent {self._short(description)} instead of sound that can be played; "
            "check its address, model and format."
        )

    def sent_too_much(self, excess: str) -> RequestFailed:
        """More came than an answer may have, and the request was closed."""
        return RequestFailed(f"{self.voice} sent too much ({self._short(excess)}).")

    def refused(
        self, status: int, reason: str, *, retry_after_us: int | None = None
    ) -> RequestFailed:
        """The service answered with an error status."""
        key = f"check {self.key_name}" if self.key_name else "name its key with key_env"
        advice = {
            **dict.fromkeys((301, 302, 307, 308), "the address has moved; check it"),
            400: "check the voice, the model and the format",
            401: key,
            402: "the account is out of credit",
            403: f"the key may not use this voice; {key}, or choose another voice",
            404: "check the model, and that the address ends as the service's documents say",
            405: "check the address",
            413: "choose a voice of another service",
            422: "check the voice, the model and the format",
            429: "wait a little, or check the account's limits",
        }.get(status, "try again later")
        return RequestFailed(
            f"{self.voice} refused the text ({status}: {self._short(reason)}); {advice}.",
            passing=status in _PASSING,
            retry_after_us=retry_after_us,
        )

    def _short(self, reason: str) -> str:
        if self.key:
            reason = reason.replace(self.key, "[key]")
        line = " ".join(plain_line(reason).split()).rstrip(".") or "no reason given"
        if len(line) <= MOST_DETAIL_CHARS:
            return line
        return f"{cut(line, MOST_DETAIL_CHARS - 1)}…"
