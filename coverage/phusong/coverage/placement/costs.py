"""What it costs to put up cells somewhere: parts in million VND, each an assumption until one is given.

No price list of a Vietnamese operator is public; the defaults are round figures of the order that tenders for
stations of the public-service telecommunications programme show, and are to be replaced by a planner's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from phusong.coverage.errors import InputError

MEANS = ("colocation", "carrier", "sector", "repeater", "mast")
"""Ways to bring a signal: antennas on a mast of another operator, a new band or sector on an own mast, a
repeater, a new mast."""
DECIMALS = 1
"""Parts are rounded to a hundred thousand VND: finer says nothing, and equal options cost the same."""
BACKHAULS = ("none", "fibre", "microwave", "satellite")


@dataclass(frozen=True, slots=True)
class CostModel:
    """Costs, each in million VND.

    Attributes
    ----------
    mast_mvnd : mapping of float to float
        New mast by height in metres, foundation and land included; heights between are interpolated, beyond
        the last the slope goes on.
    radio_mvnd : float
        Radio, antennas and cabinet of one carrier on a new mast or on a mast of another operator.
    carrier_mvnd, sector_mvnd, repeater_mvnd : float
        A new band, a new sector on an own mast; a repeater with its pole.
    colocation_mvnd : float
        Strengthening a mast of another operator and the rent of five years.
    power_mvnd : float
        Mains connection or solar supply of a place without one.
    access_mvnd_m : float
        Way to a place, per metre from the nearest road.
    fibre_mvnd_m : float
        Aerial fibre, per metre of road.
    fibre_end_mvnd : float
        Terminals at both ends of a new fibre.
    microwave_mvnd : float
        A hop with its two dishes.
    satellite_mvnd : float
        Terminal and capacity of five years.
    """

    mast_mvnd: Mapping[float, float] = field(default_factory=lambda: {15.0: 250.0, 30.0: 500.0, 42.0: 750.0})
    radio_mvnd: float = 400.0
    carrier_mvnd: float = 300.0
    sector_mvnd: float = 150.0
    repeater_mvnd: float = 120.0
    colocation_mvnd: float = 150.0
    power_mvnd: float = 100.0
    access_mvnd_m: float = 0.3
    fibre_mvnd_m: float = 0.05
    fibre_end_mvnd: float = 20.0
    microwave_mvnd: float = 180.0
    satellite_mvnd: float = 600.0

    def __post_init__(self) -> None:
        if not self.mast_mvnd:
            raise InputError("cost_missing", name="mast_mvnd")
        for height_m, cost_mvnd in self.mast_mvnd.items():
            _check(f"mast_mvnd.{height_m:g}", cost_mvnd)
        for item in fields(self):
            if item.name != "mast_mvnd":
                _check(item.name, getattr(self, item.name))

    def mast_cost_mvnd(self, height_m: float) -> float:
        """Return the cost of a mast.

        Examples
        --------
        >>> model = CostModel(mast_mvnd={20.0: 200.0, 40.0: 600.0})
        >>> model.mast_cost_mvnd(30.0), model.mast_cost_mvnd(50.0), model.mast_cost_mvnd(10.0)
        (400.0, 800.0, 200.0)
        """
        known = sorted(self.mast_mvnd.items())
        if len(known) == 1 or height_m <= known[0][0]:
            return known[0][1]
        upper = next((k for k, (height, _) in enumerate(known) if height_m <= height), len(known) - 1)
        (low_m, low), (high_m, high) = known[max(upper - 1, 0)], known[upper]
        return low + (high - low) * (height_m - low_m) / (high_m - low_m)


def _check(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError("cost_number", name=name, value=str(value)[:40], allowed=">= 0")
    if value < 0:
        raise InputError("cost_number", name=name, value=str(value), allowed=">= 0")


def cost_model(record: Mapping[str, Any]) -> tuple[CostModel, tuple[str, ...]]:
    """Read a cost model; what the record leaves out keeps its default.

    Parameters
    ----------
    record : mapping
        Names as in `CostModel`; heights of masts may be texts, as JSON has them.

    Returns
    -------
    CostModel
    tuple of str
        Names that keep their default, sorted: assumptions.

    Raises
    ------
    InputError
        ``cost_unknown`` for a name that there is not, ``cost_number`` for a value that is no cost,
        ``cost_missing`` for one that is empty.

    Examples
    --------
    >>> model, assumed = cost_model({"power_mvnd": 80, "mast_mvnd": {"30": 450}})
    >>> model.power_mvnd, model.mast_cost_mvnd(30.0), "power_mvnd" in assumed
    (80, 450, False)
    """
    known = [item.name for item in fields(CostModel)]
    for name, value in record.items():
        if name not in known:
            raise InputError("cost_unknown", name=str(name)[:40], allowed=", ".join(known))
        if value is None:
            raise InputError("cost_missing", name=name)
    values = dict(record)
    if "mast_mvnd" in values:
        values["mast_mvnd"] = _masts(values["mast_mvnd"])
    return replace(CostModel(), **values), tuple(sorted(set(known) - set(record)))


def _masts(given: object) -> dict[float, float]:
    if not isinstance(given, Mapping):
        raise InputError("cost_number", name="mast_mvnd", value=str(given)[:40], allowed="{m: MVND}")
    found = {}
    for height, cost_mvnd in given.items():
        try:
            found[float(height)] = cost_mvnd
        except (TypeError, ValueError) as error:
            raise InputError(
                "cost_number", name="mast_mvnd", value=str(height)[:40], allowed="> 0"
            ) from error
    return found


@dataclass(frozen=True, slots=True)
class Backhaul:
    """How a place is joined to the network.

    Attributes
    ----------
    means : str
        One of `BACKHAULS`; ``none`` where the place has one already, or needs none.
    cost_mvnd : float
    length_m : float
        Of new fibre along roads, or of the hop.
    to_site : str or None
        Site at the other end of a hop.
    """

    means: str
    cost_mvnd: float
    length_m: float = 0.0
    to_site: str | None = None


@dataclass(frozen=True, slots=True)
class CostParts:
    """What an option is made of, million VND each."""

    structure_mvnd: float
    radio_mvnd: float
    power_mvnd: float
    access_mvnd: float
    backhaul_mvnd: float

    @property
    def total_mvnd(self) -> float:
        """Sum of the parts."""
        return round(math.fsum(asdict(self).values()), DECIMALS)


def option_cost(
    model: CostModel, means: str, *, height_m: float, to_road_m: float, backhaul: Backhaul
) -> CostParts:
    """Add up what an option costs.

    Parameters
    ----------
    model : CostModel
    means : str
        One of `MEANS`.
    height_m : float
        Of the antenna; a new mast is built as high.
    to_road_m : float
        Distance from the nearest road; it costs where nothing stands yet.
    backhaul : Backhaul

    Examples
    --------
    >>> parts = option_cost(
    ...     CostModel(), "mast", height_m=30.0, to_road_m=100.0, backhaul=Backhaul("microwave", 180.0))
    >>> parts.total_mvnd
    1210.0
    """
    access_mvnd = model.access_mvnd_m * to_road_m
    if means == "mast":
        structure = model.mast_cost_mvnd(height_m)
        return _rounded(structure, model.radio_mvnd, model.power_mvnd, access_mvnd, backhaul.cost_mvnd)
    if means == "repeater":
        return _rounded(model.repeater_mvnd, 0.0, model.power_mvnd, access_mvnd, 0.0)
    if means == "colocation":
        return _rounded(model.colocation_mvnd, model.radio_mvnd, 0.0, 0.0, backhaul.cost_mvnd)
    radio_mvnd = model.carrier_mvnd if means == "carrier" else model.sector_mvnd
    return _rounded(0.0, radio_mvnd, 0.0, 0.0, 0.0)


def _rounded(*parts_mvnd: float) -> CostParts:
    return CostParts(*(round(part, DECIMALS) for part in parts_mvnd))
