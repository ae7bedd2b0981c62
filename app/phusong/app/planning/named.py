"""Options of a plan as plain values, for what is told of them by number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyproj

from phusong.app.planning.towers import TowerPlan


def options_record(plan: TowerPlan, numbers: Iterable[int]) -> dict[str, dict[str, Any]]:
    """Tell what some options are, by their number.

    Parameters
    ----------
    plan : TowerPlan
    numbers : iterable of int
        Places in the plan's list of options.
    """
    found = plan.found
    to_degrees = pyproj.Transformer.from_crs(plan.base.inputs.grid.epsg, 4326, always_xy=True)
    told = {}
    for number in sorted(set(numbers)):
        option, (parts, backhaul) = found.options[number], found.prices[number]
        lon_deg, lat_deg = to_degrees.transform(option.cells[0].x_m, option.cells[0].y_m)
        told[str(number)] = {
            "means": option.means,
            "source": found.places.source[option.place],
            "name": found.places.name[option.place],
            "lon": round(float(lon_deg), 6),
            "lat": round(float(lat_deg), 6),
            "height_m": option.height_m,
            "band": option.band,
            "cost_mvnd": parts.total_mvnd,
            "backhaul": backhaul.means,
        }
    return told


def places_record(plan: TowerPlan) -> dict[str, list[float] | list[str]]:
    """Tell where candidates are, for a map: degrees and the source of each."""
    places = plan.found.places
    to_degrees = pyproj.Transformer.from_crs(plan.base.inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = to_degrees.transform(places.x_m, places.y_m)
    return {
        "lon": [round(float(one), 5) for one in lon_deg],
        "lat": [round(float(one), 5) for one in lat_deg],
        "source": list(places.source),
    }
