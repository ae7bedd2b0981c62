"""One run: from the layers of a study to results in place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from phusong.app.compute.budgets import write_cells
from phusong.app.compute.document import centre_answers, results_document
from phusong.app.compute.earlier import changed_stacks, write_composed
from phusong.app.compute.inputs import DEFAULT_MODE, MODES, ComputeInputs, load_inputs, run_id_of
from phusong.app.compute.losses import LossKey, compute_losses, loss_keys
from phusong.app.compute.maps import write_overviews, write_relief, write_services
from phusong.app.compute.parallel import Pool, ThreadPool
from phusong.app.compute.previous import (
    JUDGED_FILE,
    VILLAGES_FILE,
    Previous,
    is_whole,
    judging_record,
    previous_results,
    results_in_place,
)
from phusong.app.compute.progress import Progress
from phusong.app.compute.published import current_run, publishing
from phusong.app.compute.served import ServedLayers, judge_services, signal_map
from phusong.app.compute.settlements import (
    Settlements,
    area_of,
    locate_settlements,
    village_points,
    village_table,
)
from phusong.app.compute.shares import Name, area_shares, figure_masks, people_shares
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.stacks import (
    StackBlock,
    block_windows,
    cell_marks,
    compose_stacks,
    composer,
    missing_blocks,
    plan_stacks,
    stacks_basis,
)
from phusong.app.compute.villagefigures import (
    VillageFigures,
    figure_shares,
    village_shares,
    write_village_figures,
)
from phusong.app.compute.world import World, build_world
from phusong.coverage.errors import InputError
from phusong.coverage.zonal import ZoneShares, household_shares
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
    sites_left_out : mapping of str to tuple of str
        Sites that count nowhere, by why: ``outside_grid``, ``unknown_terrain``.
    """

    run: str
    was_current: bool
    seconds: float = 0.0
    masts_computed: int = 0
    blocks_composed: int = 0
    cells: int = 0
    sites_left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def compute(
    store: FolderStore, *, mode: str = DEFAULT_MODE, pool: Pool | None = None, progress: Progress
) -> ComputeReport:
    """Compute a study; the caller holds its lock.

    Parameters
    ----------
    mode : {"sweep", "exact"}
        Radials that share work, or a terrain profile of its own for every cell of the grid.
    pool : Pool, optional
        Where tasks run; all cores of this machine when absent.

    Raises
    ------
    InputError
        When layers are missing or the mode is unknown.
    """
    if mode not in MODES:
        raise InputError("mode_unknown", value=mode, allowed=", ".join(MODES))
    run = run_id_of(store, mode=mode)
    if current_run(store) == run and is_whole(store.results_dir / run):
        return ComputeReport(run=run, was_current=True)
    start = time.perf_counter()
    inputs = load_inputs(store, mode=mode)
    report = _compute(inputs, pool or ThreadPool(), progress)
    seconds = time.perf_counter() - start
    store.journal("computed", run=report.run, seconds=round(seconds, 1), masts=report.masts_computed)
    return replace(report, seconds=seconds, cells=len(inputs.cells), sites_left_out=inputs.left_out)


def _compute(inputs: ComputeInputs, pool: Pool, progress: Progress) -> ComputeReport:
    progress("zones", 0, 1)
    world = build_world(inputs)
    villages = village_points(inputs)
    area = area_of(inputs, world, villages)
    progress("zones", 1, 1)
    keys = loss_keys(inputs, area_hash=area.digest)
    windows = block_windows(area.wanted)
    marks, basis = cell_marks(inputs, keys), stacks_basis(inputs)
    blocks = plan_stacks(inputs, keys, windows, marks=marks, basis=basis)
    missing = missing_blocks(inputs, blocks)
    needed = {key.digest: key for block in missing for key in _keys_of(inputs, block, keys)}
    with _beside() as beside:
        # Nothing waits for these before the figures, and one thread of them leaves no core idle meanwhile.
        settling = beside.submit(locate_settlements, inputs, world, villages)
        shading = beside.submit(write_relief, inputs)
        masts = compute_losses(inputs, needed.values(), wanted=area.wanted, pool=pool, progress=progress)
        in_place = results_in_place(inputs.store)
        maker = composer(inputs, keys)
        changes = changed_stacks(inputs, in_place, missing, marks=marks, basis=basis)
        compose_stacks(replace(maker, exchanges=changes), missing, pool=pool, progress=progress)
        shading.result()
        settlements = settling.result()
    signal = signal_map(inputs, blocks)
    # Judging shares arrays, so it stays in this process.
    previous = previous_results(inputs, signal, in_place=in_place)
    layers = judge_services(inputs, signal, windows, previous=previous, pool=ThreadPool(), progress=progress)
    with publishing(inputs.store, inputs.run_id) as run_dir, _beside() as beside:
        writing = beside.submit(_write_maps, inputs, layers, signal=signal, run_dir=run_dir)
        _write_figures(
            inputs,
            world,
            settlements,
            layers=layers,
            signal=signal,
            previous=previous,
            run_dir=run_dir,
            progress=progress,
        )
        write_composed(run_dir, maker, marks=marks, basis=basis)
        writing.result()
    _prune(inputs, keys, blocks)
    return ComputeReport(
        run=inputs.run_id, was_current=False, masts_computed=masts, blocks_composed=len(missing)
    )


