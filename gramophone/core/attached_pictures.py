"""Pictures as events of the turn that they go with, and back."""

from __future__ import annotations

from collections.abc import Iterable

from gramophone.core.picture import Picture
from gramophone.core.timeline import PictureAttached


def attachments(turn: int, pictures: Iterable[Picture], now_us: int) -> list[PictureAttached]:
    """Events of these pictures going with the question of a turn."""
    return [
        PictureAttached(
            at_us=now_us,
            turn=turn,
            name=picture.name,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            file_bytes=picture.file_bytes,
            sha256=picture.sha256,
            content=picture.content,
        )
        for picture in pictures
    ]


def picture_of(attached: PictureAttached) -> Picture:
    """The picture of an event, with its content where the event has it."""
    return Picture(
        attached.name,
        attached.media_type,
        attached.width,
        attached.height,
        attached.file_bytes,
        attached.sha256,
        attached.content,
    )
