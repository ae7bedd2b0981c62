"""The bound along the cost curve: never below what trying everything finds, and exact where it is easy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phusong.coverage.placement.curvebound import most_served
from phusong.coverage.placement.instance import coverage_instance

ROWS = st.lists(st.sets(st.integers(0, 5), max_size=4), min_size=1, max_size=7)


def _instance(rows: list[set[int]], cost: list[float]):  # type: ignore[no-untyped-def]
    index = [one for row in rows for one in sorted(row)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return coverage_instance(indptr, index, np.arange(1.0, 7.0), cost)


def test_sites_apart_are_bounded_exactly_at_each_corner() -> None:
    instance = _instance([{5}, {4}, {3}], [2.0, 2.0, 2.0])
    found = most_served(instance, np.array([0, 1, 2], np.int32), [0.0, 2.0, 3.0, 6.0])
    assert found == pytest.approx([0.0, 6.0, 8.5, 15.0])


def test_options_of_one_place_are_not_added_up() -> None:
    instance = _instance([{4, 5}, {4, 5}], [1.0, 2.0])
    apart = most_served(instance, np.empty(0, np.int32), [3.0])
    same = most_served(instance, np.empty(0, np.int32), [3.0], place=np.array([7, 7], np.int32))
    assert (apart[0], same[0]) == pytest.approx((21.0, 11.0))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=ROWS, data=st.data())
def test_no_choice_serves_more(rows: list[set[int]], data: st.DataObject) -> None:
    count = len(rows)
    cost = data.draw(st.lists(st.integers(0, 4).map(float), min_size=count, max_size=count))
    place = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)), np.int32)
    picks = np.array(data.draw(st.permutations(range(count)))[: count // 2], np.int32)
    instance = _instance(rows, cost)
    money = [0.0, 1.0, 3.0, 5.0, 100.0]
    bound = most_served(instance, picks, money, place=place)
    for amount, most in zip(money, bound, strict=True):
        for size in range(count + 1):
            for part in itertools.combinations(range(count), size):
                taken = [place[k] for k in part if place[k] >= 0]
                if sum(cost[k] for k in part) > amount or len(set(taken)) < len(taken):
                    continue
                reached = set().union(*(rows[k] for k in part)) if part else set()
                assert sum(one + 1.0 for one in reached) <= most