@contextmanager
def _beside() -> Iterator[Executor]:
    """Give a thread for work beside the masts; what has not begun when the block ends is dropped."""
    executor = ThreadPoolExecutor(max_workers=1)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _write_maps(inputs: ComputeInputs, layers: ServedLayers, *, signal: SignalMap, run_dir: Path) -> None:
    signal.save(run_dir)
    write_cells(run_dir, inputs.cells)
    write_overviews(run_dir, layers)
    write_services(run_dir, layers)


def _keys_of(inputs: ComputeInputs, block: StackBlock, keys: Mapping[str, LossKey]) -> list[LossKey]:
    return [keys[inputs.cells[cell].cell_id] for cell in block.cells.tolist()]


def _write_figures(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements | None,
    *,
    layers: ServedLayers,
    signal: SignalMap,
    previous: Previous | None,
    run_dir: Path,
    progress: Progress,
) -> None:
    figures = len(figure_masks(layers))
    progress("shares", 0, figures)
    villages = None
    # Counting is done by kernels that hold no lock, explaining by the interpreter: neither waits for it.
    with _beside() as beside:
        counting = beside.submit(
            _counted, inputs, world, settlements, layers=layers, signal=signal, previous=previous
        )
        if settlements is not None:
            villages = village_table(
                inputs,
                world,
                settlements,
                served=layers.served(_rule_mask(inputs, layers)),
                layers=layers,
                signal=signal,
                progress=progress,
            )
            villages.to_parquet(run_dir / "villages.parquet", compression="zstd", index=False)
        (run_dir / JUDGED_FILE).write_bytes(orjson.dumps(judging_record(inputs, signal)))
        parts, counted = counting.result()
    progress("shares", figures, figures)
    if settlements is not None:
        write_village_figures(run_dir / VILLAGES_FILE, counted)
    document = results_document(
        inputs,
        world,
        parts,
        villages=villages,
        computed_on=datetime.now(UTC).isoformat(timespec="seconds"),
        centres=centre_answers(inputs, world.zones.codes, layers),
    )
    (run_dir / "results.json").write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))


def _rule_mask(inputs: ComputeInputs, layers: ServedLayers) -> int:
    """Bits of the services that the village rule counts."""
    mask = 0
    for technology in inputs.method.village_rule.technologies:
        mask |= layers.mask_of(technology=technology, operator=None)
    return mask


def _counted(
    inputs: ComputeInputs,
    world: World,
    settlements: Settlements | None,
    *,
    layers: ServedLayers,
    signal: SignalMap,
    previous: Previous | None,
) -> tuple[dict[Name, dict[str, ZoneShares | None]], dict[Name, VillageFigures]]:
    """Count what each figure counts: shares by commune, and the figures of every village."""
    masks = figure_masks(layers)
    counted: dict[Name, VillageFigures] = {}
    if settlements is not None:
        counted = village_shares(inputs, settlements, layers, masks, signal=signal, previous=previous)
    with _beside() as beside:
        counting = beside.submit(people_shares, world, layers, masks)
        areas, people = area_shares(world, layers, masks), counting.result()
    parts: dict[Name, dict[str, ZoneShares | None]] = {}
    for name in masks:
        villages, homes = (
            figure_shares(world, settlements, counted[name]) if settlements is not None else (None, None)
        )
        own = None if people is None else people[name]
        if homes is None and own is not None:
            homes = household_shares(own, world.population / inputs.method.household_size)
        parts[name] = {"area": areas[name], "population": own, "households": homes, "villages": villages}
    return parts, counted


def _prune(inputs: ComputeInputs, keys: Mapping[str, LossKey], blocks: Sequence[StackBlock]) -> None:
    """Remove losses and stacks that this run does not use."""
    used = {f"{key.digest}.bin" for key in keys.values()} | {f"{block.digest}.bin" for block in blocks}
    for folder in (inputs.store.cache_dir / "loss", inputs.store.results_dir / "signal"):
        for path in folder.rglob("*.bin"):
            if path.name not in used:
                path.unlink(missing_ok=True)
        # What a killed worker was writing; the study is locked, so nobody else writes.
        for path in folder.rglob(".*.part"):
            path.unlink(missing_ok=True)
