"""Pictures of signal and relief."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from phusong.app.api.answers import PNG, answer, is_fresh, json_answer, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, TileColumn, TileRow, Zoom
from phusong.app.api.snapshot import HILLSHADE, Snapshot
from phusong.geodata.tiles.colours import RSRP_COLOURS, RSRP_EDGES_DBM, Ramp, level_ramp, shade_ramp
from phusong.geodata.tiles.display import render_tile
from phusong.geodata.tiles.mercator import check_tile

router = APIRouter(tags=["coverages"])

Threshold = Annotated[float | None, Query(ge=-200, le=50, allow_inf_nan=False)]


@router.get("/coverages")
def coverages(request: Request, snapshot: CurrentSnapshot) -> Response:
    """List what can be drawn, with classes and colours."""
    return json_answer(
        request, {"coverages": [_record(snapshot, name) for name in snapshot.coverages()]}, snapshot.tag
    )


@router.get("/coverages/{coverage}/tiles/WebMercatorQuad/{z}/{y}/{x}")
def picture_tile(  # noqa: PLR0917 - the path has four parts
    request: Request,
    snapshot: CurrentSnapshot,
    coverage: str,
    z: Zoom,
    y: TileRow,
    x: TileColumn,
    threshold_dbm: Threshold = None,
) -> Response:
    """Draw a 256-pixel PNG tile; levels below the threshold (default: the method's) are transparent."""
    check_tile(z, x, y)
    display = snapshot.display(coverage)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    ramp = _ramp(snapshot, coverage, threshold_dbm)
    return answer(render_tile(display, z, x, y, ramp=ramp), PNG, snapshot.tag)


def _ramp(snapshot: Snapshot, coverage: str, threshold_dbm: float | None) -> Ramp:
    if coverage == HILLSHADE:
        return snapshot.part("ramp hillshade", shade_ramp)
    level_dbm = _threshold_dbm(snapshot, coverage) if threshold_dbm is None else threshold_dbm
    return level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=level_dbm)


def _threshold_dbm(snapshot: Snapshot, coverage: str) -> float:
    """Median level from which the technology in ``rsrp-<technology>-<operator>`` counts as served."""
    technology = coverage.split("-")[1]
    method = snapshot.results["method"]
    levels = method.get("required_rsrp_dbm") or method["threshold_dbm"]
    return float(levels.get(technology, min(levels.values())))


def _record(snapshot: Snapshot, coverage: str) -> dict[str, Any]:
    address = f"/coverages/{coverage}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    if coverage == HILLSHADE:
        return {"id": coverage, "tiles": address}
    classes = [
        {"from_dbm": edge, "colour": "#{:02X}{:02X}{:02X}".format(*colour)}
        for edge, colour in zip(RSRP_EDGES_DBM, RSRP_COLOURS, strict=True)
    ]
    return {
        "id": coverage,
        "tiles": address,
        "threshold_dbm": _threshold_dbm(snapshot, coverage),
        "classes": classes,
    }
