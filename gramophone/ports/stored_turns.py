"""Stored turns as messages of a conversation that goes on from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gramophone.core.give_back import GiveBack
from gramophone.core.picture import labelled
from gramophone.library.library import TurnRecord
from gramophone.ports.language_model import Message


def message_of(
    turn: TurnRecord, files: Mapping[str, bytes], give_back: tuple[GiveBack, ...] = ()
) -> Message:
    """Make a message of a stored turn.

    Args:
        turn: the turn, whose pictures have no content.
        files: files of the session's pictures by their SHA-256; in the place of one that is lost
            stands a line of text.
        give_back: items that the provider wants back with it.
    """
    pictures = tuple(
        replace(picture, content=files[picture.sha256])
        for picture in turn.pictures
        if picture.sha256 in files
    )
    lost = [picture.label for picture in turn.pictures if picture.sha256 not in files]
    text = labelled(turn.text, lost)
    return Message(turn.role, text, turn.heard_chars, give_back, pictures)
