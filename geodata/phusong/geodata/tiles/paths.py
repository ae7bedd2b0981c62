"""From shapely geometries to the command integers of a vector tile (MVT 2.1, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from phusong.geodata.tiles.varint import Integers, zigzag

Geometries = npt.NDArray[Any]

MOVE_TO, LINE_TO, CLOSE_PATH = 1, 2, 7


@dataclass(frozen=True, slots=True)
class Commands:
    """Command integers of the features of one tile.

    Attributes
    ----------
    owners : ndarray, shape (n,)
        Positions of the features in the geometries given; those that vanish at this scale are absent.
    integers : ndarray, shape (m,)
        Commands and parameters of all features, one after the other.
    starts : ndarray, shape (n + 1,)
        Where each feature's integers begin.
    """

    owners: Integers
    integers: Integers
    starts: Integers


@dataclass(frozen=True, slots=True)
class _Chains:
    """Chains of tile points: lines, or rings without their closing point; owners ascend."""

    points: Integers
    lengths: Integers
    owners: Integers


def quantise(
    lonlat_m: npt.NDArray[np.float64], bounds_m: tuple[float, float, float, float], extent: int
) -> Integers:
    """Turn projected metres [n, 2] into tile units, x to the right and y down."""
    left_m, _, right_m, top_m = bounds_m
    scale = extent / (right_m - left_m)
    units = np.empty(lonlat_m.shape)
    units[:, 0] = (lonlat_m[:, 0] - left_m) * scale
    units[:, 1] = (top_m - lonlat_m[:, 1]) * scale
    return np.floor(units + 0.5).astype(np.int64)


def point_commands(
    geometries: Geometries, bounds_m: tuple[float, float, float, float], extent: int
) -> Commands:
    """Encode points and multipoints."""
    coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
    points = quantise(coordinates, bounds_m, extent)
    features, counts = np.unique(owners, return_counts=True)
    first = np.cumsum(counts) - counts
    starts = np.concatenate([first * 2 + np.arange(len(features)), [2 * len(owners) + len(features)]])
    integers = np.empty(starts[-1], dtype=np.int64)
    integers[starts[:-1]] = counts << 3 | MOVE_TO
    rest = np.ones(len(integers), dtype=bool)
    rest[starts[:-1]] = False
    integers[rest] = zigzag(_deltas(points, first)).ravel()
    return Commands(features, integers, starts)


def line_commands(
    geometries: Geometries, bounds_m: tuple[float, float, float, float], extent: int
) -> Commands:
    """Encode lines and multilines; lines shorter than a tile unit vanish."""
    parts, owners = _parts(geometries, dimension=1)
    coordinates, chain_of = shapely.get_coordinates(parts, return_index=True)
    chains = _without_repeats(quantise(coordinates, bounds_m, extent), chain_of, owners, drop_last=False)
    return _path_commands(_keep(chains, chains.lengths >= 2), closed=False)


def polygon_commands(
    geometries: Geometries, bounds_m: tuple[float, float, float, float], extent: int
) -> Commands:
    """Encode polygons and multipolygons: exteriors clockwise on the screen, holes the other way."""
    parts, part_owner = _parts(geometries, dimension=2)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    coordinates, chain_of = shapely.get_coordinates(rings, return_index=True)
    points = quantise(coordinates, bounds_m, extent)
    chains = _without_repeats(points, chain_of, part_owner[ring_part], drop_last=True)
    is_exterior = np.diff(ring_part, prepend=-1) != 0
    doubled_areas = _doubled_areas(chains)
    alive = (chains.lengths >= 3) & (doubled_areas != 0)
    exterior_alive = alive[is_exterior][np.cumsum(is_exterior) - 1] if len(alive) else alive
    alive &= exterior_alive
    backwards = (doubled_areas > 0) != is_exterior
    return _path_commands(_keep(_turned(chains, backwards), alive), closed=True)


def _parts(geometries: Geometries, *, dimension: int) -> tuple[Geometries, Integers]:
    parts, owners = shapely.get_parts(geometries, return_index=True)
    if (shapely.get_type_id(parts) > 3).any():  # a clip may leave a multi geometry in a collection
        parts, inner = shapely.get_parts(parts, return_index=True)
        owners = owners[inner]
    wanted = (shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)
    return parts[wanted], owners[wanted]


def _without_repeats(points: Integers, chain_of: Integers, owners: Integers, *, drop_last: bool) -> _Chains:
    starts_chain = np.diff(chain_of, prepend=-1) != 0
    moves = np.ones(len(points), dtype=bool)
    moves[1:] = (points[1:] != points[:-1]).any(axis=1)
    kept = np.flatnonzero(moves | starts_chain)
    if drop_last:  # the closing point repeats the first one
        kept = kept[np.diff(chain_of[kept], append=-1) == 0]
    lengths = np.bincount(chain_of[kept], minlength=len(owners))
    return _Chains(points[kept], lengths, owners)


def _doubled_areas(chains: _Chains) -> Integers:
    """Signed, doubled area of rings in tile units; positive runs clockwise on the screen."""
    ends = np.cumsum(chains.lengths)
    following = np.arange(1, len(chains.points) + 1)
    some = chains.lengths > 0
    following[ends[some] - 1] = (ends - chains.lengths)[some]
    x, y = chains.points[:, 0], chains.points[:, 1]
    cross = np.concatenate([[0], np.cumsum(x * y[following] - x[following] * y)])
    return cross[ends] - cross[ends - chains.lengths]


def _turned(chains: _Chains, backwards: npt.NDArray[np.bool_]) -> _Chains:
    ends = np.repeat(np.cumsum(chains.lengths), chains.lengths)
    starts = ends - np.repeat(chains.lengths, chains.lengths)
    place = np.arange(len(chains.points))
    order = np.where(np.repeat(backwards, chains.lengths), starts + ends - 1 - place, place)
    return _Chains(chains.points[order], chains.lengths, chains.owners)


def _keep(chains: _Chains, alive: npt.NDArray[np.bool_]) -> _Chains:
    points = chains.points[np.repeat(alive, chains.lengths)]
    return _Chains(points, chains.lengths[alive], chains.owners[alive])


def _path_commands(chains: _Chains, *, closed: bool) -> Commands:
    """Write MoveTo, LineTo and, for rings, ClosePath; a feature's cursor runs on from chain to chain."""
    lengths = chains.lengths
    sizes = 2 * lengths + (3 if closed else 2)
    ends = np.cumsum(sizes)
    begins = ends - sizes
    integers = np.empty(ends[-1] if len(ends) else 0, dtype=np.int64)
    integers[begins] = 1 << 3 | MOVE_TO
    integers[begins + 3] = (lengths - 1) << 3 | LINE_TO
    if closed:
        integers[ends - 1] = 1 << 3 | CLOSE_PATH
    first_point = np.cumsum(lengths) - lengths
    place = np.arange(len(chains.points)) - np.repeat(first_point, lengths)
    at = np.repeat(begins, lengths) + np.where(place == 0, 1, 2 * place + 2)
    features, first_chain = np.unique(chains.owners, return_index=True)
    deltas = zigzag(_deltas(chains.points, first_point[first_chain]))
    integers[at] = deltas[:, 0]
    integers[at + 1] = deltas[:, 1]
    return Commands(features, integers, np.append(begins[first_chain], len(integers)))


def _deltas(points: Integers, first_of_feature: Integers) -> Integers:
    deltas = np.diff(points, axis=0, prepend=0)
    deltas[first_of_feature] = points[first_of_feature]
    return deltas
