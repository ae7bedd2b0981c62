"""The cheapest means for every village: against enumeration, and break-even against a sweep."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.answer import PlacementAnswer
from phusong.coverage.placement.instance import CoverageInstance, coverage_instance
from phusong.coverage.placement.technology import (
    NONE,
    MeansCost,
    annuity_factor,
    break_even_households,
    choose_alone,
    choose_together,
    means_costs,
    with_alone,
    with_own_means,
)


def by_enumeration(instance: CoverageInstance) -> PlacementAnswer:
    """Least cost that serves all demand that any site can serve."""
    needed = np.zeros(instance.demands, dtype=bool)
    needed[instance.demand_index] = True
    needed &= ~instance.covered
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    for count in range(instance.sites + 1):
        for sites in itertools.combinations(range(instance.sites), count):
            served = np.zeros(instance.demands, dtype=bool)
            for site in sites:
                served[instance.served_by(site)] = True
            cost = math.fsum(instance.site_cost[list(sites)].tolist())
            if served[needed].all() and cost < best[0]:
                best = cost, sites
    cost, sites = best
    none = np.empty(0)
    chosen = np.array(sites, dtype=np.int32)
    return PlacementAnswer(chosen, cost, cost, 0.0, cost, 0.0, 0.0, none, none, 0.0, "proved", ())


def test_present_cost_is_the_sum_of_discounted_years() -> None:
    for years, rate in ((1, 0.08), (10, 0.08), (15, 0.03), (7, 1e-12)):
        yearly = math.fsum((1 + rate) ** -year for year in range(1, years + 1))
        assert annuity_factor(years=years, discount_rate=rate) == pytest.approx(yearly, rel=1e-9)
    assert annuity_factor(years=0, discount_rate=0.05) == 0.0
    fixed, each = MeansCost(100.0, 10.0, 20.0, 2.0).present(years=10, discount_rate=0.08)
    assert (fixed, each) == pytest.approx((100 + 20 * 6.710081399, 10 + 2 * 6.710081399))
    for wrong in ({"years": -1, "discount_rate": 0.1}, {"years": math.inf, "discount_rate": 0.1}):
        with pytest.raises(PlacementError, match="place_number"):
            annuity_factor(**wrong)
    with pytest.raises(PlacementError, match="place_number"):
        annuity_factor(years=5, discount_rate=-1.0)


MAST = MeansCost(capex=1_200.0, opex_year=60.0)
FIBRE = MeansCost(capex=500.0, capex_household=4.0, opex_year=12.0, opex_household_year=0.5)
SATELLITE = MeansCost(capex_household=10.0, opex_household_year=13.2)


@pytest.mark.parametrize(("years", "rate"), [(5, 0.0), (10, 0.08), (20, 0.12)])
@pytest.mark.parametrize("means", [MAST, FIBRE], ids=["mast", "fibre"])
def test_a_sweep_of_households_crosses_at_the_analytic_break_even(
    means: MeansCost, years: int, rate: float
) -> None:
    fixed, each = means.present(years=years, discount_rate=rate)
    sat_fixed, sat_each = SATELLITE.present(years=years, discount_rate=rate)
    crossing = break_even_households(fixed, each, other_fixed=sat_fixed, other_per_household=sat_each)
    households = np.arange(0.0, 400.0)
    costs = means_costs(
        np.array([[fixed], [sat_fixed]]).repeat(400, axis=1),
        np.array([[each], [sat_each]]).repeat(400, axis=1),
        households,
    )
    choice = choose_alone(costs)
    # The solver takes the satellite below the break-even and the other means from there on.
    assert 0 < crossing < 400
    assert (choice.means[households < crossing - 1e-9] == 1).all()
    assert (choice.means[households > crossing + 1e-9] == 0).all()
    assert fixed + each * crossing == pytest.approx(sat_fixed + sat_each * crossing)
    # And where it lies does not depend on the year's prices being split otherwise.
    assert math.ceil(crossing) == int(households[choice.means == 0][0])


def test_break_even_at_the_edges() -> None:
    assert break_even_households(5.0, 1.0, other_fixed=5.0, other_per_household=1.0) == 0.0
    assert break_even_households(5.0, 2.0, other_fixed=0.0, other_per_household=2.0) == math.inf
    assert break_even_households(0.0, 3.0, other_fixed=5.0, other_per_household=1.0) == math.inf
    assert break_even_households(math.inf, 0.0, other_fixed=0.0, other_per_household=1.0) == math.inf


def test_the_cheapest_feasible_means_is_picked_and_the_next_named() -> None:
    fixed = np.array([[10.0, np.inf, 4.0], [6.0, 6.0, np.inf], [0.0, 0.0, 0.0]])
    each = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    costs = means_costs(fixed, each, np.array([10.0, 3.0, 2.0]))
    choice = choose_alone(costs)
    assert choice.means.tolist() == [0, 2, 0]  # the tie of the third goes to the first row
    assert choice.cost.tolist() == [10.0, 6.0, 4.0]
    assert choice.second.tolist() == [1, 1, 2]
    assert choice.second_cost.tolist() == [16.0, 9.0, 4.0]
    alone = choose_alone(costs[:1])
    assert alone.means.tolist() == [0, NONE, 0] and alone.second.tolist() == [NONE] * 3


@pytest.mark.parametrize(
    ("fixed", "each", "households"),
    [
        ([[np.nan]], [[0.0]], [1.0]),
        ([[-1.0]], [[0.0]], [1.0]),
        ([[1.0]], [[np.inf]], [1.0]),
        ([[1.0]], [[0.0]], [np.nan]),
        ([[1.0]], [[0.0, 1.0]], [1.0]),
        ([[1.0]], [[0.0]], [1.0, 2.0]),
    ],
)
def test_numbers_that_are_no_costs_are_refused(fixed: object, each: object, households: object) -> None:
    with pytest.raises(PlacementError):
        means_costs(np.array(fixed), np.array(each), np.array(households))


def _shared() -> CoverageInstance:
    """A mast for 100 serves villages 0, 1 and 2; another for 60 serves 2 and 3."""
    return coverage_instance([0, 3, 5], [0, 1, 2, 2, 3], [30.0, 20.0, 10.0, 5.0], [100.0, 60.0])


def test_a_mast_that_villages_share_beats_what_each_would_take_alone() -> None:
    alone = np.array([50.0, 40.0, 30.0, 20.0])
    choice = choose_together(_shared(), alone, solve=by_enumeration)
    assert choice.shared.tolist() == [0]
    assert choice.served_by.tolist() == [0, 0, 0, NONE]
    assert choice.cost == 120.0
    assert choice.alone_cost == 140.0


def test_no_mast_where_satellites_are_cheaper() -> None:
    choice = choose_together(_shared(), np.array([20.0, 20.0, 20.0, 20.0]), solve=by_enumeration)
    assert choice.shared.size == 0 and choice.cost == choice.alone_cost == 80.0


def test_a_village_that_is_dark_after_all_gets_its_own_means() -> None:
    alone = np.array([50.0, 40.0, 30.0, 20.0])
    choice = choose_together(_shared(), alone, solve=by_enumeration)
    assert with_own_means(_shared(), choice, np.zeros(4, bool), alone, bound=120.0) is choice
    # Villages 0 and 1 are dark: the mast stays for village 2.
    part = with_own_means(_shared(), choice, np.array([True, True, False, False]), alone, bound=120.0)
    assert part.served_by.tolist() == [NONE, NONE, 0, NONE]
    assert (part.shared.tolist(), part.cost, part.bound) == ([0], 210.0, 120.0)
    assert part.gap == pytest.approx(90 / 210)
    # All dark: it is not built.
    none = with_own_means(_shared(), choice, np.array([True, True, True, False]), alone, bound=120.0)
    assert none.shared.size == 0 and none.cost == none.alone_cost == 140.0


def test_a_village_without_means_is_refused() -> None:
    with pytest.raises(PlacementError, match="place_number"):
        with_alone(_shared(), np.array([1.0, np.inf, 1.0, 1.0]))
    with pytest.raises(PlacementError, match="place_shape"):
        with_alone(_shared(), np.array([1.0]))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.data())
def test_together_never_costs_more_than_alone_and_equals_enumeration(data: st.DataObject) -> None:
    villages, sites = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 4))
    rows = [data.draw(st.sets(st.integers(0, villages - 1))) for _ in range(sites)]
    whole = st.integers(0, 40).map(float)
    shared = coverage_instance(
        np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=int)]),
        np.array([one for row in rows for one in sorted(row)], dtype=int),
        data.draw(st.lists(whole, min_size=villages, max_size=villages)),
        data.draw(st.lists(whole, min_size=sites, max_size=sites)),
        covered=data.draw(st.lists(st.booleans(), min_size=villages, max_size=villages)),
    )
    alone = np.array(data.draw(st.lists(whole, min_size=villages, max_size=villages)))
    choice = choose_together(shared, alone, solve=by_enumeration)
    assert choice.cost <= choice.alone_cost
    open_ = ~shared.covered
    own = math.fsum(alone[open_ & (choice.served_by == NONE)].tolist())
    assert choice.cost == math.fsum(shared.site_cost[choice.shared].tolist()) + own
    best = min(
        math.fsum(shared.site_cost[list(pick)].tolist())
        + math.fsum(alone[open_ & ~np.isin(np.arange(villages), [d for s in pick for d in rows[s]])].tolist())
        for count in range(sites + 1)
        for pick in itertools.combinations(range(sites), count)
    )
    assert choice.cost == best
