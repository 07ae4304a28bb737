"""Decides which turns of a conversation fit a model's context: the oldest are left out first.

Tokens are estimated by characters, cautiously at first, then by what the server has counted;
those of pictures by their size (`sent_pictures`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gramophone.ports.language_model import Message
from gramophone.providers.llm.sent_pictures import picture_tokens

CHARS_PER_TOKEN: Final = 3.0
"""A cautious guess for English text; other languages have fewer."""
MESSAGE_CHARS: Final = 12
"""Tokens of a message besides its text: its role, and the marks of the template around it."""
MOST_RESERVED_TOKENS: Final = 1024


def chars_of(message: Message) -> int:
    """Characters of a message; its pictures count as the text that takes as many tokens."""
    return len(message.text) + int(picture_tokens(message) * CHARS_PER_TOKEN)


def prompt_chars(messages: Sequence[Message], system_prompt: str) -> int:
    """Characters of a prompt, with what its messages cost besides."""
    chars = sum(map(chars_of, messages)) + len(system_prompt)
    return chars + MESSAGE_CHARS * (len(messages) + 1)


def room_chars(
    context_tokens: int, answer_tokens: int | None, system_prompt: str, chars_per_token: float
) -> int:
    """Characters that the messages of a request may have, so that an answer fits behind them."""
    if answer_tokens is None:
        answer_tokens = MOST_RESERVED_TOKENS
    # A limit of the answer near the whole context is a limit, not a wish.
    reserved = min(answer_tokens, context_tokens // 4)
    room = int((context_tokens - reserved) * chars_per_token)
    return room - len(system_prompt) - MESSAGE_CHARS


def newest_that_fit(
    messages: Sequence[Message], room_chars: int, message_chars: int = MESSAGE_CHARS
) -> Sequence[Message]:
    """The newest messages of at most `room_chars`, beginning with a user's; the last one always.

    Each costs `message_chars` besides its text.
    """
    fitting: list[Message] = []
    for message in reversed(messages):
        room_chars -= chars_of(message) + message_chars
        if fitting and room_chars < 0:
            break
        fitting.append(message)
    fitting.reverse()
    # Chat templates expect the user to begin.
    while len(fitting) > 1 and fitting[0].role != "user":
        fitting.pop(0)
    return fitting
