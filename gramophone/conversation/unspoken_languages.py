"""Notices about answers in a language that the voice does not speak."""

from __future__ import annotations

from typing import Final

from gramophone.core.timeline import NoticeGiven, TextSpoken
from gramophone.ports.speech import SpeechCapabilities
from gramophone.text.language.detection import LanguageFinder, script_of
from gramophone.text.language.names import language_name

_FEWEST_LETTERS: Final = 10
"""Letters of another script from which they are more than a name."""


class UnspokenLanguages:
    """Finds the language of what is spoken; gives one notice a session for each language.

    It is judged by the text of one turn, as far as it was sent, and only once it is certain, by the
    words or by a script that is not Latin: a foreign name or a short quotation says nothing.
    """

    def __init__(self) -> None:
        self._reported: set[str] = set()
        self._turn = -1
        self._finder = LanguageFinder()
        self._letters = self._foreign_letters = 0

    def spoken(self, event: TextSpoken, voice: SpeechCapabilities) -> list[NoticeGiven]:
        """Take the next chunk that this voice is given."""
        if event.turn != self._turn:
            self._turn, self._finder = event.turn, LanguageFinder()
            self._letters = self._foreign_letters = 0
        if not voice.languages or self._finder.decided:
            return []
        for char in f"{event.text} ":
            self._finder.add(char)
            if char.isalpha():
                self._letters += 1
                self._foreign_letters += not char.isascii() and script_of(char) != "latin"
        language = self._certain()
        if not language or language in voice.languages or language in self._reported:
            return []
        self._reported.add(language)
        known = " and ".join(language_name(code) for code in voice.languages[:3])
        detail = (
            f"This answer is in {language_name(language)}, and the voice speaks {known}; "
            f"{voice.language_advice}"
        )
        return [NoticeGiven(at_us=event.at_us, stage="speech", detail=detail, turn=event.turn)]

    def _certain(self) -> str:
        """Language of the text so far, "" while it could be another."""
        is_foreign = self._foreign_letters >= max(_FEWEST_LETTERS, self._letters * 3 // 4)
        return self._finder.decided or (self._finder.guess() if is_foreign else "")
