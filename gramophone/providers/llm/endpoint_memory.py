"""Memory of an endpoint while the program runs: what requests to it have shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gramophone.ports.language_model import Message
from gramophone.providers.llm.context_window import CHARS_PER_TOKEN
from gramophone.wire.llm.context_windows import NO_WINDOW, ContextWindow
from gramophone.wire.llm.refusal_reader import ServerRefusal, unsupported_parameter
from gramophone.wire.llm.think_tags import ThinkTagMemory

MOST_CHARS_PER_TOKEN: Final = 4.0

SYSTEM: Final = "system"
"""Stands among the parameters for messages of the role `system`."""


@dataclass(slots=True)
class EndpointMemory:
    """Memory of one model at one endpoint.

    Attributes:
        refused: parameters that it does not take.
        announced: those of them that the user has been informed of.
        window: its context, as the server told it before any request.
        context_tokens: tokens that it takes, as a refusal told it.
        chars_per_token: characters of a token, a little less than it counted.
        takes_pictures: whether it takes pictures, as a refusal or its own list has shown.
        think_tags: what its answers have shown of tags around thoughts.
    """

    refused: set[str] = field(default_factory=set[str])
    announced: set[str] = field(default_factory=set[str])
    window: ContextWindow = NO_WINDOW
    context_tokens: int | None = None
    chars_per_token: float = CHARS_PER_TOKEN
    takes_pictures: bool | None = None
    think_tags: ThinkTagMemory = field(default_factory=ThinkTagMemory)

    def learn_context(self, refusal: ServerRefusal, sent_chars: int) -> None:
        """Note from a refusal how much of `sent_chars` the model takes."""
        if refusal.prompt_tokens is not None:
            self.learn_usage(sent_chars, refusal.prompt_tokens)
        # Where the server does not say, a quarter less is tried.
        estimate = int(sent_chars / self.chars_per_token * 0.75)
        self.context_tokens = refusal.context_tokens or estimate

    def learn_usage(self, sent_chars: int, input_tokens: int) -> None:
        """Note how many tokens the server counted in `sent_chars`."""
        if input_tokens > 0:
            counted = sent_chars / input_tokens
            self.chars_per_token = min(max(0.9 * counted, 1.0), MOST_CHARS_PER_TOKEN)

    def learn_parameter(self, refusal: ServerRefusal, sent: Collection[str]) -> bool:
        """Note which of the parameters `sent` a refusal is about; False if it is about none."""
        parameter = unsupported_parameter(refusal, sent)
        if not parameter or parameter in self.refused:
            return False
        self.refused.add(parameter)
        return True

    def unannounced(self, parameters: Collection[str]) -> list[str]:
        """Those that are left out and not announced yet; from now on they are."""
        new = sorted(set(parameters) - self.announced)
        self.announced.update(new)
        return new


def with_system_prompt(messages: Sequence[Message], system_prompt: str) -> Sequence[Message]:
    """The messages with the system prompt before the first of them, for models without a role for
    it."""
    if not system_prompt or not messages:
        return messages
    first = replace(messages[0], text=f"{system_prompt}\n\n{messages[0].text}")
    return [first, *messages[1:]]
