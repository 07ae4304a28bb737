"""A real browser, for pages: the app's own, and files that are written for a browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, async_playwright

MISSING = "The tests of pages need Chromium: apt-get install chromium (`make test` does it)."
NAMES = ("chromium", "google-chrome")
ELSEWHERE = "elsewhere.example"
"""A name that leads to this machine, in the browser alone."""

_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Nothing leaves this machine, whatever a page or the browser itself may ask for.
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1, "
    "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
_OF_THIS_MACHINE = ("localhost", "127.0.0.1", ELSEWHERE)


def chromium() -> str:
    """The system's; fails, not skips: a run that saw no page must not look like one that did."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(MISSING)
    return found


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    """Chromium with a profile of its own, without a window."""
    async with async_playwright() as drivers:
        browser = await drivers.chromium.launch(executable_path=chromium(), args=_QUIET)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncGenerator[Page]:
    """An empty page. When the test is over, it must have asked nothing of other machines, and no
    script in it may have failed."""
    page = await browser.new_page(viewport={"width": 1000, "height": 600})
    page.set_default_timeout(20_000)
    asked_elsewhere: list[str] = []
    failures: list[str] = []

    def asked(request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.hostname not in _OF_THIS_MACHINE:
            asked_elsewhere.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    assert asked_elsewhere == []
    assert failures == []
