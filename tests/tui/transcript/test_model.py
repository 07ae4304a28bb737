"""The fold from entries to what is seen, without a screen."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    DeviceChanged,
    Event,
    Failed,
    GiveBackReceived,
    HistoryRewound,
    ModelFinished,
    ModelQuiet,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlayoutAdvanced,
    ProgressMade,
    RequestSent,
    SessionEnded,
    SettingsChanged,
    ThoughtReceived,
    TimelineRestarted,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
from gramophone.library.library import TurnRecord
from gramophone.ports.language_model import Message
from gramophone.replay.schedule import ReplaySchedule
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.screen_backend import kept_session
from tui.markdown.paint import copied
from tui.transcript.model import TranscriptModel
from tui.transcript.playback_fold import SoundState
from tui.transcript.turn_rows import foot_rows, heading
from tui.transcript.turn_view import Phase, TurnView


def folded(*entries: object) -> TranscriptModel:
    model = TranscriptModel()
    model.apply_all(entries)  # pyright: ignore[reportArgumentType]
    return model


def test_a_whole_session_ends_at_rest() -> None:
    model = folded(*short_session())
    prompt, answer = model.turns.values()
    assert (prompt.voice, prompt.text, prompt.phase) == (
        "user",
        "What is a gramophone?",
        Phase.DONE,
    )
    assert (answer.voice, answer.text) == ("assistant", "A gramophone plays records.")
    assert answer.phase is Phase.DONE
    assert answer.metrics.ttft_ms == 200.0
    assert not model.busy
    assert not model.recording
    assert model.ended
    assert model.sound.state is SoundState.IDLE


def test_each_turn_is_said_to_have_changed_once() -> None:
    model = folded(*spoken_exchange())
    assert [view.turn for view in model.take_changed()] == [0, 1]
    assert model.take_changed() == []


def test_sound_is_followed_in_samples() -> None:
    model = folded(
        session_started(),
        TurnStarted(at_us=1, turn=1, role="assistant"),
        PlaybackStarted(at_us=2, turn=1, device="x"),
        PlayoutAdvanced(at_us=3, turn=1, position_samples=336_000, queued_samples=240_000),
        Underran(at_us=4, turn=1, position_samples=1, missing_samples=24_000),
    )
    assert (model.sound.position_s, model.sound.known_s) == (7.0, 12.0)
    assert model.sound.missing_s == 0.5
    assert model.turns[1].speaking
    model.apply(PlaybackFinished(at_us=5, turn=1, played_samples=576_000))
    assert not model.turns[1].speaking
    assert model.turns[1].spoken_ms == 12_000


@pytest.mark.parametrize("completed", ["Heard. Not heard.", "Heard."], ids=["today", "before"])
def test_an_interruption_keeps_the_text_and_where_it_was_stopped(completed: str) -> None:
    """Also in recordings of older versions, whose turns end with what was heard alone."""
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text="Heard. Not heard."),
        PlaybackStarted(at_us=3, turn=1, device="x"),
        TurnInterrupted(at_us=4, turn=1, heard_text="Heard.", heard_samples=48_000),
        TurnCompleted(
            at_us=5, turn=1, role="assistant", text=completed, finish_reason="interrupted"
        ),
    )
    view = model.turns[1]
    assert (view.text, view.phase) == ("Heard. Not heard.", Phase.STOPPED)
    assert (view.stopped_at, view.unheard_characters, view.rewrites) == (6, 11, 0)
    assert model.messages() == [Message("assistant", "Heard. Not heard.", 6)]
    assert model.sound.state is SoundState.STOPPED
    assert not model.busy


def test_a_sound_that_was_stopped_leaves_a_mark_while_the_text_goes_on() -> None:
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text="Heard. Not "),
        PlaybackStarted(at_us=3, turn=1, device="x"),
        PlaybackStopped(at_us=4, turn=1, played_samples=48_000, heard_characters=6),
        DeltaReceived(at_us=5, turn=1, text="heard."),
        TurnCompleted(
            at_us=6, turn=1, role="assistant", text="Heard. Not heard.", finish_reason="stop"
        ),
    )
    view = model.turns[1]
    assert (view.text, view.phase) == ("Heard. Not heard.", Phase.DONE)
    assert (view.stopped_at, view.unheard_characters) == (6, 11)


def test_the_model_that_is_asked_heads_its_answer() -> None:
    model = folded(
        session_started(),
        TurnStarted(at_us=1, turn=1, role="assistant"),
        TurnStarted(at_us=2, turn=2, role="assistant"),
        RequestSent(at_us=3, turn=2, provider="local", model="llama3.2\x1b[2J", messages=1),
        TurnStarted(at_us=4, turn=3, role="assistant", text="Hi."),
        TurnCompleted(at_us=5, turn=3, role="assistant", text="Hi.", finish_reason="said"),
    )
    assert [view.speaker for view in model.turns.values()] == ["smollm2", "llama3.2", "Read aloud"]


def test_a_name_that_is_too_long_is_cut() -> None:
    view = TurnView(1, "assistant", speaker="hub/" + "long-" * 20)
    text = copied(heading(view, 60), 0, -1)
    assert text.startswith("hub/long-")
    assert text.endswith("…")
    assert len(text) == 30


def test_a_model_that_sends_no_text_is_told_of_until_it_does() -> None:
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        ModelQuiet(at_us=15_000_001, turn=1, quiet_us=15_000_000),
    )
    view = model.turns[1]
    (row,) = foot_rows(view, 200)
    assert copied(row, 0, -1) == (
        "No text from the model for 15 s. Esc stops it; then ask again, or choose another with "
        "/model."
    )
    model.apply(DeltaReceived(at_us=16_000_000, turn=1, text="Hello"))
    assert foot_rows(view, 200) == []
    model.apply(ModelQuiet(at_us=31_000_000, turn=1, quiet_us=15_000_000))
    model.apply(ModelFinished(at_us=31_500_000, turn=1, reason="stop"))
    assert foot_rows(view, 200) == []


def test_a_failure_stands_under_its_turn() -> None:
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text="Half"),
        Failed(at_us=3, stage="model", turn=1, detail="The stream broke\x1b[2J; ask again."),
    )
    assert model.turns[1].failures == ["The stream broke; ask again."]
    assert model.turns[1].phase is Phase.FAILED
    assert model.turns[1].text == "Half"
    assert not model.busy


def test_speech_may_fail_while_the_text_goes_on() -> None:
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        Failed(at_us=2, stage="speech", turn=1, detail="No voice."),
        DeltaReceived(at_us=3, turn=1, text="Still text"),
    )
    assert model.turns[1].phase is Phase.ANSWERING
    model.apply(
        TurnCompleted(at_us=4, turn=1, role="assistant", text="Still text", finish_reason="stop")
    )
    assert model.turns[1].phase is Phase.FAILED


def test_a_failure_of_no_turn_is_a_notice() -> None:
    model = folded(Failed(at_us=1, stage="recording", detail="The disk is full; free some space."))
    (notice,) = model.turns.values()
    assert notice.voice == "notice"
    assert not model.recording


def test_progress_is_shown_until_it_is_done() -> None:
    model = folded(ProgressMade(at_us=1, what="voice", detail="40 %"))
    assert model.progress == {"voice": "40 %"}
    model.apply(ProgressMade(at_us=2, what="voice", detail=""))
    assert model.progress == {}


def test_a_silent_speaker_says_why() -> None:
    model = folded(DeviceChanged(at_us=1, device="none", silent=True, detail="no device"))
    assert model.sound.silent
    assert model.sound.device_detail == "no device"


def test_an_escape_cut_in_two_deltas_never_shows() -> None:
    model = folded(
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text="a\x1b["),
        DeltaReceived(at_us=3, turn=1, text="31mb"),
    )
    assert model.turns[1].text == "ab"


def test_a_kept_session_loads_as_it_ended() -> None:
    model = TranscriptModel()
    model.load(kept_session(3))
    assert [view.text for view in model.take_changed()] == ["Question 3?", "Answer **3** to it."]
    assert not model.busy


def test_live_and_replay_are_folded_alike() -> None:
    events = short_session()
    assert folded(*events).turns == folded(*events, SessionEnded(at_us=3)).turns


# --- what counts ----------------------------------------------------------------------------------


def test_what_is_taken_back_is_no_longer_seen_nor_said() -> None:
    model = folded(
        session_started(),
        *spoken_exchange("One?", "First."),
        *spoken_exchange("Two?", "Second.", first_turn=2),
        HistoryRewound(at_us=9, to_turn=3),
    )
    assert [view.text for view in model.visible] == ["One?", "First.", "Two?"]
    assert [message.text for message in model.messages()] == ["One?", "First.", "Two?"]
    assert 3 in [view.turn for view in model.take_changed()]
    answered = model.last("assistant")
    assert answered is not None
    assert answered.text == "First."


def test_what_was_said_up_to_a_turn_begins_a_fork() -> None:
    model = folded(
        TurnInherited(at_us=0, turn=0, role="user", text="Before?"),
        TurnInherited(at_us=0, turn=1, role="assistant", text="Long ago."),
        *spoken_exchange("One?", "First.", first_turn=2),
        Failed(at_us=9, stage="session", detail="A notice is not said by anybody."),
    )
    assert model.messages(2) == [
        Message("user", "Before?"),
        Message("assistant", "Long ago."),
        Message("user", "One?"),
    ]
    assert not model.busy


def test_a_turn_spoken_again_sounds_where_its_text_stands() -> None:
    model = folded(
        session_started(),
        *spoken_exchange("One?", "First."),
        TurnStarted(at_us=5, turn=2, role="assistant", text="First.", repeats=1),
        PlaybackStarted(at_us=6, turn=2, device="x"),
    )
    assert list(model.turns) == [0, 1]
    assert model.turns[1].speaking
    assert model.busy
    model.apply_all(
        [
            PlaybackFinished(at_us=7, turn=2, played_samples=48_000),
            TurnCompleted(
                at_us=8, turn=2, role="assistant", text="First.", finish_reason="repeated"
            ),
        ]
    )
    assert not model.busy
    assert not model.turns[1].speaking
    assert model.turns[1].text == "First."


def test_a_sound_that_is_stopped_leaves_its_text_to_come() -> None:
    model = folded(
        session_started(),
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text="Half"),
        PlaybackStarted(at_us=3, turn=1, device="x"),
        PlaybackStopped(at_us=4, turn=1, played_samples=24_000),
        DeltaReceived(at_us=5, turn=1, text=" and half"),
    )
    assert model.sound.state is SoundState.STOPPED
    assert model.turns[1].spoken_ms == 500
    assert model.turns[1].text == "Half and half"
    assert model.busy


def test_other_settings_are_the_sessions_from_then_on() -> None:
    changed = SettingsChanged(
        at_us=1, provider="openai", model="gpt-5", voice="luna", system_prompt="Rhyme."
    )
    session = folded(session_started(), changed).session
    assert session is not None
    assert (session.provider, session.model, session.voice) == ("openai", "gpt-5", "luna")


def test_silence_that_is_wanted_is_told_from_silence_that_is_not() -> None:
    model = folded(DeviceChanged(at_us=1, device="muted", silent=True, detail="muted"))
    assert model.sound.muted
    model = folded(DeviceChanged(at_us=1, device="", silent=True, detail="no device"))
    assert not model.sound.muted


def test_a_kept_session_shows_what_was_taken_back_and_nothing_twice() -> None:
    turns = [
        TurnRecord(0, "user", "One?", "sent", 0),
        TurnRecord(1, "assistant", "First.", "stop", 1, withdrawn=True),
        TurnRecord(2, "assistant", "Second.", "stop", 2),
        TurnRecord(3, "assistant", "Second.", "repeated", 3),
    ]
    model = TranscriptModel()
    model.load(kept_session(1, turns=turns))
    assert [(view.text, view.withdrawn) for view in model.visible] == [
        ("One?", False),
        ("First.", True),
        ("Second.", False),
    ]


class TestRestarted:
    """The source goes back: what holds is given again, and stays as it is drawn."""

    def gone_back(self, model: TranscriptModel, *entries: object) -> TranscriptModel:
        model.take_changed()
        restarted = TimelineRestarted(at_us=0, entries=len(entries))
        model.apply_all([restarted, *entries])  # pyright: ignore[reportArgumentType]
        return model

    def test_nothing_is_seen_before_all_of_it_has_come(self) -> None:
        model = folded(*spoken_exchange())
        model.apply(TimelineRestarted(at_us=0, entries=2))
        model.apply(spoken_exchange()[0])
        assert list(model.turns) == [0, 1]
        model.apply(spoken_exchange()[1])
        assert list(model.turns) == [0]
        assert model.take_removed() == [1]
        assert model.take_removed() == []

    def test_what_is_the_same_stays_and_counts_as_unchanged(self) -> None:
        model = folded(*short_session(), *spoken_exchange("Q", "A", first_turn=2))
        before = dict(model.turns)
        self.gone_back(model, *short_session())
        assert model.take_changed() == []
        assert model.take_removed() == [2, 3]
        assert model.turns[0] is before[0]
        assert model.turns[1] is before[1]
        assert model.ended

    def test_a_text_that_got_shorter_is_written_again(self) -> None:
        model = folded(*spoken_exchange())
        view = model.turns[1]
        self.gone_back(model, *spoken_exchange()[:5])
        assert (view.text, view.phase, view.rewrites) == ("A gramophone ", Phase.ANSWERING, 1)
        assert model.take_changed() == [view]

    def test_it_goes_on_from_there(self) -> None:
        model = folded(*spoken_exchange())
        self.gone_back(model, *spoken_exchange()[:5])
        model.apply_all(spoken_exchange()[5:])
        view = model.turns[1]
        assert (view.text, view.phase) == ("A gramophone plays records.", Phase.DONE)
        assert view.metrics.ttft_ms == 200.0

    def test_going_back_to_nothing_leaves_nothing(self) -> None:
        model = self.gone_back(folded(*spoken_exchange()))
        assert not model.turns
        assert model.take_removed() == [0, 1]
        assert not model.busy

    def test_a_second_restart_holds_for_the_first(self) -> None:
        model = folded(*spoken_exchange())
        model.apply(TimelineRestarted(at_us=0, entries=9))
        self.gone_back(model, *spoken_exchange()[:2])
        assert list(model.turns) == [0]


class TestGoneOver:
    """A jump tells less than all events, and shows the same."""

    def events(self) -> list[Event]:
        deltas = ("One \x1b", "[31mred", " \r", "\nword ", "and more of it.")
        second = spoken_exchange("Q", "A much longer answer.", first_turn=2, start_us=3_000_000)
        broken = [
            TurnStarted(at_us=6_000_000, turn=5, role="assistant"),
            DeltaReceived(at_us=6_000_000, turn=5, text="Hm."),
            DeltaReceived(at_us=6_000_000, turn=5, text=" Or"),
            AnswerRetracted(at_us=6_000_000, turn=5, text="Hm. Or"),
            ThoughtReceived(at_us=6_000_000, turn=5, text="It is \x1b"),
            ThoughtReceived(at_us=6_000_001, turn=5, text="[31mso."),
            GiveBackReceived(at_us=6_000_001, turn=5, item="{}"),
            *(DeltaReceived(at_us=6_000_001 + n, turn=5, text=t) for n, t in enumerate(deltas)),
            Failed(at_us=6_100_000, stage="model", detail="It broke.", turn=5),
            DeltaReceived(at_us=6_200_000, turn=5, text=" Again"),
            DeltaReceived(at_us=6_200_001, turn=5, text=" here."),
            ModelFinished(at_us=6_300_000, turn=5, reason="stop"),
            AnswerIncomplete(at_us=6_300_000, turn=5, cause="length", detail="It was cut off."),
            TurnCompleted(at_us=6_400_000, turn=5, role="assistant", text="", finish_reason="stop"),
        ]
        stopped = spoken_exchange("S", "To be stopped.", first_turn=6, start_us=8_000_000)[:-2]
        cut = TurnInterrupted(at_us=9_000_000, turn=7, heard_text="To be", heard_samples=300)
        end = replace(stopped[1], at_us=9_000_000, turn=7, role="assistant")
        return [
            *short_session()[:-1],
            *second,
            *broken,
            *stopped,
            cut,
            end,
            HistoryRewound(at_us=9_500_000, to_turn=6),
        ]

    def seen(self, model: TranscriptModel) -> list[object]:
        views = [
            [getattr(view, field.name) for field in fields(view)] for view in model.turns.values()
        ]
        return [*views, model.sound, model.recording, model.busy]

    def test_wherever_one_comes_from_and_goes_to(self) -> None:
        score = ReplaySchedule(self.events())
        events = score.events
        for end in range(0, len(events) + 1, 3):
            every = folded(*events[:end])
            for first in range(0, end, 5):
                some = TranscriptModel()
                some.apply_all(score.snapshot(0, first))
                some.apply_all(score.snapshot(first, end))
                assert self.seen(some) == self.seen(every), (first, end)
                some.apply_all(events[end:])
                assert self.seen(some) == self.seen(folded(*events)), (first, end)


def test_a_long_text_is_copied_once_for_all_that_came_at_a_time() -> None:
    """A text that grows piece by piece is another object each time it has grown."""

    class Watched(TurnView):
        grown = 0

        def __setattr__(self, name: str, value: object) -> None:
            Watched.grown += name == "text"
            super().__setattr__(name, value)

    model = folded(TurnStarted(at_us=1, turn=1, role="assistant"))
    view = model.turns[1] = Watched(1, "assistant")
    Watched.grown = 0
    model.apply_all([DeltaReceived(at_us=2, turn=1, text="a ") for _ in range(1_000)])
    assert (len(view.text), Watched.grown) == (2_000, 1)
