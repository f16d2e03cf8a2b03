"""A real browser for tests of pages: Debian's Chromium, driven by playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium refuses to start as root with it.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:", "ws://127.0.0.1:", "about:")


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Start a browser; skip the tests that need one where there is none."""
    if EXECUTABLE is None:
        pytest.skip("no browser: install Chromium (Debian: apt-get install chromium), or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page in a window, and what went wrong on it.

    Attributes:
        errors: what the console reported as an error, and exceptions that no script caught.
        foreign: the addresses outside this machine that the page asked for.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@contextmanager
def visited(
    browser: Browser, address: str, *, width: int = 1440, height: int = 900, dark: bool = False
) -> Iterator[Visit]:
    """Open a page of this machine in a window of its own.

    Args:
        browser: a started one.
        address: `file://...` or `http://127.0.0.1:...`.
        width: of the window, in pixels.
        height: of the window, in pixels.
        dark: whether the reader prefers dark colors.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    visit = Visit(page)
    page.on("console", lambda message: visit.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(LOCAL) else visit.foreign.append(request.url))
    page.goto(address)
    yield visit
    context.close()
