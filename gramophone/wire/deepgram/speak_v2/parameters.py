"""Parameters of a Speak v2 (Flux) connection, read from its query, and their refusals.

Values, codes and ranges are those of Deepgram's documents (flux-tts/feature-overview,
flux-tts/server-messages, tts-expressivity) and of the types in deepgram-sdk 7.17. Where they
give a refusal no code of its own it is a plain `Bad Request`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.parameters import (
    ENCODINGS,
    ParameterRefused,
    SpeakParameters,
    bytes_per_sample,
    truth,
    whole,
)

FLUX_SAMPLE_RATES_HZ: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "linear16": (8000, 16000, 24000, 32000, 44100, 48000),
        "mulaw": (8000, 16000),
        "alaw": (8000, 16000),
    }
)
"""The sample rates of each encoding."""

_DEFAULT_RATES_HZ = {"linear16": 24000, "mulaw": 8000, "alaw": 8000}
_KNOWN = ("model", "encoding", "sample_rate", "speed", "expressivity", "mip_opt_out", "tag")

_MODEL = re.compile(r"flux(-[a-z0-9]+){2,}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})")

FLUX_SPEEDS = (0.5, 1.5)
"""The slowest and the fastest speed; it changes in steps of 0.05."""

_SLOWEST, _FASTEST = map(Decimal, map(str, FLUX_SPEEDS))
_STEP = Decimal("0.05")
_CALMEST, _LIVELIEST = -2, 2


@frozen
class SpeedRefused:
    """The refusal of a speed, with the service's code for it."""

    code: str
    description: str


def speed_refusal(model: str, speed: float) -> SpeedRefused | None:
    """The refusal of a speed by a model; None when it is accepted.

    Deepgram says "not supported for every language" and has English voices only so far: any
    other language is assumed to have no speeds.
    """
    if not model.endswith("-en"):
        return SpeedRefused("SPEED_NOT_SUPPORTED", f"'speed' is not supported by {model}")
    # What was sent as 1.15 is meant, not the binary fraction that is nearest to it.
    exact = Decimal(repr(speed))
    if not _SLOWEST <= exact <= _FASTEST:
        return SpeedRefused(
            "SPEED_OUT_OF_RANGE", f"'speed' must be between {_SLOWEST} and {_FASTEST}"
        )
    if exact % _STEP:
        return SpeedRefused(
            "SPEED_INCREMENT_INVALID", f"'speed' must be provided in increments of {_STEP}"
        )
    return None


@frozen(kw_only=True)
class FluxParameters:
    """Voice and form of the sound of a connection; `speed` is None until it is set."""

    model: str
    encoding: str = "linear16"
    sample_rate_hz: int = 24000
    speed: float | None = None
    expressivity: int = 0
    mip_opt_out: bool = False
    tags: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: str) -> FluxParameters:
        """Read the query of the address, in any order.

        Raises:
            ParameterRefused: with the text of the 400 refusal, and its code where it has one.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        values = dict(pairs)
        for name in values:
            if name not in _KNOWN:
                raise ParameterRefused(f"Unknown or unsupported parameter '{name}'.")
        encoding = values.get("encoding", "linear16")
        parameters = cls(
            model=values.get("model", ""),
            encoding=encoding,
            sample_rate_hz=whole(
                "sample_rate", values.get("sample_rate"), _DEFAULT_RATES_HZ.get(encoding, 24000)
            ),
            speed=_speed(values.get("speed")),
            expressivity=_expressivity(values.get("expressivity")),
            mip_opt_out=truth("mip_opt_out", values.get("mip_opt_out")),
            tags=tuple(value for name, value in pairs if name == "tag"),
        )
        parameters.check()
        return parameters

    def to_query(self) -> str:
        """The query of the address, without the question mark; what is unset is left out."""
        values = [
            ("model", self.model),
            ("encoding", self.encoding),
            ("sample_rate", str(self.sample_rate_hz)),
        ]
        if self.speed is not None:
            values.append(("speed", f"{self.speed:g}"))
        if self.expressivity:
            values.append(("expressivity", str(self.expressivity)))
        if self.mip_opt_out:
            values.append(("mip_opt_out", "true"))
        return urlencode([*values, *(("tag", tag) for tag in self.tags)])

    def check(self) -> None:
        """Refuse what the service would refuse; any model of the Flux family is accepted.

        Raises:
            ParameterRefused: as `from_query` does.
        """
        if not self.model:
            raise ParameterRefused("The parameter 'model' is required.")
        if not _MODEL.fullmatch(self.model):
            raise ParameterRefused("No such model/language/tier combination found.")
        if self.encoding not in ENCODINGS:
            raise ParameterRefused(f"Unsupported encoding '{self.encoding}' for streaming.")
        if self.sample_rate_hz not in FLUX_SAMPLE_RATES_HZ[self.encoding]:
            raise ParameterRefused(
                f"Unsupported sample_rate {self.sample_rate_hz} for '{self.encoding}'."
            )
        if self.speed is not None and (refused := speed_refusal(self.model, self.speed)):
            raise ParameterRefused(refused.description, refused.code)
        if not _CALMEST <= self.expressivity <= _LIVELIEST:
            raise ParameterRefused(
                f"'expressivity' must be between {_CALMEST} and {_LIVELIEST}",
                "EXPRESSIVITY_OUT_OF_RANGE",
            )

    @property
    def bytes_per_second(self) -> int:
        """Bytes in a second of sound."""
        return self.sample_rate_hz * bytes_per_sample(self.encoding)

    def sounding(self, speed: float | None = None) -> SpeakParameters:
        """The parameters for a voice, which knows no versions of the protocol."""
        return SpeakParameters(
            model=self.model,
            encoding=self.encoding,
            sample_rate_hz=self.sample_rate_hz,
            speed=speed or self.speed or 1.0,
            mip_opt_out=self.mip_opt_out,
        )


def _speed(value: str | None) -> float | None:
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise ParameterRefused("speed must be a number.")
    return float(value)


def _expressivity(value: str | None) -> int:
    if value is None:
        return 0
    if not _NUMBER.fullmatch(value):
        raise ParameterRefused("expressivity must be a whole number.")
    exact = Decimal(value)
    if not _CALMEST <= exact <= _LIVELIEST:
        # Whatever is out of range stays so when it is made whole.
        return _LIVELIEST + 1
    if exact % 1:
        raise ParameterRefused(
            "'expressivity' must be a whole number", "EXPRESSIVITY_INCREMENT_INVALID"
        )
    return int(exact)
