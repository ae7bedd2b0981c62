"""Levels of many links at once: those of links explained one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.app import worlds

from phusong.app.compute.inputs import ComputeInputs, load_inputs
from phusong.app.compute.levels import Level, Question, strongest_levels
from phusong.app.compute.links import explain_links

MASTS = [(1500, 1500), (10500, 1500), (6000, 9000)]


def _inputs(path: Path, *, model: str) -> ComputeInputs:
    store = worlds.empty_study(path, method={"model": model})
    rng = np.random.default_rng(8)
    height_m = 60.0 + rng.normal(0.0, 25.0, (40, 40)).repeat(10, 0).repeat(10, 1)
    height_m[:, 300] = np.nan
    worlds.put_terrain(store, height_m)
    cells = [
        worlds.cell(
            f"{site}-{azimuth}-{frequency:g}",
            site_id=f"s{site}",
            azimuth_deg=azimuth,
            frequency_mhz=frequency,
        )
        for site in range(len(MASTS))
        for azimuth in (0.0, 120.0, 240.0)
        for frequency in (763.0, 1800.0)
    ]
    points = [worlds.point(*MASTS[site]) for site in range(len(MASTS)) for _ in range(6)]
    worlds.put(
        store, "sites", [{"site_id": f"s{site}"} for site in range(3)], [worlds.point(*at) for at in MASTS]
    )
    worlds.put(store, "cells", cells, points)
    return load_inputs(store)


def _questions(inputs: ComputeInputs) -> list[Question]:
    """Places anywhere, one on a mast itself, one behind ground that nobody knows, each asking two masts."""
    rng = np.random.default_rng(9)
    places = [worlds.at(*one) for one in rng.uniform(100.0, 8900.0, (12, 2)).tolist()]
    places += [(inputs.cells[0].x_m, inputs.cells[0].y_m), worlds.at(11_000.0, 8_000.0)]
    masts = [tuple(cell for cell in inputs.cells if cell.site_id == f"s{site}") for site in range(3)]
    return [Question(*place, cells) for place in places for cells in (masts[0], masts[2])]


def _explained(inputs: ComputeInputs, question: Question) -> Level | None:
    links = explain_links(
        inputs.terrain, question.cells, x_m=question.x_m, y_m=question.y_m, method=inputs.method
    )
    best = max(links, key=lambda link: link.rsrp_dbm, default=None)
    return None if best is None else Level(best.cell, best.rsrp_dbm)


@pytest.mark.parametrize("model", ["p1812", "free_space"])
def test_the_strongest_is_that_of_explained_links(tmp_path: Path, model: str) -> None:
    inputs = _inputs(tmp_path / "a", model=model)
    questions = _questions(inputs)
    expected = [_explained(inputs, question) for question in questions]
    assert strongest_levels(inputs, questions) == expected
    assert expected[-1] is None and any(level is not None for level in expected)


def test_nothing_asked_is_nothing_answered(tmp_path: Path) -> None:
    inputs = _inputs(tmp_path / "a", model="p1812")
    place = worlds.at(5000.0, 5000.0)
    assert strongest_levels(inputs, []) == []
    assert strongest_levels(inputs, [Question(*place, ())]) == [None]
