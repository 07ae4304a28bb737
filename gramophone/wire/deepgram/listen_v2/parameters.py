"""Parameters of a Listen v2 (Flux) connection: of its query, and of a Configure.

Names and ranges are those of the types in deepgram-sdk 7.17. Texts of refusals are not published
and written like those of Speak; so are the codes of a ConfigureFailure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, cast
from urllib.parse import parse_qsl

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import SAMPLE_BYTES
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused, decimal, truth, whole

_ENCODINGS = frozenset({*SAMPLE_BYTES, "opus", "ogg-opus"})
_MODEL = re.compile(r"flux-general-[a-z]{2,5}")
_OF_V1 = frozenset(
    "channels multichannel interim_results endpointing utterance_end_ms vad_events no_delay "
    "smart_format punctuate diarize diarize_model dictation language keywords replace search "
    "detect_entities filler_words callback callback_method".split()
)
"""Parameters of Listen v1, which v2 refuses; others that it does not know are ignored."""

_LEAST_HZ, _MOST_HZ = 4_000, 192_000
"""Bounds of ours; no rates are published."""
_REDACTED = ("numbers", "aggressive_numbers")


class ConfigureRefused(ValueError):
    """A Configure that is not applied.

    Attributes:
        code: of the ConfigureFailure.
    """

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@frozen(kw_only=True)
class TurnThresholds:
    """Settings of the detection of a turn's end.

    Attributes:
        eot: confidence at which a turn ends; at 1.0 it never does so by itself.
        eager_eot: confidence at which an EagerEndOfTurn comes; None for never.
        timeout_ms: silence after which a turn ends whatever the confidence.
    """

    eot: float = 0.7
    eager_eot: float | None = None
    timeout_ms: int = 5_000

    def refusal(self) -> tuple[str, str]:
        """Code and text of the refusal of these values; both empty when they are accepted."""
        if not 0.5 <= self.eot <= 1.0:
            return "EOT_THRESHOLD_OUT_OF_RANGE", "'eot_threshold' must be between 0.5 and 1.0"
        if self.eager_eot is not None and not 0.3 <= self.eager_eot <= 0.9:
            return (
                "EAGER_EOT_THRESHOLD_OUT_OF_RANGE",
                "'eager_eot_threshold' must be between 0.3 and 0.9",
            )
        if self.eager_eot is not None and self.eager_eot > self.eot:
            return (
                "EAGER_EOT_THRESHOLD_OUT_OF_RANGE",
                "'eager_eot_threshold' must not be above 'eot_threshold'",
            )
        if not 500 <= self.timeout_ms <= 60_000:
            return "EOT_TIMEOUT_OUT_OF_RANGE", "'eot_timeout_ms' must be between 500 and 60000"
        return "", ""


@frozen(kw_only=True)
class TurnSettings:
    """Settings that a Configure may change; None stands for what was never set."""

    thresholds: TurnThresholds = field(default_factory=TurnThresholds)
    keyterms: tuple[str, ...] = ()
    language_hints: tuple[str, ...] = ()
    numerals: bool | None = None


@frozen(kw_only=True)
class ListenV2Parameters:
    """Parameters of a connection: the form of its sound, and its first settings.

    Attributes:
        encoding: of raw sound; empty for a container, which says it itself.
    """

    model: str
    encoding: str = ""
    sample_rate_hz: int = 0
    settings: TurnSettings = field(default_factory=TurnSettings)

    @classmethod
    def from_query(cls, query: str) -> ListenV2Parameters:
        """Read the query of the address, in any order.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        values = dict(pairs)
        for name in values:
            if name in _OF_V1:
                raise ParameterRefused(f"Unknown or unsupported parameter '{name}'.")
        eager = values.get("eager_eot_threshold")
        parameters = cls(
            model=values.get("model", ""),
            encoding=values.get("encoding", ""),
            sample_rate_hz=whole("sample_rate", values.get("sample_rate"), 0),
            settings=TurnSettings(
                thresholds=TurnThresholds(
                    eot=decimal("eot_threshold", values.get("eot_threshold"), 0.7),
                    eager_eot=None if eager is None else decimal("eager_eot_threshold", eager, 0),
                    timeout_ms=whole("eot_timeout_ms", values.get("eot_timeout_ms"), 5_000),
                ),
                keyterms=tuple(value for name, value in pairs if name == "keyterm"),
                language_hints=tuple(value for name, value in pairs if name == "language_hint"),
                numerals=_truth_if_set(values, "numerals"),
            ),
        )
        for name in ("profanity_filter", "mip_opt_out"):
            truth(name, values.get(name))
        if values.get("redact", _REDACTED[0]) not in _REDACTED:
            raise ParameterRefused(f"redact must be one of {', '.join(_REDACTED)}.")
        if refusal := parameters.refusal():
            raise ParameterRefused(refusal)
        return parameters

    @property
    def is_multilingual(self) -> bool:
        """Whether the model tells languages apart, and takes hints about them."""
        return self.model.endswith("-multi")

    @property
    def bytes_per_second(self) -> int:
        """Bytes in a second of raw sound; 0 where the query does not say."""
        return SAMPLE_BYTES.get(self.encoding, 0) * self.sample_rate_hz

    def refusal(self) -> str:
        """The text of the refusal of these parameters; empty when they are accepted."""
        if not self.model:
            return "The parameter 'model' is required."
        if not _MODEL.fullmatch(self.model):
            return "No such model/language/tier combination found."
        if self.encoding and self.encoding not in _ENCODINGS:
            return f"Unsupported encoding '{self.encoding}'."
        if self.encoding in SAMPLE_BYTES and not self.sample_rate_hz:
            return f"sample_rate is required with encoding '{self.encoding}'."
        if self.sample_rate_hz and not _LEAST_HZ <= self.sample_rate_hz <= _MOST_HZ:
            return f"Unsupported sample_rate {self.sample_rate_hz}."
        if self.settings.language_hints and not self.is_multilingual:
            return f"language_hint is not supported by model '{self.model}'."
        _, refusal = self.settings.thresholds.refusal()
        return f"{refusal}." if refusal else ""


