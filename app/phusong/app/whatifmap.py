"""The map of a change: where a service is new, where it stays gained, where it is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY, Name
from phusong.app.compute.signalmap import Service
from phusong.app.compute.whatif import Baseline, Moved
from phusong.coverage.zonal import BoolArray
from phusong.geodata.tiles.mercatorimage import Corners, MercatorImage, mercator_image
from phusong.geodata.tiles.png import Rgba, encode_palette_png

Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
NEW, KEPT, LOST = 1, 2, 3
CLASSES: Mapping[str, int] = MappingProxyType({"new": NEW, "kept": KEPT, "lost": LOST})
_LOST_GROUND = 4
PALETTE: tuple[Rgba, ...] = (
    (0, 0, 0, 0),
    (0x3B, 0x4C, 0xC0, 240),
    (0x87, 0x96, 0xDC, 225),
    (0xC4, 0x70, 0x28, 235),
    (0xC4, 0x70, 0x28, 80),
)
"""Nothing, new, kept, and the two tones of the hatch of what is lost."""
MOST_PIXELS = 1600
HATCH_PIXELS = 5


@dataclass(frozen=True, slots=True)
class ChangeMap:
    """Where a change alters who is served.

    Attributes
    ----------
    cells, area_km2 : mapping of str to number
        By class: ``new``, ``kept``, ``lost``; ellipsoidal areas.
    png : bytes
    width, height : int
        Of the picture; 0 where nothing changes.
    corners_deg : tuple of (longitude, latitude)
        Top left, top right, bottom right, bottom left.
    """

    cells: Mapping[str, int]
    area_km2: Mapping[str, float]
    png: bytes
    width: int
    height: int
    corners_deg: Corners


def service_mask(services: tuple[Service, ...], name: Name) -> int:
    """Bits of the services that count for a technology and an operator.

    Examples
    --------
    >>> service_mask((("VNPT", "4G"), ("VNPT", "5G")), ("4G", "all"))
    1
    """
    technology, operator = name
    return sum(
        1 << place
        for place, (own, kind) in enumerate(services)
        if operator in (ALL_OPERATORS, own) and technology in (ANY_TECHNOLOGY, kind)
    )


def change_map(base: Baseline, now: Moved, then: Moved | None, name: Name) -> ChangeMap:
    """Draw what a change does to a technology and operator.

    Parameters
    ----------
    base : Baseline
    now : Moved
        The change.
    then : Moved, optional
        An earlier one: what both serve is ``kept``, what only the earlier one (or the network that stands)
        served is ``lost``. Absent: the network that stands, and nothing is ``kept``.
    name : tuple of str
        Technology and operator.
    """
    place = _places([now, *([] if then is None else [then])], name)
    codes = _codes(base, now, then, name, place)
    place, codes = place[codes > 0], codes[codes > 0]
    area_m2 = base.world.area_m2.flat[place]
    image = _picture(base, place, codes) if place.size else None
    return ChangeMap(
        cells={one: int((codes == code).sum()) for one, code in CLASSES.items()},
        area_km2={one: float(area_m2[codes == code].sum()) / 1e6 for one, code in CLASSES.items()},
        png=b"" if image is None else encode_palette_png(_hatched(image.codes), PALETTE),
        width=0 if image is None else image.codes.shape[1],
        height=0 if image is None else image.codes.shape[0],
        corners_deg=() if image is None else image.corners_deg,
    )


def _places(moved: Sequence[Moved], name: Name) -> Places:
    """Cells of the grid where any of some changes touches a service, ascending."""
    return np.unique(
        np.concatenate(
            [one.shift.place[one.shift.change(service_mask(one.services, name)) != 0] for one in moved]
        )
    )


def _codes(base: Baseline, now: Moved, then: Moved | None, name: Name, place: Places) -> Codes:
    standing = base.bits.flat[place].astype(np.uint32)
    stands = (standing & np.uint32(service_mask(base.signal.services, name))) != 0
    serves = _served(now, name, place, stands)
    served = stands if then is None else _served(then, name, place, stands)
    return np.select(
        [serves & ~served & ~stands, serves & served & ~stands, ~serves & (served | stands)],
        [np.uint8(NEW), np.uint8(KEPT), np.uint8(LOST)],
        default=np.uint8(0),
    )


def _served(moved: Moved, name: Name, place: Places, stands: BoolArray) -> BoolArray:
    """Tell at which of some cells anybody serves after a change."""
    shift = moved.shift
    served = stands.copy()
    if shift.place.size:
        at = np.minimum(np.searchsorted(shift.place, place), shift.place.size - 1)
        touched = shift.place[at] == place
        mask = np.uint32(service_mask(moved.services, name))
        served[touched] = (shift.after[at[touched]] & mask) != 0
    return served


def _picture(base: Baseline, place: Places, codes: Codes) -> MercatorImage:
    grid = base.inputs.grid
    row, col = place // grid.width, place % grid.width
    row0, col0 = int(row.min()), int(col.min())
    window = grid.window(row0, col0, int(row.max()) - row0 + 1, int(col.max()) - col0 + 1)
    values = np.zeros(window.shape, dtype=np.uint8)
    values[row - row0, col - col0] = codes
    return mercator_image(values, window, most_pixels=MOST_PIXELS)


def _hatched(codes: Codes) -> Codes:
    """Stripe what is lost, so that it is told apart without its colour."""
    row, col = (np.arange(size) for size in codes.shape)
    pale = (codes == LOST) & ((row[:, None] + col) // HATCH_PIXELS % 2 == 1)
    return np.where(pale, np.uint8(_LOST_GROUND), codes)
