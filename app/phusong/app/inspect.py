"""Looking at one place of a computed study: the levels there, and the path from a cell to it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import rasterio
import shapely
from rasterio.windows import Window

from phusong.app.compute.budgets import load_budgets
from phusong.app.compute.links import Link, explain_link
from phusong.app.compute.served import required_dbm
from phusong.app.compute.signalmap import Service, SignalMap
from phusong.app.compute.stacks import carrier_of
from phusong.app.paths import Place, StudyGround, find_row
from phusong.app.reception import reception_record
from phusong.coverage.errors import NotFoundError
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.link_budget import rsrp_offset_dbm
from phusong.geodata.store.folder import FolderStore

_ELLIPSOID = pyproj.Geod(ellps="WGS84")
_SENDER = ("site_id", "frequency_mhz", "distance_m", "bearing_deg", "site_lon", "site_lat")


class Inspector:
    """Answers questions about places from the rasters of one run.

    Parameters
    ----------
    store : FolderStore
    run_dir : Path
        The results in place.
    results : mapping
        The results document.
    frames : mapping of str to GeoDataFrame
        EPSG:4326; ``communes``, ``villages``, ``cells``, any of which may be absent.
    signal : SignalMap
        Of the run.
    """

    def __init__(
        self,
        store: FolderStore,
        *,
        run_dir: Path,
        results: Mapping[str, Any],
        frames: Mapping[str, gpd.GeoDataFrame],
        signal: SignalMap,
    ) -> None:
        self._ground = StudyGround(store)
        self._signal = signal
        self._record = dict(results["method"])
        self._budgets = load_budgets(run_dir, self._record)
        self._method = self._budgets.method
        self._frames = frames
        communes = frames.get("communes")
        self._commune_tree = None if communes is None else shapely.STRtree(communes.geometry.to_numpy())

    def village_place(self, village_id: str) -> tuple[float, float]:
        """Longitude and latitude of a village in degrees.

        Raises
        ------
        NotFoundError
            ``village_unknown``; also for a village without a location.
        """
        row = find_row(self._frames.get("villages"), "village_id", village_id)
        if row is None or row["geometry"] is None or row["geometry"].is_empty:
            raise NotFoundError("village_unknown", village_id=village_id[:80])
        return float(row["geometry"].x), float(row["geometry"].y)

    def point(self, *, lon_deg: float, lat_deg: float) -> dict[str, Any]:
        """Levels at a place; values are null outside the study and where nothing is known."""
        place = self._ground.place(lon_deg, lat_deg)
        commune = self._commune_at(lon_deg, lat_deg)
        return {
            "lon": lon_deg,
            "lat": lat_deg,
            "elevation_m": self._pixel(self._ground.terrain_tif, place),
            "is_inside": self._ground.contains(place.x_m, place.y_m),
            "commune_code": None if commune is None else str(commune["commune_code"]),
            "commune_name": None if commune is None else str(commune["name"]),
            "layers": [
                self._level(service, place)
                for service in sorted(self._signal.services, key=lambda one: one[::-1])
            ],
            "method": self._record,
        }

    def profile(self, cell_id: str, *, lon_deg: float, lat_deg: float) -> dict[str, Any]:
        """Terrain and losses between a cell and a place, from the mast to the place.

        Raises
        ------
        NotFoundError
            ``cell_unknown``.
        InputError
            ``place_outside`` when an end lies outside the study's terrain, ``path_too_short``,
            ``path_too_long``.
        """
        cell = self._ground.cell(self._frames.get("cells"), cell_id)
        place = self._ground.place(lon_deg, lat_deg)
        terrain, clutter = self._ground.between(cell.x_m, cell.y_m, place.x_m, place.y_m)
        link = explain_link(terrain, cell, x_m=place.x_m, y_m=place.y_m, method=self._method, clutter=clutter)
        return self._profile_record(link)

    def _profile_record(self, link: Link) -> dict[str, Any]:
        cell, path = link.cell, link.path
        needed_dbm = self._required_dbm(cell)
        return {
            "cell_id": cell.cell_id,
            "site_id": cell.site_id,
            "operator": cell.operator,
            "technology": cell.technology,
            "frequency_mhz": cell.frequency_mhz,
            "antenna_height_m": cell.antenna_height_m,
            "receiver_height_m": self._method.receiver_height_m,
            **self._ground.path_record(path),
            "pattern_loss_db": link.pattern_loss_db,
            "eirp_per_re_dbm": rsrp_offset_dbm(cell),
            "rsrp_dbm": link.rsrp_dbm if np.isfinite(link.rsrp_dbm) else None,
            "threshold_dbm": self._method.threshold_dbm[cell.technology],
            "required_dbm": needed_dbm,
            "is_served": link.rsrp_dbm >= needed_dbm,
            "obstruction": _obstruction(link),
            "method": self._record,
        }

    def _level(self, service: Service, place: Place) -> dict[str, Any]:
        is_inside = self._ground.contains(place.x_m, place.y_m)
        at = self._ground.grid.row_col(place.x_m, place.y_m) if is_inside else None
        record = reception_record(self._signal, self._budgets, service, at)
        return {**record, **self._sender(record["cell_id"], place)}

    def _sender(self, cell_id: str | None, place: Place) -> dict[str, Any]:
        """Where the best server stands, seen from a place; distance and bearing on the ellipsoid."""
        if cell_id is None:
            return dict.fromkeys(_SENDER)
        cell = self._cells[cell_id]
        at = self._ground.degrees(np.array([cell.x_m]), np.array([cell.y_m]))
        lon_deg, lat_deg = (float(one[0]) for one in at)
        azimuth_deg, _, distance_m = _ELLIPSOID.inv(place.lon_deg, place.lat_deg, lon_deg, lat_deg)
        found = (cell.site_id, cell.frequency_mhz, distance_m, azimuth_deg % 360.0, lon_deg, lat_deg)
        return dict(zip(_SENDER, found, strict=True))

    @functools.cached_property
    def _cells(self) -> dict[str, Cell]:
        return {cell.cell_id: cell for cell in self._budgets.cells}

    def _required_dbm(self, cell: Cell) -> float:
        return required_dbm(self._method, carrier_of(cell), has_clutter=self._ground.clutter_tif is not None)

    def _pixel(self, tif: Path, place: Place, *, scale: float = 1.0) -> float | None:
        if not self._ground.contains(place.x_m, place.y_m):
            return None
        row, col = self._ground.grid.row_col(place.x_m, place.y_m)
        with rasterio.open(tif) as raster:
            value = raster.read(1, window=Window(col, row, 1, 1))[0, 0]
            nodata = raster.nodata
        if not np.isfinite(value) or (nodata is not None and value == nodata):
            return None
        return round(float(value) * scale, 3)

    def _commune_at(self, lon_deg: float, lat_deg: float) -> Mapping[str, Any] | None:
        if self._commune_tree is None:
            return None
        found = self._commune_tree.query(shapely.Point(lon_deg, lat_deg), predicate="intersects")
        return dict(self._frames["communes"].iloc[int(found[0])]) if len(found) else None


def _obstruction(link: Link) -> dict[str, float] | None:
    """Worst obstacle, told from the mast as the profile is drawn."""
    worst = link.path.obstruction
    if worst is None:
        return None
    from_mast_m = float(link.path.distance_m[-1]) - worst.distance_m
    return {"distance_m": from_mast_m, "excess_m": worst.excess_m, "loss_db": link.obstruction_db}
