"""Codes made a block at once are those that each layer defines, wherever a tile takes them from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phusong.app.compute.budgets import load_budgets
from phusong.app.compute.published import run_dir
from phusong.app.compute.signalmap import SignalMap
from phusong.app.signalcodes import least_ratios
from phusong.app.signallayers import SignalLayers, layer_names, middles
from phusong.app.signaltiles import CodeShelf
from phusong.app.study import Study
from phusong.coverage.radio.throughput import RateTables

from .test_signal_layers import _study

SERVICES = [("VNPT", "4G"), ("VNPT", "5G"), ("Viettel", "4G"), ("Viettel", "5G")]
LAYERS = list(layer_names(SERVICES))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return _study(tmp_path_factory.mktemp("codes") / "study")


@pytest.fixture(scope="module")
def layers(study: Study) -> SignalLayers:
    folder = run_dir(study.store)
    signal = SignalMap.load(study.store.results_dir, folder)
    return SignalLayers(signal, load_budgets(folder, study.results()["method"]))


@pytest.fixture
def shelf(layers: SignalLayers, tmp_path: Path) -> CodeShelf:
    return CodeShelf(layers, tmp_path / "codes", run="abc")


def test_all_layers_are_tried(layers: SignalLayers) -> None:
    assert list(layers.names()) == LAYERS


@pytest.mark.parametrize("step", [1, 4])
def test_codes_of_a_block_are_those_of_every_layer(layers: SignalLayers, shelf: CodeShelf, step: int) -> None:
    everything = (slice(None), slice(None))
    made = {window: shelf.maker.make(window, step) for window in shelf.maker.windows.values()}
    for name in layers.names().values():
        expected = {window: layers.block(name, window, step) for window in made}
        assert len(np.unique(np.concatenate([codes.ravel() for codes in expected.values()]))) >= 2, name.id
        for window, arrays in made.items():
            # Classes are told by power ratios here and by decibels there, which round differently.
            differing = shelf.maker.pick(name, arrays, everything) != expected[window]
            assert differing.mean() < 1e-4, name.id


def test_codes_are_read_as_they_were_made(layers: SignalLayers, shelf: CodeShelf, tmp_path: Path) -> None:
    made = shelf.maker.make(shelf.maker.windows[256, 256])
    again = CodeShelf(layers, tmp_path / "codes", run="abc")
    first, second = shelf.block(1, 1), again.block(1, 1)
    assert first is not None
    assert second is not None
    for part, codes in made.items():
        assert np.array_equal(first[part], codes)
        assert np.array_equal(second[part], codes)
    assert len(list((tmp_path / "codes").rglob("*.bin"))) == 1


def test_the_small_map_holds_thinned_blocks(shelf: CodeShelf) -> None:
    window = shelf.maker.windows[256, 0]
    rows, cols = middles(window[2], 4) + window[0], middles(window[3], 4) + window[1]
    thin = shelf.maker.make(window, 4)
    for part, codes in shelf.far().items():
        here = codes[:, rows[0] // 4 : rows[-1] // 4 + 1, cols[0] // 4 : cols[-1] // 4 + 1]
        assert np.array_equal(here, thin[part])


def test_what_another_run_left_is_dropped(shelf: CodeShelf, tmp_path: Path) -> None:
    old = tmp_path / "codes" / "ab" / f"{'ab' * 16}.bin"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    (tmp_path / "codes" / "far-old.bin").write_bytes(b"")
    for step in shelf.prepare():
        step()
    left = {path.name for path in (tmp_path / "codes").rglob("*.bin")}
    assert len(left) == len(shelf.maker.windows) + 1
    assert "far-abc.bin" in left
    assert not old.exists()


def test_a_class_begins_where_the_rate_reaches_its_edge() -> None:
    rates = np.array([[0.0, 1.0, 3.0, 3.0], [2.5, 5.0, 9.0, 11.0]], dtype=np.float32)
    tables = RateTables(np.array([0, 1], dtype=np.int32), rates)
    found_db = 10 * np.log10(least_ratios(tables, (2.0, 10.0)))
    # Steps of 0.01 dB from -10 dB on: half-way from the second to the third; at the first; half-way; never.
    assert found_db[0, 0] == pytest.approx(-10 + 0.015)
    assert found_db[1, 0] == pytest.approx(-10)
    assert found_db[1, 1] == pytest.approx(-10 + 0.025)
    assert np.isinf(found_db[0, 1])
