"""Rows of a cells table as the engine's cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import geopandas as gpd
import pandas as pd

from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.geodata.antennas import pattern_of, with_antenna_values

_CELL_TEXTS = ("cell_id", "site_id", "operator", "technology", "antenna")
_CELL_FIELDS = frozenset(item.name for item in fields(Cell)) - {"pattern"}


def cells_of_table(metric: gpd.GeoDataFrame, *, patterns: Mapping[str, AntennaPattern]) -> list[Cell]:
    """Return the rows of a cells table as the engine's cells, in order.

    Columns are converted whole: a province has tens of thousands of cells, and they are read for every run.

    Parameters
    ----------
    metric : GeoDataFrame
        Cells table in the study CRS.
    patterns : mapping of str to AntennaPattern
        The study's measured antennas (see `antenna_patterns`).
    """
    x_m, y_m = metric.geometry.x.tolist(), metric.geometry.y.tolist()
    if "antenna" in metric and metric["antenna"].notna().any():
        rows = metric.drop(columns=metric.geometry.name).to_dict("records")
        return [cell_of_row(row, x, y, patterns=patterns) for row, x, y in zip(rows, x_m, y_m, strict=True)]
    return [
        Cell(**{"azimuth_deg": None, **given, "x_m": round(x, 3), "y_m": round(y, 3)})
        for given, x, y in zip(_given(metric), x_m, y_m, strict=True)
    ]


def _given(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Give what each row tells of a cell; what is missing is left out."""
    columns = {name: _values(name, table[name]) for name in table.columns if name in _CELL_FIELDS}
    for row in zip(*columns.values(), strict=True):
        yield {name: value for name, value in zip(columns, row, strict=True) if value is not None}


def _values(name: str, column: pd.Series[Any]) -> list[Any]:
    """Return values of the type that a cell has them in; None where they are missing."""
    kind = str if name in _CELL_TEXTS else int if name == "mimo_layers" else float
    return [
        None if is_missing else kind(value)
        for value, is_missing in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]


def cell_of_row(
    row: Mapping[str, Any], x_m: float, y_m: float, *, patterns: Mapping[str, AntennaPattern]
) -> Cell:
    """Return a row of the cells table as the engine's cell; a column that is absent or empty has its default.

    Parameters
    ----------
    row : mapping
        Columns of the cells table.
    x_m, y_m : float
        Mast in the study CRS, kept to the millimetre.
    patterns : mapping of str to AntennaPattern
        The study's measured antennas (see `antenna_patterns`).
    """
    pattern = pattern_of(row.get("antenna"), patterns)
    told = row if pattern is None else with_antenna_values(row, pattern)
    given = {name: value for name, value in told.items() if name in _CELL_FIELDS and not _is_missing(value)}
    numbers: dict[str, Any] = {name: float(value) for name, value in given.items() if name not in _CELL_TEXTS}
    if "mimo_layers" in numbers:
        numbers["mimo_layers"] = int(numbers["mimo_layers"])
    texts = {name: str(value) for name, value in given.items() if name in _CELL_TEXTS}
    place = {"x_m": round(float(x_m), 3), "y_m": round(float(y_m), 3)}
    return Cell(**{"azimuth_deg": None, **numbers, **texts, **place}, pattern=pattern)


def _is_missing(value: object) -> bool:
    if isinstance(value, str | float):
        return value != value  # noqa: PLR0124 - NaN differs from itself
    return value is None or bool(pd.isna(value))
