"""Code keeps to the habits that can be counted: sizes, names, and how a docstring begins."""

from __future__ import annotations

import ast
import re
import symtable
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.paths import ROOT

SHIPPED = ("gramophone", "storage", "tui")
MOST_FILE_LINES = 500
MOST_CLASS_LINES = 300
MOST_FUNCTION_LINES = 40

QUESTION_WORDS = frozenset("What Where Which Who Whom Whose How When Why That All Nobody".split())
"""A docstring that begins so reads as a riddle; it begins with a noun or a verb."""

SERVICE_MESSAGES = frozenset(
    {
        "Close",
        "Connected",
        "Errored",
        "ConfigureFailure",
        "ConfigureSuccess",
        "Flush",
        "Flushed",
        "Interrupt",
        "Metadata",
        "Speak",
        "SpeechStarted",
    }
)
"""Messages that a service calls the same in two of its protocols."""

PYTHON = (*SHIPPED, "benchmarks", "fixtures", "scripts", "tests")
"""Folders with Python files of the project."""

VAGUE_NAMES = ("asked", "each", "found", "place", "said", "told")
"""Names that do not say what they hold: a name is `question`, `session`, `rows`, `index`, …"""

MAYBE_BOUND = re.compile(rf"\b(?:{'|'.join(VAGUE_NAMES)})\b(?! +(?!in\b|if\b)\w)")
"""Sign of a binding: only `in` and `if` follow a bound name as words, in prose any word does.
Most files have none, and need not be parsed."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def trees() -> dict[str, ast.Module]:
    """Every shipped module, by its path."""
    paths = (path for root in SHIPPED for path in sorted((ROOT / root).rglob("*.py")))
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths
    }


def definitions() -> Iterator[tuple[str, Definition]]:
    """Every class and function, with its place."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, Definition):
                yield f"{path}:{node.lineno} {node.name}", node


def lines_of(node: Definition) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def begins_with_a_question(docstring: str | None) -> bool:
    return docstring is not None and re.split(r"[\s,:;.]", docstring)[0] in QUESTION_WORDS


def errors_of_ours() -> frozenset[str]:
    """Names of the exceptions that the project defines."""
    names = {"Exception"}
    classes = [node for _, node in definitions() if isinstance(node, ast.ClassDef)]
    while True:
        derived = {
            node.name
            for node in classes
            if any(isinstance(base, ast.Name) and base.id in names for base in node.bases)
        }
        if derived <= names:
            return frozenset(names - {"Exception"})
        names |= derived


