"""What a sample should look like, and the random numbers it is made of."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

Progress = Callable[[str, int, int], None]
"""Called with the stage, steps done and steps in all."""

OPERATORS = ("Viettel", "VNPT", "MobiFone")


def silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def layer_generator(seed: int, layer: str) -> np.random.Generator:
    """Return the random numbers of one layer; layers do not shift each other.

    Parameters
    ----------
    seed : int
        Seed of the whole sample, >= 0.
    layer : str
        Name of the layer (or of a part of it).

    Examples
    --------
    >>> bool(layer_generator(1, "roads").random() == layer_generator(1, "roads").random())
    True
    >>> bool(layer_generator(1, "roads").random() == layer_generator(1, "sites").random())
    False
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(layer.encode())]))


@dataclass(frozen=True, slots=True)
class MastSpec:
    """How densely masts stand and what they carry; all of it invented.

    Attributes
    ----------
    people_per_mast : float
        Number of masts asked for is population over this, where no number is given.
    reach_town_m, reach_plain_m, reach_mountain_m : float
        Spacing of masts: people within reach of a mast count little for the next one.
    mountain_interest : float
        Weight of people in the mountains against people in the plain; below 1 leaves some unserved.
    shared_share : float
        Share of masts with a second operator; a third joins a third of those.
    operator_shares : tuple of float
        Shares of Viettel, VNPT and MobiFone among mast owners.
    five_g_share_town, five_g_share_plain, five_g_share_mountain : float
        Chance that an operator on a mast also runs 5G there.
    low_band_share : float
        Chance that 4G in the mountains is on 700 or 900 MHz instead of 1800 MHz.
    five_g_downtilt_deg : float
        Tilt of 5G antennas, give or take 2 degrees: they serve crowds nearby.
    search_m : float
        A mast may move this far to find a better place.
    """

    people_per_mast: float = 1_400.0
    reach_town_m: float = 1_400.0
    reach_plain_m: float = 2_600.0
    reach_mountain_m: float = 4_200.0
    mountain_interest: float = 1.6
    shared_share: float = 0.34
    operator_shares: tuple[float, float, float] = (0.44, 0.33, 0.23)
    five_g_share_town: float = 0.65
    five_g_share_plain: float = 0.04
    five_g_share_mountain: float = 0.02
    low_band_share: float = 0.4
    five_g_downtilt_deg: float = 8.0
    search_m: float = 600.0


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """A sample province; the defaults are the embedded one.

    Attributes
    ----------
    name : str
        Name of the province.
    epsg : int
        Projected metric CRS of the study.
    west_m, south_m : float
        South-west corner of the area in that CRS.
    width_m, height_m : float
        Size of the area; the province fills nearly all of it.
    communes, wards : int
        Number of commune-level units, and how many of them are phường.
    villages : int
    population : int
    peak_m : float
        Height of the highest peaks above sea level.
    masts : int
    first_code : int
        Code of the first commune.
    mountain_share : float
        Share of the people who live in the mountains.
    household_size : float
        People a household.
    mast : MastSpec
    """

    name: str = "Tỉnh mẫu"
    epsg: int = 32648
    west_m: float = 540_000.0
    south_m: float = 2_115_000.0
    width_m: float = 63_000.0
    height_m: float = 53_400.0
    communes: int = 40
    wards: int = 6
    villages: int = 500
    population: int = 620_000
    peak_m: float = 1_400.0
    masts: int = 150
    first_code: int = 99_001
    mountain_share: float = 0.115
    household_size: float = 3.9
    mast: MastSpec = MastSpec()

    def as_dict(self) -> dict[str, object]:
        """Return the parameters as plain values, for the notes of a layer."""
        return asdict(self)
