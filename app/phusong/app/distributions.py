"""How people, homes and land spread over the codes of a signal layer, summed as the shares are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.published import village_frame
from phusong.app.compute.whatif import Baseline
from phusong.app.compute.world import World
from phusong.app.signallayers import LayerName, SignalLayers
from phusong.coverage.grids import FloatArray
from phusong.coverage.stacks import Window
from phusong.coverage.zonal import Zones
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.tiles.png import Codes

CODES = 256
FORM = 1
"""Of the kept figures; others are worked out again."""


def distribution(
    layers: SignalLayers, name: LayerName, *, base: Callable[[], Baseline], run_dir: Path
) -> Mapping[str, Any]:
    """Return people, households and area by code, from the run or worked out and kept there.

    Parameters
    ----------
    layers : SignalLayers
    name : LayerName
    base : callable
        Gives the baseline of the same run; asked for only where nothing is kept.
    run_dir : Path

    Returns
    -------
    dict
        ``people``, ``households`` and ``area_km2``: for each code from 0 what has it or a higher one (lists
        of 256), None where it is not known; the first entry is what can be reached at all. Summed as
        shares are: where a code or a higher one means *served*, the sum is the served part in the results.
    """
    path = run_dir / f"distribution-{name.id}.json"
    try:
        kept: dict[str, Any] = orjson.loads(path.read_bytes())
        if kept.get("form") == FORM:
            return kept
    except (FileNotFoundError, orjson.JSONDecodeError):
        pass
    known = base()
    codes = grid_codes(layers, name, known.windows)
    record = {
        "form": FORM,
        "area_km2": _area(known.world, codes),
        "people": _people(known.world, codes),
        "households": _households(known, codes),
    }
    write_bytes_atomic(path, orjson.dumps(record))
    return record


def grid_codes(layers: SignalLayers, name: LayerName, windows: Sequence[Window]) -> Codes:
    """Work out the codes of a layer over the whole study grid."""
    codes = np.zeros(layers.signal.shape, dtype=np.uint8)

    def fill(window: Window) -> None:
        row0, col0, rows, cols = window
        codes[row0 : row0 + rows, col0 : col0 + cols] = layers.block(name, window)

    for _ in ThreadPool().map(fill, windows):
        pass
    return codes


def sums_by_zone(zones: Zones, values: FloatArray, codes: Codes) -> npt.NDArray[np.float64]:
    """Sum values of the grid from each code upwards, exactly as far as they lie in a zone.

    Returns
    -------
    ndarray of float64, shape (zones, CODES)
    """
    count = len(zones.codes)
    sums = np.zeros(count * CODES)
    # By rows, so that no array of the size of the grid is made.
    for interior, row, row_codes in zip(zones.interior, values, codes, strict=True):
        inside = np.flatnonzero(interior >= 0)
        key = interior[inside].astype(np.int64) * CODES + row_codes[inside]
        sums += _counted(key, row[inside], count) if inside.size else 0.0
    border = zones.border_cell
    key = zones.border_zone.astype(np.int64) * CODES + codes.ravel()[border]
    sums += _counted(key, values.ravel()[border] * zones.border_fraction, count)
    return _upwards(sums.reshape(count, CODES))


def _counted(key: npt.NDArray[np.int64], values: FloatArray, zones: int) -> npt.NDArray[np.float64]:
    return np.bincount(key, np.nan_to_num(values), minlength=zones * CODES).astype(np.float64)


def _upwards(by_code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.cumsum(by_code[:, ::-1], axis=1)[:, ::-1]


def _area(world: World, codes: Codes) -> list[float]:
    sums_m2 = sums_by_zone(world.zones, world.area_m2, codes)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(world.grid_area_m2[:, None] > 0, sums_m2 / world.grid_area_m2[:, None], 0.0)
    reached: list[float] = (part * world.area_km2[:, None]).sum(axis=0).tolist()
    return reached


def _people(world: World, codes: Codes) -> list[float] | None:
    if world.people is None:
        return None
    sums = sums_by_zone(world.zones, world.people, codes)
    most = np.nan_to_num(world.population)[:, None]
    reached: list[float] = np.minimum(sums, most).sum(axis=0).tolist()
    return reached


def _households(base: Baseline, codes: Codes) -> list[float] | None:
    """Homes of a village follow the cells of its catchment, as in its status."""
    if base.settlements is None:
        return None
    areas, zone = base.settlements.areas, base.settlements.zone
    judged = village_frame(base.inputs.store).sort_values("village_id", ignore_index=True)
    homes = np.nan_to_num(judged["households"].to_numpy(dtype=np.float64))
    homes[(judged["status"] == "unknown").to_numpy() | (zone < 0)] = 0.0
    weights = areas.weight * homes[areas.village]
    by_code = np.bincount(codes.ravel()[areas.cell], weights, minlength=CODES).astype(np.float64)
    reached: list[float] = _upwards(by_code[None])[0].tolist()
    return reached
