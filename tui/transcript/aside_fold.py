"""Folds what comes with a turn beside its text into its view: model, thoughts, pictures, end."""

from __future__ import annotations

from typing import TypeAlias

from gramophone.core.attached_pictures import picture_of
from gramophone.core.give_back import GiveBack
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    GiveBackReceived,
    ModelFinished,
    ModelQuiet,
    PictureAttached,
    RequestSent,
    ThoughtReceived,
)
from gramophone.library.library import speaker_name
from gramophone.text.sanitize import plain_line
from tui.transcript.turn_views import TurnViews

Aside: TypeAlias = (
    ThoughtReceived
    | AnswerRetracted
    | AnswerIncomplete
    | GiveBackReceived
    | ModelFinished
    | ModelQuiet
    | PictureAttached
    | RequestSent
)


def fold_aside(views: TurnViews, entry: Aside) -> None:
    """Fold one entry in; the text of thoughts appears with the next `TurnViews.join`."""
    if isinstance(entry, ModelFinished) and not views.is_quiet(entry.turn):
        return
    view = views.touch(entry.turn)
    match entry:
        case RequestSent():
            view.speaker = speaker_name("assistant", plain_line(entry.model))
        case ModelQuiet():
            view.quiet_s = entry.quiet_us // 1_000_000
        case ModelFinished():
            view.quiet_s = 0
        case ThoughtReceived():
            if not views.append_thought(entry.turn, entry.text):
                view.started_us = entry.at_us
            view.thinking_us = entry.at_us - view.started_us
        case AnswerRetracted():
            views.retract(entry.turn)
            view.thinking_us = entry.at_us - view.started_us
            view.heard_chars = view.stopped_at = None
        case AnswerIncomplete():
            view.notices.append(plain_line(entry.detail))
        case GiveBackReceived():
            view.give_back.append(GiveBack(entry.item, entry.provider, entry.model))
        case PictureAttached():
            view.pictures.append(picture_of(entry))
