"""The names we take, and what the repository must not carry."""

import re
import subprocess
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.paths import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [
    ".".join(name)
    for name in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
    )
]


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name]


@pytest.mark.parametrize("name", ["gramophone", "storage", "tui"])
def test_nobody_else_owns_our_names(name: str) -> None:
    # An editable install lists no packages, so ours may be absent here; that the wheel owns
    # them is shown by scripts/check_wheel.py.
    assert set(packages_distributions().get(name, [])) <= {"gramophone"}

    spec = find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")


def test_no_tracked_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(map(re.escape, REGISTRY_HOSTS)).encode())

    assert [path for path in tracked() if path.is_file() and hosts.search(path.read_bytes())] == []


def test_uv_lock_is_not_kept() -> None:
    assert "uv.lock" not in {path.name for path in tracked()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    # An entry runs over lines that end in a backslash.
    entries = [line for line in text.replace("\\\n", " ").splitlines() if re.match(r"\w", line)]

    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|^-|index-url|find-links", text, re.MULTILINE)


def test_the_tests_run_on_the_versions_that_people_get() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return {pin.lower() for pin in re.findall(r"^[\w.-]+==[\w.]+", text, re.MULTILINE)}

    assert pins("base") <= pins("run") <= pins("test")
    assert pins("build") <= pins("test")
