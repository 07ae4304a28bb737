r"""Markup in the text for a Flux voice: tags that are stripped, controls that are acted on.

Deepgram (flux-tts/client-messages, tts-voice-controls): known tags of SSML and of two other
vendors are stripped, with one Warning for each Speak; everything else is spoken as it stands.
A pronunciation is written `\{"word": "…", "pronounce": "…"\}` and its word is spoken; a pause
is for REST alone. The list of tags is closed but not published: this one has the elements that
only SSML has, and the documented tags of the two vendors.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, cast

from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.speak_v1.messages import Warned

PRONUNCIATIONS_OF_A_TURN: Final = 500

_LONGEST_CONTROL: Final = 1_000
_LONGEST_IPA: Final = 128
_SHORTEST_LIMIT: Final = 15

_TAG = re.compile(
    r"</?(?:speak|break|prosody|emphasis|say-as|phoneme|lexicon|voice|token"
    r"|emotion|speed|volume|spell|(?:amazon|mstts|google):[a-z-]+)(?:\s[^<>]*)?/?>"
    r"|\[(?:laugh(?:s|ing|ter)|whisper(?:s|ing)|sigh(?:s|ing)|exhales|inhales|gasps|giggles"
    r"|chuckles|snorts|gulps|coughs|crying|shout(?:s|ing)|sarcastic|curious|excited"
    r"|mischievously|clears throat|(?:short |long )?pause)\]",
    re.IGNORECASE,
)
_PAUSE = re.compile(r"\\?\{\s*pause\s*:", re.IGNORECASE)

_IPA_LETTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏ"
    "ʐʑʒʔʕʘʙʛʜʝʟʡʢβθχǀǁǂǃ"
)
_IPA_MODIFIERS = frozenset("ːˑʰʲʷˠˤⁿˡ˞ʼ\u0303\u0325\u0329\u032a\u032c\u032f\u0330\u0324\u031a")
_IPA_STRESS = frozenset("ˈˌ")
_IPA_BREAKS = frozenset(" .|‖‿")
_TIE = "\u0361"

_STRIPPED = Warned("INPUT_MARKUP_STRIPPED", "Markup was stripped from the text.")
_DOUBTFUL = Warned(
    "PRONUNCIATION_WARNINGS",
    "A pronunciation contains invalid IPA; it is applied as well as it is.",
)
_TOO_LONG = Warned("PRONUNCIATION_TOO_LONG", "A pronunciation is too long and was left out.")
_TOO_MANY = Warned(
    "PRONUNCIATIONS_LIMIT_EXCEEDED",
    f"A turn takes {PRONUNCIATIONS_OF_A_TURN} pronunciations; the rest were left out.",
)


@dataclass(slots=True)
class FluxText:
    """The text of one turn on its way from the client to the voice.

    Attributes:
        controls: overrides met so far.
        pronunciations: overrides that were applied.
        doubtful: overrides that led to a warning about what they say.
    """

    controls: int = 0
    pronunciations: int = 0
    doubtful: int = 0
    _held: str = ""
    _warnings: list[Warned] = field(default_factory=list[Warned])

    def take(self, text: str) -> tuple[str, list[Warned]]:
        """Take the text of one Speak; gives what is spoken of it, and the warnings it leads to.

        A control may be cut by the end of a Speak; its beginning then waits for the next one.

        Raises:
            ProtocolViolation: with `DATA-0002`, for a control that cannot be acted on.
        """
        self._warnings = []
        stripped = _TAG.sub("", text)
        if stripped != text:
            self._warnings.append(_STRIPPED)
        text, self._held = self._held + stripped, ""
        if _PAUSE.search(text):
            raise ProtocolViolation("DATA-0002", "A pause cannot be spoken on a socket.")
        return self._controls(text), self._warnings

    def finish(self) -> str:
        """The text that was held back, at the end of the turn.

        Raises:
            ProtocolViolation: with `DATA-0002`, when a control was never closed.
        """
        held, self._held = self._held, ""
        if held.startswith("\\{"):
            raise ProtocolViolation("DATA-0002", "An inline control was not closed.")
        return held

    def _controls(self, text: str) -> str:
        # A control is `\{` … `\}`. The possible beginning of one at the end, also a lone
        # backslash, is held back. Its length is bounded, so that a client that never closes it gets
        # an error instead of silence.
        parts: list[str] = []
        position = 0
        while (start := text.find("\\{", position)) >= 0:
            parts.append(text[position:start])
            end = text.find("\\}", start)
            if end < 0:
                if len(text) - start > _LONGEST_CONTROL:
                    raise ProtocolViolation("DATA-0002", "An inline control is not closed.")
                self._held = text[start:]
                return "".join(parts)
            parts.append(self._pronounced(text[start + 1 : end] + "}"))
            position = end + 2
        end = len(text)
        if text.endswith("\\", position):
            end, self._held = end - 1, "\\"
        return "".join([*parts, text[position:end]])

    def _pronounced(self, control: str) -> str:
        word, ipa = _pronunciation(control)
        self.controls += 1
        if self.pronunciations >= PRONUNCIATIONS_OF_A_TURN:
            self._warn(_TOO_MANY)
            return ""
        if len(ipa) > min(_LONGEST_IPA, max(_SHORTEST_LIMIT, 10 * len(word))):
            self.doubtful += 1
            self._warn(_TOO_LONG)
            return word
        self.pronunciations += 1
        if not is_ipa(ipa):
            self.doubtful += 1
            self._warn(_DOUBTFUL)
        return word

    def _warn(self, warning: Warned) -> None:
        if warning not in self._warnings:
            self._warnings.append(warning)


def _pronunciation(control: str) -> tuple[str, str]:
    try:
        parsed: object = json.loads(control)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        fields = cast("dict[str, Any]", parsed)
        word, ipa = fields.get("word"), fields.get("pronounce")
        if fields.keys() == {"word", "pronounce"} and isinstance(word, str) and word:
            if isinstance(ipa, str) and ipa:
                return word, ipa
    raise ProtocolViolation("DATA-0002", "An inline control is malformed.")


def is_ipa(text: str) -> bool:
    """Say whether a pronunciation is well-formed IPA (the conditions PRON-001 to PRON-009)."""
    previous = ""
    for char in text:
        after_letter = previous in _IPA_LETTERS or previous in _IPA_MODIFIERS
        if char in _IPA_MODIFIERS or char == _TIE:
            if not previous or not after_letter:
                return False
        elif char not in _IPA_LETTERS and previous == _TIE:
            return False
        elif char not in _IPA_LETTERS and char not in _IPA_STRESS and char not in _IPA_BREAKS:
            return False
        previous = char
    return previous not in _IPA_STRESS and previous != _TIE