def raised_in(node: ast.AST) -> Iterator[str]:
    """Names of the exceptions that the code of a function raises itself."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and child.exc is not None:
            raised = child.exc.func if isinstance(child.exc, ast.Call) else child.exc
            if isinstance(raised, ast.Name):
                yield raised.id
        if not isinstance(child, Definition | ast.Lambda):
            yield from raised_in(child)


def vague_names(source: str, path: str) -> Iterator[str]:
    """Bindings of vague names in any scope: variables, arguments, functions and classes."""
    if MAYBE_BOUND.search(source):
        yield from _bound_in(symtable.symtable(source, path, "exec"), path)


def _bound_in(scope: symtable.SymbolTable, path: str) -> Iterator[str]:
    for name in sorted({*VAGUE_NAMES}.intersection(scope.get_identifiers())):
        symbol = scope.lookup(name)
        if symbol.is_assigned() or symbol.is_parameter() or symbol.is_imported():
            yield f"{path}:{scope.get_lineno()} {scope.get_name()}: {name}"
    for inner in scope.get_children():
        yield from _bound_in(inner, path)


def test_no_file_is_too_long() -> None:
    sizes = {path: len((ROOT / path).read_text().splitlines()) for path in trees()}
    assert {path: size for path, size in sizes.items() if size > MOST_FILE_LINES} == {}


@pytest.mark.parametrize(
    ("kind", "most"), [(ast.ClassDef, MOST_CLASS_LINES), (Function, MOST_FUNCTION_LINES)]
)
def test_no_class_or_function_is_too_long(kind: type[Definition], most: int) -> None:
    sizes = {location: lines_of(node) for location, node in definitions() if isinstance(node, kind)}
    assert {location: size for location, size in sizes.items() if size > most} == {}


def test_a_class_name_means_one_thing() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                modules[node.name.lstrip("_")].append(path)
    doubled = {name: paths for name, paths in modules.items() if len(paths) > 1}
    assert {name: paths for name, paths in doubled.items() if name not in SERVICE_MESSAGES} == {}


def test_docstrings_begin_with_a_noun_or_a_verb() -> None:
    places = [path for path, tree in trees().items() if begins_with_a_question(doc(tree))]
    places += [location for location, node in definitions() if begins_with_a_question(doc(node))]
    assert places == []


def doc(node: ast.Module | Definition) -> str | None:
    return ast.get_docstring(node)


def test_public_functions_name_what_they_raise() -> None:
    ours = errors_of_ours()
    unnamed = [
        (location, sorted(raised))
        for location, node in definitions()
        if isinstance(node, Function) and not node.name.startswith("_")
        if (raised := ours & set(raised_in(node))) and "Raises:" not in (doc(node) or "")
    ]
    assert unnamed == []


def test_a_value_that_does_not_change_is_written_in_one_way() -> None:
    """`@frozen` is that way (`gramophone/core/frozen.py`)."""
    others = [
        path for path in trees() if re.search(r"@dataclass\(.*frozen=", (ROOT / path).read_text())
    ]
    assert others == []


def test_what_is_too_long_or_a_riddle_is_found() -> None:
    module = ast.parse('"""What it is."""\nclass Error(Exception): ...\n\n\ndef f():\n    x\n    y')
    assert begins_with_a_question(doc(module))
    assert not begins_with_a_question("Whatever; a noun.")
    assert [lines_of(node) for node in module.body if isinstance(node, Definition)] == [1, 3]
    assert list(raised_in(ast.parse("def f():\n    raise A\n\nraise B('b')"))) == ["B"]
    assert "StorageError" in errors_of_ours()


def test_a_name_says_what_it_holds() -> None:
    vague = [
        binding
        for folder in PYTHON
        for path in sorted((ROOT / folder).rglob("*.py"))
        for binding in vague_names(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]
    assert vague == []


@pytest.mark.parametrize(
    "line",
    [
        "told = 1",
        "a = told = 1",
        "a, said = b",
        "[*found] = b",
        "asked: int = 1",
        "each += 1",
        "place //= 2",
        "place **= 2",
        "for each in b: pass",
        "for a, place in b: pass",
        "for a in b:\n    for each \\\n    in a: pass",
        "c = [each for each in b]",
        "c = {a: each for a, each in b}",
        "if (found := b): pass",
        "with a as place: pass",
        "with a as place, b: pass",
        "with (a as place): pass",
        "try: pass\nexcept OSError as told: pass",
        "def f(said): pass",
        "def f(said: str = ''): pass",
        "def f(*said, **told): pass",
        "lambda each: 1",
        "def asked(): pass",
        "class found: pass",
        "class C:\n    said: str",
        "import b as told\n",
        "from b import c as told # c",
        "from b import told",
        "match b:\n    case [found, *_]: pass",
        "match b:\n    case {'a': found}: pass",
        "match b:\n    case found if found > 1: pass",
        "match b:\n    case C() as found: pass",
    ],
)
def test_a_vague_name_is_found_however_it_is_bound(line: str) -> None:
    assert len(list(vague_names(line, "a.py"))) >= 1


def test_other_uses_of_these_words_are_no_bindings() -> None:
    line = '"""What was said, and found: told."""\nb.asked = told(found, place=c.each[1]).said'
    assert list(vague_names(line, "a.py")) == []
