"""The choice of means as a table people take away: a village a row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phusong.app.choosing import ALL_MEANS
from phusong.app.exporting import method_notes
from phusong.app.i18n import Language, translate
from phusong.geodata.exports import write_table

_COLUMNS = (
    "village_id",
    "name",
    "commune_code",
    "households",
    "means_text",
    "site",
    "alone_cost_mvnd",
    "ground_text",
    "break_even_households",
    "to_fibre_m",
    *(f"cost_{name}" for name in ALL_MEANS),
    "lon",
    "lat",
)


def export_technology(record: Mapping[str, Any], path: Path, *, language: Language) -> int:
    """Write the choice to XLSX, CSV, GeoJSON or GPKG, a village a row; return the number of rows."""
    sites = {one["option"]: place for place, one in enumerate(record["sites"], start=1)}
    rows = []
    for village in record["villages"]:
        ground = village["ground_means"]
        rows.append(
            {
                **{name: village.get(name) for name in _COLUMNS},
                "means_text": translate(f"means.{village['means']}", language),
                "ground_text": None if ground is None else translate(f"means.{ground}", language),
                "site": sites.get(village["option"]),
                **{f"cost_{name}": cost for name, cost in village["cost_by_means_mvnd"].items()},
            }
        )
    headers = {name: _header(name, language) for name in _COLUMNS}
    notes = {
        translate("technology.assumed", language): ", ".join(record["costs"]["assumed"]),
        translate("technology.cost", language): f"{record['cost_mvnd']:.3f}",
        translate("technology.bound", language): f"{record['bound_mvnd']:.3f}",
        **method_notes(record, language),
    }
    return write_table(path, rows, headers, notes=notes)


def _header(name: str, language: Language) -> str:
    if name.startswith("cost_"):
        means = translate(f"means.{name.removeprefix('cost_')}", language)
        return translate("technology.columns.cost", language, means=means)
    return translate(f"technology.columns.{name}", language)
