"""Communes: kinds and plain names, and how well the boundaries fit each other."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from phusong.coverage.errors import Finding
from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed, is_filled
from phusong.geodata.crs import utm_epsg
from phusong.geodata.names import split_kind, without_accents
from phusong.geodata.store.folder import RASTER_LAYERS, FolderStore

WORTH_TELLING_KM2 = 0.001
SAME_SHAPE_DEG = 1e-9
KNOWN_KINDS = ("xã", "phường", "đặc khu", "thị trấn")


def complete_communes(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:
    """Part names from kinds, and tell overlaps and gaps between the boundaries.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    store : FolderStore
        Study that gets them.
    """
    named = _with_kinds(frame)
    overlap_km2, gap_km2 = fit_of_boundaries(named, epsg=store.epsg)
    findings = [*_lost_codes(named, store), *_outdated_population(named, store), *_off_grid(named, store)]
    for code, area_km2 in (("boundaries_overlap", overlap_km2), ("boundaries_gap", gap_km2)):
        if area_km2 >= WORTH_TELLING_KM2:
            findings.append(_fit_finding(code, area_km2))
    population = pd.to_numeric(named["population"], errors="coerce") if "population" in named else None
    notes = {
        "overlap_km2": round(overlap_km2, 4),
        "gap_km2": round(gap_km2, 4),
        "population_total": None if population is None else float(population.sum()),
    }
    return Completed(named, tuple(findings), notes=notes)


def _fit_finding(code: str, area_km2: float) -> Finding:
    told = f"{area_km2:.3f} km2"
    if code == "boundaries_overlap":
        return Finding(code="boundaries_overlap", value=told, severity="warning")
    return Finding(code="boundaries_gap", value=told, severity="warning")


def fit_of_boundaries(frame: gpd.GeoDataFrame, *, epsg: int | None) -> tuple[float, float]:
    """Return the area that polygons share and the area of the holes between them, both in km2.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    epsg : int or None
        Metric CRS to measure in; the UTM zone of the middle when None.
    """
    shapes = np.asarray(frame.geometry, dtype=object)
    usable = _on_earth(shapes)
    if not usable.any():
        return 0.0, 0.0
    west, south, east, north = shapely.total_bounds(shapes[usable])
    metric = gpd.GeoSeries(shapes[usable], crs=frame.crs).to_crs(
        epsg=epsg or utm_epsg((west + east) / 2, (south + north) / 2)
    )
    areas = shapely.make_valid(np.asarray(metric, dtype=object))
    whole = _areas_only(shapely.union_all(areas))
    overlap_m2 = max(float(shapely.area(areas).sum() - shapely.area(whole)), 0.0)
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(whole))))
    return overlap_m2 / 1e6, max(float(shapely.area(filled) - shapely.area(whole)), 0.0) / 1e6


def _on_earth(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell which shapes have longitudes and latitudes that there are; others cannot be projected."""
    bounds = np.abs(shapely.bounds(shapes))
    return np.asarray((bounds[:, [0, 2]] <= 180.0).all(axis=1) & (bounds[:, [1, 3]] <= 90.0).all(axis=1))


def _areas_only(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    return shapely.multipolygons(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])


def _with_kinds(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Fill kinds from names such as ``Phường Hàm Rồng`` and leave the plain name."""
    if "name" not in frame:
        return frame
    told = frame["kind"] if "kind" in frame else [None] * len(frame)
    names, kinds = [], []
    for name, kind in zip(frame["name"], told, strict=True):
        written, plain = _parted(name)
        names.append(plain)
        kinds.append(_kind_of(kind) or written)
    return frame.assign(name=pd.Series(names, dtype=object), kind=pd.Series(kinds, dtype=object))


def _parted(name: object) -> tuple[str | None, str | None]:
    text = plain_text(name)
    if text is None:
        return None, None
    kind, rest = split_kind(text)
    if kind not in KNOWN_KINDS:
        return None, text
    return kind, text[len(text) - len(rest) :]


def _kind_of(value: object) -> str | None:
    """Read a kind, written alone or before a name."""
    text = plain_text(value)
    if text is None:
        return None
    plain = without_accents(text).casefold()
    alone = next((kind for kind in KNOWN_KINDS if without_accents(kind) == plain), None)
    return alone or _parted(text)[0] or text


def _lost_codes(frame: gpd.GeoDataFrame, store: FolderStore) -> list[Finding]:
    """Warn where villages or places name communes that are no longer there."""
    if not is_filled(frame, "commune_code").all():
        return []
    codes = set(frame["commune_code"].astype(str))
    findings = []
    for layer in ("villages", "places"):
        if not store.has(layer):
            continue
        table = store.table(layer)
        used = {str(code) for code in table["commune_code"].dropna()} if "commune_code" in table else set()
        lost = sorted(used - codes)
        if lost:
            told = f"{layer}: {', '.join(lost[:5])}" + (f" (+{len(lost) - 5})" if len(lost) > 5 else "")
            findings.append(
                Finding(code="communes_lost", column="commune_code", value=told, severity="warning")
            )
    return findings


def _outdated_population(frame: gpd.GeoDataFrame, store: FolderStore) -> list[Finding]:
    """Warn where the people per cell were fitted to other boundaries or other official numbers."""
    has_all = store.has("population") and store.has("communes") and is_filled(frame, "commune_code").all()
    if not has_all:
        return []
    before, after = _people_and_shapes(store.table("communes")), _people_and_shapes(frame)
    if before.keys() == after.keys() and all(_is_same(one, before[code]) for code, one in after.items()):
        return []
    told = [f"{sum(max(people, 0.0) for people, _ in one.values()):.0f}" for one in (before, after)]
    return [Finding(code="population_outdated", value=told[0], allowed=told[1], severity="warning")]


def _people_and_shapes(table: gpd.GeoDataFrame) -> dict[str, tuple[float, shapely.Geometry | None]]:
    """Official number (-1 where unknown) and shape of each commune, by code."""
    numbers = list(table["population"]) if "population" in table else [None] * len(table)
    people = pd.to_numeric(pd.Series(numbers, dtype=object), errors="coerce").fillna(-1.0)
    codes = table["commune_code"].astype(str)
    return {
        code: (float(number), shape)
        for code, number, shape in zip(codes, people, table.geometry, strict=True)
    }


def _is_same(
    one: tuple[float, shapely.Geometry | None], other: tuple[float, shapely.Geometry | None]
) -> bool:
    if one[0] != other[0] or one[1] is None or other[1] is None:
        return one == other
    return bool(shapely.equals_exact(one[1], other[1], SAME_SHAPE_DEG))


def _off_grid(frame: gpd.GeoDataFrame, store: FolderStore) -> list[Finding]:
    """Warn of communes that reach beyond the grid, which stays as the first raster has made it."""
    rasters = [layer for layer in RASTER_LAYERS if store.has(layer)]
    if not rasters:
        return []
    grid = store.grid()
    known = frame.geometry[_on_earth(np.asarray(frame.geometry, dtype=object))]
    shapes = np.asarray(known.to_crs(epsg=grid.epsg), dtype=object)
    inside = shapely.covers(shapely.box(*grid.bounds), shapes)
    there = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    beyond = int((there & ~inside).sum())
    if not beyond:
        return []
    return [
        Finding(code="communes_off_grid", value=str(beyond), allowed=", ".join(rasters), severity="warning")
    ]
