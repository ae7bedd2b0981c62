"""What tests of the page share: one browser a file, and new readers of what that file serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from .browsing import Opening, chromium, visits


# Not for the whole session: while it runs, no other test of the process may run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Opening]:
    """Open the page that the file serves as `address`; each visit is a new reader's."""
    with visits(browser, address) as opening:
        yield opening
