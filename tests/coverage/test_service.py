"""From level to served."""

from __future__ import annotations

import numpy as np
import pytest

from phusong.coverage.errors import InputError
from phusong.coverage.method import Method
from phusong.coverage.service import any_served, required_rsrp_dbm, served_levels, served_mask
from phusong.coverage.signal import SignalLayer


def _layer(levels_dbm, sinr_db):
    levels = np.array([[levels_dbm]], dtype=np.float32)
    return SignalLayer(levels, np.zeros(levels.shape, np.int32), np.array([sinr_db], dtype=np.float32))


def test_threshold_margin_and_interference_each_decide():
    layer = _layer([-100.0, -102.9, -103.1, np.nan, -100.0], [0.0, -6.0, 0.0, np.nan, -6.1])
    mask = served_mask(layer, technology="4G", method=Method(), margin_db=7.0)
    assert mask.tolist() == [[True, True, False, False, False]]
    no_load = Method(min_sinr_db=None)
    assert served_mask(layer, technology="4G", method=no_load, margin_db=7.0).tolist() == [
        [True, True, False, False, True]
    ]


def test_the_margin_may_differ_by_pixel():
    layer = _layer([-100.0, -100.0], [9.0, 9.0])
    margin_db = np.array([[9.0, 11.0]])
    assert served_mask(layer, technology="5G", method=Method(), margin_db=margin_db).tolist() == [
        [True, False]
    ]


def test_half_the_places_need_no_margin():
    assert required_rsrp_dbm(Method(), technology="5G", margin_db=0.0) == -110.0
    assert required_rsrp_dbm(Method(threshold_dbm={"4G": -105.0}), technology="4G", margin_db=5.5) == -99.5
    with pytest.raises(InputError, match="threshold_missing"):
        required_rsrp_dbm(Method(threshold_dbm={"4G": -105.0}), technology="5G", margin_db=0.0)


def test_without_sinr_only_the_level_counts():
    assert served_levels([-110.0, -110.1], None, required_dbm=-110.0, min_sinr_db=-6.0).tolist() == [
        True,
        False,
    ]


def test_any_served_is_the_union_and_leaves_its_input_alone():
    first, second = np.array([True, False, False]), np.array([False, True, False])
    assert any_served([first, second]).tolist() == [True, True, False]
    assert first.tolist() == [True, False, False]
    with pytest.raises(InputError, match="masks_none"):
        any_served([])
