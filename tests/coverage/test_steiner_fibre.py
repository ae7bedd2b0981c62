"""Fibre along roads: worlds on squared paper."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.fibreplan import BUILDS, FibreCosts, FibrePlan, plan_fibre, quantities
from phusong.coverage.placement.fibreroads import FibreRoads, fibre_distance_m, fibre_roads
from phusong.coverage.placement.roadgraph import (
    FIBRE,
    ROAD_CLASSES,
    Roads,
    cut_roads,
    road_graph,
    roads_of_lines,
)

NATIONAL, COMMUNE = ROAD_CLASSES.index("national"), ROAD_CLASSES.index("commune")
Line = list[tuple[float, float]]


def _roads(lines: list[Line], classes: list[int] | None = None, *, snap_m: float = 2.0) -> Roads:
    vertex_m = np.array([point for line in lines for point in line], float)
    sizes = [len(line) for line in lines]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    step_m = np.append(np.linalg.norm(np.diff(vertex_m, axis=0), axis=1), 0.0)
    step_m[indptr[1:] - 1] = 0.0
    kinds = np.array(classes or [COMMUNE] * len(lines), np.int8)
    return roads_of_lines(
        vertex_m, indptr, step_m, kinds, np.arange(len(lines), dtype=np.int32), snap_m=snap_m
    )


def _square(size: int = 4, step: float = 1_000.0) -> Roads:
    across = [[(step * col, step * row) for col in range(size)] for row in range(size)]
    up = [[(step * col, step * row) for row in range(size)] for col in range(size)]
    return _roads([*across, *up])


def _from(roads: Roads, *nodes: tuple[float, float]) -> FibreRoads:
    return fibre_roads(roads, nodes_m=np.array(nodes, float).reshape(-1, 2))


def _flat(**changes: float) -> FibreCosts:
    return FibreCosts(
        aerial_per_m=dict.fromkeys(ROAD_CLASSES, 10.0), off_road_per_m=20.0, **{"fibre_per_m": 0.0, **changes}
    )


def test_crossings_at_shared_vertices_only() -> None:
    graph = road_graph(_square(3), np.empty(0, np.int64))
    assert graph.node_id.size == 8 + 1
    assert graph.ends.shape == (12, 2)
    assert graph.length_m.tolist() == [1_000.0] * 12
    bridge = _roads([[(0, 0), (200, 0)], [(100, -100), (100, 100)]])
    assert road_graph(bridge, np.empty(0, np.int64)).ends.shape == (2, 2)


def test_loose_ends_join_roads_within_the_tolerance() -> None:
    lines: list[Line] = [[(0, 0), (200, 0)], [(100, 1.5), (100, 300)], [(201, 0), (400, 0)]]
    joined = road_graph(_roads(lines, snap_m=2.0), np.empty(0, np.int64))
    assert (joined.node_id.size, len(joined.ends)) == (5, 4)
    apart = road_graph(_roads(lines, snap_m=0.5), np.empty(0, np.int64))
    assert (apart.node_id.size, len(apart.ends)) == (6, 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 1.0)), max_size=12))
def test_cutting_keeps_lengths_and_order(cuts: list[tuple[int, float]]) -> None:
    roads = _roads([[(0, 0), (100, 0), (100, 50)], [(100, 50), (300, 50), (300, 0)]])
    steps = np.array([0, 1, 3, 4])[[at for at, _ in cuts]] if cuts else np.empty(0, np.int64)
    cut, ids = cut_roads(roads, steps, np.array([share for _, share in cuts]))
    assert cut.step_m.sum() == pytest.approx(roads.step_m.sum())
    drawn = np.linalg.norm(np.diff(cut.vertex_m, axis=0), axis=1)[cut.is_step[:-1]]
    assert drawn == pytest.approx(cut.step_m[cut.is_step], abs=1e-9)
    assert np.isin(ids, cut.vertex_id).all()
    graph = road_graph(cut, ids)
    assert graph.length_m.sum() == pytest.approx(roads.step_m.sum())
    at = graph.node_m[graph.nodes_of(ids)]
    wanted = roads.vertex_m[steps] + np.array([share for _, share in cuts]).reshape(-1, 1) * (
        roads.vertex_m[steps + 1] - roads.vertex_m[steps]
    )
    assert at == pytest.approx(wanted, abs=0.02)


def test_one_village_takes_the_short_way() -> None:
    plan = plan_fibre(_from(_square(), (0, 0)), np.array([[2_500.0, 1_030.0]]), costs=_flat())
    # 3.5 km of road, 30 m from the road
    assert plan.cost == 3_500 * 10 + 30 * 20
    assert (plan.gap, plan.status) == (0.0, "proved")
    assert plan.path_m.tolist() == pytest.approx([3_530.0])
    assert plan.drop_m.tolist() == pytest.approx([30.0])


def test_villages_share_the_way() -> None:
    villages = np.array([[3_000.0, 0.0], [3_000.0, 1_000.0], [2_000.0, 0.0]])
    plan = plan_fibre(_from(_square(), (0, 0)), villages, costs=_flat())
    assert plan.cost == 4_000 * 10
    assert plan.path_m.tolist() == pytest.approx([3_000.0, 4_000.0, 2_000.0])


def test_existing_fibre_costs_nothing_and_is_told_from_side_roads() -> None:
    route = shapely.LineString([(0, -15), (3_000, -15)])
    nodes = np.array([[0.0, 0.0]])
    untapped = fibre_roads(_square(), nodes_m=nodes, routes=[route], is_tapped=False)
    plan = plan_fibre(untapped, np.array([[3_000.0, 1_000.0]]), costs=_flat())
    assert plan.cost == 1_000 * 10
    figures = quantities(plan.edges)
    assert figures["reused_fibre"]["length_m"] == pytest.approx(3_000.0)
    assert figures["aerial"]["length_m"] == pytest.approx(1_000.0)
    tapped = fibre_roads(_square(), nodes_m=nodes, routes=[route])
    plan = plan_fibre(tapped, np.array([[3_000.0, 1_000.0]]), costs=_flat())
    assert (plan.cost, plan.path_m.tolist()) == (1_000 * 10, pytest.approx([1_000.0]))
    on_fibre = tapped.roads.step_m[tapped.roads.state == FIBRE].sum()
    assert on_fibre == pytest.approx(3_000.0)


def test_ducts_and_works_cost_their_share() -> None:
    duct, works = shapely.LineString([(0, 0), (0, 3_000)]), shapely.LineString([(0, 3_000), (3_000, 3_000)])
    fibre = fibre_roads(_square(), nodes_m=np.array([[0.0, 0.0]]), ducts=[duct], works=[works])
    plan = plan_fibre(
        fibre, np.array([[3_000.0, 3_000.0]]), costs=_flat(reused_duct_per_m=3.0, works_saving=0.5)
    )
    assert plan.cost == 3_000 * 3 + 3_000 * 5
    figures = quantities(plan.edges)
    assert figures["reused_duct"]["length_m"] == pytest.approx(3_000.0)
    assert figures["aerial"]["shared_m"] == pytest.approx(3_000.0)


def test_road_classes_decide_how_and_for_what() -> None:
    roads = _roads([[(0, 0), (1_000, 0)], [(0, 0), (0, 700), (1_000, 700), (1_000, 0)]], [NATIONAL, COMMUNE])
    costs = FibreCosts(
        aerial_per_m=dict.fromkeys(ROAD_CLASSES, 10.0),
        duct_per_m=dict.fromkeys(ROAD_CLASSES, 40.0),
        build={**dict.fromkeys(ROAD_CLASSES, "aerial"), "national": "duct"},
    )
    plan = plan_fibre(_from(roads, (0, 0)), np.array([[1_000.0, 0.0]]), costs=costs)
    assert plan.cost == 2_400 * 10
    near = plan_fibre(_from(roads, (0, 0)), np.array([[500.0, 0.0]]), costs=costs)
    assert near.cost == 500 * 40
    assert quantities(near.edges)["duct"]["length_m"] == pytest.approx(500.0)


def test_what_cannot_be_joined_is_told_with_its_distance() -> None:
    roads = _roads([[(0, 0), (1_000, 0)], [(0, 9_000), (1_000, 9_000)]])
    villages = np.array([[500.0, 0.0], [500.0, 9_000.0]])
    plan = plan_fibre(_from(roads, (0, 0)), villages, costs=_flat(), max_drop_m=2_000.0)
    assert plan.joined.tolist() == [True, False]
    assert plan.drop_m.tolist() == pytest.approx([0.0, 9_000.0])
    assert np.isnan(plan.path_m[1])
    assert plan.cost == 500 * 10
    nobody = plan_fibre(_from(roads, (0, 0)), villages[1:], costs=_flat(), max_drop_m=2_000.0)
    assert (nobody.cost, nobody.joined.tolist(), nobody.edges.length_m.size) == (0, [False], 0)


def test_no_fibre_near_any_road_is_an_error() -> None:
    with pytest.raises(PlacementError, match="fibre_no_network"):
        plan_fibre(_from(_square(), (50_000, 50_000)), np.array([[0.0, 0.0]]), costs=_flat())


def test_costs_that_make_no_sense_are_refused() -> None:
    with pytest.raises(PlacementError, match="off_road_per_m"):
        FibreCosts(off_road_per_m=-1.0)
    with pytest.raises(PlacementError, match="works_saving"):
        FibreCosts(works_saving=1.5)
    with pytest.raises(PlacementError, match=r"build\.national"):
        FibreCosts(build={**dict.fromkeys(ROAD_CLASSES, "aerial"), "national": "carrier pigeon"})
    with pytest.raises(PlacementError, match=r"duct_per_m\."):
        FibreCosts(duct_per_m={"national": 5.0})


def test_fibre_distances() -> None:
    fibre = _from(_square(), (0, 0), (3_000, 3_000))
    points = np.array([[1_500.0, 0.0], [3_000.0, 2_400.0], [0.0, 3_040.0]])
    assert fibre_distance_m(fibre, points).tolist() == pytest.approx([1_500.0, 600.0, 3_040.0])
    island = _roads([[(0, 0), (1_000, 0)], [(0, 9_000), (1_000, 9_000)]])
    far = fibre_distance_m(_from(island, (0, 0)), np.array([[0.0, 9_000.0]]))
    assert far.tolist() == [np.inf]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[FibreRoads, np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    place = st.tuples(st.floats(-500.0, 4_500.0), st.floats(-500.0, 4_500.0))
    nodes = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=3))
    villages = draw(st.lists(place, min_size=1, max_size=6))
    fibre = _from(_square(5), *[(1_000.0 * col, 1_000.0 * row) for col, row in nodes])
    return fibre, np.array(villages)


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_every_plan_holds_together(
    world: tuple[FibreRoads, np.ndarray[tuple[int, int], np.dtype[np.float64]]],
) -> None:
    fibre, villages = world
    plan = plan_fibre(fibre, villages, costs=_flat())
    assert plan.cost == plan.edges.cost.sum()
    assert plan.bound <= plan.cost
    assert plan.joined.all()
    assert sum(row["cost"] for row in quantities(plan.edges).values()) == plan.cost
    assert (plan.edges.build < len(BUILDS)).all()
    _check_joined(plan, fibre)
    direct = fibre_distance_m(fibre, villages)
    assert (plan.path_m >= direct - 0.1).all()
    alone = np.round((direct - plan.drop_m) * 10 + plan.drop_m * 20).sum()
    assert plan.cost <= alone + 10 * len(villages)


def _check_joined(plan: FibrePlan, fibre: FibreRoads) -> None:
    """Walk from the fibre network along the stretches of the plan; every target's place must be met."""
    ids, edges = plan.roads.vertex_id, plan.edges
    links = [
        (int(ids[first]), int(ids[last]))
        for first, last in zip(edges.first, edges.last, strict=True)
        if last >= 0
    ]
    met = set(fibre.root_id.tolist())
    while True:
        more = {end for link in links if met & set(link) for end in link} - met
        if not more:
            break
        met |= more
    drops = edges.target >= 0
    assert set(ids[edges.first[drops]].tolist()) <= met
    assert {end for link in links for end in link} <= met
