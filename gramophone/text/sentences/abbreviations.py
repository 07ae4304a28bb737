"""Abbreviations by language, and the tables of words that the rules of a boundary look up.

Data and its lookup only: `boundary` and `shortened_words` have the rules. The abbreviations are
in `abbreviation_tables` (our own) and `cldr_abbreviations`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.text.language.frequent_words import FREQUENT
from gramophone.text.sentences.abbreviation_tables import COMMON, OWN, SHARED, Class
from gramophone.text.sentences.cldr_abbreviations import SUPPRESSIONS
from gramophone.text.sentences.ordinals import DETERMINERS, MONTHS, ORDINAL_LANGUAGES, ORDINAL_NOUNS

CAPITALISED: Final = frozenset(
    "jan mar jun jul sat sun wed mon thu fri gen rep sen gov pres maj col capt hon rev st mt mts "
    "ft hr mag".split()
)
"""Abbreviations only when written with a capital: "Rep. Jones", but "one more rep."."""

WORDS: Final = frozenset(
    "no fig sec art rep ed min max ch app est par ex in eq pt mi gal ref ext op ie eg cont add "
    "nos tab bd co al resp lib ver ct ln rd temp mill abs ft mi bl co".split()
)
"""Abbreviations that are also words: a sentence may well end in them."""

UNITS: Final = frozenset("in ft oz lb lbs yd mi kg km cm mm hrs mins secs pt qt gal".split())
"""Abbreviations only after a number."""

LETTER_NOUNS: Final = frozenset(
    "choose pick plan vitamin option grade class group section part point exhibit appendix "
    "hepatitis variable answer team letter drive type step choice case level phase block unit room "
    "gate track column row model figure table chapter size key note war act volume book building "
    "line area zone category schedule route series generation version formula house hall".split()
)
"""Words that a single letter names: "plan B." ends a sentence, "by J." does not."""

I_VERBS: Final = frozenset(
    "do am did can could have had will would was were than should as may might shall must "
    "so either neither are".split()
)
"""Words before "I." that make it the pronoun and not an initial."""

AFTER_TIME: Final = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december est edt cst cdt mst mdt pst pdt et ct "
    "mt pt gmt utc bst cet cest ist jst eastern central mountain pacific".split()
)
"""Words that follow "5 p.m." within the same sentence."""

SPEECH: Final = frozenset(
    "said says asked asks replied replies shouted shouts cried cries whispered yelled answered "
    "added exclaimed called muttered murmured screamed wondered laughed sighed snapped continued "
    "explained insisted demanded begged inquired remarked announced".split()
)
"""Verbs that attribute a quotation to a speaker."""

EXCLAIMED_NAMES: Final = frozenset("yahoo jeopardy yum oklahoma mamma".split())
"""Names that are written with a mark of their own."""

LIBRARIES: Final = frozenset(
    "os sys fmt http io json net node java javax com org www app obj self this math strings "
    "console string react vue next system window document module std time path process array "
    "object date promise util utils bytes errors sync context regexp sql db api cls super np pd "
    "plt tf torch ctx req res".split()
)
"""First halves of dotted names in programs."""

_ORDINARY: Final = {
    "de": "alt am an best chin dim dir led mal mod pin port qu rel test trans kl max",
    "en": "aa act all alt as by card do go hat in is it job joe jam jr lib link long mart me on or "
    "out pc pro to up vs def diff id ok ad ab",
    "es": "all bien col da desv fund kit korn largo long mar may ram rol seg sol trab vie",
    "fr": "dest dim dir ill long lun mer mart sam ven",
    "it": "all int liv mod on",
    "pt": "cat col com comp cont end fem fil gram ind lin long mar mat org out pal pol port ref "
    "res rod set sup tec trad dir esp hist lit des doc",
}
"""Entries of CLDR that are words as well, in which a sentence ends more often."""

_SHARING: Final = frozenset(("", "en", "de", "fr", "es", "it", "nl", "pt"))
"""Languages that take all abbreviations of each other, because texts in them mix."""

_WEEKDAYS: Final = {"de": "mo di mi do sa so"}

_MONTHS: Final = frozenset("jan mar jun jul".split())

_ALIASES: Final = {"nb": "no", "nn": "no", "bs": "hr", "sh": "hr", "iw": "he", "in": "id"}

_ENGLISH: Final = frozenset("ill kind tab old port set sat pan tip led cap tel mil art".split())
"""English words that other languages have as abbreviations."""

_FAMILIES: Final = (
    ("ru", "uk", "be", "bg", "sr"),
    ("da", "no", "sv"),
    ("cs", "sk", "pl", "sl", "hr"),
)
"""Languages that are taken for each other at first, and that shorten words alike."""

LANGUAGES: Final = tuple(FREQUENT)
"""Languages of which there are frequent words, by two-letter code."""


@frozen
class Rules:
    """Tables of one language about full stops."""

    lang: str
    classes: dict[str, Class]
    capitals: frozenset[str]
    """Abbreviations that count only when written with a capital."""
    heads: frozenset[str]
    """Beginnings of abbreviations with full stops within them, up to such a full stop."""
    words: frozenset[str]
    """Abbreviations that are also words, in which a sentence may end."""
    openers: frozenset[str]
    ordinals: bool
    """Whether an ordinal is written as digits and a full stop."""
    ordinal_nouns: frozenset[str]
    determiners: frozenset[str]
    months: frozenset[str]
    elsewhere: frozenset[str] = frozenset()
    """While the language is not certain: abbreviations before numbers in other languages."""

    def classify(self, key: str) -> Class | None:
        """Give the class of an abbreviation as it is written, None for a word."""
        lower = key.lower()
        if lower in self.capitals and not key[0].isupper():
            return None
        return self.classes.get(lower)


def language_code(lang: str) -> str:
    """Give the two-letter code of a language as rules know it ("de-AT" and "de_CH" are "de")."""
    code = lang.replace("_", "-").partition("-")[0].lower()
    return _ALIASES.get(code, code)


@lru_cache(maxsize=64)
def rules_for(lang: str) -> Rules:
    """Give the rules of a language by its code ("en", "de-AT"); an unknown one is generic."""
    code = language_code(lang)
    shares = code in _SHARING or code not in FREQUENT
    openers = frozenset(FREQUENT.get(code, "").split())
    if shares:
        openers |= frozenset(FREQUENT["en"].split())
    classes, capitals = _from_cldr(code, openers)
    tables = (SHARED if shares else COMMON, OWN.get(code, {}))
    for table in tables:
        for kind, words in table.items():
            classes.update(dict.fromkeys(words.split(), kind))
    listed = [word for table in tables for words in table.values() for word in words.split()]
    capitals = (capitals - frozenset(listed)) | frozenset(_WEEKDAYS.get(code, "").split())
    if shares:
        # In English they are words in small letters; elsewhere "3 jan. 2020" is a date.
        own = frozenset(" ".join(OWN.get(code, {}).values()).split())
        english = code in ("en", "de") or code not in FREQUENT
        capitals |= CAPITALISED - UNITS - (frozenset() if english else own | _MONTHS)
    return Rules(
        code,
        classes,
        capitals,
        _heads(classes),
        WORDS if shares else frozenset(),
        openers,
        code in ORDINAL_LANGUAGES,
        frozenset(ORDINAL_NOUNS.get(code, "").split()),
        frozenset(DETERMINERS.get(code, "").split()),
        MONTHS,
    )


@lru_cache(maxsize=64)
def rules_while_unsure(lang: str) -> Rules:
    """Give the rules of a language that is likely but not certain, with additions from others.

    Of its family all abbreviations count; of other languages titles before names, abbreviations
    with full stops within them and those before numbers, unless they are words of this language
    or of English.
    """
    rules = rules_for(lang)
    ordinary = rules.openers | frozenset(FREQUENT["en"].split()) | _ENGLISH
    near = next((family for family in _FAMILIES if rules.lang in family), ())
    classes, titles, numbered = dict(rules.classes), set[str](), set[str]()
    for code, table in (("", SHARED), *OWN.items()):
        for kind, listed in table.items():
            words = {word for word in listed.split() if word not in ordinary and len(word) > 1}
            new = words - classes.keys()
            if kind in (Class.NUMBERED, Class.LINK):
                numbered |= words
            if kind is Class.TITLE and code not in near:
                titles |= new
            all_words = code in near or kind is Class.TITLE
            classes |= {word: kind for word in new if all_words or "." in word}
    return replace(
        rules,
        classes=classes,
        heads=_heads(classes),
        capitals=rules.capitals | titles,
        elsewhere=frozenset(numbered),
    )


def _heads(classes: dict[str, Class]) -> frozenset[str]:
    """Give "av." and "av.j.-" for "av.j.-c", and so on."""
    dotted = [key for key in classes if "." in key]
    return frozenset(
        key[: index + 1] for key in dotted for index, char in enumerate(key) if char == "."
    )


def _from_cldr(code: str, openers: frozenset[str]) -> tuple[dict[str, Class], frozenset[str]]:
    """Give CLDR's abbreviations with a class, and those that it has with a capital only."""
    entries = SUPPRESSIONS.get(code, "").split()
    ordinary = openers | frozenset(_ORDINARY.get(code, "").split())
    usable = [entry for entry in entries if entry.lower() not in ordinary and len(entry) > 1]
    small = {entry for entry in usable if entry[0].islower()}
    capitals = {entry.lower() for entry in usable if entry[0].isupper()} - small
    return dict.fromkeys((entry.lower() for entry in usable), Class.MAYBE), frozenset(capitals)
