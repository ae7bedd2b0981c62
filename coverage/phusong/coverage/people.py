"""People per cell that add up, by exact border fractions, to the official number of every commune."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import GridError, InputError
from phusong.coverage.grids import FloatArray
from phusong.coverage.zonal import Zones, zone_sums

MAX_ITERATIONS = 10_000
MAX_FACTOR = 1e100
EMPTY_SHARE = 1e-3
"""A raster that holds less than this share of a zone's people says nothing about where they live."""
SLACK_PEOPLE = 1e-9
SLACK_SHARE = 2e-13
"""A zone fits when it is wrong by less than this many people plus this share of its people."""


@dataclass(frozen=True, slots=True)
class PeopleFit:
    """People per cell after fitting.

    Attributes
    ----------
    people : ndarray of float64, shape (grid.height, grid.width)
        0 in cells outside all zones.
    raw : ndarray of float64, shape (zones,)
        People of each zone before.
    target : ndarray of float64, shape (zones,)
        What each zone should hold: the official number, the raw one where there is none.
    fitted : ndarray of float64, shape (zones,)
        What each zone holds, by `zone_sums`.
    spread : ndarray of bool, shape (zones,)
        Zones with people where the raster has next to none, or none but at the border; spread evenly.
    iterations : int
    """

    people: FloatArray
    raw: FloatArray
    target: FloatArray
    fitted: FloatArray
    spread: npt.NDArray[np.bool_]
    iterations: int

    @property
    def max_error(self) -> float:
        """Largest difference between a zone's sum and its target, in people."""
        return float(np.max(np.abs(self.fitted - self.target), initial=0.0))


def fit_population(raw: npt.NDArray[Any], zones: Zones, official: npt.ArrayLike) -> PeopleFit:
    """Scale people per cell so that every zone sums to its official number.

    A cell inside a zone is scaled by the zone's factor; a cell cut by borders by the product of the factors
    of its zones, each raised to the part of the cell inside. The factors are found by iterative proportional
    fitting, which keeps the raster's pattern as well as the totals allow (J. N. Darroch, D. Ratcliff,
    "Generalized iterative scaling for log-linear models", Ann. Math. Statist. 43 (5), 1972). Only the pieces
    at borders couple zones, so an iteration touches nothing else.

    Parameters
    ----------
    raw : ndarray, shape (grid.height, grid.width)
        People per cell, not negative; NaN counts as none.
    zones : Zones
    official : array_like of float, shape (zones,)
        People of each zone; NaN where unknown: those keep the sum they have.

    Raises
    ------
    GridError
        ``raster_shape``.
    InputError
        ``zones_mismatch``; ``people_negative`` for a negative number of people, in a cell or a zone.
    """
    if raw.shape != zones.grid.shape:
        raise GridError("raster_shape", expected=str(zones.grid.shape), found=str(raw.shape))
    numbers = np.asarray(official, dtype=np.float64)
    if numbers.shape != (len(zones.codes),):
        raise InputError("zones_mismatch", geometries=len(zones.codes), codes=numbers.size)
    people = np.nan_to_num(raw.astype(np.float64), copy=False, nan=0.0)
    least = min(float(people.min()), float(np.nanmin(numbers, initial=0.0)))
    if least < 0:
        raise InputError("people_negative", value=least)
    before = zone_sums(zones, people)
    target = np.where(np.isnan(numbers), before, numbers)
    inside_only = _inside_only(zones)
    spread = _empty_zones(people, inside_only, before, target)
    _spread_evenly(people, zones, spread, target)
    factor, iterations = _factors(_Border(people, zones), zone_sums(inside_only, people), target)
    _scale(people, zones, factor)
    return PeopleFit(people, before, target, zone_sums(zones, people), spread, iterations)


def _inside_only(zones: Zones) -> Zones:
    """Whole cells alone."""
    none = np.empty(0, np.int64)
    return replace(zones, border_cell=none, border_zone=none.astype(np.int32), border_fraction=np.empty(0))


