"""A real browser, for pages: the app's own, and files that are written for a browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, async_playwright

from tests.support.deadlines import HANG_S

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
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.fail(MISSING)
    return executable


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Chromium with a profile of its own, without a window; one for a worker's life, because it
    takes longer to start than most tests to run."""
    async with async_playwright() as drivers:
        browser = await drivers.chromium.launch(executable_path=chromium(), args=_QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncGenerator[Page]:
    """An empty page with cookies and storage of its own. When the test is over, it must have asked
    nothing of other machines, and no script in it may have failed."""
    context = await browser.new_context(viewport={"width": 1000, "height": 600})
    page = await context.new_page()
    page.set_default_timeout(HANG_S * 1_000)
    asked_elsewhere: list[str] = []
    failures: list[str] = []

    def on_request(request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.hostname not in _OF_THIS_MACHINE:
            asked_elsewhere.append(request.url)

    page.on("request", on_request)
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    await context.close()
    assert asked_elsewhere == []
    assert failures == []