def _truth_if_set(values: Mapping[str, str], name: str) -> bool | None:
    return truth(name, values[name]) if name in values else None


# --- Configure --------------------------------------------------------------------------------

_MOST_TERMS = 100


def configured(
    fields: Mapping[str, Any], settings: TurnSettings, *, is_multilingual: bool
) -> TurnSettings:
    """The settings after a Configure; what it does not name stays as it is.

    Raises:
        ConfigureRefused: a value is of another type or out of range. Nothing of it counts then.
    """
    thresholds = _thresholds(fields.get("thresholds"), settings.thresholds)
    keyterms = _terms(fields, "keyterms", settings.keyterms)
    hints = _terms(fields, "language_hints", settings.language_hints)
    if hints and not is_multilingual:
        raise ConfigureRefused(
            "LANGUAGE_HINTS_NOT_SUPPORTED", "Only flux-general-multi takes 'language_hints'"
        )
    numerals = fields.get("numerals")
    if numerals is not None and not isinstance(numerals, bool):
        raise ConfigureRefused("INVALID_NUMERALS", "'numerals' must be true or false")
    return TurnSettings(
        thresholds=thresholds,
        keyterms=keyterms,
        language_hints=hints,
        numerals=settings.numerals if numerals is None else numerals,
    )


def _thresholds(value: object, thresholds: TurnThresholds) -> TurnThresholds:
    if value is None:
        return thresholds
    if not isinstance(value, dict):
        raise ConfigureRefused("INVALID_THRESHOLDS", "'thresholds' must be an object")
    names = {
        "eot_threshold": "eot",
        "eager_eot_threshold": "eager_eot",
        "eot_timeout_ms": "timeout_ms",
    }
    changes: dict[str, Any] = {}
    for name, threshold in cast("dict[str, object]", value).items():
        if name not in names or threshold is None:
            continue
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise ConfigureRefused("INVALID_THRESHOLDS", f"'{name}' must be a number")
        changes[names[name]] = threshold
    if changes.get("timeout_ms", 0) % 1:
        raise ConfigureRefused("INVALID_THRESHOLDS", "'eot_timeout_ms' must be a whole number")
    changed = replace(thresholds, **changes)
    code, refusal = changed.refusal()
    if refusal:
        raise ConfigureRefused(code, refusal)
    # A float such as 4000.0 was a whole number as well; NaN is none and is out of every range.
    return replace(changed, timeout_ms=int(changed.timeout_ms))


def _terms(fields: Mapping[str, Any], name: str, current: tuple[str, ...]) -> tuple[str, ...]:
    value = fields.get(name)
    if value is None:
        return current
    terms = [value] if isinstance(value, str) else value
    if not isinstance(terms, list) or not all(
        isinstance(term, str) for term in cast("list[object]", terms)
    ):
        raise ConfigureRefused(f"INVALID_{name.upper()}", f"'{name}' must be a list of texts")
    if len(cast("list[str]", terms)) > _MOST_TERMS:
        raise ConfigureRefused(
            f"TOO_MANY_{name.upper()}", f"'{name}' may have {_MOST_TERMS} entries"
        )
    return tuple(cast("list[str]", terms))