def _empty_zones(
    people: FloatArray, inside_only: Zones, before: FloatArray, target: FloatArray
) -> npt.NDArray[np.bool_]:
    """Zones the raster says nothing about.

    With people in a whole cell of every zone the fit always exists; with people in cut cells alone, the
    neighbours may forbid it.
    """
    inside = zone_sums(inside_only, people)
    cells = np.bincount(inside_only.interior[inside_only.interior >= 0], minlength=len(target))
    empty: npt.NDArray[np.bool_] = (target > 0) & (
        (before <= EMPTY_SHARE * target) | ((inside <= EMPTY_SHARE * before) & (cells > 0))
    )
    return empty


def _spread_evenly(
    people: FloatArray, zones: Zones, chosen: npt.NDArray[np.bool_], target: FloatArray
) -> None:
    if not chosen.any():
        return
    cells = zone_sums(zones, np.ones(zones.grid.shape, dtype=np.float32))
    each = np.divide(target, cells, out=np.zeros_like(target), where=chosen & (cells > 0))
    # The last entry answers for index -1, a cell inside no zone.
    people += np.append(each, 0.0)[zones.interior]
    np.add.at(people.reshape(-1), zones.border_cell, zones.border_fraction * each[zones.border_zone])


def _factors(border: _Border, inside: FloatArray, target: FloatArray) -> tuple[FloatArray, int]:
    """Factor of each zone and the number of iterations it took."""
    factor = np.ones(len(target))
    for iteration in range(MAX_ITERATIONS):
        sums = inside * factor + border.sums(factor)
        if np.all(np.abs(sums - target) <= SLACK_PEOPLE + SLACK_SHARE * target):
            return factor, iteration
        # A zone without cells on the grid stays at zero whatever its factor.
        step = np.divide(target, sums, out=np.ones_like(target), where=sums > 0)
        factor = np.minimum(factor * step, MAX_FACTOR)
    return factor, MAX_ITERATIONS


class _Border:
    """Pieces of cells cut by borders, numbered by cell."""

    def __init__(self, people: FloatArray, zones: Zones) -> None:
        self.cells, self.cell_of_piece = np.unique(zones.border_cell, return_inverse=True)
        self.zone, self.fraction = zones.border_zone, zones.border_fraction
        self.people = people.reshape(-1)[self.cells]
        self.zones = len(zones.codes)
        # A cell wholly inside one zone and overlapped by another counts for both. Fractions above 1 in all
        # would make the steps too long to converge.
        owner = zones.interior.reshape(-1)[self.cells]
        self.is_owned = owner >= 0
        self.owner = owner[self.is_owned]
        covered = np.bincount(self.cell_of_piece, weights=self.fraction, minlength=len(self.cells))
        shrink = 1.0 / np.maximum(covered + self.is_owned, 1.0)
        self.exponent = self.fraction * shrink[self.cell_of_piece]
        self.owner_exponent = shrink[self.is_owned]

    def scale(self, factor: FloatArray) -> FloatArray:
        """Factor of each cut cell."""
        with np.errstate(divide="ignore"):
            log = np.log(factor)
        weights = self.exponent * log[self.zone]
        total = np.bincount(self.cell_of_piece, weights=weights, minlength=len(self.cells)).astype(np.float64)
        total[self.is_owned] += self.owner_exponent * log[self.owner]
        scaled: FloatArray = np.exp(total)
        return scaled

    def sums(self, factor: FloatArray) -> FloatArray:
        """People of the cut cells, and only theirs, by zone."""
        amounts = self.people * self.scale(factor)
        pieces = amounts[self.cell_of_piece] * self.fraction
        sums = np.bincount(self.zone, weights=pieces, minlength=self.zones).astype(np.float64)
        # Overlapped whole cells were counted with the factor of their owner; put them right.
        extra = amounts[self.is_owned] - self.people[self.is_owned] * factor[self.owner]
        sums += np.bincount(self.owner, weights=extra, minlength=self.zones)
        return sums


def _scale(people: FloatArray, zones: Zones, factor: FloatArray) -> None:
    border = _Border(people, zones)
    cut = border.people * border.scale(factor)
    people *= np.append(factor, 0.0)[zones.interior]
    people.reshape(-1)[border.cells] = cut
