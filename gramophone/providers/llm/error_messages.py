"""Failures of a language model as sentences for the user, each with advice."""

from __future__ import annotations

from dataclasses import field

from gramophone.core.errors import ModelError, PicturesRefused
from gramophone.core.frozen import frozen
from gramophone.providers.llm.retry_policy import Trouble
from gramophone.text.graphemes import cut
from gramophone.wire.llm.refusal_reader import ServerRefusal
from gramophone.wire.loopback import on_this_machine

MAX_DETAIL_CHARS = 300


class RequestError(ModelError):
    """A request that failed; `trouble` says how, for whoever decides about another try."""

    def __init__(self, sentence: str, trouble: ServerRefusal | Trouble = "other") -> None:
        self.trouble: ServerRefusal | Trouble = trouble
        super().__init__(sentence)


def duration(seconds: float) -> str:
    """Seconds in words: `20 seconds`, `5 minutes`, `2 hours`."""
    for unit_s, unit, most in ((1, "second", 120), (60, "minute", 120), (3600, "hour", 48)):
        count = -int(-seconds // unit_s)
        if count < most:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{-int(-seconds // 86400)} days"


def _counted(refusal: ServerRefusal) -> str:
    """Words for the tokens that the server counted, and that the model takes, if it says so."""
    prompt, most = refusal.prompt_tokens, refusal.context_tokens
    if most is None:
        return ""
    if prompt is None:
        return f"the model takes {most:,} tokens; "
    return f"the prompt has {prompt:,} tokens, the model takes {most:,}; "


@frozen
class ModelFailures:
    """The sentences about one model; the key stands in none of them.

    Attributes:
        provider: as the user knows it.
        model: the provider's name of the model.
        key_name: the environment variable the key comes from.
        host: where the requests go, without secrets.
        key: what no sentence may contain.
        lacks_path: whether the address is that of the server alone.
    """

    provider: str
    model: str
    key_name: str
    host: str
    key: str = field(default="", repr=False)
    lacks_path: bool = False

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

    def unreachable(self, *, refused: bool = False) -> RequestError:
        """No server answers at the address; `refused` is true if none listens there."""
        if not self.host:
            return self.misconfigured("its base URL is not a valid address")
        return RequestError(
            f"{self.provider} cannot be reached at {self.host}; "
            "check the network and the base URL.",
            # A server of this machine that is not there does not come by itself.
            "other" if refused and on_this_machine(f"http://{self.host}") else "connection",
        )

    def misconfigured(self, reason: str) -> RequestError:
        """The request could not even be made."""
        return RequestError(
            f"No request to {self.provider} can be made ({self._short(reason)}); "
            "check the base URL and the proxy settings."
        )

    def too_slow(self, *, arrived: bool) -> RequestError:
        """Nothing came for longer than the timeout; `arrived` if there are pieces of an answer."""
        if arrived:
            return RequestError(
                f"{self.provider} stopped answering; what arrived is kept. Ask again."
            )
        return RequestError(f"{self.provider} does not answer at {self.host}; ask again later.")

    def not_an_answer(self) -> RequestError:
        """The answer was a success, but not a stream of this protocol."""
        return RequestError(
            f"What answers at {self.host} does not speak as {self.provider} does; "
            "check the base URL."
        )

    def refused(self, refusal: ServerRefusal) -> RequestError:
        """The provider answered with an error status."""
        return RequestError(
            f"{self.provider} refused the request ({refusal.status}: "
            f"{self._short(refusal.reason)}); {self._advice(refusal)}.",
            refusal,
        )

    def takes_no_pictures(self) -> PicturesRefused:
        """The question has pictures, and the model is known to take none."""
        return PicturesRefused(
            f"{self.provider} takes no pictures with the model {self.model!r}; choose another with "
            "--model, or ask without the picture."
        )

    def pictures_refused(self, refusal: ServerRefusal, *, by_model: bool) -> PicturesRefused:
        """The provider refused the question's pictures; `by_model` where its model takes none."""
        advice = (
            f"the model {self.model!r} takes none: choose another with --model"
            if by_model
            else "attach a smaller copy, or another picture"
        )
        return PicturesRefused(
            f"{self.provider} refused the picture ({refusal.status}: "
            f"{self._short(refusal.reason)}); {advice}."
        )

    def _advice(self, refusal: ServerRefusal) -> str:
        match refusal.kind:
            case "context":
                return f"{_counted(refusal)}shorten the prompt or choose another model with --model"
            case "credit":
                return (
                    "the account has no credit or its quota is used up; see to its billing, or "
                    "choose another provider"
                )
            case "model":
                return f"check that the model {self.model!r} exists, or choose another with --model"
            case "path":
                return f"there is no such path{self._missing_path()}; check the base URL"
            case "loading":
                return "it is still loading the model; ask again in a minute"
            case "overloaded" if refusal.retry_after_s is not None and refusal.retry_after_s > 1:
                return f"ask again in {duration(refusal.retry_after_s)}"
            case _:
                return self._advice_by_status(refusal.status)

    def _advice_by_status(self, status: int) -> str:
        key = f"check {self.key_name}" if self.key else f"it wants a key: set {self.key_name}"
        return {
            400: "shorten the prompt or choose another model with --model",
            401: key,
            403: f"the key in {self.key_name} may not use this model; choose another with --model",
            404: f"check that the model {self.model!r} exists, or choose another with --model",
            413: "the request is too large; shorten the prompt",
            422: "it does not take the request as it is; check the settings and the extra_body of "
            "this endpoint",
            429: "wait a little, or check the account's limits, then ask again",
        }.get(status, "wait a little, then ask again")

    def _missing_path(self) -> str:
        """Hint for a base URL of a server alone: most serve their protocol below /v1."""
        return ": it may have to end in /v1" if self.lacks_path else ""

    def broke_off(
        self, reason: str, trouble: ServerRefusal | Trouble = "other", *, arrived: bool
    ) -> RequestError:
        """The stream failed; `trouble` counts where nothing of the answer had arrived."""
        remedy = (
            "; what arrived is kept. Ask again" if arrived else " before its first word; ask again"
        )
        return RequestError(
            f"{self.provider} broke the answer off ({self._short(reason)}){remedy}.", trouble
        )

    def sent_too_much(self, excess: str, *, arrived: bool) -> RequestError:
        """More came than an answer may have (`wire.limits`), and the connection was closed."""
        remedy = "what arrived is kept; ask again" if arrived else "check the base URL"
        return RequestError(
            f"{self.provider} sent too much ({self._short(excess)}), so the connection was closed; "
            f"{remedy}."
        )

    def _short(self, reason: str) -> str:
        if self.key:
            reason = reason.replace(self.key, "[key]")
        line = " ".join(reason.split()).rstrip(".") or "no reason given"
        return line if len(line) <= MAX_DETAIL_CHARS else f"{cut(line, MAX_DETAIL_CHARS - 1)}…"
