"""Location variability: how much levels spread within a small square (ITU-R P.1812-8 section 4.8)."""

from __future__ import annotations

from statistics import NormalDist

from phusong.coverage.errors import ModelRangeError

MEDIAN_SQUARE_M = 100.0
FADING_OUT_M = 10.0


def location_sigma_db(
    frequency_mhz: float, *, square_m: float = MEDIAN_SQUARE_M, height_above_clutter_m: float = 0.0
) -> float:
    """Return the standard deviation of the location variability outdoors.

    sigma_L = (0.52 + 0.024 f) w_a^0.28 u(h), with f in GHz and w_a the side of the prediction square.

    Parameters
    ----------
    frequency_mhz : float
        Carrier, MHz.
    square_m : float
        Side of the square a prediction stands for, 1 .. 1,000 m.
    height_above_clutter_m : float
        Receiver height less representative clutter height; the spread falls linearly to nothing at
        10 m above the clutter.

    Returns
    -------
    float
        Standard deviation, dB.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a side out of range.

    Examples
    --------
    >>> round(location_sigma_db(800.0), 2)
    1.96
    >>> location_sigma_db(800.0, height_above_clutter_m=10.0)
    0.0
    """
    if not 1.0 <= square_m <= 1_000.0:
        raise ModelRangeError("model_range", name="square_m", value=square_m, allowed="1 .. 1000")
    share = min(max(1.0 - height_above_clutter_m / FADING_OUT_M, 0.0), 1.0)
    return float((0.52 + 0.024 * frequency_mhz / 1000.0) * square_m**0.28 * share)


def fade_margin_db(probability: float, sigma_db: float) -> float:
    """Return the margin that lifts a median level to a location probability.

    Parameters
    ----------
    probability : float
        Share of locations at which the level must hold, between 0 and 1.
    sigma_db : float
        Standard deviation of the levels.

    Returns
    -------
    float
        Margin in dB; negative under one half.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a probability or deviation out of range.

    Examples
    --------
    >>> round(fade_margin_db(0.9, 5.5), 2)
    7.05
    >>> fade_margin_db(0.5, 5.5)
    0.0
    """
    if not 0.0 < probability < 1.0:
        raise ModelRangeError("model_range", name="probability", value=probability, allowed="> 0 .. < 1")
    if not sigma_db >= 0.0:
        raise ModelRangeError("model_range", name="sigma_db", value=sigma_db, allowed=">= 0")
    return float(NormalDist().inv_cdf(probability) * sigma_db)
