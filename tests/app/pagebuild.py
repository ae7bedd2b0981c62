"""The built page for browser tests: the packaged one, or another folder named for a trial build."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from phusong.app.api.page import PACKAGED_PAGE


def built_page() -> Path:
    """Return the folder of the built page, or skip the test where there is none."""
    folder = Path(os.environ.get("PHUSONG_PAGE", PACKAGED_PAGE))
    if not (folder / "index.html").is_file():
        pytest.skip("the page is not built; run: make web")
    return folder
