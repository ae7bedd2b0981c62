"""Scenarios as cells of the engine: what is added, taken away and changed, on the study it is put to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from phusong.app.compute.inputs import ComputeInputs, layer_hashes
from phusong.app.compute.published import current_run
from phusong.app.compute.whatif import Change
from phusong.app.i18n import Language, translate
from phusong.app.newmast import MastWish, new_mast
from phusong.coverage.errors import InputError, NotFoundError
from phusong.coverage.radio.cell import Cell
from phusong.geodata.exports import write_table
from phusong.geodata.scenario import Addition, Edit, Scenario
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.scenarios import SavedScenario, ScenarioStore

_COLUMNS = (
    "site_id",
    "lon",
    "lat",
    "height_m",
    "band",
    "azimuths",
    "power_dbm",
    "downtilt_deg",
    "operator",
    "technology",
    "cost_mvnd",
    "source",
)


@dataclass(frozen=True, slots=True)
class ScenarioCells:
    """What a scenario means for the engine.

    Attributes
    ----------
    change : Change
    masts : int
        Places where something is added.
    new_cells : int
    assumed : tuple of str
        What the additions left unsaid.
    """

    change: Change
    masts: int
    new_cells: int
    assumed: tuple[str, ...]


def scenario_store(store: FolderStore) -> ScenarioStore:
    """Scenarios of a study."""
    return ScenarioStore(store.path, store.clock)


def made_against(store: FolderStore, scenario: Scenario) -> Scenario:
    """Return a scenario that says which layers and results it was made against: those of now."""
    return replace(scenario, layers=layer_hashes(store), run=current_run(store))


def save_scenario(
    store: FolderStore, scenario: Scenario, *, expected_version: int | None = None
) -> SavedScenario:
    """Keep a scenario with the layers it was made against; see `ScenarioStore.save`."""
    saved = scenario_store(store).save(made_against(store, scenario), expected_version=expected_version)
    store.journal("scenario", name=saved.scenario.name, version=saved.version)
    return saved


def delete_scenario(store: FolderStore, name: str) -> SavedScenario:
    """Delete a scenario; see `ScenarioStore.delete`."""
    gone = scenario_store(store).delete(name)
    store.journal("scenario_deleted", name=gone.scenario.name, version=gone.version)
    return gone


def restore_scenario(store: FolderStore, name: str, *, version: int | None = None) -> SavedScenario:
    """Bring back a deleted scenario or an earlier version; see `ScenarioStore.restore`."""
    saved = scenario_store(store).restore(name, version=version)
    store.journal("scenario", name=saved.scenario.name, version=saved.version, restored=version)
    return saved


def layers_changed(store: FolderStore, scenario: Scenario) -> list[str]:
    """Layers that are not what they were when the scenario was made, sorted."""
    now, then = layer_hashes(store), scenario.layers
    return sorted(layer for layer in {*now, *then} if then and now.get(layer) != then.get(layer))


def cost_mvnd(scenario: Scenario) -> tuple[float, bool]:
    """Cost of a scenario in million VND, and whether every part of it has one."""
    costs = [one.cost_mvnd for one in scenario.additions] + [one.cost_mvnd for one in scenario.edits]
    return math.fsum(cost for cost in costs if cost is not None), all(cost is not None for cost in costs)


def scenario_cells(inputs: ComputeInputs, scenario: Scenario) -> ScenarioCells:
    """Turn a scenario into cells.

    A cell that changes is taken off air and put back as it will be: figures are those of computing it so,
    because signal is composed in whole numbers.

    Raises
    ------
    NotFoundError
        ``site_unknown`` or ``cell_unknown`` for what the study does not have.
    InputError
        Whatever is wrong with an addition (see `new_mast`) or a changed cell.
    """
    taken = {cell.cell_id for cell in inputs.cells}
    added: list[Cell] = []
    assumed: set[str] = set()
    for addition in scenario.additions:
        cells, unsaid = _cells_of(inputs, addition, taken)
        taken |= {cell.cell_id for cell in cells}
        added += cells
        assumed |= set(unsaid)
    removed_cells, edited = _changed(inputs.cells, scenario)
    return ScenarioCells(
        Change(
            added=(*added, *edited),
            removed_sites=scenario.removed_sites,
            removed_cells=removed_cells,
        ),
        masts=len({one.site_id for one in scenario.additions}),
        new_cells=len(added),
        assumed=tuple(sorted(assumed)),
    )


def _cells_of(
    inputs: ComputeInputs, addition: Addition, taken: set[str]
) -> tuple[list[Cell], tuple[str, ...]]:
    wish = MastWish(
        lon_deg=addition.lon_deg,
        lat_deg=addition.lat_deg,
        height_m=addition.height_m,
        band=addition.band,
        azimuths_deg=addition.azimuths_deg,
        power_dbm=addition.power_dbm,
        operator=addition.operator,
        technology=addition.technology,
    )
    mast = new_mast(inputs, wish)
    tilt: Mapping[str, Any] = {} if addition.downtilt_deg is None else {"downtilt_deg": addition.downtilt_deg}
    lead = mast.cells[0]
    stem = f"{addition.site_id}+{lead.operator}-{lead.technology}-{lead.frequency_mhz:g}"
    names = _free_names(stem, len(mast.cells), taken)
    cells = [
        replace(cell, cell_id=name, site_id=addition.site_id, **tilt)
        for cell, name in zip(mast.cells, names, strict=True)
    ]
    return cells, tuple(name for name in mast.assumed if name not in tilt)


def _free_names(stem: str, count: int, taken: set[str]) -> list[str]:
    names: list[str] = []
    number = 0
    while len(names) < count:
        number += 1
        if (name := f"{stem}-{number}") not in taken:
            names.append(name)
    return names


def _changed(cells: Sequence[Cell], scenario: Scenario) -> tuple[tuple[str, ...], list[Cell]]:
    """Cells that go off air while their site stays, and those that come back changed."""
    edits = {edit.cell_id: edit for edit in scenario.edits}
    by_id = {cell.cell_id: cell for cell in cells}
    _refuse_unknown("site_unknown", "site_id", scenario.removed_sites, {cell.site_id for cell in cells})
    _refuse_unknown("cell_unknown", "cell_id", (*edits, *scenario.removed_cells), set(by_id))
    gone_sites = set(scenario.removed_sites)
    edited = [
        _edited(by_id[name], edit) for name, edit in edits.items() if by_id[name].site_id not in gone_sites
    ]
    return (*scenario.removed_cells, *edits), edited


def _edited(cell: Cell, edit: Edit) -> Cell:
    changes: dict[str, Any] = dict(edit.changes)
    return replace(cell, **changes)


def _refuse_unknown(code: str, parameter: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise NotFoundError(code, **{parameter: name[:80]})


def export_scenario(saved: SavedScenario, path: Path, *, language: Language) -> int:
    """Write a scenario whole as JSON, or its masts as XLSX, CSV, GeoJSON or GPKG; return how many there are.

    Raises
    ------
    InputError
        ``export_format`` or ``export_unwritable``.
    """
    if path.suffix.lower() == ".json":
        try:
            write_bytes_atomic(path, orjson.dumps(saved.as_dict(), option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise InputError("export_unwritable", path=str(path), detail=str(error)[:120]) from error
        return len(saved.scenario.additions)
    rows = [
        {
            **asdict(one),
            "lon": one.lon_deg,
            "lat": one.lat_deg,
            "azimuths": None
            if one.azimuths_deg is None
            else ", ".join(f"{value:g}" for value in one.azimuths_deg),
        }
        for one in saved.scenario.additions
    ]
    headers = {name: translate(f"scenario.columns.{name}", language) for name in _COLUMNS}
    notes = {
        translate("scenario.name", language): saved.scenario.name,
        translate("scenario.version", language): f"{saved.version} ({saved.saved_at})",
        translate("scenario.removed", language): ", ".join(
            (*saved.scenario.removed_sites, *saved.scenario.removed_cells)
        ),
        translate("scenario.note", language): saved.scenario.note,
        "run": saved.scenario.run or "",
        **{f"sha256 {layer}": digest for layer, digest in saved.scenario.layers.items()},
    }
    return write_table(path, rows, headers, notes=notes)
