"""Places of interest: served or not, and the table of commune centres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from phusong.coverage.errors import NotFoundError
from phusong.coverage.grids import Grid
from phusong.coverage.villages import cells_at
from phusong.coverage.zonal import Share

BoolArray = npt.NDArray[np.bool_]


def point_served(
    grid: Grid,
    served: BoolArray,
    *,
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    is_known: BoolArray | None = None,
    is_signal_known: bool = True,
) -> npt.NDArray[np.object_]:
    """Tell which places are served.

    Parameters
    ----------
    grid : Grid
    served : ndarray of bool, shape (grid.height, grid.width)
    x_m, y_m : array_like, shape (places,)
        In the grid's CRS; NaN where missing.
    is_known : ndarray of bool, same shape as ``served``, optional
        Where anything is known; everywhere when absent.
    is_signal_known : bool
        False when the study has no cells of this technology's kind to judge by.

    Returns
    -------
    ndarray of object, shape (places,)
        True, False, or None where the place has no location, lies off the grid or nothing is known there.
    """
    cell = cells_at(grid, x_m=x_m, y_m=y_m)
    known = (cell >= 0) & is_signal_known
    if is_known is not None:
        known &= is_known.ravel()[np.maximum(cell, 0)]
    answers = served.ravel()[np.maximum(cell, 0)].astype(object)
    answers[~known] = None
    return answers


def commune_centres(
    codes: Sequence[str], *, place_commune: Sequence[str], place_served: Mapping[str, Sequence[bool | None]]
) -> pd.DataFrame:
    """Return the table of commune centres: one row per commune, missing ones listed as missing.

    Parameters
    ----------
    codes : sequence of str
        All communes, in the order of the table.
    place_commune : sequence of str
        Commune of each centre; of several in one commune the first counts, and one of an unknown commune
        is left out.
    place_served : mapping of str to sequence of bool or None
        Answers of `point_served` for each technology.

    Returns
    -------
    DataFrame
        ``commune_code``, ``place`` (place in the inputs, -1 where missing), ``is_missing`` and one column
        per technology with True, False or None.

    Examples
    --------
    >>> table = commune_centres(["1", "2"], place_commune=["2"], place_served={"5G": [True]})
    >>> table[["commune_code", "is_missing", "5G"]].to_dict("list")
    {'commune_code': ['1', '2'], 'is_missing': [True, False], '5G': [None, True]}
    """
    first: dict[str, int] = {}
    for index, code in enumerate(place_commune):
        first.setdefault(str(code), index)
    place = np.array([first.get(str(code), -1) for code in codes], dtype=np.int64)
    table = pd.DataFrame({"commune_code": list(codes), "place": place, "is_missing": place < 0})
    for technology, answers in place_served.items():
        column = [None if index < 0 else answers[index] for index in place]
        table[technology] = pd.Series(column, dtype=object)
    return table


@dataclass(frozen=True, slots=True)
class CentreCount:
    """How many commune centres a technology serves.

    Attributes
    ----------
    served, unserved : int
    missing : int
        No centre given, off the grid, or nothing known there.
    """

    served: int
    unserved: int
    missing: int

    @property
    def share(self) -> Share:
        """Served centres of all communes: a missing centre is part of the total until it is given."""
        return Share(float(self.served), float(self.served + self.unserved + self.missing))


def count_centres(table: pd.DataFrame, *, technology: str) -> CentreCount:
    """Count the rows of `commune_centres`.

    Raises
    ------
    NotFoundError
        ``technology_unknown`` when the table has no such column.
    """
    if technology not in table:
        raise NotFoundError("technology_unknown", value=technology, allowed=", ".join(table.columns[3:]))
    answers = list(table[technology])
    served = sum(answer is not None and bool(answer) for answer in answers)
    missing = sum(answer is None for answer in answers)
    return CentreCount(served=served, unserved=len(answers) - served - missing, missing=missing)
