"""An answer in a language that the voice does not speak is reported once."""

from __future__ import annotations

import pytest

from gramophone.conversation.unspoken_languages import UnspokenLanguages
from gramophone.core.timeline import TextSpoken
from gramophone.ports.speech import SpeechCapabilities

GERMAN = "Das Grammophon spielt Platten, und die Nadel folgt der Rille von außen nach innen."
FRENCH = (
    "Le gramophone joue des disques, et l'aiguille suit le sillon vers le centre. C'est un "
    "appareil que nous avons dans notre maison, et il est très beau avec son pavillon."
)


def notices(
    watch: UnspokenLanguages, *texts: str, languages: tuple[str, ...] = ("en",)
) -> list[str]:
    """The notices about turns with these texts."""
    voice = SpeechCapabilities(languages=languages, language_advice="use /voice.")
    details: list[str] = []
    for turn, text in enumerate(texts, 1):
        event = TextSpoken(
            at_us=0, turn=turn, chunk=0, text=text, source_start=0, source_end=len(text)
        )
        details += [notice.detail for notice in watch.spoken(event, voice)]
    return details


def test_the_notice_says_what_the_answer_is_in_and_what_to_do() -> None:
    assert notices(UnspokenLanguages(), GERMAN) == [
        "This answer is in German, and the voice speaks English; use /voice."
    ]


def test_each_language_is_reported_once() -> None:
    details = notices(UnspokenLanguages(), GERMAN, FRENCH, GERMAN, FRENCH)
    assert [detail.split(",")[0] for detail in details] == [
        "This answer is in German",
        "This answer is in French",
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("Russian", "Граммофон играет пластинки, и игла идёт по канавке от края к середине."),
        ("Greek", "Το γραμμόφωνο παίζει δίσκους."),
        ("Hindi", "ग्रामोफ़ोन रिकॉर्ड बजाता है और सुई खांचे के साथ चलती है।"),
        ("Arabic", "يشغل الغراموفون الأسطوانات وتتبع الإبرة الأخدود."),
        ("Japanese", "グラモフォンはレコードを再生します。"),
        (
            "Chinese",
            "留声机播放唱片，唱针沿着一条沟槽从边缘走到中间，每分钟转七十八圈，声音来自振膜。",
        ),
        ("Korean", "축음기는 음반을 재생합니다."),
        ("Thai", "เครื่องเล่นแผ่นเสียงเล่นแผ่นเสียง"),
    ],
)
def test_scripts_are_known(language: str, text: str) -> None:
    assert notices(UnspokenLanguages(), text)[0].startswith(f"This answer is in {language},")


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "Angela Merkel.",
        "I met Jürgen Müller in Köln.",
        "Say “Guten Tag” to her.",
        "Привет means hello.",
        "The Chinese word is 留声机.",
        "Beethoven wrote Für Elise, and Fauré wrote Après un rêve.",
        "Dos Equis, café au lait, déjà vu.",
        "C'est la vie, as they say, and that is all there is to it.",
        "42, 17, 3.14",
    ],
)
def test_english_with_foreign_words_is_left_alone(text: str) -> None:
    assert notices(UnspokenLanguages(), text) == []


def test_a_voice_of_the_language_or_of_unknown_languages_is_left_alone() -> None:
    assert notices(UnspokenLanguages(), GERMAN, languages=("en", "de")) == []
    assert notices(UnspokenLanguages(), GERMAN, languages=()) == []


def test_text_that_comes_in_chunks_is_judged_as_one() -> None:
    watch, details = UnspokenLanguages(), list[str]()
    voice = SpeechCapabilities(languages=("en",), language_advice="use /voice.")
    for chunk, word in enumerate(GERMAN.split()):
        event = TextSpoken(at_us=0, turn=1, chunk=chunk, text=word, source_start=0, source_end=1)
        details += [notice.detail for notice in watch.spoken(event, voice)]
    assert len(details) == 1
