"""Parser of the history's search: words, phrases and filters.

Used on both sides: the library finds by it, the screen completes and highlights by
it. Days are those of the reader; today is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from gramophone.core.errors import FilterError
from gramophone.core.frozen import frozen
from gramophone.library.tags import tag_name
from gramophone.text.bigrams import SPACELESS, is_spaceless
from gramophone.text.folding import NON_JOINER, folded, folded_with_places

FIELDS = ("provider", "model", "voice", "tag", "title")
"""Filters that take a value of the session's own."""

DATES = ("before", "after", "on")
CHOICES = {"has": ("audio", "tags"), "is": ("pinned", "archived", "recovered")}
FILTERS = (*FIELDS, *DATES, *CHOICES)

DATE_FORMS = "2026-11-02, 2026-11, 2026, today, yesterday, 7d, 2w"

_TOKEN = re.compile(
    r"""(?P<minus>-?)(?:(?P<name>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>\S*))""",
)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,4})([dw])")
_DAYS = {"d": 1, "w": 7}


@frozen
class SearchWord:
    """A word or a quoted phrase. An open one may still be being typed: it is a beginning."""

    text: str
    open: bool = False


@frozen
class SearchFilter:
    """`name:value`; negated when a `-` stood before it."""

    name: str
    value: str
    negated: bool = False


@frozen
class Search:
    """A parsed search: turns with `words` and without any of `without`, in sessions that pass each
    of `filters` and began on `since` or later and before `until`."""

    words: tuple[SearchWord, ...] = ()
    without: tuple[str, ...] = ()
    filters: tuple[SearchFilter, ...] = ()
    since: date | None = None
    until: date | None = None

    @property
    def filtered(self) -> bool:
        return bool(self.filters or self.since or self.until)

    @property
    def archived(self) -> bool:
        """Whether archived sessions are asked for."""
        return SearchFilter("is", "archived") in self.filters


def parse(typed: str, today: date) -> Search:
    """Take apart what was typed.

    A filter whose value is still to be typed at the very end is passed over.

    Raises:
        FilterError: a filter cannot be understood; one sentence says which and how.
    """
    words: list[SearchWord] = []
    without: list[str] = []
    filters: list[SearchFilter] = []
    since: date | None = None
    until: date | None = None
    for token in _tokens(typed):
        if token.name in DATES:
            first, after = _span(token, today)
            if first is not None:
                since = max(since, first) if since else first
            if after is not None:
                until = min(until, after) if until else after
        elif token.name:
            filters += _filter(token)
        elif token.negated:
            without += [token.value] if _says_something(token.value) else []
        elif _says_something(token.value):
            # Only what stands at the very end can still be being typed.
            words.append(SearchWord(token.value, open=token.last and not token.quoted))
    if without and not words:
        raise FilterError(f"-{without[0]} leaves out; write a word to look for as well.")
    return Search(tuple(words), tuple(without), tuple(dict.fromkeys(filters)), since, until)


def words_of(typed: str) -> tuple[SearchWord, ...]:
    """The words that are looked for, whatever the filters are."""
    return tuple(
        SearchWord(token.value, open=token.last and not token.quoted)
        for token in _tokens(typed)
        if not token.name and not token.negated and _says_something(token.value)
    )


def hint(typed: str, tags: Sequence[str] = ()) -> str:
    """A hint at what can be typed next, as a line to stand below the field."""
    token = _last(typed)
    if token is None:
        return "provider:  tag:  title:  before:  after:  has:audio  is:pinned  -word  “a phrase”"
    name, value = token.name, token.value.lower()
    if name in CHOICES:
        return "  ".join(f"{name}:{choice}" for choice in CHOICES[name] if choice.startswith(value))
    if name in DATES:
        return f"{name}:  {DATE_FORMS}"
    if name == "tag":
        fitting = [tag for tag in tags if tag.startswith(tag_name(value))]
        return "  ".join(f"tag:{tag}" for tag in fitting[:8])
    if name:
        return ""
    return "  ".join(
        f"{filter_name}:" for filter_name in FILTERS if value and filter_name.startswith(value)
    )


def completed(typed: str, tags: Sequence[str] = ()) -> str | None:
    """The typed text with its last filter or value completed; None if there is nothing to
    complete."""
    token = _last(typed)
    if token is None or token.quoted:
        return None
    if not token.name:
        choices = [f"{name}:" for name in FILTERS] if len(token.value) > 1 else []
    elif token.name == "tag":
        choices = list(tags)
    elif token.name in DATES:
        choices = ["today", "yesterday"] if token.value else []
    else:
        choices = list(CHOICES.get(token.name, ()))
    value = token.value.lower()
    fitting = next(
        (choice for choice in choices if choice.startswith(value) and choice != value), None
    )
    return None if fitting is None else typed + fitting[len(value) :]


