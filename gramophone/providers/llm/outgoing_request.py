"""One request to an endpoint: what of the conversation goes out, and what is learned on the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from gramophone.core.errors import PicturesRefused
from gramophone.ports.language_model import Message, Usage
from gramophone.providers.llm.context_window import newest_that_fit, prompt_chars, room_chars
from gramophone.providers.llm.endpoint_memory import SYSTEM, with_system_prompt
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.retry_policy import Trouble
from gramophone.providers.llm.sent_pictures import newest_pictures, without_pictures
from gramophone.wire.llm.refusal_reader import ServerRefusal, refused_pictures

_NAMES: Final = {
    "max_tokens": {"max_tokens", "max_completion_tokens", "max_output_tokens"},
    "reasoning_effort": {"reasoning_effort", "reasoning"},
}
"""Names that the protocols have for a setting, where they differ from ours."""

_CUT_CHARS_PER_TOKEN: Final = 10
"""No tokenizer makes so few tokens of a text: where fewer are counted, the server has cut it."""
_LEAST_CUT_CHARS: Final = 4000


class OutgoingRequest:
    """Plan of one request, through all its tries."""

    def __init__(
        self,
        messages: Sequence[Message],
        system_prompt: str,
        options: EndpointOptions,
        failures: ModelFailures,
    ) -> None:
        self._messages = messages
        self._system_prompt = system_prompt
        self._options = options
        self._failures = failures
        self._title = failures.provider
        self._earlier_refused = False
        self._pictures_left_out = 0
        self._sent_messages = 0
        self._sent_pictures = False
        self._sent_chars = 0

    def prompt(self) -> tuple[Sequence[Message], str]:
        """Messages and system prompt of the next try, by what is known of the endpoint now.

        Raises:
            PicturesRefused: the question has pictures, and the model takes none.
        """
        messages, system_prompt = self._with_pictures_taken(), self._system_prompt
        memory = self._options.memory
        if (context_tokens := self._context_tokens) is not None:
            answer_tokens = self._options.settings.max_tokens
            room = room_chars(context_tokens, answer_tokens, system_prompt, memory.chars_per_token)
            messages = newest_that_fit(messages, room)
        if SYSTEM in memory.refused:
            messages, system_prompt = with_system_prompt(messages, system_prompt), ""
        self._sent_messages = len(messages)
        self._sent_pictures = any(message.pictures for message in messages)
        self._sent_chars = prompt_chars(messages, system_prompt)
        return messages, system_prompt

    def _with_pictures_taken(self) -> Sequence[Message]:
        """The messages with those of their pictures that the endpoint takes."""
        pictures = sum(len(message.pictures) for message in self._messages)
        if not pictures:
            return self._messages
        if self._takes_pictures is False and self._asks_about_pictures:
            raise self._failures.takes_no_pictures()
        if self._takes_pictures is False or self._earlier_refused:
            last = len(self._messages) - 1
            self._pictures_left_out = pictures - len(self._messages[last].pictures)
            return [
                message if index == last else without_pictures(message)
                for index, message in enumerate(self._messages)
            ]
        messages, self._pictures_left_out = newest_pictures(self._messages)
        return messages

    def pictures_failure(self, trouble: ServerRefusal | Trouble) -> PicturesRefused | None:
        """Learn whether a refusal is about the question's pictures; the error of that."""
        about = refused_pictures(trouble) if isinstance(trouble, ServerRefusal) else ""
        if not about or not self._sent_pictures:
            return None
        if about == "model":
            self._options.memory.takes_pictures = False
        if not self._asks_about_pictures:
            return None
        assert isinstance(trouble, ServerRefusal)
        return self._failures.pictures_refused(trouble, by_model=about == "model")

    def change(self, refusal: ServerRefusal, parameters: Collection[str]) -> bool:
        """Learn from a refusal of a try with these parameters; false if the next is the same."""
        memory = self._options.memory
        if self._sent_pictures and refused_pictures(refusal):
            self._earlier_refused = True
            return not self._asks_about_pictures
        if refusal.kind == "context":
            before = self._sent_messages
            memory.learn_context(refusal, self._sent_chars)
            self.prompt()
            return self._sent_messages < before
        system = [SYSTEM] if self._system_prompt else []
        return memory.learn_parameter(refusal, {*parameters, *system})

    def notices(self, parameters: Collection[str]) -> list[str]:
        """Sentences about what an answer has to do without, each once for an endpoint.

        `parameters` are those of the request that was answered.
        """
        memory, title = self._options.memory, self._title
        chosen = self._options.settings.chosen()
        missing = [name for name in chosen if not _NAMES.get(name, {name}) & set(parameters)]
        left_out = memory.unannounced(missing)
        notices = [f"{title} does not take {' and '.join(left_out)}; left out."] if left_out else []
        if memory.unannounced({SYSTEM} & memory.refused):
            notices.append(
                f"{title} takes no system prompt; it stands before the first question instead."
            )
        return notices

    def pictures_notice(self) -> str:
        """Sentence about earlier pictures that did not go out; empty where all did."""
        count = self._pictures_left_out
        if not count:
            return ""
        if self._takes_pictures is False:
            reason = "takes no pictures"
        else:
            reason = "cannot be shown all pictures of this conversation"
        earlier = f"the {count} earlier ones are" if count > 1 else "the earlier one is"
        return f"{self._title} {reason}: {earlier} left out."

    def left_out_notice(self) -> str:
        """Sentence about turns that did not fit; empty where all did."""
        count = len(self._messages) - self._sent_messages
        if not count or self._context_tokens is None:
            return ""
        turns = f"oldest {count} turns are" if count > 1 else "oldest turn is"
        return f"{self._title} takes {self._context_tokens:,} tokens: the {turns} left out."

    def counted(self, usage: Usage) -> str:
        """Learn from the tokens that the server counted; a sentence where they are too few."""
        memory = self._options.memory
        chars, tokens = self._sent_chars, usage.input_tokens
        # The tokens of pictures are a guess, from which nothing is to be learned.
        if tokens <= 0 or self._sent_pictures:
            return ""
        if chars < _LEAST_CUT_CHARS or chars / tokens < _CUT_CHARS_PER_TOKEN:
            memory.learn_usage(chars, tokens)
            return ""
        estimate = round(chars / 4, -3)
        return (
            f"{self._title} counted {tokens:,} tokens of a prompt that has about {estimate:,.0f}: "
            "it may have cut off its beginning. Set context_tokens to what it takes "
            "(docs/models.md)."
        )

    @property
    def _asks_about_pictures(self) -> bool:
        return bool(self._messages and self._messages[-1].pictures)

    @property
    def _takes_pictures(self) -> bool | None:
        setting = self._options.pictures
        return self._options.memory.takes_pictures if setting is None else setting

    @property
    def _context_tokens(self) -> int | None:
        memory, setting = self._options.memory, self._options.context_tokens
        # What the user sets counts over what the server lists, but not over its refusal.
        known = (memory.window.tokens if setting is None else setting, memory.context_tokens)
        return min((tokens for tokens in known if tokens is not None), default=None)


def own_items(messages: Sequence[Message], provider: str, model: str) -> Sequence[Message]:
    """The messages with those items to give back that came from this model.

    A conversation may go on with another endpoint or model, also where the first one failed.
    """
    return [
        replace(
            message,
            give_back=tuple(own for own in message.give_back if own.belongs_to(provider, model)),
        )
        if message.give_back
        else message
        for message in messages
    ]
