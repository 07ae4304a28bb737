"""Destination of a conversation's sound: a device, or none by the user's wish."""

from __future__ import annotations

from gramophone.conversation.messages import Command, SetAudible, SpeakerChanged
from gramophone.conversation.settings import ConversationSettings
from gramophone.core.intents import Mute, SetAudioFocus
from gramophone.core.timeline import MUTED, DeviceChanged, Event

FOCUS_ELSEWHERE = "another pane has the sound"


class MuteState:
    """The user's wish (not muted, no other pane has the sound) on top of the speaker's reports."""

    def __init__(self, settings: ConversationSettings) -> None:
        self._possible = settings.audible
        self._muted = settings.muted
        self._elsewhere = settings.elsewhere
        self.device = ""

    @property
    def audible(self) -> bool:
        """Whether the sound is played, and not only made."""
        return self._possible and not self._muted and not self._elsewhere

    def silence(self, now_us: int) -> list[Event | Command]:
        """Event that nothing will be heard, if that is the user's wish."""
        if self.audible or not self._possible:
            return []
        self.device = MUTED
        detail = MUTED if self._muted else FOCUS_ELSEWHERE
        return [DeviceChanged(at_us=now_us, device=MUTED, silent=True, detail=detail)]

    def change(self, intent: Mute | SetAudioFocus, now_us: int) -> list[Event | Command]:
        """Take in another wish of the user."""
        before = self.audible, self._muted
        if isinstance(intent, Mute):
            self._muted = intent.muted
        else:
            self._elsewhere = not intent.audible
        if (self.audible, self._muted) == before or not self._possible:
            return []
        outputs: list[Event | Command] = []
        if self.audible != before[0]:
            outputs.append(SetAudible(self.audible))
        return outputs + self.silence(now_us)

    def speaker_changed(self, changed: SpeakerChanged, now_us: int) -> list[Event | Command]:
        """Take in a change of device; one of a device just given up comes too late."""
        if self._possible and not self.audible:
            return []
        self.device = changed.device
        return [
            DeviceChanged(
                at_us=now_us, device=changed.device, silent=changed.silent, detail=changed.detail
            )
        ]
