"""Which option serves which demand: villages by the four-state rule, or cells of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phusong.coverage.clusters import largest_clusters, served_weights
from phusong.coverage.method import VillageRule
from phusong.coverage.placement.instance import CoverageInstance, coverage_instance
from phusong.coverage.villages import Catchments

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class VillageDemand:
    """One village that is to be served, in a small grid of its own.

    Attributes
    ----------
    pixel : ndarray of int64, shape (n,)
        Demand pixel of each populated cell, in the order of the catchment.
    local : ndarray of int32, shape (n,)
        The same cells in a grid just around the village.
    weight : ndarray of float64, shape (n,)
        Part of the village each cell holds.
    centre : int
        Demand pixel of the centre.
    width, size : int
        Columns and cells of the small grid.
    households : float
    """

    pixel: Int64Array
    local: npt.NDArray[np.int32]
    weight: FloatArray
    centre: int
    width: int
    size: int
    households: float

    def is_served(self, served: BoolArray, rule: VillageRule) -> bool:
        """Apply the rule of `villages.assess` to a mask of served demand pixels."""
        if not served[self.centre]:
            return False
        here = np.zeros(self.size, dtype=np.bool_)
        here[self.local] = served[self.pixel]
        owner = np.zeros(self.local.size, dtype=np.int32)
        share = served_weights(self.local, owner, self.weight, here, 1)[0]
        if share < rule.served_share - 1e-12:
            return False
        # No cluster is heavier than all that is left out.
        if (1.0 - share) * self.households < rule.cluster_min_households * (1.0 - 1e-9):
            return True
        largest = largest_clusters(self.local, owner, self.weight, here, self.width, 1)[0]
        return bool(largest * self.households < rule.cluster_min_households)


def village_pixels(areas: Catchments, villages: Sequence[int]) -> Int64Array:
    """Return the flat cells of some villages and of their centres, ascending and each once."""
    wanted = np.zeros(areas.centre_cell.size, dtype=np.bool_)
    wanted[list(villages)] = True
    cells = areas.cell[wanted[areas.village]].astype(np.int64)
    return np.union1d(cells, areas.centre_cell[wanted]).astype(np.int64)


def village_demands(
    areas: Catchments, villages: Sequence[int], *, pixels: Int64Array, households: FloatArray
) -> list[VillageDemand]:
    """Bring villages into the form in which options are judged.

    Parameters
    ----------
    areas : Catchments
    villages : sequence of int
        Each with its centre on the grid.
    pixels : ndarray of int64
        Flat cells, ascending, that hold those of `village_pixels`.
    households : ndarray of float64
        Of every village of the catchments.
    """
    order = np.argsort(areas.village, kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.bincount(areas.village, minlength=areas.centre_cell.size))])
    found = []
    for village in villages:
        entries = np.sort(order[begin[village] : begin[village + 1]])
        cell = areas.cell[entries].astype(np.int64)
        row, col = np.divmod(cell, areas.grid.width)
        # A free column on either side, so that no cell of one row touches one of the next.
        width = int(col.max() - col.min()) + 3
        local = (row - row.min()) * width + col - col.min() + 1
        found.append(
            VillageDemand(
                pixel=np.searchsorted(pixels, cell).astype(np.int64),
                local=local.astype(np.int32),
                weight=areas.weight[entries].astype(np.float64),
                centre=int(np.searchsorted(pixels, areas.centre_cell[village])),
                width=width,
                size=int(local.max()) + 1,
                households=float(households[village]),
            )
        )
    return found


def instance_of(
    rows: Sequence[npt.NDArray[np.integer]], *, weight: FloatArray, cost: FloatArray
) -> CoverageInstance:
    """Put the demand each option serves together into an instance.

    Parameters
    ----------
    rows : sequence of ndarray of int
        Demand that each option serves.
    weight : ndarray of float64, shape (demands,)
    cost : ndarray of float64, shape (options,)

    Raises
    ------
    PlacementError
        As `coverage_instance`.
    """
    sizes = [row.size for row in rows]
    indptr = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
    index = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    return coverage_instance(indptr, index.astype(np.int64), weight, cost)
