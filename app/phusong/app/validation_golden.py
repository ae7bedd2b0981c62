"""Compare ITM with area predictions by SPLAT! 1.4.2 kept in files.

A folder holds, for each case, the request (``<case>.json``) and the prediction (``*<case>_ano.npz``:
latitude, longitude, received power of every cell). The terrain is looked for in the folder ``terrain`` beside
it.

How that program sampled its terrain was found by experiment, and is repeated here: a radial runs from the
transmitter to the edge of the loaded tiles, with a sample for every 1/1,200 degree of the difference in
coordinates; heights are those of the nearest pixel; the profile of a cell stops one sample before it; land
(not ground at 0 m) is raised by the clutter height everywhere but at the transmitter, so that the receiver
stands on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio

from phusong.coverage.errors import NotFoundError
from phusong.coverage.propagation.itm import path_loss_parts
from phusong.coverage.propagation.itm_conditions import Polarization
from phusong.coverage.propagation.itm_settings import CLIMATES
from phusong.coverage.propagation.profile import Profile

PREDICTION_ENDING = "_ano.npz"
TERRAIN_FOLDER = "terrain"
EARTH_RADIUS_KM = 3_959.0 * 1.609344
SAMPLES_A_DEGREE = 1_200.0
FOOT_M = 0.3048
DIPOLE_GAIN_DB = 2.14
KNOWN_PATH = 12  # mobile mode without location variability
LEAST_POINTS = 2
_BISECTIONS = 45
_FARTHEST_RAD = 0.1
_CELLS_AT_ONCE = 400

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupReport:
    """How one group of cases, such as one area, differs from its reference.

    Attributes
    ----------
    name : str
    cases : int
    median_db : float
        Median of the differences found less expected.
    within_3db_share : float
        Share of cases at most 3 dB off.
    """

    name: str
    cases: int
    median_db: float
    within_3db_share: float


@dataclass(frozen=True, slots=True)
class GoldenCell:
    """One cell of a prediction.

    Attributes
    ----------
    name : str
        Case and number of the cell.
    case : str
    expected_dbm, found_dbm : float
        Received power predicted by the other program and by ours.
    """

    name: str
    case: str
    expected_dbm: float
    found_dbm: float


@dataclass(frozen=True, slots=True)
class _Terrain:
    """Heights at whole pixels, and how to find them."""

    heights_m: npt.NDArray[np.int16]
    left_deg: float
    top_deg: float
    pixel_deg: float

    def at(self, lat_deg: Array, lon_deg: Array) -> Array:
        """Height of the nearest pixel; beyond the rim that of the rim."""
        row = np.floor((self.top_deg - lat_deg) / self.pixel_deg).astype(np.int64)
        col = np.floor((lon_deg - self.left_deg) / self.pixel_deg).astype(np.int64)
        rows, cols = self.heights_m.shape
        held = np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)
        return self.heights_m[held].astype(np.float64)

    def holds(self, lat_deg: Array, lon_deg: Array) -> npt.NDArray[np.bool_]:
        """Tell which points lie within the whole degrees that the tiles cover."""
        rows, cols = self.heights_m.shape
        half = 0.5 * self.pixel_deg
        top, left = np.rint(self.top_deg + half), np.rint(self.left_deg + half)
        bottom, right = top - np.rint(rows * self.pixel_deg), left + np.rint(cols * self.pixel_deg)
        is_inside = (lat_deg <= top) & (lat_deg >= bottom) & (lon_deg >= left) & (lon_deg <= right)
        return np.asarray(is_inside)


def is_golden(path: Path) -> bool:
    """Tell whether a folder holds area predictions."""
    return path.is_dir() and any(entry.name.endswith(PREDICTION_ENDING) for entry in path.iterdir())


def golden_cells(folder: Path, *, every: int) -> Iterator[GoldenCell]:
    """Evaluate ITM on cells of every prediction in a folder.

    Parameters
    ----------
    folder : Path
    every : int
        One cell in so many is compared.

    Raises
    ------
    NotFoundError
        ``validation_path`` where a prediction has no request, or no terrain lies under its transmitter.
    """
    for prediction in sorted(folder.glob(f"*{PREDICTION_ENDING}")):
        stem = prediction.name.removesuffix(PREDICTION_ENDING)
        requests = [entry for entry in sorted(folder.glob("*.json")) if stem.endswith(entry.stem)]
        if not requests:
            raise NotFoundError("validation_path", path=str(folder / f"{stem}.json"))
        request = json.loads(requests[0].read_text(encoding="utf-8"))
        terrain = _terrain(folder.parent / TERRAIN_FOLDER, request["lat"], request["lon"])
        with np.load(prediction) as arrays:
            lat, lon, dbm = (arrays[name][::every].astype(np.float64) for name in ("lat", "lon", "dbm"))
        for begin in range(0, lat.size, _CELLS_AT_ONCE):
            part = slice(begin, begin + _CELLS_AT_ONCE)
            found = _received_dbm(request, terrain, lat[part], lon[part])
            for i, value in enumerate(found):
                name = f"{requests[0].stem}:{(begin + i) * every}"
                yield GoldenCell(name, requests[0].stem, float(dbm[begin + i]), float(value))


def _terrain(folder: Path, lat_deg: float, lon_deg: float) -> _Terrain:
    for path in sorted(folder.glob("*.tif")):
        with rasterio.open(path) as source:
            bounds = source.bounds
            if bounds.left < lon_deg < bounds.right and bounds.bottom < lat_deg < bounds.top:
                return _Terrain(source.read(1), bounds.left, bounds.top, 1.0 / SAMPLES_A_DEGREE)
    raise NotFoundError("validation_path", path=str(folder))


def _received_dbm(
    request: Mapping[str, Any], terrain: _Terrain, lat_deg: Array, lon_deg: Array
) -> list[float]:
    """Received power at cells, each along the radial it lies on."""
    here = float(request["lat"]), float(request["lon"])
    arc, azimuth = _arc_and_azimuth(*here, lat_deg, lon_deg)
    step = _radial_step(*here, azimuth, terrain)
    points = np.maximum(np.rint(arc / step).astype(np.int64), LEAST_POINTS)  # the cell itself is left out
    along = step[:, None] * np.arange(points.max())
    heights = terrain.at(*_walk(*here, azimuth[:, None], along))
    cover = np.where(heights == 0.0, 0.0, float(request["clutter_height"]))
    cover[:, 0] = 0.0
    options = _options(request)
    erp_w = round(
        10.0 ** ((request["tx_power"] + request["tx_gain"] - request["system_loss"] - 30.0) / 10.0), 2
    )
    erp_dbm = 30.0 + 10.0 * np.log10(erp_w) + DIPOLE_GAIN_DB
    found = []
    for i, count in enumerate(points):
        profile = Profile(
            distance_km=EARTH_RADIUS_KM * along[i, :count], height_m=(heights + cover)[i, :count]
        )
        found.append(float(erp_dbm - path_loss_parts(profile, **options).loss_db))
    return found


def _options(request: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments of the model; the height of the transmitter was taken for feet."""
    polarization: Polarization = "vertical" if request["polarization"] == "vertical" else "horizontal"
    return {
        "frequency_mhz": float(request["frequency_mhz"]),
        "tx_height_m": FOOT_M * float(request["tx_height"]),
        "rx_height_m": float(request["rx_height"]),
        "polarization": polarization,
        "climate": CLIMATES[request["radio_climate"]],
        "n0": float(request["atmosphere_bending"]),
        "epsilon": float(request["ground_dielectric"]),
        "sigma": float(request["ground_conductivity"]),
        "mdvar": KNOWN_PATH,
        "time_percentage": float(request["time_fraction"]),
        "situation_percentage": float(request["situation_fraction"]),
    }


