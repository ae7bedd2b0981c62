"""Tables people take away: villages and communes, with the method record beside the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely

from phusong.app.i18n import Language, translate
from phusong.app.i18n.numbers import number
from phusong.app.reasontext import village_reason
from phusong.coverage.errors import InputError, NotFoundError
from phusong.geodata.exports import write_table

VILLAGE_COLUMNS = (
    "village_id",
    "name",
    "commune_code",
    "commune_name",
    "status_text",
    "households",
    "people",
    "households_left_out",
    "people_left_out",
    "served_share_households",
    "served_share_people",
    "area_class",
    "is_especially_difficult",
    "is_electrified",
    "best_rsrp_dbm",
    "reason_text",
    "elevation_m",
    "lon",
    "lat",
    "status",
)
DENOMINATORS = ("population", "households", "villages", "area")


def export_villages(
    results: Mapping[str, Any], villages: Sequence[Mapping[str, Any]], path: Path, *, language: Language
) -> int:
    """Write villages to XLSX, CSV, GeoJSON or GPKG by the file's ending; return the number of rows.

    Nearest sites follow as columns, three for each operator: site, distance in km and bearing in degrees.
    """
    operators = [name for name in results["operators"] if name != "all"]
    _check_folder(path)
    provenance = _provenance(results, language)
    rows = [{**_village_row(village, operators, language), "provenance": provenance} for village in villages]
    headers = {name: translate(f"columns.{name}", language) for name in VILLAGE_COLUMNS}
    for operator in operators:
        for part in ("site", "distance_km", "bearing_deg"):
            headers[f"{operator}_{part}"] = translate(f"columns.nearest_{part}", language, operator=operator)
    headers["provenance"] = translate("columns.provenance", language)
    write_table(path, rows, headers, notes=method_notes(results, language))
    return len(rows)


def _village_row(village: Mapping[str, Any], operators: Sequence[str], language: Language) -> dict[str, Any]:
    row = {name: _told(name, village.get(name), language) for name in VILLAGE_COLUMNS}
    row["status_text"] = translate(f"status.{village['status']}", language)
    row["reason_text"] = village_reason(village, language)
    nearest = {one["operator"]: one for one in village.get("nearest") or []}
    for operator in operators:
        one = nearest.get(operator)
        row[f"{operator}_site"] = one and one["site_id"]
        row[f"{operator}_distance_km"] = one and round(one["distance_m"] / 1000, 2)
        row[f"{operator}_bearing_deg"] = one and one["bearing_deg"]
    return row


def _told(name: str, value: Any, language: Language) -> Any:  # noqa: ANN401 - a cell of a table
    """Round figures to what they mean, and say yes and no in words."""
    if isinstance(value, bool):
        return translate("words.yes" if value else "words.no", language)
    if isinstance(value, float) and name not in ("lon", "lat"):
        return round(value, 4 if name.startswith("served_share") else 1)
    return value


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError("export_unwritable", path=str(path), detail=str(path.parent))


def _provenance(results: Mapping[str, Any], language: Language) -> str:
    """Say in one line where figures come from, for formats that carry no notes of their own."""
    method = results["method"]
    told = translate(
        "notes.provenance",
        language,
        run=results["run"],
        model=method["model"],
        grid_m=method["grid"]["cell_size_m"],
        threshold=", ".join(
            f"{name} {number(level, language)}" for name, level in method["threshold_dbm"].items()
        ),
        probability=method["location_probability"],
        load=method["load"],
        computed_on=method["computed_on"],
    )
    if not method["synthetic_layers"]:
        return told
    return f"{translate('notes.synthetic', language)}: {', '.join(method['synthetic_layers'])}. {told}"


def export_communes(
    results: Mapping[str, Any],
    path: Path,
    *,
    language: Language,
    codes: Sequence[str] | None = None,
    shapes: Mapping[str, shapely.Geometry] | None = None,
) -> int:
    """Write the shares of communes by the file's ending; return the number of rows.

    Parameters
    ----------
    results : mapping
        The results document.
    path : Path
        ``.xlsx`` or ``.csv``; with `shapes` also ``.geojson`` or ``.gpkg``.
    language : str
        Of the column titles and of the notes.
    codes : sequence of str, optional
        Communes to write, in this order; left out, all in the order of the results.
    shapes : mapping of str to Geometry, optional
        Boundary in degrees by commune code.

    Raises
    ------
    NotFoundError
        ``commune_unknown``.
    InputError
        ``export_unwritable``; ``export_no_place`` for a geographic file without `shapes`.
    """
    headers = _commune_headers(results, language)
    _check_folder(path)
    provenance = _provenance(results, language)
    rows = [{**_commune_row(one), "provenance": provenance} for one in _communes(results, codes)]
    if shapes is not None:
        rows = [{**row, "shape": shapes.get(row["commune_code"])} for row in rows]
    shape_key = None if shapes is None else "shape"
    write_table(path, rows, headers, notes=method_notes(results, language), shape_key=shape_key)
    return len(rows)


def _communes(results: Mapping[str, Any], codes: Sequence[str] | None) -> list[Mapping[str, Any]]:
    if codes is None:
        return list(results["communes"])
    known = {one["commune_code"]: one for one in results["communes"]}
    for code in codes:
        if code not in known:
            raise NotFoundError("commune_unknown", commune_code=code[:80])
    return [known[code] for code in codes]


def _commune_headers(results: Mapping[str, Any], language: Language) -> dict[str, str]:
    headers = {
        name: translate(f"columns.{name}", language)
        for name in ("commune_code", "name", "kind", "population", "households", "villages", "area_km2")
    }
    for status in ("white", "patchy", "served", "unknown"):
        headers[f"villages_{status}"] = translate(f"status.{status}", language)
    for technology in results["technologies"]:
        for operator in results["operators"]:
            told = translate("operators.all", language) if operator == "all" else operator
            for name in DENOMINATORS:
                denominator = translate(f"denominators.{name}", language)
                headers[f"{technology}|{operator}|{name}"] = f"{denominator} {technology} {told} (%)"
    headers["provenance"] = translate("columns.provenance", language)
    return headers


def _commune_row(commune: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        name: commune[name]
        for name in ("commune_code", "name", "kind", "population", "households", "villages")
    }
    row["area_km2"] = round(commune["area_km2"], 3)
    row |= {f"villages_{status}": count for status, count in commune["villages_by_status"].items()}
    for technology, operators in commune["shares"].items():
        for operator, shares in operators.items():
            for name in DENOMINATORS:
                share = shares[name]["share"]
                row[f"{technology}|{operator}|{name}"] = None if share is None else round(100 * share, 2)
    return row


def method_notes(results: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Return the method record as lines to print beside a table; synthetic data first."""
    method = results["method"]
    notes = {}
    if method["synthetic_layers"]:
        notes[translate("notes.synthetic", language)] = ", ".join(method["synthetic_layers"])
    if method["assumed"]:
        named = "; ".join(f"{layer}: {', '.join(columns)}" for layer, columns in method["assumed"].items())
        notes[translate("notes.assumed", language)] = named
    notes |= {
        name: str(value)
        for name, value in method.items()
        if name not in {"layers", "assumed", "synthetic_layers"}
    }
    notes |= {
        f"sha256 {layer}": f"{meta['sha256']} ({meta['source']})" for layer, meta in method["layers"].items()
    }
    notes["run"] = str(results["run"])
    return notes
