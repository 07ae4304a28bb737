"""Build the wheel, install it in a bare environment, and run what it installs.

The environment has neither the project's tree nor the development packages in it: what the
wheel forgets to ship or to ask for is missed here, not on somebody's machine.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = {"gramophone", "storage", "tui"}
PAGE = {f"storage/export/formats/html/template/page.{kind}" for kind in ("css", "html", "js")}

LICENCE = "gramophone/text/sentences/LICENSE-unicode.txt"
"""Goes with the abbreviations of CLDR wherever they go."""

# Runs inside the bare environment. Other packages in it could own the same short names.
OWNERS = f"""
from importlib.metadata import packages_distributions
for name in {sorted(OURS)!r}:
    owners = packages_distributions().get(name)
    assert owners and set(owners) == {{"gramophone"}}, f"{{name}} belongs to {{owners}}"
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gramophone-wheel-") as directory:
        work = Path(directory)
        wheel = build(work)
        check_contents(wheel)
        python = install(wheel, work)
        run(python, "-I", "-c", OWNERS, cwd=work)
        command = python.with_name("gramophone")
        version = run(command, "--version", cwd=work)
        if wheel.name.split("-")[1] not in version:
            sys.exit(f"gramophone --version says {version!r}, the wheel is {wheel.name}")
        run(command, "--help", cwd=work)
        print(f"{wheel.name}: installed bare, and runs ({version.strip()})")


def build(work: Path) -> Path:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", work, cwd=ROOT)
    (wheel,) = work.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    stray = {top for top in tops - OURS if not top.endswith(".dist-info")}
    if stray or not tops >= OURS:
        sys.exit(f"The wheel should hold {sorted(OURS)} and nothing else, but has {sorted(tops)}")
    untyped = {top for top in OURS if f"{top}/py.typed" not in names}
    if untyped:
        sys.exit(f"py.typed is missing from {sorted(untyped)}")
    if missing := {*PAGE, LICENCE} - set(names):
        sys.exit(f"The wheel has no {sorted(missing)}")


def install(wheel: Path, work: Path) -> Path:
    """The wheel without extras, its dependencies at the versions and hashes of the lock."""
    environment = work / "environment"
    run(sys.executable, "-m", "venv", environment, cwd=work)
    python = environment / "bin" / "python"
    pip = (python, "-m", "pip")
    lock = ROOT / "requirements" / "base.txt"
    run(*pip, "install", "--require-hashes", "-r", lock, cwd=work)
    run(*pip, "install", "--no-deps", wheel, cwd=work)
    run(*pip, "check", cwd=work)
    return python


def run(*command: str | Path, cwd: Path) -> str:
    process = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if process.returncode:
        words = " ".join(map(str, command))
        sys.exit(f"{words}\n{process.stdout}\n{process.stderr}\nended with {process.returncode}")
    return process.stdout


if __name__ == "__main__":
    main()
