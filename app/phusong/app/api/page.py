"""The map page: the built files, or a plain word on how to build them."""

from __future__ import annotations

import html
import os
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from phusong.app.i18n import Language, translate

PACKAGED_PAGE = Path(__file__).resolve().parents[1] / "static"
ONE_YEAR_S = 31_536_000

_UNBUILT = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>PhuSong</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;color:#13262c">
<h1>PhuSong</h1>
<p>{text}</p>
<pre><code>make web</code></pre>
<p><a href="results">/results</a> · <a href="collections">/collections</a> · <a href="api">/api</a></p>
</html>
"""


class PageFiles(StaticFiles):
    """Files of the built page; names under ``assets/`` carry a hash, so they may be kept for good."""

    def file_response(  # the types are starlette's own
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with a file and say how long it may be kept."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        hashed = "assets" in Path(str(scope["path"])).parts
        keep = f"public, max-age={ONE_YEAR_S}, immutable" if hashed else "no-cache"
        answer.headers["Cache-Control"] = keep
        return answer


def wants_page(request: Request) -> bool:
    """Tell whether a person asks (a browser accepts HTML) rather than a program."""
    accepted = request.headers.get("accept", "*/*")
    return "text/html" in accepted or "json" not in accepted


def page_answer(request: Request, language: Language) -> Response:
    """Answer with the page's entry, or with a word on how to build it."""
    index = Path(request.app.state.static_dir) / "index.html"
    headers = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"}
    if index.is_file():
        return FileResponse(index, media_type="text/html", headers=headers)
    text = html.escape(translate("page.not_built", language))
    return HTMLResponse(_UNBUILT.format(language=language, text=text), headers=headers)
