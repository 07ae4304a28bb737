"""Markdown, one character at a time, turned into the characters a voice should get.

`MarkdownSpeechReader` holds back what it cannot judge yet and passes the rest to one of two
readers: `block_reader` at the start of a line and in parts that span lines, `inline_reader`
within a line. Both write tokens, each with its span in the source (`tokens`). Where sentences
end is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.text.characters import is_wide
from gramophone.text.markdown import inline
from gramophone.text.markdown.block_reader import BlockReader
from gramophone.text.markdown.inline_reader import InlineReader
from gramophone.text.markdown.tokens import HeldText, SpokenToken, TokenWriter


class MarkdownSpeechReader:
    """Read Markdown character by character and put what is spoken into `tokens`.

    `nested` is for a part of a line, such as the label of a link: no block begins in it.
    """

    # Streaming: the same text gives the same tokens in deltas of any size, because a construct
    # is judged only once enough of it has come, and then never again. Each step takes at least
    # one character off the front of the held text or waits, and a wait ends at a limit
    # (`LONGEST_HOLD`, `LONGEST_ROW`): time and memory stay linear in the length of the text,
    # whatever is opened in it and never closed.

    def __init__(self, *, nested: bool = False) -> None:
        self._held = HeldText()
        self._writer = TokenWriter(self._held)
        self._blocks = BlockReader(self._held, self._writer, _read_nested, nested=nested)
        self._inline = InlineReader(
            self._held, self._writer, self._blocks, _read_nested, nested=nested
        )
        self.tokens = self._writer.tokens
        """Tokens read so far; the user takes them and empties the list."""

    def feed(self, char: str, position: int) -> None:
        """Take the character that stands at `position`, its index in the source."""
        held = self._held
        if not held.text:
            # Most of a text is letters with nothing held before them: they need no rules.
            blocks = self._blocks
            if char.isalpha() and not blocks.at_start and blocks.fence is None:
                if blocks.skipped is None and not is_wide(char):
                    self._writer.say(char, position, position + 1)
                    return
        elif held.wake and char not in held.wake and len(held.text) < held.longest:
            held.text += char
            held.positions.append(position)
            return
        held.text += char
        held.positions.append(position)
        self._drain(final=False)

    def finish(self) -> None:
        """Take the end of the text: what is still open will never be closed."""
        self._drain(final=True)

    def holds_word(self) -> bool:
        """Say whether a label or code is held that begins with a letter or digit."""
        return self._held.text[:1] in ("`", "[") and self._held.text[1:2].isalnum()

    def _drain(self, *, final: bool) -> None:
        held = self._held
        held.wake = ""
        held.longest = inline.LONGEST_HOLD
        while held.text:
            used = self._step(final)
            if used == 0:
                return
            held.text = held.text[used:]
            del held.positions[:used]

    def _step(self, final: bool) -> int:
        """Deal with the front of the held text; give how much of it is done, 0 for a wait."""
        blocks = self._blocks
        if blocks.fence is not None:
            return blocks.read_fence(blocks.fence)
        if blocks.skipped is not None:
            return blocks.read_skipped(blocks.skipped)
        if blocks.at_start:
            used = blocks.read_start(final)
            if used is not None:
                return used
        return self._inline.read(final)


def read(text: Sequence[str]) -> list[SpokenToken]:
    """Read a whole text at once; its positions are the indices of its characters."""
    reader = MarkdownSpeechReader()
    for position, char in enumerate(text):
        reader.feed(char, position)
    reader.finish()
    return reader.tokens


def _read_nested(text: str, positions: Sequence[int], guard: int) -> list[SpokenToken]:
    """Read a part of a line as Markdown of its own; no token has a lower guard than `guard`."""
    reader = MarkdownSpeechReader(nested=True)
    for char, position in zip(text, positions, strict=True):
        reader.feed(char, position)
    reader.finish()
    return [token._replace(guard=max(token.guard, guard)) for token in reader.tokens]
