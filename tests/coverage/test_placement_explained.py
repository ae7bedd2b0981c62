"""Why these sites: worth of picks, cost curve, alternatives elsewhere, who stays without; by enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.placement.alternatives import (
    left_out,
    next_best,
    pick_worth,
    plans_without,
    swaps_elsewhere,
)
from phusong.coverage.placement.answer import PlacementAnswer
from phusong.coverage.placement.costcurve import cost_curve
from phusong.coverage.placement.instance import CoverageInstance, SideConstraints, coverage_instance


def served(instance: CoverageInstance, sites: list[int]) -> float:
    mask = instance.covered.copy()
    for site in sites:
        mask[instance.served_by(site)] = True
    return math.fsum(instance.demand_weight[mask].tolist())


def best_of(instance: CoverageInstance, count: int, side: SideConstraints) -> PlacementAnswer:
    """The best `count` sites, by trying all."""
    forbidden = np.zeros(instance.sites, bool) if side.forbidden is None else side.forbidden
    usable = [site for site in range(instance.sites) if not forbidden[site]]
    pick = max(
        itertools.combinations(usable, min(count, len(usable))),
        key=lambda sites: (served(instance, list(sites)), -instance.site_cost[list(sites)].sum()),
    )
    value, cost = served(instance, list(pick)), float(instance.site_cost[list(pick)].sum())
    none = np.empty(0)
    total = float(instance.demand_weight.sum())
    chosen = np.array(pick, dtype=np.int32)
    return PlacementAnswer(chosen, value, value, 0.0, cost, value, total, none, none, 0.0, "proved", ())


@st.composite
def instances(draw: st.DrawFn) -> CoverageInstance:
    demands, sites = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    rows = [sorted(draw(st.sets(st.integers(0, demands - 1)))) for _ in range(sites)]
    whole = st.integers(0, 30).map(float)
    return coverage_instance(
        np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=int)]),
        np.array([one for row in rows for one in row], dtype=int),
        draw(st.lists(whole, min_size=demands, max_size=demands)),
        draw(st.lists(st.integers(1, 30).map(float), min_size=sites, max_size=sites)),
        covered=draw(st.lists(st.booleans(), min_size=demands, max_size=demands)),
    )


def some_sites(draw: st.DataObject, instance: CoverageInstance) -> np.ndarray:
    found = draw.draw(st.sets(st.integers(0, instance.sites - 1)))
    return np.array(sorted(found), dtype=np.int32)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(instances(), st.data())
def test_worth_alone_last_and_next_is_what_leaving_out_and_adding_gives(
    instance: CoverageInstance, data: st.DataObject
) -> None:
    chosen = some_sites(data, instance)
    worth, whole, start = (
        pick_worth(instance, chosen),
        served(instance, chosen.tolist()),
        served(instance, []),
    )
    for place, site in enumerate(chosen.tolist()):
        rest = [one for one in chosen.tolist() if one != site]
        assert worth.alone_weight[place] == served(instance, [site]) - start
        assert worth.last_weight[place] == whole - served(instance, rest)
    more = next_best(instance, chosen, most=99)
    real = {
        site: served(instance, [*chosen.tolist(), site]) - whole
        for site in range(instance.sites)
        if site not in set(chosen.tolist())
    }
    assert dict(zip(more.site.tolist(), more.added_weight.tolist(), strict=True)) == {
        site: gain for site, gain in real.items() if gain > 0
    }
    assert (np.diff(more.cost_per_weight) >= 0).all()


@settings(max_examples=80, derandomize=True, deadline=None)
@given(instances(), st.data())
def test_the_curve_adds_up_and_rises(instance: CoverageInstance, data: st.DataObject) -> None:
    chosen = some_sites(data, instance)
    curve = cost_curve(instance, chosen, beyond=instance.sites)
    planned = int(curve.is_planned.sum())
    assert sorted(curve.site[:planned].tolist()) == chosen.tolist()
    for place in range(curve.site.size):
        picks = curve.site[: place + 1].tolist()
        assert curve.served_weight[place] == served(instance, picks)
        assert curve.cost[place] == instance.site_cost[picks].sum()
    # A unit of weight costs more with every pick, in the plan and after it.
    for part in (curve.marginal_cost[:planned], curve.marginal_cost[planned:]):
        assert (part[1:] >= part[:-1] * (1 - 1e-12)).all()
    # Gone on with, the curve ends where every site would.
    if curve.site.size:
        assert curve.served_weight[-1] == served(instance, list(range(instance.sites)))
    else:
        assert served(instance, list(range(instance.sites))) == curve.start_weight


@settings(max_examples=80, derandomize=True, deadline=None)
@given(instances(), st.data())
def test_exchanges_are_those_that_trying_all_finds(instance: CoverageInstance, data: st.DataObject) -> None:
    chosen = some_sites(data, instance)
    along_m = 1000.0 * np.arange(instance.sites)
    found = swaps_elsewhere(
        instance, chosen, x_m=along_m, y_m=np.zeros(instance.sites), apart_m=1.0, within=0.2, each=99
    )
    start, whole = served(instance, []), served(instance, chosen.tolist())
    real = {}
    for out in chosen.tolist():
        for site in sorted(set(range(instance.sites)) - set(chosen.tolist())):
            now = served(instance, [*(one for one in chosen.tolist() if one != out), site])
            if now - start >= 0.8 * (whole - start) - 1e-9:
                real[out, site] = now
    assert {(one.out_site, one.in_site): one.served_weight for one in found} == real
    for one in found:
        assert one.cost_change == instance.site_cost[one.in_site] - instance.site_cost[one.out_site]
        assert one.distance_m == abs(along_m[one.in_site] - along_m[one.out_site])


def twin_valleys() -> CoverageInstance:
    """Two hills see the same valley nearly alike; a third sees another; a fourth is dear."""
    return coverage_instance(
        [0, 4, 8, 10, 11],
        [0, 1, 2, 3, 0, 1, 2, 4, 5, 6, 7],
        [100.0, 100.0, 100.0, 3.0, 2.0, 50.0, 50.0, 5.0],
        [10.0, 12.0, 10.0, 80.0],
    )


def test_an_alternative_within_one_per_cent_lies_elsewhere() -> None:
    instance = twin_valleys()
    x_m, y_m = np.array([0.0, 3000.0, 9000.0, 20_000.0]), np.zeros(4)
    chosen = np.array([0, 2], dtype=np.int32)
    (swap,) = swaps_elsewhere(instance, chosen, x_m=x_m, y_m=y_m, apart_m=1000.0)
    assert (swap.out_site, swap.in_site, swap.served_weight, swap.cost_change) == (0, 1, 402.0, 2.0)
    assert swap.distance_m == 3000.0
    assert swaps_elsewhere(instance, chosen, x_m=x_m, y_m=y_m, apart_m=4000.0) == []
    assert swaps_elsewhere(instance, chosen, x_m=x_m, y_m=y_m, apart_m=1000.0, most_cost=21.0) == []
    first = best_of(instance, 2, SideConstraints())
    plans = plans_without(instance, first, resolve=lambda side: best_of(instance, 2, side))
    assert [(one.without_site, one.new_sites.tolist()) for one in plans] == [(0, [1])]
    assert plans[0].worse_by == pytest.approx(1 / 403)
    forced = SideConstraints(forced=np.array([0], dtype=np.int32))
    assert (
        plans_without(instance, first, resolve=lambda side: best_of(instance, 2, side), constraints=forced)
        == []
    )


def test_who_stays_without_and_why() -> None:
    # Demand 2 is seen by the forbidden site only, demand 3 by none.
    instance = coverage_instance([0, 1, 3, 4], [0, 0, 1, 2], [10.0, 4.0, 7.0, 1.0], [5.0, 8.0, 3.0])
    usable = np.array([True, True, False])
    found = left_out(instance, np.array([0], dtype=np.int32), usable=usable)
    assert found.demand.tolist() == [1, 2, 3]
    assert found.reason == ("not_chosen", "forbidden", "no_option")
    assert found.site.tolist() == [1, -1, -1]
    assert found.cost.tolist() == [8.0, math.inf, math.inf]
    assert found.cost_per_weight.tolist() == [2.0, math.inf, math.inf]


def test_a_plan_of_nothing_where_nothing_can_be_built() -> None:
    instance = coverage_instance([0], [], [10.0, 4.0], [], covered=[True, False])
    none = np.empty(0, dtype=np.int32)
    assert left_out(instance, none).reason == ("no_option",)
    assert pick_worth(instance, none).site.size == next_best(instance, none).site.size == 0
    assert swaps_elsewhere(instance, none, x_m=np.empty(0), y_m=np.empty(0), apart_m=1.0) == []
    curve = cost_curve(instance, none, beyond=5)
    assert (curve.start_weight, curve.total_weight, curve.site.size) == (10.0, 14.0, 0)
    assert curve.last_part(0.02).size == 0 and curve.cost_to_serve(0.5) == 0.0


def test_the_last_per_cent_and_where_satellites_take_over() -> None:
    # Households 900, 80, 15 and 5 for 90, 40, 30 and 50: 0.1, 0.5, 2 and 10 a household.
    instance = coverage_instance(
        [0, 1, 2, 3, 4], [0, 1, 2, 3], [900.0, 80.0, 15.0, 5.0], [90.0, 40.0, 30.0, 50.0]
    )
    curve = cost_curve(instance, np.array([1, 0], dtype=np.int32), beyond=9)
    assert curve.site.tolist() == [0, 1, 2, 3]
    assert curve.is_planned.tolist() == [True, True, False, False]
    assert curve.marginal_cost.tolist() == [0.1, 0.5, 2.0, 10.0]
    assert curve.last_part(0.02).tolist() == [2.0, 10.0]
    assert [curve.cost_to_serve(share) for share in (0.0, 0.9, 0.98, 0.995, 1.0)] == [0, 90, 130, 160, 210]
    assert curve.worth_until(5.0) == 3
    assert cost_curve(instance, np.array([0], dtype=np.int32)).cost_to_serve(0.95) == math.inf


def test_options_of_one_place_exclude_each_other_beyond_the_plan() -> None:
    instance = coverage_instance([0, 1, 3, 4], [0, 0, 1, 2], [10.0, 4.0, 7.0], [5.0, 8.0, 3.0])
    place = np.array([0, 0, -1], dtype=np.int32)
    curve = cost_curve(instance, np.array([0], dtype=np.int32), beyond=9, place=place)
    assert curve.site.tolist() == [0, 2]
