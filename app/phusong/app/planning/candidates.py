"""Places of a study where something could be built, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.world import World
from phusong.app.planning.demand import Demand
from phusong.app.planning.settings import CandidateSettings
from phusong.coverage.placement.candidates import along_lines, grid_places, thinned, within_reach
from phusong.coverage.placement.hilltops import hilltops
from phusong.coverage.villages import cells_at
from phusong.coverage.zonal import zone_of_cells

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
POWER_WORDS = ("power", "electric", "dien", "điện")
"""A line of any of these kinds or classes is taken for a power line."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places in the study CRS.

    Attributes
    ----------
    x_m, y_m : ndarray of float64, shape (places,)
    source : tuple of str
        Of `SOURCES`.
    name : tuple of str or None
        Site, public place or village it is named after.
    zone : ndarray of int64
        Commune, -1 outside all.
    to_demand_m : ndarray of float64
        Distance from the nearest unserved demand.
    found : dict of str to int
        Places kept, by source.
    dropped : dict of str to int
        Places left out, by why.
    """

    x_m: FloatArray
    y_m: FloatArray
    source: tuple[str, ...]
    name: tuple[str | None, ...]
    zone: Int64Array
    to_demand_m: FloatArray
    found: dict[str, int]
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Found:
    x_m: FloatArray
    y_m: FloatArray
    name: list[str | None]


def find_places(
    inputs: ComputeInputs,
    world: World,
    demand: Demand,
    settings: CandidateSettings,
    *,
    excluded: BaseGeometry | None = None,
    from_masts_m: float = 0.0,
) -> Places:
    """Gather places from every source, in the order of preference, none twice.

    Parameters
    ----------
    demand : Demand
        Places are looked for near it.
    settings : CandidateSettings
    excluded : geometry, optional
        In the study CRS: nothing new is built inside.
    from_masts_m : float
        New places keep so far from masts that stand.
    """
    sieve = _Sieve(inputs, settings, demand)
    sieve.keep(_on_known_ground(inputs, sieve.x_m, sieve.y_m), "off_terrain")
    if excluded is not None:
        sieve.keep(sieve.stands | ~shapely.contains_xy(excluded, sieve.x_m, sieve.y_m), "excluded")
    if from_masts_m > 0 and inputs.cells:
        masts = np.array(sorted({(cell.x_m, cell.y_m) for cell in inputs.cells}))
        far = within_reach(sieve.x_m, sieve.y_m, to_x_m=masts[:, 0], to_y_m=masts[:, 1]) >= from_masts_m
        sieve.keep(sieve.stands | far, "near_mast")
    apart = thinned(sieve.x_m, sieve.y_m, distance_m=settings.apart_m, always=sieve.stands)
    sieve.keep(apart, "near_another")
    to_demand_m = within_reach(sieve.x_m, sieve.y_m, to_x_m=demand.x_m, to_y_m=demand.y_m)
    nearest = np.sort(np.argsort(to_demand_m, kind="stable")[: settings.most_places])
    sieve.keep(nearest, "too_many")
    return sieve.places(world, to_demand_m[nearest])


class _Sieve:
    """Places of all sources, fewer and fewer."""

    def __init__(self, inputs: ComputeInputs, settings: CandidateSettings, demand: Demand) -> None:
        parts: dict[str, _Found] = {}
        for origin, find in _FINDERS.items():
            if origin in settings.sources and demand.demands:
                found = find(inputs, settings, demand)
                parts[origin] = _near(found, demand, _reach_m(origin, settings))
        self._grid = inputs.grid
        self._source = np.repeat(
            np.array(list(parts), dtype=object), [one.x_m.size for one in parts.values()]
        )
        self._name = np.array([text for one in parts.values() for text in one.name], dtype=object)
        self._dropped: dict[str, int] = {}
        self.x_m = np.concatenate([np.empty(0), *(one.x_m for one in parts.values())])
        self.y_m = np.concatenate([np.empty(0), *(one.y_m for one in parts.values())])

    @property
    def stands(self) -> npt.NDArray[np.bool_]:
        """Places where a mast stands."""
        return np.asarray(self._source == "site", dtype=np.bool_)

    def keep(self, kept: npt.NDArray[np.bool_] | Int64Array, why: str) -> None:
        """Drop all other places, and note how many and why."""
        before = self.x_m.size
        self.x_m, self.y_m = self.x_m[kept], self.y_m[kept]
        self._source, self._name = self._source[kept], self._name[kept]
        if before > self.x_m.size:
            self._dropped[why] = before - self.x_m.size

    def places(self, world: World, to_demand_m: FloatArray) -> Places:
        """Return what is left."""
        zones = zone_of_cells(world.zones).ravel()
        cell = cells_at(self._grid, x_m=self.x_m, y_m=self.y_m)
        names = dict.fromkeys(self._source.tolist())
        return Places(
            x_m=np.round(self.x_m, 3),
            y_m=np.round(self.y_m, 3),
            source=tuple(str(one) for one in self._source),
            name=tuple(self._name),
            zone=zones[cell].astype(np.int64),
            to_demand_m=to_demand_m,
            found={name: int((self._source == name).sum()) for name in names},
            dropped=self._dropped,
        )


def _reach_m(source: str, settings: CandidateSettings) -> float:
    by_source = {
        "site": settings.site_reach_m,
        "hilltop": settings.hilltop_reach_m,
        "grid": settings.grid_reach_m,
    }
    return by_source.get(source, settings.near_reach_m)


def _near(found: _Found, demand: Demand, reach_m: float) -> _Found:
    near = np.flatnonzero(within_reach(found.x_m, found.y_m, to_x_m=demand.x_m, to_y_m=demand.y_m) <= reach_m)
    return _Found(found.x_m[near], found.y_m[near], [found.name[k] for k in near])


def _on_known_ground(inputs: ComputeInputs, x_m: FloatArray, y_m: FloatArray) -> npt.NDArray[np.bool_]:
    cell = cells_at(inputs.grid, x_m=x_m, y_m=y_m)
    ground_m = np.asarray(inputs.terrain.values).ravel()[np.maximum(cell, 0)]
    known: npt.NDArray[np.bool_] = (cell >= 0) & np.isfinite(ground_m)
    return known


def _sites(inputs: ComputeInputs, _settings: CandidateSettings, _demand: Demand) -> _Found:
    """Masts with cells on air, each once."""
    masts: dict[str, tuple[float, float]] = {}
    for cell in inputs.cells:
        masts.setdefault(cell.site_id, (cell.x_m, cell.y_m))
    points = np.array(list(masts.values()), dtype=np.float64).reshape(-1, 2)
    return _Found(points[:, 0], points[:, 1], list(masts))


def _public(inputs: ComputeInputs, _settings: CandidateSettings, _demand: Demand) -> _Found:
    """Public land and buildings: every place of the places layer."""
    if not inputs.store.has("places"):
        return _Found(np.empty(0), np.empty(0), [])
    places = inputs.store.table("places")
    return _points(places, inputs, places["name"].where(places["name"].notna(), places["kind"]).tolist())


def _hilltops(inputs: ComputeInputs, settings: CandidateSettings, _demand: Demand) -> _Found:
    tops = hilltops(inputs.terrain, prominence_m=settings.prominence_m)
    return _Found(tops.x_m, tops.y_m, [f"{height_m:.0f} m" for height_m in tops.height_m])


def _settlements(inputs: ComputeInputs, _settings: CandidateSettings, demand: Demand) -> _Found:
    if not inputs.store.has("villages"):
        return _Found(demand.x_m, demand.y_m, [None] * demand.demands)
    villages = inputs.store.table("villages").sort_values("village_id", ignore_index=True)
    return _points(villages, inputs, villages["name"].tolist())


def _roads(inputs: ComputeInputs, settings: CandidateSettings, _demand: Demand) -> _Found:
    return _along(road_lines(inputs), settings.road_step_m)


def _power_lines(inputs: ComputeInputs, settings: CandidateSettings, _demand: Demand) -> _Found:
    if not inputs.store.has("lines"):
        return _Found(np.empty(0), np.empty(0), [])
    lines = inputs.store.table("lines")
    told = lines["kind"].astype(str).str.lower()
    if "class" in lines:
        told = told + " " + lines["class"].astype(str).str.lower()
    is_power = told.map(lambda text: any(word in text for word in POWER_WORDS)).astype(bool)
    return _along(_vertices(lines[is_power], inputs), settings.road_step_m)


def _grid(inputs: ComputeInputs, settings: CandidateSettings, _demand: Demand) -> _Found:
    x_m, y_m = grid_places(inputs.grid, spacing_m=settings.grid_step_m)
    return _Found(x_m, y_m, [None] * x_m.size)


_FINDERS: dict[str, Callable[[ComputeInputs, CandidateSettings, Demand], _Found]] = {
    "site": _sites,
    "public": _public,
    "hilltop": _hilltops,
    "settlement": _settlements,
    "road": _roads,
    "power_line": _power_lines,
    "grid": _grid,
}


def road_lines(inputs: ComputeInputs) -> list[FloatArray]:
    """Vertices of every road, study CRS; none where the study has no roads."""
    return _vertices(inputs.store.table("roads"), inputs) if inputs.store.has("roads") else []


def _along(lines: list[FloatArray], spacing_m: float) -> _Found:
    x_m, y_m = along_lines(lines, spacing_m=spacing_m)
    return _Found(x_m, y_m, [None] * x_m.size)


def _vertices(table: gpd.GeoDataFrame, inputs: ComputeInputs) -> list[FloatArray]:
    parts = shapely.get_parts(table.to_crs(epsg=inputs.grid.epsg).geometry.to_numpy())
    return [shapely.get_coordinates(part).astype(np.float64) for part in parts]


def _points(table: gpd.GeoDataFrame, inputs: ComputeInputs, names: list[str | None]) -> _Found:
    inner = table.to_crs(epsg=inputs.grid.epsg).geometry.representative_point()
    x_m, y_m = inner.x.to_numpy(dtype=np.float64), inner.y.to_numpy(dtype=np.float64)
    known = np.isfinite(x_m) & np.isfinite(y_m)
    return _Found(
        x_m[known], y_m[known], [str(name) for name, keep in zip(names, known, strict=True) if keep]
    )
