"""Pane of a live conversation, one of up to four."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events, on
from textual.app import ComposeResult

from gramophone.core.intents import Intent, Mute
from gramophone.core.timeline import Entry
from gramophone.library.library import SessionRecord
from gramophone.ports.backend import ConversationHandle, ConversationInfo, ConversationOptions
from gramophone.text.sanitize import plain_line
from tui.conversation.pane import Pane
from tui.conversation.pane_header import HeaderFacts, PaneHeader
from tui.messages import LongAnswerEnded, TurnWanted
from tui.playback.answer_sound import AnswerSound
from tui.playback.sound_strip import Moment, SoundStrip
from tui.support.finish_notice import AnswerTimer
from tui.theme.motion import motion_of
from tui.transcript.playback_fold import SoundState

PINNED, FOLLOWING = "pinned", "sound"
LOW_ROWS = 12
TWO_ROWS_OF = 8
ONE_ROW_CELLS = 72


class TalkPane(Pane):
    """Shows a conversation and sends it intents; calls `chosen` when the user turns to it."""

    def __init__(
        self,
        conversation: ConversationHandle,
        choice: ConversationOptions,
        *,
        empty: str,
        chosen: Callable[[TalkPane], None],
        sounding: bool,
        record: SessionRecord | None = None,
    ) -> None:
        """`record` is the stored session that goes on here, to be shown from its beginning."""
        super().__init__(conversation.feed, empty=empty)
        self.record = record
        if record is not None:
            self.model.load(record)
        self.conversation = conversation
        self.choice = choice
        self.muted = conversation.setup.muted
        self.model.stored = conversation.setup.stored
        self._sounding = sounding
        self._chosen = chosen
        self._timer = AnswerTimer()
        self._sound = AnswerSound()
        self._sound_strip = SoundStrip()

    def compose(self) -> ComposeResult:
        yield PaneHeader()
        yield from super().compose()
        yield self._sound_strip

    def on_mount(self) -> None:
        if self.record is not None:
            self._draw()

    def _keep_time(self) -> None:
        """Set no timer: the grid ticks all panes, so that they draw one frame together."""

    def _raise_alerts(self, entries: Sequence[Entry]) -> None:
        super()._raise_alerts(entries)
        if self._timer.long_answer_ended(entries):
            self._announce(LongAnswerEnded(self.setup.model or self.setup.provider))

    # --- the conversation ---------------------------------------------------------------------

    @property
    def setup(self) -> ConversationInfo:
        """Provider, model and voice that answer here now."""
        session = self.model.session
        if session is None:
            return self.conversation.setup
        return ConversationInfo(
            session.provider, session.model, session.voice, self.muted, self.stored
        )

    @property
    def session_id(self) -> str:
        """Id of the session, as far as there is one in the library; else empty."""
        if (session := self.model.session) is not None:
            return session.session_id
        return self.record.summary.id if self.record is not None else ""

    @property
    def stored(self) -> bool:
        """Whether what is said here is recorded."""
        return self.conversation.setup.stored

    @property
    def system_prompt(self) -> str:
        session = self.model.session
        return session.system_prompt if session is not None else self.choice.system_prompt

    @property
    def name_words(self) -> str:
        named = self.setup
        return "/".join(plain_line(part) for part in (named.provider, named.model) if part)

    @property
    def untouched(self) -> bool:
        """Whether nothing was said here, nor inherited."""
        return not self.model.messages()

    @property
    def sounding(self) -> bool:
        """Whether this pane, of several, has the sound."""
        return self._sounding

    def post(self, intent: Intent) -> None:
        self.conversation.post(intent)

    def choose(self, choice: ConversationOptions) -> None:
        """Use these options from the next turn on.

        Raises:
            ConfigError: they are not available; nothing changes.
        """
        self.conversation.configure(choice)
        self.choice = choice

    def give_sound(self, sounding: bool) -> None:
        """Have the sound from now on, or lose it."""
        if sounding != self._sounding:
            self._sounding = sounding
            self.conversation.set_audio_focus(sounding)
        self.set_class(not sounding, "-unheard")

    def mute(self, muted: bool) -> None:
        self.muted = muted
        self.conversation.post(Mute(muted))

    # --- what is seen -------------------------------------------------------------------------

    def show_header(self, position: str, *, chosen: bool, pinned: bool, visible: bool) -> None:
        """Say who this is; a pane that is the only one has no header."""
        header = self.query_one(PaneHeader)
        header.display = visible
        sound = (PINNED if pinned else FOLLOWING) if self._sounding else ""
        header.show(
            HeaderFacts(
                position=position,
                name=self.name_words,
                chosen=chosen,
                sound=sound,
                muted=self.muted,
                recording=self.model.recording and self.stored,
                stored=self.stored,
                metrics=self.model.metrics,
            )
        )

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        self.set_class(height < LOW_ROWS, "-low")
        tall = width < ONE_ROW_CELLS and height >= TWO_ROWS_OF
        self.query_one(PaneHeader).set_class(tall, "-tall")

    def _show_sound(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._sound.emit(entry)
        sound = self.model.sound
        moment = Moment(
            sound.position_samples * 1_000_000 // sound.rate_hz,
            playing=sound.state is SoundState.SPEAKING,
            audible=not sound.muted,
        )
        strip = self._sound_strip
        strip.motion = motion_of(self.app)  # pyright: ignore[reportUnknownArgumentType]
        strip.show(self._sound.waveform(sound), moment)

    # --- turning to it ------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._chosen(self)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._chosen(self)

    @on(TurnWanted)
    def _turn_wanted(self) -> None:
        # The screen does with the turn what is wanted, in the pane that is chosen.
        self._chosen(self)
