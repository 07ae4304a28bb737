"""Frozen dataclasses that cost next to nothing until the first of them is made.

`dataclass(frozen=True, slots=True)` compiles half a dozen methods for every class; a hundred such
classes take longer to define than a first screen to draw (`benchmarks.start`). Here `dataclasses`
compiles the initialiser when it is first called, and the other methods are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, make_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    cls: type[T] | None = None, /, *, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass with slots; with `kw_only` it takes keywords alone."""

    def made(cls: type[T]) -> type[T]:
        cls = dataclass(slots=True, kw_only=kw_only, init=False, eq=False, repr=False)(cls)
        for name, method in _METHODS.items():
            setattr(cls, name, method)
        return cls

    return made if cls is None else made(cls)


def _init(self: object, *values: object, **named: object) -> None:
    # Called once a class: the first call puts the compiled initialiser in its own place.
    cls: Any = type(self)
    cls.__init__ = _initialiser(cls)
    cls.__init__(self, *values, **named)


def _initialiser(cls: Any) -> Callable[..., None]:
    """Compile the initialiser of a frozen dataclass with these fields."""
    specified: list[tuple[str, object, Any]] = []
    for item in fields(cls):
        copy = field(
            default=item.default,
            default_factory=item.default_factory,
            init=item.init,
            kw_only=item.kw_only,
        )
        specified.append((item.name, item.type, copy))
    hooks = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    like: Any = make_dataclass(
        cls.__name__, specified, namespace=hooks, frozen=True, eq=False, repr=False
    )
    return like.__init__


@cache
def _content(cls: Any) -> Callable[[object], object]:
    """Give the function that reads what counts when two are compared."""
    names = [item.name for item in fields(cls) if item.compare]
    return attrgetter(*names) if names else type


def _eq(self: object, other: object) -> bool:
    if type(other) is not type(self):
        return NotImplemented
    content = _content(type(self))
    return content(self) == content(other)


def _hash(self: object) -> int:
    return hash(_content(type(self))(self))


def _repr(self: Any) -> str:
    shown_fields = (
        f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown_fields)})"


def _setattr(self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


# `dataclass` makes only the fields and slots of a class; these methods serve all classes alike, and
# read the fields when they are first called.
def _getstate(self: Any) -> list[object]:
    return [getattr(self, item.name) for item in fields(self)]


def _setstate(self: Any, state: list[object]) -> None:
    # `pickle` and `copy` make the object without its initialiser, and then set attributes.
    for item, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)


_METHODS = {
    "__getstate__": _getstate,
    "__setstate__": _setstate,
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
