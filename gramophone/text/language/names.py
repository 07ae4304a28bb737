"""English names of languages, by their codes (ISO 639-1)."""

from __future__ import annotations

from typing import Final

_NAMES: Final[dict[str, str]] = {
    code: name
    for code, _, name in (
        entry.partition("=")
        for entry in (
            "am=Amharic ar=Arabic be=Belarusian bg=Bulgarian bn=Bengali bo=Tibetan ca=Catalan "
            "cs=Czech cy=Welsh da=Danish de=German el=Greek en=English es=Spanish et=Estonian "
            "eu=Basque fa=Persian fi=Finnish fr=French gu=Gujarati he=Hebrew hi=Hindi hr=Croatian "
            "hu=Hungarian hy=Armenian id=Indonesian is=Icelandic it=Italian ja=Japanese "
            "ka=Georgian kk=Kazakh km=Khmer kn=Kannada ko=Korean lb=Luxembourgish lo=Lao "
            "lt=Lithuanian lv=Latvian ml=Malayalam mr=Marathi my=Burmese ne=Nepali nl=Dutch "
            "no=Norwegian pa=Punjabi pl=Polish pt=Portuguese ro=Romanian ru=Russian si=Sinhala "
            "sk=Slovak sl=Slovenian sr=Serbian sv=Swedish sw=Swahili ta=Tamil te=Telugu th=Thai "
            "tr=Turkish uk=Ukrainian ur=Urdu vi=Vietnamese zh=Chinese"
        ).split()
    )
}


def language_name(code: str) -> str:
    """Give the name of a language; the code itself where it has none here."""
    return _NAMES.get(code, code)
