"""The HTTP application."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware

from phusong.app.api.compression import CompressedBodies, Compression
from phusong.app.api.errors import MEDIA_TYPE, install_error_handlers
from phusong.app.api.examples import add_examples
from phusong.app.api.guards import BodyLimit
from phusong.app.api.headers import HeadAsGet, SecurityHeaders
from phusong.app.api.page import PACKAGED_PAGE, PageFiles
from phusong.app.api.routes import (
    collections,
    conformance,
    coverages,
    exportrasters,
    exports,
    exporttiles,
    footprint,
    health,
    jobs,
    layers,
    places,
    plans,
    processes,
    profile,
    results,
    scenarios,
    search,
    settings,
    study,
    tiles,
    uploads,
    whatif,
)
from phusong.app.api.schemas import Problem
from phusong.app.api.studysource import StudySource
from phusong.app.api.tileshortcut import TileShortcut
from phusong.app.api.warming import Bustle, Noticing, Warming
from phusong.app.jobs.kinds import KINDS
from phusong.app.jobs.runner import JobRunner
from phusong.app.uploading.desk import UploadDesk
from phusong.geodata.store.folder import FolderStore

DESCRIPTION = (
    "Coverage of one study. Every failure is a problem document (RFC 9457). Answers bear an ETag; ask again "
    "with If-None-Match. Parameters that an address does not know are refused at `items`, where they would "
    "be filters, and pass unheeded elsewhere, so that an address may bear a mark of its own (`?run=...`)."
)
DRAWING_THREADS = max(4, min(os.cpu_count() or 4, 8))


def create_app(study_path: Path | str, *, static_dir: Path | None = None) -> FastAPI:
    """Make the application that serves one study.

    Parameters
    ----------
    study_path : Path
        Folder of the study; reopened whenever a computation or an import replaced its files.
    static_dir : Path or None
        The built page; None takes the one in the package.

    Raises
    ------
    NotFoundError, StudyError
        When the folder is no study.
    """
    bodies, bustle = CompressedBodies(), Bustle()
    source, drawing = StudySource(Path(study_path)), CapacityLimiter(DRAWING_THREADS)
    app = FastAPI(
        title="PhuSong",
        version=version("phusong"),
        openapi_url="/api",
        docs_url=None,  # both viewers load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_at_work,
        middleware=[
            Middleware(Noticing, bustle=bustle),
            Middleware(SecurityHeaders),
            Middleware(HeadAsGet),
            Middleware(BodyLimit, unlimited=("/uploads",)),
            Middleware(Compression, bodies=bodies),
            Middleware(TileShortcut, source=source, drawing=drawing),
        ],
    )
    app.state.source = source
    app.state.drawing = drawing
    app.state.jobs = JobRunner(FolderStore.open(Path(study_path)), KINDS)
    app.state.uploads = UploadDesk(app.state.jobs.store)
    app.state.static_dir = static_dir or PACKAGED_PAGE
    app.state.warming = Warming(source, bodies=bodies, static_dir=app.state.static_dir, bustle=bustle)
    install_error_handlers(app)
    for module in (
        conformance,
        health,
        study,
        layers,
        settings,
        uploads,
        results,
        collections,
        tiles,
        coverages,
        profile,
        places,
        footprint,
        search,
        exports,
        exporttiles,
        exportrasters,
        processes,
        jobs,
        plans,
        scenarios,
        whatif,
    ):
        app.include_router(module.router)
    app.mount("/", PageFiles(directory=app.state.static_dir, check_dir=False), name="page")
    app.openapi = lambda: describe_api(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _at_work(app: FastAPI) -> AsyncIterator[None]:
    """Take up the jobs that an earlier server left, and give back the running one at the end."""
    app.state.uploads.sweep()
    app.state.jobs.start()
    app.state.warming.start()
    try:
        yield
    finally:
        app.state.jobs.close()
        app.state.warming.close()


def describe_api(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; every failure is a problem document."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=DESCRIPTION
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema()
        failure = {
            "description": "RFC 9457 problem document",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = copy.deepcopy(failure)
        add_examples(document)
        app.openapi_schema = document
    return app.openapi_schema
