"""One run: from the layers of a study to results in place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson

from phusong.app.compute.blocks import (
    Block,
    ServiceSignal,
    assemble,
    block_path,
    compose_blocks,
    plan_blocks,
    services_of,
)
from phusong.app.compute.document import centre_answers, results_document
from phusong.app.compute.inputs import ComputeInputs, load_inputs, run_id_of
from phusong.app.compute.losses import LossKey, compute_losses, loss_keys, loss_path
from phusong.app.compute.maps import write_cell_names, write_relief, write_signal
from phusong.app.compute.progress import Progress
from phusong.app.compute.published import current_run, publishing
from phusong.app.compute.served import no_signal, served_cells, strongest
from phusong.app.compute.settlements import Settlements, locate_settlements, village_shares, village_table
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY, area_shares, people_shares
from phusong.app.compute.world import World, build_world
from phusong.coverage.errors import InputError
from phusong.coverage.service import any_served
from phusong.coverage.zonal import BoolArray, ZoneShares, household_shares
from phusong.geodata.store.folder import FolderStore


@dataclass(frozen=True, slots=True)
class ComputeReport:
    """What a computation did.

    Attributes
    ----------
    run : str
        Hash of inputs and method; names the results.
    was_current : bool
        True when nothing had changed and nothing was done.
    seconds : float
    masts_computed, blocks_composed : int
        Work that was not cached.
    cells : int
        Cells on air inside the study.
    """

    run: str
    was_current: bool
    seconds: float = 0.0
    masts_computed: int = 0
    blocks_composed: int = 0
    cells: int = 0


def compute(
    store: FolderStore, *, mode: str = "exact", workers: int | None = None, progress: Progress
) -> ComputeReport:
    """Compute a study; the caller holds its lock.

    Raises
    ------
    InputError
        When layers are missing or the mode is unknown.
    """
    if mode != "exact":
        raise InputError("mode_unknown", value=mode, allowed="exact")
    if current_run(store) == run_id_of(store):
        return ComputeReport(run=run_id_of(store), was_current=True)
    start = time.perf_counter()
    inputs = load_inputs(store)
    report = _compute(inputs, workers, progress)
    seconds = time.perf_counter() - start
    store.journal("computed", run=report.run, seconds=round(seconds, 1), masts=report.masts_computed)
    return ComputeReport(
        run=report.run,
        was_current=False,
        seconds=seconds,
        masts_computed=report.masts_computed,
        blocks_composed=report.blocks_composed,
        cells=len(inputs.cells),
    )


def _compute(inputs: ComputeInputs, workers: int | None, progress: Progress) -> ComputeReport:
    keys = loss_keys(inputs)
    masts = compute_losses(inputs, keys.values(), threads=workers, progress=progress)
    blocks = plan_blocks(inputs, keys)
    composed = compose_blocks(inputs, blocks, keys, threads=workers, progress=progress)
    progress("zones", 0, 1)
    world = build_world(inputs)
    settlements = locate_settlements(inputs, world)
    progress("zones", 1, 1)
    with publishing(inputs.store, inputs.run_id) as run_dir:
        masks, best = _layers(inputs, blocks, run_dir, progress)
        parts = _parts(inputs, world, settlements, masks, progress)
        villages = _villages(inputs, world, settlements, masks=masks, best=best, progress=progress)
        if villages is not None:
            villages.to_parquet(run_dir / "villages.parquet", compression="zstd", index=False)
        by_technology = {name: mask for (name, operator), mask in masks.items() if operator == ALL_OPERATORS}
        document = results_document(
            inputs,
            world,
            parts,
            villages=villages,
            computed_on=datetime.now(UTC).isoformat(timespec="seconds"),
            centres=centre_answers(inputs, world.zones.codes, by_technology),
        )
        (run_dir / "results.json").write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    _prune(inputs, keys, blocks)
    return ComputeReport(run=inputs.run_id, was_current=False, masts_computed=masts, blocks_composed=composed)


def _layers(
    inputs: ComputeInputs, blocks: list[Block], run_dir: Path, progress: Progress
) -> tuple[dict[tuple[str, str], BoolArray], ServiceSignal | None]:
    """Write every signal layer; return served masks and the strongest signal that the village rule counts."""
    services = services_of(inputs)
    technologies = sorted({technology for _, technology in services})
    steps, done = len(services) + len(technologies) + 1, 0
    masks: dict[tuple[str, str], BoolArray] = {}
    best: ServiceSignal | None = None
    for technology in technologies:
        union: ServiceSignal | None = None
        for operator in [operator for operator, name in services if name == technology]:
            progress("maps", done, steps)
            signal = assemble(inputs, blocks, (operator, technology))
            masks[technology, operator] = served_cells(inputs, technology, signal)
            write_signal(run_dir, inputs, (technology, operator), signal, masks[technology, operator])
            union = signal if union is None else strongest([union, signal])
            done += 1
        if union is not None:
            progress("maps", done, steps)
            served = any_served([mask for (name, _), mask in masks.items() if name == technology])
            write_signal(run_dir, inputs, (technology, ALL_OPERATORS), union, served)
            if technology in inputs.method.village_rule.technologies:
                best = union if best is None else strongest([best, union])
            done += 1
    write_cell_names(run_dir, inputs)
    write_relief(run_dir, inputs)
    progress("maps", steps, steps)
    return _with_unions(inputs, masks, technologies), best


def _with_unions(
    inputs: ComputeInputs, masks: Mapping[tuple[str, str], BoolArray], technologies: list[str]
) -> dict[tuple[str, str], BoolArray]:
    """Add the union over operators and over technologies."""
    operators = sorted({operator for _, operator in masks})
    full: dict[tuple[str, str], BoolArray] = {}
    for technology in technologies:
        own = {
            operator: masks[technology, operator] for operator in operators if (technology, operator) in masks
        }
        full[technology, ALL_OPERATORS] = any_served(list(own.values()))
        nothing = np.zeros(inputs.grid.shape, dtype=bool)
        full |= {(technology, operator): own.get(operator, nothing) for operator in operators}
    if technologies:
        for operator in [ALL_OPERATORS, *operators]:
            full[ANY_TECHNOLOGY, operator] = any_served([full[name, operator] for name in technologies])
    return full


def _parts(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements | None,
    masks: Mapping[tuple[str, str], BoolArray],
    progress: Progress,
) -> dict[tuple[str, str], dict[str, ZoneShares | None]]:
    progress("shares", 0, len(masks))
    counted = {} if settlements is None else village_shares(inputs, world, settlements, masks)
    parts: dict[tuple[str, str], dict[str, ZoneShares | None]] = {}
    for done, (name, mask) in enumerate(masks.items()):
        progress("shares", done, len(masks))
        people = people_shares(world, mask)
        villages, homes = counted.get(name, (None, None))
        if homes is None and people is not None:
            homes = household_shares(people, world.population / inputs.method.household_size)
        parts[name] = {
            "area": area_shares(world, mask),
            "population": people,
            "households": homes,
            "villages": villages,
        }
    progress("shares", len(masks), len(masks))
    return parts


def _villages(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements | None,
    *,
    masks: Mapping[tuple[str, str], BoolArray],
    best: ServiceSignal | None,
    progress: Progress,
) -> gpd.GeoDataFrame | None:
    if settlements is None:
        return None
    wanted = [
        masks[name, ALL_OPERATORS]
        for name in inputs.method.village_rule.technologies
        if (name, ALL_OPERATORS) in masks
    ]
    served = any_served(wanted) if wanted else np.zeros(inputs.grid.shape, dtype=bool)
    signal = best if best is not None else no_signal(inputs)
    return village_table(inputs, world, settlements, served=served, best=signal, progress=progress)


def _prune(inputs: ComputeInputs, keys: Mapping[str, LossKey], blocks: list[Block]) -> None:
    """Remove cached files that this run does not use."""
    used = {loss_path(inputs, key) for key in keys.values()}
    used |= {block_path(inputs, block) for block in blocks}
    for folder in ("loss", "blocks"):
        for path in (inputs.store.cache_dir / folder).rglob("*.tif"):
            if path not in used:
                path.unlink(missing_ok=True)
