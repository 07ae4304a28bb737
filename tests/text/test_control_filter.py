from __future__ import annotations

import pytest

from gramophone.text.control_filter import GLUE, ControlFilter


def passed(text: str) -> str:
    control = ControlFilter()
    return "".join(control.pass_on(char) for char in text) + control.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\x1b[1;31mb\x1b[0mc", "abc"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\b", "ab"),
        ("a\x1b]never closed\nb", "a\nb"),
        ("a\x1b(Bb", "ab"),
        ("a\x9b31mb", "ab"),
        ("a\x00\x07\x08\x7f\x85b", "a\nb"),
        ("a\u200b\u200d\u202e\u2066\ufeff\u00adb", "ab"),
        ("می\u200cخواهم ه\u200d.ش", "می\u200cخواهم ه\u200d.ش"),
        ("ශ්\u200dරී ക്\u200cഷ API\u200cها", "ශ්\u200dරී ക്\u200cഷ API\u200cها"),
        ("ئه\u200cمه\u200c", "ئه\u200cمه\u200c"),
        ("അവന്\u200d", "അവന്\u200d"),
        ("می\u200c\u200c\u202e\u200bخ", "می\u200cخ"),
        ("می\u200c\x1b[1mخ", "می\u200cخ"),
        ("👩\u200d💻 \u200cمی\u200c ", "👩💻 می "),
        ("葛\U000e0100城", "葛城"),
        ("a\r\nb\rc\n\nd", "a\nb\nc\n\nd"),
        ("a\tb\u3000c", "a b c"),
        ("a\u202fb", f"a{GLUE}b"),
        ("a\ud800\ue200b", "ab"),
        ("a\ue200cite\ue202turn0search1\ue202turn0news2\ue201b", "ab"),
        ("a\ue200cite\ue201b", "ab"),
        ("a\ue200civil\ue202b", "acivilb"),
        ("a\ue200cite\ue202never closed\nb", "a\nb"),
        ("a\x1b\x1b[1mb", "ab"),
        ("a\x1b[1\x1b[2mb", "ab"),
        ("a\x1b[3éb", "aéb"),
    ],
)
def test_only_text_passes(text: str, expected: str) -> None:
    assert passed(text) == expected
