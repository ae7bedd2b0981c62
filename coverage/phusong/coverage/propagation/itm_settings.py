"""What a method says about ITM: climate, ground, polarisation and the shares a loss must hold for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from phusong.coverage.errors import InputError

CLIMATES: Mapping[str, int] = MappingProxyType(
    {
        "equatorial": 1,
        "continental_subtropical": 2,
        "maritime_subtropical": 3,
        "desert": 4,
        "continental_temperate": 5,
        "maritime_temperate_land": 6,
        "maritime_temperate_sea": 7,
    }
)
# relative permittivity and conductivity in S/m, as NTIA TR-82-100 suggests them
GROUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "poor": (4.0, 0.001),
        "average": (15.0, 0.005),
        "good": (25.0, 0.02),
        "fresh_water": (81.0, 0.01),
        "sea_water": (81.0, 5.0),
    }
)
POLARIZATIONS = ("vertical", "horizontal")
VARIABILITIES: Mapping[str, int] = MappingProxyType(
    {"single_message": 0, "accidental": 1, "mobile": 2, "broadcast": 3}
)
SHARES = (0.01, 99.99)


@dataclass(frozen=True, slots=True)
class ItmSettings:
    """Conditions of ITM that a method fixes for all its paths.

    Attributes
    ----------
    climate : str
        One of ``CLIMATES``. Viet Nam's coast is maritime subtropical; it matters for time shares other than
        one half, and beyond some 50 km.
    ground : str
        One of ``GROUNDS``: permittivity and conductivity of the ground near the antennas.
    polarization : {"vertical", "horizontal"}
        Antennas slanted by 45 degrees count as vertical; over land the two differ by tenths of a decibel.
    variability : str
        How the three shares combine: ``"broadcast"`` takes each for itself, ``"mobile"`` takes the location
        share from the time share, ``"accidental"`` the location share from the situation share,
        ``"single_message"`` all three from the situation share.
    with_location : bool
        Whether the model's own location variability counts. Off by default: the method's
        ``location_probability`` speaks for it, and counting it twice would be wrong.
    time_percentage, location_percentage, situation_percentage : float
        Shares for which the loss is not exceeded, 0.01 .. 99.99 %. A situation share of 95 asks for a loss
        that is right or too great in 95 of 100 comparable situations.

    Raises
    ------
    InputError
        ``method_choice`` or ``method_range``.

    Examples
    --------
    >>> ItmSettings().mdvar
    13
    >>> ItmSettings(ground="good").ground_constants
    (25.0, 0.02)
    """

    climate: str = "maritime_subtropical"
    ground: str = "average"
    polarization: str = "vertical"
    variability: str = "broadcast"
    with_location: bool = False
    time_percentage: float = 50.0
    location_percentage: float = 50.0
    situation_percentage: float = 50.0

    def __post_init__(self) -> None:
        choices = {
            "climate": CLIMATES,
            "ground": GROUNDS,
            "polarization": POLARIZATIONS,
            "variability": VARIABILITIES,
        }
        for name, allowed in choices.items():
            check_choice(f"itm.{name}", getattr(self, name), tuple(allowed))
        if not isinstance(self.with_location, bool):
            value = str(self.with_location)
            raise InputError("method_choice", name="itm.with_location", value=value, allowed="true, false")
        low, high = SHARES
        for name in ("time_percentage", "location_percentage", "situation_percentage"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and low <= value <= high):
                allowed_text = f"{low} .. {high}"
                raise InputError("method_range", name=f"itm.{name}", value=str(value), allowed=allowed_text)

    @property
    def climate_code(self) -> int:
        """Number of the climate, as in ``itm.path_loss_parts``."""
        return CLIMATES[self.climate]

    @property
    def ground_constants(self) -> tuple[float, float]:
        """Relative permittivity, and conductivity in S/m."""
        return GROUNDS[self.ground]

    @property
    def mdvar(self) -> int:
        """Mode of variability, as in ``itm.path_loss_parts``."""
        return VARIABILITIES[self.variability] + (0 if self.with_location else 10)


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is none of those allowed.

    Raises
    ------
    InputError
        ``method_choice``.
    """
    if value not in allowed:
        raise InputError("method_choice", name=name, value=str(value), allowed=", ".join(allowed))
