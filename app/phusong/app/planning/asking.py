"""A question for towers as people write it: numbers in lists, files of costs and of areas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import shapely
from pyogrio.errors import DataSourceError
from shapely.geometry.base import BaseGeometry

from phusong.app.planning.settings import REACH_ALL, CandidateSettings, TowerRequest
from phusong.app.typed import read_numbers, read_percent
from phusong.coverage.errors import InputError
from phusong.coverage.placement.candidates import SOURCES
from phusong.coverage.placement.costs import MEANS, CostModel, cost_model
from phusong.coverage.radio.bands import given_frequency_mhz, named_band

Costs = tuple[CostModel, tuple[str, ...]]


def tower_request(
    *,
    reach: str | None = None,
    means: str | None = None,
    sources: str | None = None,
    heights: str | None = None,
    bands: str | None = None,
    yearly_budgets: str | None = None,
    costs: Costs | None = None,
    has_satellite: bool = False,
    most_places: int | None = None,
    **plain: Any,  # noqa: ANN401 - members of TowerRequest, passed on
) -> TowerRequest:
    """Read a request from texts; lists are parted by commas.

    Raises
    ------
    InputError
        ``tower_range``, ``tower_choice``, ``tower_goal_one``, ``band_unknown`` and
        what `phusong.app.typed` refuses.

    Examples
    --------
    >>> request = tower_request(reach="95%", heights="20,40", means="mast,sector")
    >>> request.reach_percent, request.heights_m, request.means
    (95.0, (20.0, 40.0), ('mast', 'sector'))
    """
    settings = CandidateSettings(has_satellite=has_satellite)
    if sources is not None:
        settings = replace(settings, sources=_texts(sources))
    if most_places is not None:
        if most_places < 1:
            raise InputError("tower_range", name="places", value=str(most_places), allowed=">= 1")
        settings = replace(settings, most_places=most_places)
    model, assumed = cost_model({}) if costs is None else costs
    lists: dict[str, Any] = {"means": MEANS if means is None else _texts(means)}
    if heights is not None:
        lists["heights_m"] = read_numbers(heights)
    if bands is not None:
        lists["bands"] = _bands(bands)
    if yearly_budgets is not None:
        lists["yearly_budgets_mvnd"] = read_numbers(yearly_budgets)
    return TowerRequest(
        reach_percent=_reach(reach),
        costs=model,
        assumed_costs=assumed,
        candidates=settings,
        **lists,
        **plain,
    )


def _reach(text: str | None) -> float | str | None:
    if text is None or text.strip().lower() == REACH_ALL:
        return text if text is None else REACH_ALL
    return read_percent(text)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _bands(text: str) -> tuple[str, ...]:
    """Names of bands, or frequencies in MHz as they are."""
    found = []
    for part in _texts(text):
        band = named_band(part)
        found.append(f"{given_frequency_mhz(part):g}" if band is None else band.name)
    return tuple(found)


def read_costs(path: Path | None) -> Costs:
    """Read a JSON file of costs; what it leaves out is assumed. Without a file everything is.

    Raises
    ------
    InputError
        ``json_broken``, ``cost_file`` for what is no JSON object, and whatever `cost_model` refuses.
    """
    if path is None:
        return cost_model({})
    try:
        record = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InputError("json_broken", file=path.name, row=error.lineno, column=error.colno) from error
    if not isinstance(record, dict):
        raise InputError("cost_file", file=path.name)
    return cost_model(record)


def read_excluded(path: Path | None) -> BaseGeometry | None:
    """Read the polygons in which nothing may be built, in longitude and latitude.

    Raises
    ------
    InputError
        ``exclude_file`` for a file without readable polygons or coordinate system.
    """
    if path is None:
        return None
    if not path.is_file():
        raise InputError("exclude_file", file=path.name, detail="–")
    try:
        table = gpd.read_file(path)
    except (DataSourceError, ValueError) as error:
        raise InputError("exclude_file", file=path.name, detail=str(error)[:80]) from error
    polygons = table[table.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    if table.crs is None or polygons.empty:
        raise InputError("exclude_file", file=path.name, detail="Polygon, CRS")
    whole = shapely.make_valid(polygons.to_crs(epsg=4326).geometry.to_numpy())
    return shapely.union_all(whole)


CHOICES = {"kinds": MEANS, "sources": SOURCES}
"""What lists may hold, for help texts and pages."""
