"""Pictures of signal and relief."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from phusong.app.api.answers import PNG, answer, is_fresh, json_answer, unchanged
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage, TileColumn, TileRow, Zoom, draw
from phusong.app.api.schemas import DistributionReading
from phusong.app.api.signalwords import code_ramp, grey_ramp, layer_record
from phusong.app.api.snapshot import HILLSHADE, Snapshot
from phusong.app.distributions import distribution
from phusong.app.i18n import Language
from phusong.app.signallayers import MARGIN_STEPS_PER_DB, MARGIN_ZERO_CODE, LayerName, operators_of
from phusong.coverage.errors import NotFoundError
from phusong.geodata.tiles.colours import RSRP_COLOURS, RSRP_EDGES_DBM, Ramp, level_ramp, shade_ramp
from phusong.geodata.tiles.display import render_tile
from phusong.geodata.tiles.mercator import check_tile

router = APIRouter(tags=["coverages"])

Threshold = Annotated[float | None, Query(ge=-200, le=50, allow_inf_nan=False)]


Form = Annotated[
    Literal["colours", "codes"],
    Query(description="`codes`: codes of a signal layer as shades of grey, to be coloured by the reader"),
]


@router.get("/coverages")
def coverages(request: Request, snapshot: CurrentSnapshot, language: ReaderLanguage) -> Response:
    """List what can be drawn, with classes, colours and words."""
    listed = [_record(snapshot, name) for name in snapshot.coverages()]
    listed += [_layer_record(snapshot, name, language) for name in snapshot.signal_layers().values()]
    found = json_answer(request, {"coverages": listed}, f"{snapshot.tag}-{language}")
    found.headers["Vary"] = "Accept-Language"
    return found


@router.get("/coverages/{coverage}/distribution", response_model=DistributionReading)
def coverage_distribution(request: Request, snapshot: CurrentSnapshot, coverage: str) -> Response:
    """Tell how many people and homes and how much land have each code of a signal layer or a higher one.

    Where a code or a higher one means *served* (layer ``margin``, from ``zero_code`` on), the figure is that
    of the results.
    """
    layers = snapshot.signal_layers()
    if coverage not in layers:
        raise NotFoundError("coverage_unknown", coverage=coverage[:80], allowed=", ".join(layers))
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    record = snapshot.part(
        f"distribution {coverage}", lambda: _distribution_record(snapshot, layers[coverage])
    )
    return json_answer(request, record, snapshot.tag)


@router.get("/coverages/{coverage}/tiles/WebMercatorQuad/{z}/{y}/{x}")
async def picture_tile(  # noqa: PLR0917 - the path has four parts
    request: Request,
    snapshot: CurrentSnapshot,
    coverage: str,
    z: Zoom,
    y: TileRow,
    x: TileColumn,
    threshold_dbm: Threshold = None,
    form: Form = "colours",
) -> Response:
    """Draw a 256-pixel PNG tile; levels below the threshold (default: the method's) are transparent."""
    check_tile(z, x, y)

    return await draw(
        request, lambda: picture_answer(request, snapshot, coverage, (z, x, y), form, threshold_dbm)
    )


def picture_answer(  # noqa: PLR0917 - what the address says
    request: Request,
    snapshot: Snapshot,
    coverage: str,
    place: tuple[int, int, int],
    form: str = "colours",
    threshold_dbm: float | None = None,
) -> Response:
    """Draw a tile at a place (zoom, x, y), or tell that the client has it."""
    display = snapshot.display(coverage)
    if is_fresh(request, snapshot.tag):
        return unchanged(snapshot.tag)
    ramp = grey_ramp() if form == "codes" else picture_ramp(snapshot, coverage, threshold_dbm)
    return answer(render_tile(display, *place, ramp=ramp), PNG, snapshot.tag)


def picture_ramp(snapshot: Snapshot, coverage: str, threshold_dbm: float | None = None) -> Ramp:
    """Return the colours of a coverage; a level map is transparent below the threshold (the method's)."""
    if coverage == HILLSHADE:
        return snapshot.part("ramp hillshade", shade_ramp)
    layers = snapshot.signal_layers()
    if coverage in layers:
        return snapshot.part(f"ramp {coverage}", lambda: _code_ramp(snapshot, layers[coverage]))
    if threshold_dbm is None:
        return snapshot.part(f"ramp {coverage}", lambda: _level_ramp(_threshold_dbm(snapshot, coverage)))
    return _level_ramp(threshold_dbm)


def _code_ramp(snapshot: Snapshot, name: LayerName) -> Ramp:
    return code_ramp(_layer_record(snapshot, name, "en")["classes"])


def _level_ramp(threshold_dbm: float) -> Ramp:
    return level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=threshold_dbm)


def _layer_record(snapshot: Snapshot, name: LayerName, language: Language) -> dict[str, Any]:
    record = layer_record(
        name,
        operators=operators_of(snapshot.signal().services),
        required_dbm=_required_dbm(snapshot),
        language=language,
    )
    tiles = f"/coverages/{name.id}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    return {**record, "tiles": tiles, **_scale(snapshot, name)}


def _scale(snapshot: Snapshot, name: LayerName) -> dict[str, Any]:
    """Say what the codes of a margin mean; the threshold is one level only within one technology."""
    if name.kind != "margin":
        return {}
    thresholds = snapshot.results["method"]["threshold_dbm"]
    return {
        "zero_code": MARGIN_ZERO_CODE,
        "codes_per_db": MARGIN_STEPS_PER_DB,
        "threshold_dbm": thresholds.get(name.technology),
        "required_dbm": _required_dbm(snapshot).get(name.technology),
    }


def _distribution_record(snapshot: Snapshot, name: LayerName) -> dict[str, Any]:
    run_dir = snapshot.store.results_dir / str(snapshot.run)
    record = distribution(snapshot.shelf().layers, name, base=snapshot.baseline, run_dir=run_dir)
    province = snapshot.results["province"]
    return {
        "id": name.id,
        "kind": name.kind,
        "people": record["people"],
        "households": record["households"],
        "area_km2": record["area_km2"],
        "totals": {
            "people": province["population"],
            "households": province["households"],
            "area_km2": province["area_km2"],
        },
        **_scale(snapshot, name),
        "method": snapshot.results["method"],
    }


def _required_dbm(snapshot: Snapshot) -> dict[str, float]:
    method = snapshot.results["method"]
    levels: dict[str, float] = method.get("required_rsrp_dbm") or method["threshold_dbm"]
    return levels


def _threshold_dbm(snapshot: Snapshot, coverage: str) -> float:
    """Median level from which the technology in ``rsrp-<technology>-<operator>`` counts as served."""
    technology = coverage.split("-")[1]
    levels = _required_dbm(snapshot)
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
