"""What could serve each village without a signal: options the engine judged, priced over their life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.parallel import ThreadPool
from phusong.app.compute.progress import Progress
from phusong.app.compute.settlements import judge
from phusong.app.compute.whatif import Baseline
from phusong.app.newmast import MastWish, new_mast
from phusong.app.planning.backhaul import priced, ways
from phusong.app.planning.candidates import Places
from phusong.app.planning.checking import check_plan
from phusong.app.planning.demand import Demand
from phusong.app.planning.evaluation import evaluate
from phusong.app.planning.options import Option
from phusong.app.planning.received import standing
from phusong.app.planning.settings import TowerRequest
from phusong.app.planning.towers import Candidates, find_candidates
from phusong.coverage.errors import InputError
from phusong.coverage.placement.runningcosts import RunningCosts
from phusong.coverage.radio.stations import cell_defaults

FloatArray = npt.NDArray[np.float64]
SMALL_CELL = "small_cell"
COST_DECIMALS = 1
"""Present costs are multiples of 100,000 VND: finer than any estimate, coarse enough for exact proofs."""


@dataclass(frozen=True, slots=True)
class Residual:
    """Villages without service and what could serve them.

    Attributes
    ----------
    found : Candidates
        What could be built for several villages, and what it would serve.
    households : ndarray of float64, shape (villages,)
        Homes that have no service.
    small_fibre_m, small_hop_m : ndarray of float64, shape (villages,)
        Way of fibre and length of the hop to a small cell; infinite where there is none.
    small_serves : ndarray of bool, shape (villages,)
        Whether one small cell in its middle serves a village.
    """

    found: Candidates
    households: FloatArray
    small_fibre_m: FloatArray
    small_hop_m: FloatArray
    small_serves: npt.NDArray[np.bool_]

    @property
    def demand(self) -> Demand:
        """The villages."""
        return self.found.demand

    @property
    def options(self) -> list[Option]:
        """What could be built for several villages."""
        return self.found.options


def residual_of(base: Baseline, request: TowerRequest, *, progress: Progress) -> Residual:
    """Find, judge and price what could serve every village without service.

    Parameters
    ----------
    base : Baseline
        The computed study.
    request : TowerRequest
        Who builds what, and where to look; its goal is not asked for.

    Raises
    ------
    InputError
        ``villages_needed``, and what is wrong with the request.
    """
    found = find_candidates(base, request, pool=ThreadPool(), progress=progress)
    small = _small_cells(base.inputs, found)
    middles = _middles(found.demand)
    way = ways(base.inputs, middles, request.candidates)
    dishes = [replace(option, means="mast") for option in small]
    hops = priced(
        base.inputs,
        middles,
        dishes,
        model=request.costs,
        settings=replace(request.candidates, has_satellite=False),
        # Without fibre the hop is what is left.
        way=replace(way, to_fibre_m=np.full(len(small), np.inf)),
    )
    return Residual(
        found=found,
        households=_homes_without(base, found),
        small_fibre_m=np.asarray(way.to_fibre_m, dtype=np.float64),
        small_hop_m=np.array([np.inf if hop is None else hop[1].length_m for hop in hops], dtype=np.float64),
        small_serves=_served_alone(base, found, small, progress=progress),
    )


def _served_alone(
    base: Baseline, found: Candidates, small: list[Option], *, progress: Progress
) -> npt.NDArray[np.bool_]:
    """Tell which villages their own small cell serves."""
    stand = standing(
        base.inputs,
        base.signal,
        base.bits,
        found.demand.pixel,
        service=(found.builder.operator, found.builder.technology),
        goal=found.goal,
        new_cells=[cell for option in small for cell in option.cells],
    )
    judged = evaluate(
        base.inputs, found.demand, stand, small, goal=found.goal, pool=ThreadPool(), progress=progress
    )
    return np.array([village in row for village, row in enumerate(judged.rows)], dtype=np.bool_)


def _small_cells(inputs: ComputeInputs, found: Candidates) -> list[Option]:
    """Put one small cell in the middle of every village, on the highest of the builder's bands."""
    demand, builder = found.demand, found.builder
    if not demand.demands:
        return []
    band = builder.bands[-1]
    to_degrees = pyproj.Transformer.from_crs(inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = to_degrees.transform(float(demand.x_m[0]), float(demand.y_m[0]))
    wish = MastWish(
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        height_m=10.0,
        band=band,
        azimuths_deg=(),
        operator=builder.operator,
        technology=builder.technology,
    )
    lead = new_mast(inputs, wish).cells[0]
    usual = cell_defaults(builder.technology, frequency_mhz=lead.frequency_mhz, kind=SMALL_CELL)
    cell = replace(
        lead,
        antenna_height_m=usual.antenna_height_m,
        power_dbm=usual.power_dbm,
        antenna_gain_dbi=usual.omni_gain_dbi,
        vertical_beamwidth_deg=usual.vertical_beamwidth_deg,
        mimo_layers=usual.mimo_layers,
    )
    return [
        Option(
            village,
            SMALL_CELL,
            usual.antenna_height_m,
            band,
            (replace(cell, x_m=round(float(x_m), 3), y_m=round(float(y_m), 3)),),
        )
        for village, (x_m, y_m) in enumerate(zip(demand.x_m, demand.y_m, strict=True))
    ]


def _middles(demand: Demand) -> Places:
    """Places in the middle of the villages."""
    count = demand.demands
    return Places(
        x_m=demand.x_m,
        y_m=demand.y_m,
        source=("settlement",) * count,
        name=(None,) * count,
        zone=np.full(count, -1, dtype=np.int64),
        to_demand_m=np.zeros(count),
        found={"settlement": count},
        dropped={},
    )


def _homes_without(base: Baseline, found: Candidates) -> FloatArray:
    """Homes of each village that nothing serves; one where nobody knows how many live there."""
    if base.settlements is None:
        raise InputError("villages_needed")
    served = (base.bits & np.uint32(found.goal.mask(base.signal.services))) != 0
    judged = judge(base.inputs, base.settlements, served, best_level=None, is_signal_known=True)
    mine = judged.iloc[found.demand.village_index]
    left = mine["households"].to_numpy(dtype=np.float64) - mine["households_served"].to_numpy(
        dtype=np.float64
    )
    return np.maximum(np.nan_to_num(left, nan=1.0), 1.0)


def option_costs(residual: Residual, running: RunningCosts) -> FloatArray:
    """Present cost of every option, million VND."""
    costs = []
    for option, (parts, backhaul) in zip(residual.options, residual.found.prices, strict=True):
        year = running.of_means(option.means) + running.of_backhaul(
            backhaul.means, length_m=backhaul.length_m
        )
        costs.append(running.built(parts.total_mvnd, year))
    built: FloatArray = np.array(costs, dtype=np.float64)
    return built.round(COST_DECIMALS)


def small_cell_costs(
    residual: Residual, request: TowerRequest, running: RunningCosts
) -> dict[str, FloatArray]:
    """Present cost of a small cell in every village, on fibre and on a hop; infinite where it cannot be."""
    model = request.costs
    fixed = running.small_cell_mvnd + model.power_mvnd
    can_fibre = residual.small_serves & np.isfinite(residual.small_fibre_m)
    length_m = np.where(can_fibre, residual.small_fibre_m, 0.0)
    fibre = [
        running.built(
            fixed + model.fibre_end_mvnd + model.fibre_mvnd_m * metres,
            running.small_cell_mvnd_year + running.of_backhaul("fibre", length_m=metres),
        )
        for metres in length_m.tolist()
    ]
    hop = running.built(
        fixed + model.microwave_mvnd, running.small_cell_mvnd_year + running.microwave_mvnd_year
    )
    can_hop = residual.small_serves & np.isfinite(residual.small_hop_m)
    return {
        "fibre": np.where(can_fibre, np.round(fibre, COST_DECIMALS), np.inf),
        "microwave": np.where(can_hop, round(hop, COST_DECIMALS), np.inf),
    }


def cheapest_by_means(
    residual: Residual, costs: FloatArray, means: Sequence[str]
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Cheapest option of each means that serves a village by itself, and which one it is (-1: none).

    Returns
    -------
    tuple of ndarray, shape (means, villages)
    """
    best = np.full((len(means), residual.demand.demands), np.inf)
    which = np.full(best.shape, -1, dtype=np.int64)
    row_of: dict[str, Any] = {name: row for row, name in enumerate(means)}
    for number, (option, served) in enumerate(zip(residual.options, residual.found.served.rows, strict=True)):
        row = row_of[option.means]
        better = served[costs[number] < best[row, served]]
        best[row, better], which[row, better] = costs[number], number
    return best, which


def engine_check(base: Baseline, residual: Residual, chosen: Mapping[int, Sequence[int]]) -> dict[str, Any]:
    """Put what was chosen into the maps, all of it together, and see whether it serves what is claimed.

    Parameters
    ----------
    chosen : mapping of int to sequence of int
        Villages that each chosen option is to serve.

    Returns
    -------
    dict
        ``claimed`` and ``served`` villages, and the ids of those ``missing``.
    """
    claimed = sorted({village for villages in chosen.values() for village in villages})
    if not claimed or base.settlements is None:
        return {"claimed": 0, "served": 0, "missing": []}
    options = [residual.options[number] for number in chosen]
    truth = check_plan(base, options, goal=residual.found.goal, target="villages", pool=ThreadPool())
    now = {one["village_id"] for one in truth.answer["villages"] if one["after"] == "served"}
    ids = base.settlements.table["village_id"].astype(str).to_numpy()[residual.demand.village_index]
    missing = [str(ids[village]) for village in claimed if ids[village] not in now]
    return {"claimed": len(claimed), "served": len(claimed) - len(missing), "missing": missing}
