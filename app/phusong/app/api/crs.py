"""Coordinate reference systems of answers (OGC API - Features, Part 2)."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from phusong.coverage.errors import InputError
from phusong.geodata.crs import GEOGRAPHIC_EPSG, Bounds

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
_CODE = re.compile(rf"(?:{re.escape(_EPSG)}|urn:ogc:def:crs:EPSG::|EPSG:)(\d{{4,6}})", re.IGNORECASE)
VN2000_EPSG = (4756, 3405, 3406, 5896, 5897, 5898, 5899, *range(9205, 9219))
"""VN-2000: geographic, UTM zones 48N and 49N, and the 3° zones that provinces draw their maps in."""
OFFERED_EPSG = (GEOGRAPHIC_EPSG, 3857, *VN2000_EPSG)
DEGREE_DECIMALS, METRE_DECIMALS = 7, 3


@dataclass(frozen=True, slots=True)
class AnswerCrs:
    """A reference system and the order in which its authority writes coordinates.

    Attributes
    ----------
    uri : str
    epsg : int
    is_north_first : bool
        EPSG:4326 and the VN-2000 zones put north before east; CRS84 does not.
    decimals : int
        To which coordinates are rounded: a centimetre or less.
    """

    uri: str
    epsg: int
    is_north_first: bool
    decimals: int

    def from_degrees(self, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        """Bring shapes from longitude and latitude into this system, in its order of axes."""

        def moved(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            x, y = degrees[:, 0], degrees[:, 1]
            if self.epsg != GEOGRAPHIC_EPSG:
                x, y = _transformer(GEOGRAPHIC_EPSG, self.epsg).transform(x, y)
            pair = (y, x) if self.is_north_first else (x, y)
            rounded: npt.NDArray[np.float64] = np.column_stack(pair).round(self.decimals)
            return rounded

        found: npt.NDArray[np.object_] = shapely.transform(shapes, moved)
        return found

    def box_in_degrees(self, box: Bounds) -> Bounds:
        """Bring a box of this system, in its order of axes, to west, south, east, north in degrees."""
        west, south, east, north = (box[1], box[0], box[3], box[2]) if self.is_north_first else box
        if self.epsg == GEOGRAPHIC_EPSG:
            return west, south, east, north
        back = _transformer(self.epsg, GEOGRAPHIC_EPSG)
        left, bottom, right, top = back.transform_bounds(west, south, east, north, densify_pts=21)
        return left, bottom, right, top

    def shape_in_degrees(self, shape: shapely.Geometry) -> shapely.Geometry:
        """Bring a shape of this system, in its order of axes, to longitude and latitude."""
        back = _transformer(self.epsg, GEOGRAPHIC_EPSG)

        def moved(given: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            x, y = (given[:, 1], given[:, 0]) if self.is_north_first else (given[:, 0], given[:, 1])
            return np.column_stack(back.transform(x, y))

        return shapely.transform(shape, moved)


DEGREES = AnswerCrs(CRS84, GEOGRAPHIC_EPSG, is_north_first=False, decimals=DEGREE_DECIMALS)


def offered_uris() -> list[str]:
    """List what answers can be asked in, the default first."""
    return [CRS84, *(f"{_EPSG}{epsg}" for epsg in OFFERED_EPSG)]


def answer_crs(name: str, text: str | None) -> AnswerCrs:
    """Read the CRS of a parameter; left out, it is CRS84.

    Parameters
    ----------
    name : str
        Of the parameter, for the error.
    text : str or None
        URI, ``EPSG:4326`` or URN.

    Raises
    ------
    InputError
        ``crs_not_offered``.
    """
    if text is None or text == CRS84:
        return DEGREES
    found = _CODE.fullmatch(text.strip().removeprefix("[").removesuffix("]"))
    epsg = int(found.group(1)) if found else 0
    if epsg not in OFFERED_EPSG:
        raise InputError("crs_not_offered", name=name, value=text[:80], allowed=", ".join(offered_uris()))
    return _of_epsg(epsg)


@functools.cache
def _of_epsg(epsg: int) -> AnswerCrs:
    axes = pyproj.CRS.from_epsg(epsg).axis_info
    decimals = DEGREE_DECIMALS if axes[0].unit_name == "degree" else METRE_DECIMALS
    return AnswerCrs(f"{_EPSG}{epsg}", epsg, is_north_first=axes[0].direction == "north", decimals=decimals)


@functools.cache
def _transformer(source: int, target: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)
