"""Take the pictures of the README from a computed study: ``python docs/pictures/make.py STUDY``.

Needs Debian's Chromium; the sample province makes the pictures that are kept here.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]


def _wait() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{ADDRESS}/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server did not start")


def _take() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(ADDRESS)
        page.wait_for_function("window.__phusong !== undefined")
        page.evaluate("window.__phusong.idle()")
        page.screenshot(path=HERE / "overview.png")
        page.click("[data-testid=view-villages]")
        page.locator("[data-testid=village-row]", has_text="Bản Châu Ván").first.click()
        page.keyboard.press("z")
        page.wait_for_timeout(1500)
        page.evaluate("window.__phusong.idle()")
        page.screenshot(path=HERE / "village.png")
        browser.close()


def main() -> None:
    """Serve the study, take the pictures, stop."""
    phusong = Path(sys.executable).parent / "phusong"
    server = subprocess.Popen([phusong, "serve", "--study", sys.argv[1], "--port", str(PORT)])
    try:
        _wait()
        _take()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
