"""Pictures that go with a question."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from gramophone.core.frozen import frozen

MediaType: TypeAlias = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
"""Types of pictures that every service takes."""


@frozen
class Picture:
    """A picture as the user attached it, and the facts that its file tells.

    Attributes:
        name: what the user calls it: a path as it was typed, or a name. Text of one line.
        media_type: by its content, whatever the name says.
        width: in pixels.
        height: in pixels.
        file_bytes: size of the whole file.
        sha256: of the whole file, in hexadecimal.
        content: the whole file; empty where only its facts are at hand.
    """

    name: str
    media_type: MediaType
    width: int
    height: int
    file_bytes: int
    sha256: str
    content: bytes = field(default=b"", repr=False, compare=False)

    @property
    def size(self) -> str:
        """Width and height in words: `640×480`."""
        return f"{self.width}×{self.height}"

    @property
    def label(self) -> str:
        """Line of text that stands for it where it cannot be shown."""
        return f"[picture: {self.name}, {self.size}]"

    @property
    def facts(self) -> dict[str, str | int]:
        """Facts of it under the names that JSON documents have for them; without the file."""
        return {
            "name": self.name,
            "media_type": self.media_type,
            "width": self.width,
            "height": self.height,
            "bytes": self.file_bytes,
            "sha256": self.sha256,
        }


def labelled(text: str, labels: list[str]) -> str:
    """A text with lines behind it that stand for its pictures."""
    return "\n".join(filter(None, [text, *labels]))
