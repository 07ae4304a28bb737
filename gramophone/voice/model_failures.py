"""What failed at a language model, as one sentence that says what to do."""

from __future__ import annotations

from gramophone.errors import ModelError

MAX_DETAIL_CHARS = 300


def unreachable(provider: str, where: str) -> ModelError:
    """Nobody answers at the address."""
    return ModelError(
        f"{provider} cannot be reached at {where}; check the network and the base URL."
    )


def too_slow(provider: str) -> ModelError:
    """The stream fell silent for longer than the timeout."""
    return ModelError(f"{provider} stopped answering; what arrived is kept. Ask again.")


def refused(provider: str, model: str, key_name: str, status: int, said: str) -> ModelError:
    """The provider answered with an error status."""
    advice = {
        400: "shorten the prompt or choose another model with --model",
        401: f"check {key_name}",
        403: f"the key in {key_name} may not use this model; choose another with --model",
        404: f"check that the model {model!r} exists, or choose another with --model",
        413: "shorten the prompt",
        429: "wait a little, or check the account's limits, then ask again",
    }.get(status, "wait a little, then ask again")
    return ModelError(f"{provider} refused the request ({status}: {_short(said)}); {advice}.")


def broke_off(provider: str, said: str) -> ModelError:
    """The stream failed in its middle."""
    return ModelError(
        f"{provider} broke the answer off ({_short(said)}); what arrived is kept. Ask again."
    )


def _short(said: str) -> str:
    line = " ".join(said.split()) or "no reason given"
    return line if len(line) <= MAX_DETAIL_CHARS else f"{line[: MAX_DETAIL_CHARS - 1]}…"
