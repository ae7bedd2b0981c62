"""A real browser for tests, cut off from everything but the server under test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip the test where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is absent")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page cut off from all but the server; remembers what else it asked for and what went wrong."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.route("**/*", self._let_through)

    def _let_through(self, route: Route) -> None:
        host = urlsplit(route.request.url).hostname
        if host in {"127.0.0.1", "localhost", None}:
            route.continue_()
            return
        self.outside.append(route.request.url)
        route.abort()

    def open(self, query: str = "") -> Visit:
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_function("() => window.__phusong !== undefined")
        self.settle()
        return self

    def settle(self) -> None:
        self.page.evaluate("() => window.__phusong.idle()")

    def of(self, name: str) -> str:
        return f'[data-testid="{name}"]'

    def value(self, name: str) -> float:
        text = self.page.locator(self.of(name)).first.get_attribute("data-value")
        assert text, f"{name} shows no value"
        return float(text)

    def map_colours(self) -> int:
        """Number of distinct colours on the map, coarsely."""
        picture = self.page.locator("canvas.maplibregl-canvas").screenshot()
        with warnings.catch_warnings(), MemoryFile(picture) as file:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with file.open() as image:
                pixels = image.read([1, 2, 3]).reshape(3, -1) // 16
        return len(np.unique(pixels, axis=1).T)


Opening = Callable[..., Visit]


@contextmanager
def visits(browser: Browser, address: str) -> Iterator[Opening]:
    """Give a way to open the page, each time as a new reader; close what was opened."""
    opened = []

    def start(size: dict[str, int] = DESKTOP, *, keeps: bool = False, **options: Any) -> Visit:
        # What a service worker answers cannot be watched; only tests of the kept page let it in.
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale="vi-VN",
            service_workers="allow" if keeps else "block",
            **options,
        )
        opened.append(context)
        return Visit(context.new_page(), address)

    yield start
    for context in opened:
        context.close()
