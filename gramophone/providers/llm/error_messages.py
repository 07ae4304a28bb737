"""Failures of a language model as sentences for the user, each with advice."""

from __future__ import annotations

from dataclasses import field

from gramophone.core.errors import ModelError
from gramophone.core.frozen import frozen
from gramophone.text.graphemes import cut

MAX_DETAIL_CHARS = 300


@frozen
class ModelFailures:
    """The sentences about one model; the key stands in none of them.

    Attributes:
        provider: as the user knows it.
        model: the provider's name of the model.
        key_name: the environment variable the key comes from.
        host: where the requests go, without secrets.
        key: what no sentence may contain.
    """

    provider: str
    model: str
    key_name: str
    host: str
    key: str = field(default="", repr=False)

    def check_key(self) -> None:
        """Refuse a key that cannot stand in an HTTP header: the library's error would quote it.

        Raises:
            ModelError: it has characters that no key has.
        """
        if not (self.key.isascii() and self.key.isprintable()):
            raise ModelError(
                f"{self.key_name} holds characters that no key has, such as a line break; "
                "set it again."
            )

    def unreachable(self) -> ModelError:
        """No server answers at the address."""
        if not self.host:
            return self.misconfigured("its base URL is not a valid address")
        return ModelError(
            f"{self.provider} cannot be reached at {self.host}; check the network and the base URL."
        )

    def misconfigured(self, reason: str) -> ModelError:
        """The request could not even be made."""
        return ModelError(
            f"No request to {self.provider} can be made ({self._short(reason)}); "
            "check the base URL and the proxy settings."
        )

    def too_slow(self, *, begun: bool) -> ModelError:
        """Nothing came for longer than the timeout."""
        if begun:
            return ModelError(
                f"{self.provider} stopped answering; what arrived is kept. Ask again."
            )
        return ModelError(f"{self.provider} does not answer at {self.host}; ask again later.")

    def not_an_answer(self) -> ModelError:
        """The answer was a success, but not a stream of this protocol."""
        return ModelError(
            f"What answers at {self.host} does not speak as {self.provider} does; "
            "check the base URL."
        )

    def refused(self, status: int, reason: str) -> ModelError:
        """The provider answered with an error status."""
        advice = {
            400: "shorten the prompt or choose another model with --model",
            401: f"check {self.key_name}",
            403: f"the key in {self.key_name} may not use this model; choose another with --model",
            404: f"check that the model {self.model!r} exists, or choose another with --model",
            413: "shorten the prompt",
            429: "wait a little, or check the account's limits, then ask again",
        }.get(status, "wait a little, then ask again")
        return ModelError(
            f"{self.provider} refused the request ({status}: {self._short(reason)}); {advice}."
        )

    def broke_off(self, reason: str) -> ModelError:
        """The stream failed in its middle."""
        return ModelError(
            f"{self.provider} broke the answer off ({self._short(reason)}); "
            "what arrived is kept. Ask again."
        )

    def sent_too_much(self, excess: str, *, begun: bool) -> ModelError:
        """More came than an answer may have (`wire.limits`), and the connection was closed."""
        remedy = "what arrived is kept; ask again" if begun else "check the base URL"
        return ModelError(
            f"{self.provider} sent too much ({self._short(excess)}), so the connection was closed; "
            f"{remedy}."
        )

    def _short(self, reason: str) -> str:
        if self.key:
            reason = reason.replace(self.key, "[key]")
        line = " ".join(reason.split()).rstrip(".") or "no reason given"
        return line if len(line) <= MAX_DETAIL_CHARS else f"{cut(line, MAX_DETAIL_CHARS - 1)}…"
