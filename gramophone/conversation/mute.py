"""Where a conversation's sound goes, and why nowhere; pure."""

from __future__ import annotations

from gramophone.conversation.messages import Command, SetAudible, SpeakerChanged
from gramophone.conversation.settings import ConversationSettings
from gramophone.core.intents import Mute, SetAudioFocus
from gramophone.core.timeline import MUTED, DeviceChanged, Event

FOCUS_ELSEWHERE = "another pane has the sound"


class MuteState:
    """The user's wish (not muted, not another pane) on top of what the speaker tells."""

    def __init__(self, settings: ConversationSettings) -> None:
        self._possible = settings.heard
        self._muted = settings.muted
        self._elsewhere = settings.elsewhere
        self.device = ""

    @property
    def audible(self) -> bool:
        """Whether the sound is played, and not only made."""
        return self._possible and not self._muted and not self._elsewhere

    def silence(self, now_us: int) -> list[Event | Command]:
        """Why nothing will be heard, if it is we who want it so."""
        if self.audible or not self._possible:
            return []
        self.device = MUTED
        detail = MUTED if self._muted else FOCUS_ELSEWHERE
        return [DeviceChanged(at_us=now_us, device=MUTED, silent=True, detail=detail)]

    def change(self, intent: Mute | SetAudioFocus, now_us: int) -> list[Event | Command]:
        """The user wants it otherwise."""
        before = self.audible, self._muted
        if isinstance(intent, Mute):
            self._muted = intent.muted
        else:
            self._elsewhere = not intent.heard
        if (self.audible, self._muted) == before or not self._possible:
            return []
        orders: list[Event | Command] = []
        if self.audible != before[0]:
            orders.append(SetAudible(self.audible))
        return orders + self.silence(now_us)

    def speaker_changed(self, changed: SpeakerChanged, now_us: int) -> list[Event | Command]:
        """The speaker tells; what it says of a device that was just given up comes too late."""
        if self._possible and not self.audible:
            return []
        self.device = changed.device
        return [
            DeviceChanged(
                at_us=now_us, device=changed.device, silent=changed.silent, detail=changed.detail
            )
        ]
