"""Text of an empty conversation: how to begin, and what is missing for it."""

from __future__ import annotations

from collections.abc import Collection

from gramophone.core.timeline import Stage
from gramophone.ports.backend import ConversationInfo

NOT_KEPT = "This conversation is not kept: the library has nothing of it."

_HOW = "Type below and press Enter; the answer is shown, spoken and kept."
_HOW_UNKEPT = "Type below and press Enter; the answer is spoken, and nothing is kept."
_KEYS = "Escape stops the sound. F2 opens the history. F1 is help."
_SMALL = "A small model on this machine answers; F10 sets up a better one."
_NO_MODEL = "No model answers yet: F10 takes a key (Accounts) or an address (Model)."
_NO_VOICE = "No voice speaks yet: F10 takes a key for Deepgram (Accounts)."
_NO_DEVICE = "No sound device: answers are kept, not heard. F10 lists others (Sound)."
_NO_DEVICE_UNKEPT = "No sound device: answers are not heard. F10 lists others (Sound)."

_DOCTOR = "What could be installed instead tells: gramophone doctor"


def welcome(
    setup: ConversationInfo,
    failed: Collection[Stage] = (),
    *,
    silent: bool = False,
    short: bool = False,
) -> str:
    """At most five lines. `failed` are the stages that failed before anything was said; `silent`
    is true where no device plays. Where there is little room what F1 tells is left out."""
    lines = ["Nothing said yet."]
    if "model" in failed:
        lines.append(_NO_MODEL)
    else:
        lines.append(_HOW if setup.stored else _HOW_UNKEPT)
        if setup.provider == "local":
            lines.append(_SMALL)
    if "speech" in failed:
        lines.append(_NO_VOICE)
    elif silent and not setup.muted:
        lines.append(_NO_DEVICE if setup.stored else _NO_DEVICE_UNKEPT)
    if failed:
        lines.append(_DOCTOR)
    elif not short:
        lines.append(_KEYS)
    first, *others = lines
    return "\n".join([first, *([] if short else [""]), *others])
