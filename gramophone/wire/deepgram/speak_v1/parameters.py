"""Parameters of a Speak v1 connection, read from its query, and their refusals.

Values are those of the published AsyncAPI file. The rates of each encoding are documented for
REST and v2 only and taken to hold for v1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from gramophone.core.frozen import frozen

ENCODINGS = ("linear16", "mulaw", "alaw")

SAMPLE_RATES_HZ: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "linear16": (8000, 16000, 24000, 32000, 48000),
        "mulaw": (8000, 16000),
        "alaw": (8000, 16000),
    }
)
"""The sample rates of each encoding."""

SPEEDS = (0.7, 1.5)
"""The slowest and the fastest speed."""

DEFAULT_MODEL = "aura-asteria-en"
_DEFAULT_RATES_HZ = {"linear16": 24000, "mulaw": 8000, "alaw": 8000}

_MODEL = re.compile(r"aura-[a-z0-9]+(-[a-z0-9]+)*")
_MODEL_WITH_SPEED = re.compile(r"aura-2-[a-z0-9]+-(en|es)")

_NO_SUCH_MODEL = "No such model/language/tier combination found."


class ParameterRefused(ValueError):
    """The service answers this query with 400; the text is its `err_msg`, without the prefix.

    Attributes:
        code: its `err_code`; a name of its own where the service has one for this refusal.
    """

    def __init__(self, detail: str, code: str = "Bad Request") -> None:
        super().__init__(detail)
        self.code = code


def bytes_per_sample(encoding: str) -> int:
    """Bytes of one mono sample: 2 for linear16, 1 for the two G.711 encodings.

    Raises:
        KeyError: the encoding does not exist on a socket.
    """
    return {"linear16": 2, "mulaw": 1, "alaw": 1}[encoding]


@frozen(kw_only=True)
class SpeakParameters:
    """Voice and form of the sound of a connection; fixed while it lives."""

    model: str = DEFAULT_MODEL
    encoding: str = "linear16"
    sample_rate_hz: int = 24000
    container: str = "none"
    speed: float = 1.0
    mip_opt_out: bool = False

    @classmethod
    def from_query(cls, query: str) -> SpeakParameters:
        """Read the query of the address, in any order; parameters unknown to v1 are ignored.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        values = dict(parse_qsl(query, keep_blank_values=True))
        encoding = values.get("encoding", "linear16")
        parameters = cls(
            model=values.get("model", DEFAULT_MODEL),
            encoding=encoding,
            sample_rate_hz=whole(
                "sample_rate", values.get("sample_rate"), _DEFAULT_RATES_HZ.get(encoding, 24000)
            ),
            container=values.get("container", "none"),
            speed=decimal("speed", values.get("speed"), 1.0),
            mip_opt_out=truth("mip_opt_out", values.get("mip_opt_out")),
        )
        parameters.check()
        return parameters

    def to_query(self) -> str:
        """The query of the address, without the question mark; defaults are left out where
        their absence is known to mean the same."""
        values = {
            "model": self.model,
            "encoding": self.encoding,
            "sample_rate": str(self.sample_rate_hz),
        }
        if self.container != "none":
            values["container"] = self.container
        if self.speed != 1.0:
            values["speed"] = f"{self.speed:g}"
        if self.mip_opt_out:
            values["mip_opt_out"] = "true"
        return urlencode(values)

    def check(self) -> None:
        """Refuse what the service would refuse.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        if refusal := self.refusal():
            raise ParameterRefused(refusal)

    def refusal(self) -> str:
        """The text of the refusal of these parameters, as the service writes it; empty for none.

        Any name of the Aura family is accepted, since the catalogue grows. Only the text about the
        model is the service's own.
        """
        if refusal := model_refusal(self.model):
            return refusal
        if self.encoding not in ENCODINGS:
            return f"Unsupported encoding '{self.encoding}' for streaming."
        if self.sample_rate_hz not in SAMPLE_RATES_HZ[self.encoding]:
            return f"Unsupported sample_rate {self.sample_rate_hz} for '{self.encoding}'."
        if self.container != "none":
            return f"Unsupported container '{self.container}' for streaming."
        return speed_refusal(self.model, self.speed)


def model_refusal(model: str) -> str:
    """The refusal of a model that does not exist; empty when it does."""
    return "" if _MODEL.fullmatch(model) else _NO_SUCH_MODEL


def speed_refusal(model: str, speed: float) -> str:
    """The refusal of a speed by this model; empty when the model has it."""
    if speed != 1.0 and not _MODEL_WITH_SPEED.fullmatch(model):
        return f"speed is not supported by model '{model}'."
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        return f"speed must be between {SPEEDS[0]} and {SPEEDS[1]}."
    return ""


# Numbers are matched by their digits before they are converted: `int` and `float` also take signs,
# underscores, white space, exponents and digits of other scripts, which no service takes.
def whole(name: str, value: str | None, default: int) -> int:
    """A parameter as a whole number.

    Raises:
        ParameterRefused: the value is not one of up to nine digits.
    """
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ParameterRefused(f"{name} must be a whole number.")
    return int(value)


def decimal(name: str, value: str | None, default: float) -> float:
    """A parameter as a number from 0, with or without decimals.

    Raises:
        ParameterRefused: the value is not a number.
    """
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9}", value):
        raise ParameterRefused(f"{name} must be a number.")
    return float(value)


def truth(name: str, value: str | None) -> bool:
    """A parameter as a truth value; False when it is missing.

    Raises:
        ParameterRefused: the value is neither true nor false, in any case.
    """
    if value is None:
        return False
    if value.lower() not in ("true", "false"):
        raise ParameterRefused(f"{name} must be true or false.")
    return value.lower() == "true"
