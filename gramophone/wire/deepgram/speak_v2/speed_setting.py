"""The speed of a Speak v2 connection, as its query set it and Configure changes it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from gramophone.wire.deepgram.speak_v2.messages import ConfigureFailure, ConfigureSuccess
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters, speed_refusal
from gramophone.wire.deepgram.speak_v2.turn import FluxTurn


class SpeedSetting:
    """The speed for segments that are begun from now on.

    Attributes:
        value: the speed; None when neither the query nor a Configure has set it.
    """

    def __init__(self, parameters: FluxParameters, failing: int | None = None) -> None:
        """`failing` is the ordinal, from 1, of a Configure that fails inside the service."""
        self._model = parameters.model
        self._failing = failing
        self._ordinals = count(1)
        self.value = parameters.speed

    @property
    def is_normal(self) -> bool:
        """Whether pronunciations can be applied: the service does so at normal speed alone."""
        return self.value in (None, 1.0)

    def configure(
        self, speed: float | None, waiting: Iterable[FluxTurn]
    ) -> ConfigureSuccess | ConfigureFailure:
        """Answer a Configure, and set its speed if it is taken; `waiting` turns have not begun."""
        if next(self._ordinals) == self._failing:
            return ConfigureFailure("INTERNAL_ERROR", "The configuration could not be applied.")
        if speed is None:
            return ConfigureSuccess(self.value)
        if refused := speed_refusal(self._model, speed):
            # The refusal of a model is not about the value.
            value = None if refused.code == "SPEED_NOT_SUPPORTED" else speed
            return ConfigureFailure(refused.code, refused.description, "speed", value)
        if speed != 1.0 and any(turn.controls for turn in waiting):
            description = "'speed' cannot be combined with a pronunciation that is waiting"
            return ConfigureFailure("CONTROL_COMBINATION_INVALID", description, "speed", speed)
        self.value = speed
        return ConfigureSuccess(speed)
