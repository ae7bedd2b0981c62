"""Places and commune centres: a missing one is missing, not uncovered."""

from __future__ import annotations

import numpy as np
import pytest

from phusong.coverage.errors import NotFoundError
from phusong.coverage.grids import Grid
from phusong.coverage.places import commune_centres, count_centres, point_served

GRID = Grid(width=5, height=1, cell_size_m=100.0, left_m=0.0, top_m=100.0, epsg=32648)
CODES = ["01", "02", "03", "04", "05"]


def test_places_are_served_not_served_or_unknown():
    served = np.array([[True, False, True, True, True]])
    known = np.array([[True, True, False, True, True]])
    answers = point_served(
        GRID, served, x_m=[50, 150, 250, np.nan, 900], y_m=[50, 50, 50, 50, 50], is_known=known
    )
    assert answers.tolist() == [True, False, None, None, None]
    assert point_served(GRID, served, x_m=[50], y_m=[50], is_signal_known=False).tolist() == [None]


def test_three_of_five_centres_and_one_missing():
    served = np.array([[True, True, False, True, False]])
    x_m = [350.0, 50.0, 150.0, 250.0]
    answers = point_served(GRID, served, x_m=x_m, y_m=[50.0] * 4)
    table = commune_centres(
        CODES, place_commune=["04", "01", "02", "03"], place_served={"5G": answers.tolist()}
    )
    assert table["commune_code"].tolist() == CODES
    assert table["5G"].tolist() == [True, True, False, True, None]
    assert table["is_missing"].tolist() == [False, False, False, False, True]
    count = count_centres(table, technology="5G")
    assert (count.served, count.unserved, count.missing) == (3, 1, 1)
    assert count.share.share == 0.6


def test_centre_without_location_is_missing_from_the_count():
    table = commune_centres(["01", "02"], place_commune=["01", "02"], place_served={"4G": [None, False]})
    count = count_centres(table, technology="4G")
    assert (count.served, count.unserved, count.missing) == (0, 1, 1)


def test_first_of_two_centres_counts_and_strangers_are_left_out():
    table = commune_centres(
        ["01"], place_commune=["99", "01", "01"], place_served={"4G": [True, False, True]}
    )
    assert table["place"].tolist() == [1]
    assert table["4G"].tolist() == [False]
    with pytest.raises(NotFoundError, match="technology_unknown"):
        count_centres(table, technology="5G")


def test_no_communes_no_share():
    table = commune_centres([], place_commune=[], place_served={"4G": []})
    assert count_centres(table, technology="4G").share.share is None
