"""With what probability a level is reached at a place, and over an area, when levels spread log-normally."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from phusong.coverage.errors import ModelRangeError
from phusong.coverage.grids import FloatArray

# scipy.special takes as long to load as a small change takes to compute, so what needs it loads it.


def location_probability(
    median_dbm: npt.ArrayLike, threshold_dbm: npt.ArrayLike, sigma_db: npt.ArrayLike
) -> FloatArray:
    """Return the share of locations around a place at which a level is reached.

    The inverse of `phusong.coverage.propagation.location.fade_margin_db`.

    Parameters
    ----------
    median_dbm : array_like
        Median level of the place; NaN where unknown.
    threshold_dbm : array_like
        Level to be reached.
    sigma_db : array_like
        Standard deviation of the levels, >= 0; with 0 the median is everywhere.

    Returns
    -------
    ndarray of float64
        0 .. 1; NaN where the median is.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a negative deviation.

    Examples
    --------
    >>> location_probability([-100.0, -92.95], -100.0, 5.5).round(3).tolist()
    [0.5, 0.9]
    """
    from scipy.special import ndtr  # noqa: PLC0415

    sigmas_db = np.asarray(sigma_db, dtype=np.float64)
    _check_sigma(sigmas_db)
    margin_db = np.asarray(median_dbm, dtype=np.float64) - np.asarray(threshold_dbm, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = ndtr(margin_db / sigmas_db)
    certain = np.where(np.isnan(margin_db), np.nan, (margin_db >= 0.0).astype(np.float64))
    return np.where(sigmas_db == 0.0, certain, spread)


def area_probability(edge_margin_db: npt.ArrayLike, sigma_db: float, *, exponent: float) -> FloatArray:
    """Return the share of a round cell in which a level is reached.

    Levels fall by ``10 n log10`` of the distance; at the edge the median lies ``edge_margin_db`` above the
    threshold. Closed form of Reudink in Jakes, Microwave Mobile Communications (1974), equation 2.5-15::

        F = 1/2 (erfc a + exp((1 - 2ab) / b^2) erfc((1 - ab) / b))
        a = -margin / (sigma sqrt 2),  b = 10 n log10(e) / (sigma sqrt 2)

    Parameters
    ----------
    edge_margin_db : array_like
        Median level at the edge less the threshold.
    sigma_db : float
        Standard deviation of the levels, > 0.
    exponent : float
        n, > 0; 2 in free space, 3.5 to 4 over ground.

    Returns
    -------
    ndarray of float64
        0 .. 1.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a deviation or exponent that is not positive.

    Examples
    --------
    Three quarters at the edge are some nine tenths of the area (sigma 8 dB, n = 4):

    >>> float(area_probability(5.396, 8.0, exponent=4.0).round(2))
    0.91
    """
    from scipy.special import erfc, erfcx  # noqa: PLC0415

    for name, value in (("sigma_db", sigma_db), ("exponent", exponent)):
        if not (math.isfinite(value) and value > 0):
            raise ModelRangeError("model_range", name=name, value=value, allowed="> 0")
    a = -np.asarray(edge_margin_db, dtype=np.float64) / (sigma_db * math.sqrt(2.0))
    inverse_b = sigma_db * math.sqrt(2.0) / (10.0 * exponent * math.log10(math.e))
    # exp((1 - 2ab) / b^2) erfc(z) with z = 1/b - a is exp(z^2 - a^2) erfc(z); the scaled function erfcx(z) =
    # exp(z^2) erfc(z) keeps it finite for z > 0, and erfc(-z) = 2 - erfc(z) for z < 0.
    z = inverse_b - a
    scaled = np.exp(-a * a) * erfcx(np.abs(z))
    reflected = 2.0 * np.exp(np.where(z < 0, inverse_b * (inverse_b - 2.0 * a), 0.0)) - scaled
    share: FloatArray = np.clip(0.5 * (erfc(a) + np.where(z < 0, reflected, scaled)), 0.0, 1.0)
    return share


def area_probability_of_pixels(
    median_dbm: npt.ArrayLike,
    threshold_dbm: float,
    sigma_db: float,
    *,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Return the share of an area in which a level is reached, from its pixels.

    Parameters
    ----------
    median_dbm : array_like
        Median levels; a pixel without signal (minus infinity) counts as area without service, one that is
        NaN is left out.
    threshold_dbm : float
    sigma_db : float
        Standard deviation of the levels, >= 0.
    weights : array_like, optional
        Area or people of each pixel, >= 0; all alike when absent.

    Returns
    -------
    float
        0 .. 1; NaN where there is nothing to average.

    Examples
    --------
    >>> area_probability_of_pixels([-100.0, float("-inf")], -100.0, 5.5)
    0.25
    """
    shares = location_probability(median_dbm, threshold_dbm, sigma_db)
    weight = np.ones(shares.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    known = ~np.isnan(shares)
    total = float(weight[known].sum())
    return float((shares[known] * weight[known]).sum() / total) if total > 0 else math.nan


def _check_sigma(sigmas_db: FloatArray) -> None:
    if not (sigmas_db >= 0.0).all():
        raise ModelRangeError("model_range", name="sigma_db", value=float(sigmas_db.min()), allowed=">= 0")
