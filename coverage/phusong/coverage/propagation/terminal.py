"""What is lost at the terminal beyond a model's own loss: clutter around it, and the building it is in.

Both are added, in decibels, to the basic transmission loss before a level is judged. At their default of one
half they are medians, so that ``location_probability`` still speaks for outdoor variability alone; a share of
90 % asks for the loss that 90 of 100 places, or of rooms, do not exceed. Adding both at high shares adds
their margins as if they always fell together, which is on the safe side.
"""

from __future__ import annotations

from typing import cast

from phusong.coverage.method import Method
from phusong.coverage.propagation.p2108 import FULL_DISTANCE_KM, clutter_loss_db
from phusong.coverage.propagation.p2109 import Building, entry_loss_db

CLUTTERED_MODELS = ("tr38901_rma", "tr38901_uma", "tr38901_umi", "fixed_radius")
"""Models whose loss holds the surroundings of the terminal already, or knows none by intent."""
CLUTTER_ON_PROFILE_MODELS = ("p1812", "itm")
"""Models that take clutter heights along the path where there is a layer of them."""


def extra_loss_db(
    method: Method,
    frequency_mhz: float,
    *,
    has_clutter: bool = False,
    distance_km: float = FULL_DISTANCE_KM,
) -> float:
    """Return what a carrier loses at the terminal: clutter and building entry, as the method asks.

    Parameters
    ----------
    method : Method
        Its ``model`` is the one this carrier is computed with; ``terminal_clutter``, ``indoor_class`` and
        their percentages.
    frequency_mhz : float
        Carrier; P.2108 holds from 500 MHz to 67 GHz, P.2109 from 80 MHz to 100 GHz.
    has_clutter : bool
        Whether the study has a layer of clutter heights. With P.1812 and ITM it then lies on the profile, and
        P.2108 is left out.
    distance_km : float
        Length of the path. Left out, it is the 2 km from which P.2108 grows no more: right beyond, too great
        by under 0.3 dB from 1 km and by 10 dB at 250 m.

    Returns
    -------
    float
        Loss to add, dB; 0 where the method asks for neither.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a carrier outside the Recommendation that is asked for.

    Examples
    --------
    >>> extra_loss_db(Method(), 1_800.0)
    0.0
    >>> round(extra_loss_db(Method(indoor_class="traditional"), 1_800.0), 2)
    14.84
    """
    loss_db = 0.0
    if meets_terminal_clutter(method, has_clutter=has_clutter):
        percentage = method.terminal_clutter_percentage
        found = clutter_loss_db(distance_km, frequency_mhz=frequency_mhz, location_percentage=percentage)
        loss_db += float(found)
    if method.indoor_class is not None:
        entry = entry_loss_db(
            frequency_mhz=frequency_mhz,
            location_percentage=method.indoor_percentage,
            building=cast("Building", method.indoor_class),
        )
        loss_db += float(entry)
    return loss_db


def meets_terminal_clutter(method: Method, *, has_clutter: bool) -> bool:
    """Tell whether P.2108 counts: asked for, and the surroundings are not in the model's loss already.

    Examples
    --------
    >>> meets_terminal_clutter(Method(terminal_clutter="p2108"), has_clutter=False)
    True
    >>> meets_terminal_clutter(Method(terminal_clutter="p2108"), has_clutter=True)
    False
    """
    if method.terminal_clutter is None or method.model in CLUTTERED_MODELS:
        return False
    return not (has_clutter and method.model in CLUTTER_ON_PROFILE_MODELS)
