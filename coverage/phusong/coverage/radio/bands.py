"""Mobile bands of Viet Nam, who holds which block, and carrier widths in resource blocks.

Blocks are those won at the auctions of 2024-2025 as published on the web. Where the edges of an operator's
block could not be confirmed (900, 1800 and 2100 MHz), where the result of an auction was not seen (the
third block of 700 MHz) and where nobody bid (2300 MHz) no block is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES

TDD_FROM_MHZ = 2_300.0
"""From here up the bands of Viet Nam are unpaired, and NR uses 30 kHz subcarriers."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of spectrum with one holder.

    Attributes
    ----------
    operator : str
        Holder.
    downlink_low_mhz, downlink_high_mhz : float
        Edges of the part the base stations send in.
    source : str
        Where this is known from.
    """

    operator: str
    downlink_low_mhz: float
    downlink_high_mhz: float
    source: str

    @property
    def centre_mhz(self) -> float:
        """Middle of the downlink part."""
        return (self.downlink_low_mhz + self.downlink_high_mhz) / 2


@dataclass(frozen=True, slots=True)
class Band:
    """A mobile band as used in Viet Nam.

    Attributes
    ----------
    name : str
        Everyday name, MHz.
    numbers : tuple of str
        3GPP band numbers (TS 36.101 and TS 38.101-1, tables 5.2-1).
    downlink_low_mhz, downlink_high_mhz : float
        Edges of the part the base stations send in.
    is_paired : bool
        True for FDD.
    technologies : tuple of str
        What runs or may run there.
    blocks : tuple of Block
        Blocks whose holder and edges are confirmed.
    """

    name: str
    numbers: tuple[str, ...]
    downlink_low_mhz: float
    downlink_high_mhz: float
    is_paired: bool
    technologies: tuple[str, ...]
    blocks: tuple[Block, ...] = ()


BANDS: tuple[Band, ...] = (
    Band(
        "700",
        ("B28", "n28"),
        758.0,
        788.0,
        True,
        TECHNOLOGIES,
        (
            Block("VNPT", 758.0, 768.0, "auction of block B1-B1', 16 Sep 2025 (press)"),
            Block("Viettel", 768.0, 778.0, "auction of block B2-B2', 20 May 2025 (press)"),
        ),
    ),
    Band("900", ("B8", "n8"), 925.0, 960.0, True, ("4G",)),
    Band("1800", ("B3", "n3"), 1805.0, 1880.0, True, TECHNOLOGIES),
    Band("2100", ("B1", "n1"), 2110.0, 2170.0, True, TECHNOLOGIES),
    Band("2300", ("B40", "n40"), 2300.0, 2400.0, False, TECHNOLOGIES),
    Band(
        "2600",
        ("B41", "n41"),
        2500.0,
        2690.0,
        False,
        TECHNOLOGIES,
        (Block("Viettel", 2500.0, 2600.0, "auction of block B1, 8 Mar 2024 (press)"),),
    ),
    Band(
        "3700",
        ("n77", "n78"),
        3600.0,
        3800.0,
        False,
        ("5G",),
        (Block("VNPT", 3700.0, 3800.0, "auction of block C2, Mar 2024 (press)"),),
    ),
    Band(
        "3800",
        ("n77",),
        3800.0,
        3980.0,
        False,
        ("5G",),
        (Block("MobiFone", 3800.0, 3900.0, "auction of block C3, 9 Jul 2024 (press)"),),
    ),
)


def band_of(frequency_mhz: float) -> Band | None:
    """Return the band whose downlink part holds a frequency; None outside all of them.

    Nominal frequencies (``700``, ``900``, ``1800``, ``2100``, ``2600``) count as their band, because site
    lists name bands that way.

    Examples
    --------
    >>> band_of(1842.5).name, band_of(1800).name, band_of(3500)
    ('1800', '1800', None)
    """
    for band in BANDS:
        if (
            frequency_mhz == float(band.name)
            or band.downlink_low_mhz <= frequency_mhz < band.downlink_high_mhz
        ):
            return band
    return None


def named_band(text: str) -> Band | None:
    """Return the band of a name or 3GPP number; None where the text is neither.

    Examples
    --------
    >>> named_band("n28").name, named_band("1800").name, named_band("1815")
    ('700', '1800', None)
    """
    wanted = text.strip().lower()
    for band in BANDS:
        if wanted in {band.name.lower(), *(number.lower() for number in band.numbers)}:
            return band
    return None


def given_frequency_mhz(text: str) -> float:
    """Read a frequency that stands where a band may stand.

    Raises
    ------
    InputError
        ``band_unknown`` for what is no number.
    """
    try:
        return float(text)
    except ValueError as error:
        names = ", ".join(f"{band.name} ({'/'.join(band.numbers)})" for band in BANDS)
        raise InputError("band_unknown", value=text[:80], allowed=names) from error


def blocks_of(operator: str, *, technology: str) -> tuple[Block, ...]:
    """Return the confirmed blocks of an operator in which a technology may run, lowest first."""
    return tuple(
        block
        for band in BANDS
        if technology in band.technologies
        for block in band.blocks
        if block.operator == operator
    )


_LTE_BLOCKS: Mapping[float, int] = MappingProxyType({1.4: 6, 3: 15, 5: 25, 10: 50, 15: 75, 20: 100})
_NR_15_KHZ_BLOCKS: Mapping[float, int] = MappingProxyType(
    {5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 35: 188, 40: 216, 45: 242, 50: 270}
)
_NR_30_KHZ_BLOCKS: Mapping[float, int] = MappingProxyType(
    {
        **{5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 35: 92, 40: 106, 45: 119, 50: 133},
        **{60: 162, 70: 189, 80: 217, 90: 245, 100: 273},
    }
)


def subcarrier_spacing_khz(technology: str, *, frequency_mhz: float) -> float:
    """Return the subcarrier spacing: 15 kHz, but 30 kHz for 5G in the unpaired bands.

    Examples
    --------
    >>> subcarrier_spacing_khz("5G", frequency_mhz=3750), subcarrier_spacing_khz("5G", frequency_mhz=763)
    (30.0, 15.0)
    """
    return 30.0 if technology == "5G" and frequency_mhz >= TDD_FROM_MHZ else 15.0


def _widths(technology: str, frequency_mhz: float) -> Mapping[float, int]:
    if technology not in TECHNOLOGIES:
        raise InputError("technology_unknown", value=technology, allowed=", ".join(TECHNOLOGIES))
    if technology == "4G":
        return _LTE_BLOCKS
    spacing_khz = subcarrier_spacing_khz(technology, frequency_mhz=frequency_mhz)
    return _NR_30_KHZ_BLOCKS if spacing_khz == 30.0 else _NR_15_KHZ_BLOCKS


def allowed_bandwidths_mhz(technology: str, *, frequency_mhz: float) -> tuple[float, ...]:
    """Return the carrier widths the standard knows, ascending."""
    return tuple(float(width) for width in _widths(technology, frequency_mhz))


def is_bandwidth_allowed(technology: str, *, frequency_mhz: float, bandwidth_mhz: float) -> bool:
    """Tell whether the standard knows a carrier width."""
    return bandwidth_mhz in _widths(technology, frequency_mhz)


def resource_blocks(technology: str, *, frequency_mhz: float, bandwidth_mhz: float) -> int:
    """Return the number of resource blocks of a carrier.

    LTE by 3GPP TS 36.101 table 5.6-1, NR by TS 38.101-1 table 5.3.2-1.

    Raises
    ------
    InputError
        ``bandwidth_unknown`` for a width the standard does not know, ``technology_unknown``.

    Examples
    --------
    >>> resource_blocks("4G", frequency_mhz=1842.5, bandwidth_mhz=20)
    100
    >>> resource_blocks("5G", frequency_mhz=3750, bandwidth_mhz=100)
    273
    """
    widths = _widths(technology, frequency_mhz)
    if bandwidth_mhz not in widths:
        allowed = ", ".join(f"{width:g}" for width in widths)
        raise InputError("bandwidth_unknown", technology=technology, value=bandwidth_mhz, allowed=allowed)
    return widths[bandwidth_mhz]


def default_frequency_mhz(technology: str, *, operator: str | None = None) -> float:
    """Return the frequency to assume for a cell given only by technology (and operator).

    4G: 1842.5 MHz, the middle of the 1800 band all three big operators use. 5G: the middle of the
    operator's own widest block, else of n41's block.

    Examples
    --------
    >>> default_frequency_mhz("5G", operator="VNPT"), default_frequency_mhz("4G")
    (3750.0, 1842.5)
    """
    _widths(technology, TDD_FROM_MHZ)
    if technology == "4G":
        return 1_842.5
    own = blocks_of(operator, technology=technology) if operator else ()
    if not own:
        return 2_550.0
    return max(own, key=lambda block: block.downlink_high_mhz - block.downlink_low_mhz).centre_mhz