def _arc_and_azimuth(lat_deg: float, lon_deg: float, to_lat: Array, to_lon: Array) -> tuple[Array, Array]:
    """Angle at the centre of the Earth, and azimuth, of points seen from one place."""
    here, there = np.radians(lat_deg), np.radians(to_lat)
    turn = np.radians(to_lon - lon_deg)
    haversine = np.sin(0.5 * (there - here)) ** 2 + np.cos(here) * np.cos(there) * np.sin(0.5 * turn) ** 2
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(turn)
    azimuth = np.arctan2(np.sin(turn) * np.cos(there), north)
    return 2.0 * np.arcsin(np.sqrt(haversine)), azimuth


def _walk(lat_deg: float, lon_deg: float, azimuth: Array, arc: Array) -> tuple[Array, Array]:
    """Coordinates in degrees after an arc along a great circle."""
    here = np.radians(lat_deg)
    sine = np.sin(here) * np.cos(arc) + np.cos(here) * np.sin(arc) * np.cos(azimuth)
    turn = np.arctan2(np.sin(azimuth) * np.sin(arc) * np.cos(here), np.cos(arc) - np.sin(here) * sine)
    return np.degrees(np.arcsin(sine)), lon_deg + np.degrees(turn)


def _radial_step(lat_deg: float, lon_deg: float, azimuth: Array, terrain: _Terrain) -> Array:
    """Arc between samples: that to the edge of the tiles over the pixels it crosses."""
    near, far = np.zeros(azimuth.size), np.full(azimuth.size, _FARTHEST_RAD)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (near + far)
        is_inside = terrain.holds(*_walk(lat_deg, lon_deg, azimuth, middle))
        near, far = np.where(is_inside, middle, near), np.where(is_inside, far, middle)
    edge_lat, edge_lon = _walk(lat_deg, lon_deg, azimuth, near)
    return np.asarray(near / (SAMPLES_A_DEGREE * np.hypot(edge_lat - lat_deg, edge_lon - lon_deg)))
