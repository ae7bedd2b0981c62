"""What it costs to run what is built, and what serves one village alone; all assumed until given.

The defaults are round figures of a plausible order, not quotations: no price list is public. They go with
those of `costs.CostModel`, whose rents cover five years, so that is how long is counted for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from phusong.coverage.errors import InputError
from phusong.coverage.placement.technology import MeansCost


@dataclass(frozen=True, slots=True)
class RunningCosts:
    """Costs in million VND.

    Attributes
    ----------
    years : float
        Years that running is paid for.
    discount_rate : float
        Of a year; 0.08 is 8 %.
    mast_mvnd_year, colocation_mvnd_year, carrier_mvnd_year, sector_mvnd_year, repeater_mvnd_year : float
        Power, land and upkeep; the rent of a mast of another operator is in `CostModel.colocation_mvnd`.
    fibre_mvnd_m_year : float
        Upkeep of a metre of new fibre.
    microwave_mvnd_year, satellite_mvnd_year : float
        Of a hop, its licence included; of a mast on a satellite beyond `CostModel.satellite_mvnd`.
    small_cell_mvnd, small_cell_mvnd_year : float
        A small cell on a pole in the village.
    terminal_mvnd : float
        A household's satellite terminal, put up.
    terminal_mvnd_month : float
        Its fee.
    """

    years: float = 5.0
    discount_rate: float = 0.08
    mast_mvnd_year: float = 48.0
    colocation_mvnd_year: float = 24.0
    carrier_mvnd_year: float = 12.0
    sector_mvnd_year: float = 6.0
    repeater_mvnd_year: float = 9.0
    fibre_mvnd_m_year: float = 0.001
    microwave_mvnd_year: float = 12.0
    satellite_mvnd_year: float = 0.0
    small_cell_mvnd: float = 90.0
    small_cell_mvnd_year: float = 9.0
    terminal_mvnd: float = 10.0
    terminal_mvnd_month: float = 1.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            is_number = (
                isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            )
            if not is_number or value < 0:
                raise InputError("cost_number", name=item.name, value=str(value)[:40], allowed=">= 0")

    def of_means(self, means: str) -> float:
        """Return what a year of a means costs, without its backhaul.

        Examples
        --------
        >>> RunningCosts(sector_mvnd_year=7.0).of_means("sector")
        7.0
        """
        return float(getattr(self, f"{means}_mvnd_year"))

    def of_backhaul(self, means: str, *, length_m: float) -> float:
        """Return what a year of a backhaul costs."""
        by_means = {
            "fibre": self.fibre_mvnd_m_year * length_m,
            "microwave": self.microwave_mvnd_year,
            "satellite": self.satellite_mvnd_year,
        }
        return by_means.get(means, 0.0)

    def built(self, capex_mvnd: float, mvnd_year: float) -> float:
        """Return the present cost of something that is built and run."""
        fixed, _ = MeansCost(capex=capex_mvnd, opex_year=mvnd_year).present(
            years=self.years, discount_rate=self.discount_rate
        )
        return fixed

    def terminal(self) -> float:
        """Return the present cost of a household's satellite terminal and its fees.

        Examples
        --------
        >>> RunningCosts(years=2, discount_rate=0.0, terminal_mvnd=10.0, terminal_mvnd_month=1.0).terminal()
        34.0
        """
        _, each = MeansCost(
            capex_household=self.terminal_mvnd, opex_household_year=12.0 * self.terminal_mvnd_month
        ).present(years=self.years, discount_rate=self.discount_rate)
        return each

    def as_dict(self) -> dict[str, float]:
        """Return the costs as plain values."""
        return asdict(self)


RUNNING_NAMES = tuple(item.name for item in fields(RunningCosts))


def running_costs(record: Mapping[str, Any]) -> tuple[RunningCosts, tuple[str, ...]]:
    """Read running costs; what the record leaves out keeps its default.

    Returns
    -------
    RunningCosts
    tuple of str
        Names that keep their default, sorted: assumptions.

    Raises
    ------
    InputError
        ``cost_unknown`` or ``cost_number``.
    """
    for name in record:
        if name not in RUNNING_NAMES:
            raise InputError("cost_unknown", name=str(name)[:40], allowed=", ".join(RUNNING_NAMES))
    return replace(RunningCosts(), **record), tuple(sorted(set(RUNNING_NAMES) - set(record)))
