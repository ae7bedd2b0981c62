"""Plans for towers to take away: files, and scenarios of the study."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from phusong.app.compute.progress import Progress, silent
from phusong.app.exporting import method_notes
from phusong.app.i18n import Language, translate
from phusong.app.planning.document import tower_document
from phusong.app.planning.settings import TowerRequest
from phusong.app.planning.towers import Tell, plan_towers, untold
from phusong.app.scenarios import save_scenario
from phusong.coverage.errors import InputError
from phusong.geodata.exports import write_table
from phusong.geodata.scenario import Addition, Scenario, checked_name
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.scenarios import SavedScenario

ENDINGS = (".json", ".geojson", ".xlsx", ".csv", ".gpkg")
COLUMNS = (
    "number",
    "means_text",
    "name",
    "source_text",
    "commune_code",
    "commune_name",
    "operator",
    "technology",
    "band",
    "height_m",
    "azimuths",
    "cost_mvnd",
    "structure_mvnd",
    "radio_mvnd",
    "power_mvnd",
    "access_mvnd",
    "backhaul_mvnd",
    "backhaul_text",
    "backhaul_km",
    "adds",
    "lon",
    "lat",
    "means",
    "source",
)
_PLAN_MEMBERS = (
    "kind",
    "objective",
    "status",
    "value",
    "bound",
    "gap",
    "cost_mvnd",
    "served",
    "check",
    "curve",
)


def write_plan(document: Mapping[str, Any], path: Path, *, language: Language) -> int:
    """Write a plan: whole as JSON, its picks as XLSX, CSV, GeoJSON or GPKG; return the number of picks.

    Raises
    ------
    InputError
        ``export_format``, ``export_unwritable``.
    """
    if path.suffix.lower() == ".json":
        option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        try:
            write_bytes_atomic(path, orjson.dumps(document, option=option))
        except OSError as error:
            raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error
        return len(document["picks"])
    headers = {name: translate(f"towers.columns.{name}", language) for name in COLUMNS}
    rows = [_row(pick, language) for pick in document["picks"]]
    notes = {**method_notes(document, language), **_notes(document, language)}
    return write_table(path, rows, headers, notes=notes)


def place_study_towers(
    store: FolderStore,
    request: TowerRequest,
    *,
    to: Path | None = None,
    scenario: str | None = None,
    language: Language = "vi",
    progress: Progress = silent,
    tell: Tell = untold,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Plan towers, write the plan down and keep it; see `plan_towers`.

    Parameters
    ----------
    to : Path, optional
        File for the plan.
    scenario : str, optional
        Name under which it is kept.

    Returns
    -------
    dict
        See `tower_document`.
    """
    if to is not None:
        _check_file(to)
    name = None if scenario is None else checked_name(scenario)
    plan = plan_towers(store, request, progress=progress, tell=tell, cancelled=cancelled)
    document = tower_document(plan)
    if to is not None:
        write_plan(document, to, language=language)
    if name is not None:
        with store.lock():
            keep_as_scenario(store, document, name)
    return document


def _check_file(path: Path) -> None:
    """Refuse before the work what could not be written after it."""
    if not path.parent.is_dir():
        raise InputError("export_unwritable", path=str(path), detail=str(path.parent))
    if path.suffix.lower() not in ENDINGS:
        raise InputError("export_format", value=path.suffix or path.name, allowed=" ".join(ENDINGS))


def _row(pick: Mapping[str, Any], language: Language) -> dict[str, Any]:
    backhaul = pick["backhaul"]
    row = {name: pick.get(name) for name in COLUMNS} | pick["cost_parts"]
    row["means_text"] = translate(f"towers.means.{pick['means']}", language)
    row["source_text"] = translate(f"towers.sources.{pick['source']}", language)
    row["backhaul_text"] = translate(f"towers.backhaul.{backhaul['means']}", language)
    row["backhaul_km"] = round(backhaul["length_m"] / 1000.0, 2)
    row["azimuths"] = ", ".join(f"{one:g}" for one in pick["azimuths_deg"])
    return {name: row[name] for name in COLUMNS}


def _notes(document: Mapping[str, Any], language: Language) -> dict[str, str]:
    placement = document["method"]["placement"]
    told = {
        "cost_mvnd": document["cost_mvnd"],
        "bound": document["bound"],
        "gap": document["gap"],
        "status": translate(f"placement.status.{document['status']}", language),
        "engine": document["check"]["engine"],
        "claimed": document["check"]["claimed"],
        "assumed_costs": ", ".join(placement["assumed_costs"]),
    }
    return {translate(f"towers.notes.{name}", language): str(value) for name, value in told.items()}


def keep_as_scenario(store: FolderStore, document: Mapping[str, Any], name: str) -> SavedScenario:
    """Keep a plan as a scenario, for maps and comparisons; see `plan_scenario`.

    Raises
    ------
    InputError
        ``scenario_name`` and whatever else the store of scenarios refuses.
    """
    return save_scenario(store, plan_scenario(document, name))


def plan_scenario(document: Mapping[str, Any], name: str) -> Scenario:
    """Return a plan as a scenario; masts it was to finish keep their names."""
    names = _site_names(document["picks"])
    additions = tuple(_addition(pick, name) for pick, name in zip(document["picks"], names, strict=True))
    plan = {member: document[member] for member in _PLAN_MEMBERS}
    return Scenario(name, additions, plan=plan)


def _site_names(picks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of sites: those that stand or were there before keep theirs, no other is taken twice."""
    names = [str(pick["name"]) if pick["source"] == "site" or pick["is_kept"] else None for pick in picks]
    free = (name for number in itertools.count(1) if (name := f"plan-{number}") not in names)
    return [next(free) if name is None else name for name in names]


def _addition(pick: Mapping[str, Any], site_id: str) -> Addition:
    stands = pick["source"] == "site"
    return Addition(
        site_id=site_id,
        lon_deg=pick["lon"],
        lat_deg=pick["lat"],
        height_m=pick["height_m"],
        band=f"{pick['frequency_mhz']:g}",
        azimuths_deg=tuple(pick["azimuths_deg"]),
        power_dbm=pick["power_dbm"],
        downtilt_deg=pick["downtilt_deg"],
        operator=pick["operator"],
        technology=pick["technology"],
        cost_mvnd=pick["cost_mvnd"],
        source="existing" if stands else str(pick["source"]),
    )
