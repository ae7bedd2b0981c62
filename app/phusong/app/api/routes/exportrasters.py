"""Rasters to take away as cloud-optimised GeoTIFFs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from phusong.app.api.answers import entity_tag, is_fresh, unchanged
from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.snapshot import Snapshot
from phusong.app.compute.budgets import load_budgets
from phusong.app.compute.rasters import check_layers, service_blocks, services_of
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.coveragefiles import provenance_tags, write_coverages
from phusong.app.layer_names import signal_layer
from phusong.geodata.store.folder import RASTER_LAYERS

router = APIRouter(tags=["exports"])

COG = "image/tiff; application=geotiff; profile=cloud-optimized"


@router.get("/exports/rasters/{layer}.tif", responses={200: {"content": {COG: {}}}})
def raster(
    request: Request,
    snapshot: CurrentSnapshot,
    layer: str,
    technology: Annotated[str, Query(max_length=40)] = "4G",
    operator: Annotated[str, Query(max_length=200)] = ALL_OPERATORS,
) -> Response:
    """Terrain, population or clutter as they are; or a result (``rsrp``, ``sinr`` ...) of one service."""
    is_input = layer in RASTER_LAYERS
    service = "" if is_input else f"-{signal_layer(technology, operator)}"
    tag = f"{snapshot.tag}-{layer}{service}"
    if is_fresh(request, tag):
        return unchanged(tag)
    headers = {"ETag": entity_tag(tag), "Cache-Control": "no-cache"}
    if is_input:
        path = snapshot.store.raster_path(layer)
        return FileResponse(path, media_type=COG, filename=f"{layer}.tif", headers=headers)
    return _result(snapshot, layer, technology=technology, operator=operator, headers=headers)


def _result(
    snapshot: Snapshot, layer: str, *, technology: str, operator: str, headers: dict[str, str]
) -> Response:
    results = snapshot.results
    wanted = check_layers([layer])
    signal = snapshot.signal()
    services = services_of(signal, technology, operator)
    budgets = load_budgets(snapshot.store.results_dir / str(snapshot.run), results["method"])
    folder = Path(tempfile.mkdtemp(prefix="phusong-export-"))
    try:
        (path,) = write_coverages(
            folder,
            signal_layer(technology, operator),
            service_blocks(signal, services, budgets=budgets, layers=wanted),
            layers=wanted,
            grid=snapshot.store.grid(),
            tags=provenance_tags(results, technology=technology, operator=operator),
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, media_type=COG, filename=path.name, headers=headers, background=tidy)
