"""What is not spoken of a text: markup of others, and inline controls."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.speak_v2.markup import PRONUNCIATIONS_OF_A_TURN, FluxText, is_ipa

DUPILUMAB = r'\{"word": "dupilumab", "pronounce": "duːˈpɪljuːmæb"\}'


def take(*texts: str) -> tuple[str, list[str]]:
    """What is spoken of a turn of these, and the codes of the warnings."""
    text = FluxText()
    spoken, codes = "", list[str]()
    for piece in texts:
        words, warnings = text.take(piece)
        spoken += words
        codes += [warning.code for warning in warnings]
    return spoken + text.finish(), codes


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ('<speak>Hello <break time="1s"/>there.</speak>', "Hello there."),
        ("<prosody rate='slow'>Slowly</prosody>, please.", "Slowly, please."),
        ('<mstts:express-as style="sad">Oh.</mstts:express-as>', "Oh."),
        ("[laughs] That is [short pause] funny.", " That is  funny."),
        ('<emotion value="excited"/>Yes!', "Yes!"),
    ],
)
def test_known_markup_is_stripped_with_one_warning(text: str, spoken: str) -> None:
    assert take(text) == (spoken, ["INPUT_MARKUP_STRIPPED"])


@pytest.mark.parametrize(
    "text",
    [
        "**bold** and `code`",
        "<p>HTML</p> <b>too</b>",
        "<mytag>x</mytag>",
        "[1] [note]",
        "3 < 4 > 2",
    ],
)
def test_everything_else_is_spoken_as_it_stands(text: str) -> None:
    assert take(text) == (text, [])


def test_the_word_of_a_pronunciation_is_spoken() -> None:
    assert take(rf"Take {DUPILUMAB} now.") == ("Take dupilumab now.", [])


def test_a_control_may_come_in_pieces() -> None:
    line = rf"Take {DUPILUMAB} now."
    for at in range(len(line)):
        assert take(line[:at], line[at:]) == ("Take dupilumab now.", [])
    assert take(*line) == ("Take dupilumab now.", [])


@pytest.mark.parametrize(
    "text",
    [
        r"Wait \{pause:500ms\} here.",
        r"Wait {pause:{duration_ms:500}} here.",
        r"Wait {pause:800ms} here.",
        r"\{nonsense\}",
        r'\{"word": "x"\}',
        r'\{"word": "", "pronounce": "a"\}',
        r'\{"word": "x", "pronounce": 3\}',
        r'\{"word": "x", "pronounce": "a", "more": 1\}',
        r"\{never closed",
        r"\{" + "x" * 2_000,
    ],
)
def test_what_is_no_control_of_a_socket_is_an_error(text: str) -> None:
    with pytest.raises(ProtocolViolation, match="DATA-0002"):
        take(text)


def test_a_doubtful_pronunciation_is_applied_and_warned_of() -> None:
    text = FluxText()
    spoken, warnings = text.take(r'\{"word": "gif", "pronounce": "$$$"\}')
    assert (spoken, [warning.code for warning in warnings]) == ("gif", ["PRONUNCIATION_WARNINGS"])
    assert (text.controls, text.pronunciations, text.doubtful) == (1, 1, 1)


def test_a_pronunciation_that_is_too_long_is_left_out() -> None:
    text = FluxText()
    spoken, warnings = text.take(rf'\{{"word": "a", "pronounce": "{"a" * 16}"\}}')
    assert (spoken, [warning.code for warning in warnings]) == ("a", ["PRONUNCIATION_TOO_LONG"])
    assert (text.controls, text.pronunciations, text.doubtful) == (1, 0, 1)


def test_a_turn_takes_only_so_many_pronunciations() -> None:
    text = FluxText()
    one = r'\{"word": "a", "pronounce": "e"\}'
    assert text.take(one * PRONUNCIATIONS_OF_A_TURN) == ("a" * PRONUNCIATIONS_OF_A_TURN, [])
    spoken, warnings = text.take(one * 2)
    assert (spoken, [warning.code for warning in warnings]) == (
        "",
        ["PRONUNCIATIONS_LIMIT_EXCEEDED"],
    )
    assert text.pronunciations == PRONUNCIATIONS_OF_A_TURN


@pytest.mark.parametrize("ipa", ["duːˈpɪljuːmæb", "ˈwɪn", "ɛəɹˈmɛz", "t͡ʃɛk", "ˈæp.əl"])
def test_well_formed_ipa(ipa: str) -> None:
    assert is_ipa(ipa)


@pytest.mark.parametrize("ipa", ["d$", "ːa", "aˈ", "a͡", "͡a", "t͡ a", "ˈːa"])
def test_malformed_ipa(ipa: str) -> None:
    assert not is_ipa(ipa)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab \\{}\"'<>/[]:,speakbrod.", max_size=20)))
def test_any_text_is_spoken_or_refused_and_never_grows(texts: list[str]) -> None:
    with suppress(ProtocolViolation):
        spoken, _ = take(*texts)
        assert len(spoken) <= len("".join(texts))
