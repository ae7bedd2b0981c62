"""Cells on masts: three operators, 4G everywhere and 5G where people crowd."""

from __future__ import annotations

from typing import Any

import numpy as np

from phusong.coverage.radio.bands import default_frequency_mhz
from phusong.coverage.radio.stations import cell_defaults
from phusong.geodata.sample.network import Masts
from phusong.geodata.sample.spec import MastSpec, layer_generator

_LOW_BAND_MHZ = {"Viettel": 773.0, "VNPT": 763.0, "MobiFone": 942.5}
_LETTERS = {"Viettel": "V", "VNPT": "N", "MobiFone": "M"}
_SECTORS = {"town": (0.0, 0.03), "plain": (0.05, 0.10), "mountain": (0.22, 0.22)}
"""Chance of an omni antenna and of two sectors along the road, by zone."""


def make_cells(masts: Masts, site_ids: list[str], *, spec: MastSpec, seed: int) -> list[dict[str, Any]]:
    """Describe the cells of each mast, one record a cell, in the columns of the cells table.

    Parameters
    ----------
    masts : Masts
    site_ids : list of str
        One a mast.
    spec : MastSpec
    seed : int
    """
    rng = layer_generator(seed, "cells")
    records: list[dict[str, Any]] = []
    for number, site_id in enumerate(site_ids):
        zone = str(masts.zone[number])
        azimuths = _azimuths(rng, zone)
        height_m = float(masts.height_m[number]) - 3.0
        for operator in masts.operators[number]:
            low_band = zone == "mountain" and rng.random() < spec.low_band_share
            frequency_mhz = _LOW_BAND_MHZ[operator] if low_band else default_frequency_mhz("4G")
            carriers = [("4G", frequency_mhz)]
            if rng.random() < _five_g_chance(spec, zone):
                carriers.append(("5G", default_frequency_mhz("5G", operator=operator)))
            for technology, carrier_mhz in carriers:
                aims = azimuths if technology == "4G" or azimuths != (None,) else (0.0, 120.0, 240.0)
                records += [
                    {
                        "cell_id": f"{site_id}-{_LETTERS[operator]}{technology[0]}{order}",
                        "site_id": site_id,
                        "operator": operator,
                        "technology": technology,
                        "frequency_mhz": carrier_mhz,
                        "antenna_height_m": height_m,
                        **_antenna(rng, spec, technology, carrier_mhz, azimuth),
                        "is_on_air": True,
                    }
                    for order, azimuth in enumerate(aims, start=1)
                ]
    return records


def _five_g_chance(spec: MastSpec, zone: str) -> float:
    chances = {
        "town": spec.five_g_share_town,
        "plain": spec.five_g_share_plain,
        "mountain": spec.five_g_share_mountain,
    }
    return chances[zone]


def _azimuths(rng: np.random.Generator, zone: str) -> tuple[float | None, ...]:
    omni, two = _SECTORS[zone]
    base = float(rng.integers(0, 12) * 10)
    draw = rng.random()
    if draw < omni:
        return (None,)
    if draw < omni + two:
        return (base, (base + 180.0) % 360.0)
    return (base, base + 120.0, base + 240.0)


def _antenna(
    rng: np.random.Generator, spec: MastSpec, technology: str, frequency_mhz: float, azimuth: float | None
) -> dict[str, float]:
    """Width of the carrier and the antenna: as usual in that band, the tilt a little more or less."""
    usual = cell_defaults(technology, frequency_mhz=frequency_mhz)
    is_omni = azimuth is None
    tilt_deg = spec.five_g_downtilt_deg if technology == "5G" else usual.downtilt_deg
    return {
        "bandwidth_mhz": usual.bandwidth_mhz,
        "azimuth_deg": float("nan") if azimuth is None else azimuth,
        "downtilt_deg": 0.0 if is_omni else float(tilt_deg + rng.integers(-2, 3)),
        "power_dbm": usual.power_dbm,
        "antenna_gain_dbi": usual.omni_gain_dbi if is_omni else usual.antenna_gain_dbi,
        "horizontal_beamwidth_deg": 360.0 if is_omni else usual.horizontal_beamwidth_deg,
        "vertical_beamwidth_deg": usual.vertical_beamwidth_deg,
        "mimo_layers": usual.mimo_layers,
    }
