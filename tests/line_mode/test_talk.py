"""A talk in lines, read as the transcript that a screen reader reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from gramophone.core.intents import Intent, Interrupt, Mute, Regenerate, RepeatTurn, Submit
from gramophone.core.timeline import (
    DeltaReceived,
    Entry,
    Failed,
    ModelFinished,
    ModelQuiet,
    ThoughtReceived,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.line_mode.talk import LineTalk
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session

CTRL_C = "^C"


class Typist:
    """A terminal: what is typed in it, and all that is printed, as one text.

    `pressed` is called for each wait; it stands for the user.
    """

    def __init__(self, typed: Iterable[str], pressed: Callable[[], None]) -> None:
        self._typed = iter(typed)
        self._pressed = pressed
        self.printed: list[str] = []

    def read(self) -> str:
        line = next(self._typed, None)
        if line is None:
            raise EOFError
        if line == CTRL_C:
            raise KeyboardInterrupt
        self.printed.append(f"You: {line}")
        return line

    def write(self, line: str) -> None:
        self.printed.append(line)

    def wait(self) -> None:
        self._pressed()


def answer(text: str, turn: int = 1) -> list[Entry]:
    """The events of a whole answer."""
    return [
        TurnStarted(at_us=0, turn=turn, role="assistant"),
        DeltaReceived(at_us=0, turn=turn, text=text),
        completed(text, turn),
    ]


def completed(text: str, turn: int = 1, reason: str = "stop") -> TurnCompleted:
    return TurnCompleted(at_us=0, turn=turn, role="assistant", text=text, finish_reason=reason)


class Answering(FakeBackend):
    """Answers each posted intent with the next list of entries."""

    def __init__(self, *answers: list[Entry], library: FakeLibrary | None = None) -> None:
        super().__init__(library=library)
        self.answers = list(answers)

    def post(self, intent: Intent) -> None:
        super().post(intent)
        if self.answers and not isinstance(intent, Mute):
            self.conversation.put(*self.answers.pop(0))


def transcript(
    backend: FakeBackend, *typed: str, pressed: Callable[[], None] = lambda: None
) -> list[str]:
    """Everything that stands in the terminal after the two lines of the greeting."""
    typist = Typist(typed, pressed)
    LineTalk(backend, typist).run()
    assert typist.printed[0].startswith("Gramophone. The model is smollm2. The voice is thalia.")
    return typist.printed[2:]


def test_turns_have_their_speakers_and_sentences_their_lines() -> None:
    backend = Answering(answer("Records turn. Needles listen."))
    assert transcript(backend, "What do records do?", "") == [
        "You: What do records do?",
        "smollm2: Records turn.",
        "Needles listen.",
        "You: ",
    ]
    assert backend.posted == [Submit("What do records do?")]


def test_the_last_sentence_does_not_wait_for_the_voice() -> None:
    begun: list[Entry] = [
        TurnStarted(at_us=0, turn=1, role="assistant"),
        DeltaReceived(at_us=0, turn=1, text="One. Two"),
        ModelFinished(at_us=0, turn=1, reason="stop"),
    ]
    backend = Answering(begun)
    printed: list[str] = []

    def speak_to_the_end() -> None:
        printed.extend(typist.printed[2:])
        backend.conversation.put(completed("One. Two"))

    typist = Typist(["Count"], speak_to_the_end)
    LineTalk(backend, typist).run()
    assert printed == typist.printed[2:] == ["You: Count", "smollm2: One.", "Two"]


def test_states_are_words() -> None:
    begun = TurnStarted(at_us=0, turn=1, role="assistant")
    thought = ThoughtReceived(at_us=0, turn=1, text="Hm.")
    failed = Failed(at_us=0, turn=1, stage="model", detail="The model failed; try again.")
    quiet = ModelQuiet(at_us=0, turn=1, quiet_us=15_000_000)
    entries: list[Entry] = [begun, thought, thought, quiet, failed, failed, completed("")]
    assert transcript(Answering(entries), "Hi")[1:] == [
        "The model is thinking.",
        "The model has sent no text for 15 seconds. Control C stops it.",
        "The model failed; try again.",
    ]


def test_ctrl_c_stops_an_answer_and_leaves_nothing() -> None:
    begun: list[Entry] = [
        TurnStarted(at_us=0, turn=1, role="assistant"),
        DeltaReceived(at_us=0, turn=1, text="Records tu"),
    ]
    stopped: list[Entry] = [
        TurnInterrupted(at_us=0, turn=1, heard_samples=0, heard_text=""),
        completed("Records tu", reason="interrupted"),
    ]
    backend = Answering(begun, stopped)

    def press() -> None:
        raise KeyboardInterrupt

    assert transcript(backend, CTRL_C, "Hi", "Again?", pressed=press)[:4] == [
        "Type slash quit, or press Control D, to leave.",
        "You: Hi",
        "smollm2: Records tu",
        "Stopped.",
    ]
    assert backend.posted[:2] == [Submit("Hi"), Interrupt()]


def test_commands_act_on_the_last_answer() -> None:
    backend = Answering(answer("One. Two."), answer("Three."), answer("One. Two."))
    lines = transcript(
        backend, "/speak", "Count", "/read", "/regenerate", "/mute", "/unmute", "//x", "/nope"
    )
    assert lines[0:2] == ["You: /speak", "There is no answer yet."]
    assert lines[5:8] == ["You: /read", "One.", "Two."]
    assert lines[-1] == "There is no command /nope. Slash help lists the commands."
    assert backend.posted == [Submit("Count"), Regenerate(), Mute(True), Mute(False), Submit("/x")]


def test_an_answer_is_spoken_again() -> None:
    again: list[Entry] = [
        TurnStarted(at_us=0, turn=2, role="assistant", text="One.", repeats=1),
        completed("One.", turn=2, reason="repeated"),
    ]
    backend = Answering(answer("One."), again)
    assert transcript(backend, "Count", "/speak")[-1] == "The answer is spoken again."
    assert backend.posted[-1] == RepeatTurn(1)


def test_settings_hold_from_the_next_answer_on() -> None:
    backend = Answering()
    lines = transcript(
        backend, "/voice luna", "/speed 1.2", "/set temperature 0.2", "/speed fast", "/voice"
    )
    assert [line for line in lines if not line.startswith("You:")] == [
        *["This holds from the next answer on."] * 3,
        "'fast' is not a number; write for example 1.2.",
        "There are: thalia, luna.",
    ]
    (*_, choice) = backend.talks[0].configured
    assert (choice.voice, choice.speed, str(choice.settings)) == ("luna", 1.2, "temperature=0.2")


def test_recorded_sessions_are_sentences() -> None:
    backend = Answering(library=FakeLibrary([kept_session(3, "On needles")]))
    assert transcript(backend, "/history", "/history nowhere")[1] == (
        "On needles; 2026-11-04, 2 turns, with smollm2."
    )


def test_every_command_is_explained() -> None:
    lines = transcript(Answering(), "/help")
    assert len(lines) > 10
    assert all(line.startswith("Slash ") for line in lines[1:])
    assert all(line.endswith(".") for line in lines[1:])


@pytest.mark.parametrize("answers", [[], [Failed(at_us=0, stage="session", detail="Gone.")]])
def test_it_ends_with_its_conversation(answers: list[Entry]) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    lines = transcript(Answering(answers), "Hi", pressed=press)
    assert lines == ["You: Hi", *(["Gone."] if answers else [])]
