"""What is asked of a plan for towers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.placement.candidates import SOURCES
from phusong.coverage.placement.costs import MEANS, CostModel, cost_model
from phusong.geodata.scenario import Addition

Target = Literal["villages", "people", "households"]
TARGETS: tuple[Target, ...] = ("villages", "people", "households")
SERVED_BY = ("any", "own")
ALL_COSTS = cost_model({})[1]
REACH_ALL = "all"
"""Asks for all that any candidate can reach."""


@dataclass(frozen=True, slots=True)
class CandidateSettings:
    """Where to look for places; every number an assumption that a planner may change.

    Attributes
    ----------
    sources : tuple of str
        Of `SOURCES`.
    apart_m : float
        New places nearer to each other than this are one.
    most_places : int
        At most so many places, those nearest to unserved demand.
    site_reach_m, hilltop_reach_m, near_reach_m, grid_reach_m : float
        How far from unserved demand masts that stand, hilltops, public places and points along lines, and
        points of the grid are looked for.
    prominence_m : float
        Least prominence of a hilltop.
    road_step_m, grid_step_m : float
        Spacing of points along lines and of the grid.
    repeater_reach_m : float
        How far from unserved demand a repeater is thought of.
    donor_dbm : float
        Least level outdoors at which a repeater finds a signal to repeat.
    hop_km : float
        Longest microwave hop.
    has_satellite : bool
        Whether a mast may hang on a satellite.
    detour : float
        Length of a road over the straight line, where no roads are known.
    below_top_m : float
        How far under the top of another operator's mast there is room.
    """

    sources: tuple[str, ...] = SOURCES
    apart_m: float = 250.0
    most_places: int = 4_000
    site_reach_m: float = 12_000.0
    hilltop_reach_m: float = 8_000.0
    near_reach_m: float = 3_000.0
    grid_reach_m: float = 4_000.0
    prominence_m: float = 40.0
    road_step_m: float = 500.0
    grid_step_m: float = 1_000.0
    repeater_reach_m: float = 2_000.0
    donor_dbm: float = -95.0
    hop_km: float = 20.0
    has_satellite: bool = False
    detour: float = 1.4
    below_top_m: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerRequest:
    """A question for towers: one of a budget, a number of sites, or a share to reach.

    Attributes
    ----------
    budget_mvnd : float, optional
        Million VND.
    sites : int, optional
        Most options to build.
    reach_percent : float or "all", optional
        Least cost to serve this share of all villages, people or households; ``"all"``: of what candidates
        can serve.
    target : {"villages", "people", "households"}
    technology : str, optional
        Of the new cells, and then the only one that counts; else 4G is built and whatever the village rule
        names counts.
    operator : str, optional
        Who builds; the operator with most cells when absent.
    served_by : {"any", "own"}
        Whether a signal of any operator counts, or of the builder alone.
    means : tuple of str
        Of `MEANS`.
    heights_m : tuple of float
        Of new masts.
    bands : tuple of str, optional
        Those the operator sends in, when absent.
    excluded : geometry, optional
        Longitude and latitude; nothing new is built inside.
    min_distance_m : float
        Between new masts, and from a new mast to any mast that stands.
    per_commune : int, optional
        Most new sites in one commune.
    yearly_budgets_mvnd : tuple of float
        The order of building is cut into years by these.
    gap, time_limit_s : float
        When the solver may stop.
    costs : CostModel
    assumed_costs : tuple of str
        Names of costs nobody gave.
    candidates : CandidateSettings
    kept : tuple of Addition
        Built in any case ("finish this plan for me"); cost and number count towards the budget and the sites.
    """

    budget_mvnd: float | None = None
    sites: int | None = None
    reach_percent: float | str | None = None
    target: Target = "households"
    technology: str | None = None
    operator: str | None = None
    served_by: str = "any"
    means: tuple[str, ...] = MEANS
    heights_m: tuple[float, ...] = (15.0, 30.0, 42.0)
    bands: tuple[str, ...] | None = None
    excluded: BaseGeometry | None = None
    min_distance_m: float = 0.0
    per_commune: int | None = None
    yearly_budgets_mvnd: tuple[float, ...] = ()
    gap: float = 0.0
    time_limit_s: float = 60.0
    costs: CostModel = field(default_factory=CostModel)
    assumed_costs: tuple[str, ...] = ALL_COSTS
    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    kept: tuple[Addition, ...] = ()

    def __post_init__(self) -> None:
        given = [self.budget_mvnd, self.sites, self.reach_percent]
        if sum(one is not None for one in given) != 1:
            raise InputError("tower_goal_one")
        if self.reach_percent is not None and self.yearly_budgets_mvnd:
            self._check_each("yearly_budget", self.yearly_budgets_mvnd, 0.0)
        self._check_goal()
        self._check_names()
        self._check_each("yearly_budget", self.yearly_budgets_mvnd, 0.0)
        self._check_each("heights", self.heights_m, 3.0, 150.0)
        self._check_each("min_distance_m", (self.min_distance_m,), 0.0)
        self._check_each("gap", (self.gap,), 0.0)
        self._check_each("time_limit", (self.time_limit_s,), 0.0)
        if self.per_commune is not None:
            self._check_each("per_commune", (self.per_commune,), 0)

    def _check_goal(self) -> None:
        if self.budget_mvnd is not None:
            self._check_each("budget", (self.budget_mvnd,), 0.0)
        if self.sites is not None:
            self._check_each("sites", (self.sites,), 0)
        if self.reach_percent is not None and self.reach_percent != REACH_ALL:
            if isinstance(self.reach_percent, str):
                raise InputError(
                    "tower_range", name="reach", value=self.reach_percent[:40], allowed="0 .. 100, all"
                )
            self._check_each("reach", (self.reach_percent,), 0.0, 100.0)

    def _check_names(self) -> None:
        for name, values, allowed in (
            ("target", (self.target,), TARGETS),
            ("technology", () if self.technology is None else (self.technology,), TECHNOLOGIES),
            ("served_by", (self.served_by,), SERVED_BY),
            ("kinds", self.means, MEANS),
            ("sources", self.candidates.sources, SOURCES),
        ):
            for value in values:
                if value not in allowed:
                    raise InputError(
                        "tower_choice", name=name, value=str(value)[:40], allowed=", ".join(allowed)
                    )
        if not self.means:
            raise InputError("tower_choice", name="kinds", value="", allowed=", ".join(MEANS))

    @staticmethod
    def _check_each(name: str, values: tuple[float, ...], low: float, high: float = math.inf) -> None:
        for value in values:
            if not low <= value <= high:  # NaN compares false
                allowed = f"{low:g} .. {high:g}" if math.isfinite(high) else f">= {low:g}"
                raise InputError("tower_range", name=name, value=str(value), allowed=allowed)

    def record(self) -> dict[str, Any]:
        """Return what was asked as plain values, for JSON."""
        plain = (
            "budget_mvnd sites reach_percent target technology operator served_by means heights_m bands"
            " min_distance_m per_commune yearly_budgets_mvnd gap time_limit_s"
        )
        values: Mapping[str, Any] = {name: getattr(self, name) for name in plain.split()}
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {
            **told,
            "excludes_area": self.excluded is not None,
            "kept": [one.site_id for one in self.kept],
        }
