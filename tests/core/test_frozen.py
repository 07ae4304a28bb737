"""A value is what `dataclass(frozen=True, slots=True)` would have made of the class."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from gramophone.core.frozen import frozen


@frozen
class Place:
    """Somewhere."""

    name: str
    height_m: float = 0.0
    tags: list[str] = field(default_factory=list[str])
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The same by the standard library."""

    name: str
    height_m: float = 0.0
    tags: list[str] = field(default_factory=list[str])
    note: str = field(default="", compare=False, repr=False)


@frozen(kw_only=True)
class Named:
    """Takes keywords alone."""

    name: str


@frozen
class Peak(Place):
    """Inherits fields."""

    climbed: bool = False


@frozen
class Checked:
    """Looks at what it is given."""

    percent: int

    def __post_init__(self) -> None:
        if self.percent > 100:
            raise ValueError("at most 100")


@frozen
class Nothing:
    """Has no fields."""


def test_it_is_shown_as_a_dataclass_is() -> None:
    values = (Place("hill", 3.5, ["a"], "hidden"), Pattern("hill", 3.5, ["a"], "hidden"))
    ours, theirs = map(repr, values)
    assert ours == theirs.replace("Pattern", "Place")


VALUES: list[object] = [Place("hill", 3.5, ["a"], "x"), Peak("a", climbed=True), Nothing()]


@pytest.mark.parametrize("value", VALUES)
def test_it_is_passed_to_another_process_and_copied(value: object) -> None:
    for other in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert other == value
        assert repr(other) == repr(value)


def test_defaults_are_made_anew_for_each() -> None:
    one, other = Place("a"), Place("b")
    assert one.tags == []
    assert one.tags is not other.tags
    assert one.height_m == 0.0


def test_only_what_compares_counts() -> None:
    assert Place("a", note="x") == Place("a", note="y")
    assert Place("a") != Place("b")
    assert Place("a") != Pattern("a")
    assert Peak("a") != Place("a")
    assert Nothing() == Nothing()


def test_equal_values_have_equal_hashes() -> None:
    assert hash(Named(name="a")) == hash(Named(name="a"))
    assert {Named(name="a"), Named(name="a"), Named(name="b")} == {
        Named(name="b"),
        Named(name="a"),
    }


def test_what_cannot_be_hashed_says_so() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Place("a"))


def test_it_stays_as_it_was_made() -> None:
    hill = Place("a")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        hill.name = "b"  # pyright: ignore
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'name'"):
        delattr(hill, "name")
    assert not hasattr(hill, "__dict__")


def test_a_keyword_only_one_refuses_positions() -> None:
    assert Named(name="a").name == "a"
    with pytest.raises(TypeError, match="positional"):
        Named("a")  # pyright: ignore


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TypeError, match="'name'"):
        Place()  # pyright: ignore


def test_a_subclass_has_the_fields_of_both() -> None:
    peak = Peak("a", 8_000.0, climbed=True)
    assert (peak.name, peak.height_m, peak.climbed) == ("a", 8_000.0, True)
    assert [field.name for field in fields(peak)] == ["name", "height_m", "tags", "note", "climbed"]


def test_the_standard_librarys_replace_works() -> None:
    assert replace(Place("a", 1.0), name="b") == Place("b", 1.0)


def test_it_is_checked_when_it_is_made() -> None:
    assert Checked(100).percent == 100
    with pytest.raises(ValueError, match="at most"):
        Checked(101)


def test_it_matches_by_position() -> None:
    match Place("a", 2.0):
        case Place(name, height_m):
            assert (name, height_m) == ("a", 2.0)