def highlights(text: str, words: Sequence[SearchWord]) -> list[tuple[int, int]]:
    """Spans of `text` in which the words stand, in order and without overlap: by whole words, by
    their beginning where the word is open, by any part of writing without spaces. Letters are
    compared folded (`text.folding`), and no span ends within a grapheme."""
    within, starts, ends = folded_with_places(text)
    spans: list[tuple[int, int]] = []
    for word in words:
        if pattern := _pattern(word):
            spans += [
                (starts[match.start()], ends[match.end() - 1])
                for match in re.finditer(pattern, within)
            ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


# --- within -----------------------------------------------------------------------------------


@frozen
class _QueryToken:
    """One word of what was typed; `name` is empty for what is not a filter."""

    name: str
    value: str
    negated: bool
    quoted: bool
    last: bool = False

    @property
    def shown(self) -> str:
        return f"{'-' if self.negated else ''}{self.name}:{self.value}"


def _tokens(typed: str) -> list[_QueryToken]:
    tokens: list[_QueryToken] = []
    for match in _TOKEN.finditer(typed):
        if not match[0]:
            continue
        name = (match["name"] or "").lower()
        quoted, bare = match["quoted"], match["bare"] or ""
        value = bare if quoted is None else quoted
        if name and quoted is None and bare.startswith("//"):
            # An address is a word like any other.
            name, value = "", f"{name}:{bare}"
        tokens.append(
            _QueryToken(
                name, value, bool(match["minus"]), quoted is not None, match.end() == len(typed)
            )
        )
    return tokens


def _last(typed: str) -> _QueryToken | None:
    tokens = _tokens(typed)
    return tokens[-1] if tokens and tokens[-1].last else None


def _filter(token: _QueryToken) -> list[SearchFilter]:
    if token.name not in FILTERS:
        raise FilterError(
            f"There is no filter {token.name}: — there are {', '.join(f'{n}:' for n in FILTERS)}. "
            f'For the words themselves write "{token.name}:{token.value}".'
        )
    value = " ".join(token.value.split())
    if not value:
        if token.last:
            return []
        raise FilterError(f"{token.name}: needs a value right after the colon.")
    if token.name in CHOICES:
        value = value.lower()
        choices = CHOICES[token.name]
        if value not in choices:
            if token.last and any(choice.startswith(value) for choice in choices):
                return []
            known_values = ", ".join(f"{token.name}:{choice}" for choice in choices)
            raise FilterError(f"{token.shown} is not known; there are {known_values}.")
    if token.name == "tag":
        value = tag_name(value)
    if token.name == "title" and not _says_something(value):
        raise FilterError("title: needs a word of the title right after the colon.")
    return [SearchFilter(token.name, value, token.negated)]


def _span(token: _QueryToken, today: date) -> tuple[date | None, date | None]:
    """The first day that counts and the first that does not any more."""
    if token.negated:
        raise FilterError(f"{token.shown} cannot be negated; use before: or after:.")
    if not token.value and token.last:
        return None, None
    first, after = _days(token, today)
    match token.name:
        case "before":
            return None, first
        case "after":
            return first, None
        case _:
            return first, after


def _days(token: _QueryToken, today: date) -> tuple[date, date]:
    value = token.value.lower()
    try:
        if value in ("today", "yesterday"):
            day = today - timedelta(days=value == "yesterday")
            return day, day + timedelta(days=1)
        if ago := _AGO.fullmatch(value):
            day = today - timedelta(days=int(ago[1]) * _DAYS[ago[2]])
            return day, day + timedelta(days=1)
        if written := _DATE.fullmatch(value):
            return _written(*written.groups())
    except (ValueError, OverflowError):
        pass
    raise FilterError(f"{token.shown} does not name a day; write it as {DATE_FORMS}.")


def _written(year: str, month: str | None, day: str | None) -> tuple[date, date]:
    first = date(int(year), int(month or 1), int(day or 1))
    if day:
        return first, first + timedelta(days=1)
    if month:
        return first, (first + timedelta(days=31)).replace(day=1)
    return first, first.replace(year=first.year + 1)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text))


# As \b, but writing without spaces ends and begins a word of other writing.
_BEGINS = rf"(?<![^\W{SPACELESS}])"
_ENDS = rf"(?![^\W{SPACELESS}])"
_GOES_ON = rf"[^\W{SPACELESS}]*"
_CURSIVE = re.compile("[\u0600-\u07ff\u0840-\u08ff]")


def _pattern(word: SearchWord) -> str:
    """A regular expression for a word in a folded text; empty for a word without letters."""
    parts = [part for part in re.split(r"[^\w\u200c" + SPACELESS + "]+", folded(word.text)) if part]
    if not parts:
        return ""
    begins = "" if is_spaceless(parts[0][0]) else _BEGINS
    if is_spaceless(parts[-1][-1]):
        ends = ""
    elif word.open and not (len(word.text) == 1 and word.text.isascii()):
        ends = _GOES_ON
    else:
        ends = _ENDS
    return begins + r"\W+".join(map(_with_joiners, parts)) + ends


def _with_joiners(part: str) -> str:
    """With a non-joiner or without, wherever one may stand."""
    letters = map(re.escape, part.replace(NON_JOINER, ""))
    return f"{NON_JOINER}?".join(letters) if _CURSIVE.search(part) else re.escape(part)
