"""ITM from one mast to every pixel around it, each pixel with its own terrain profile.

A path has as many samples as in the exact mode of ``area`` (one a cell from the transmitter, none closer to
the receiver than half a cell), but spread evenly, for the model knows even steps only: over n steps each is
longer or shorter than a cell by at most 1 / (2 n). Heights are interpolated bilinearly in double precision:
horizons jump from crest to crest, so that a rounding error could move a loss by decibels.
``area.extract_profile`` with ``is_even`` returns those very points; ``itm.path_loss_parts`` on them is the
reference for every pixel.

Up to 250 m, far under what the model was fitted to (1 km), the loss is that of free space along the slant, as
in P.1812. The same stands in where the equations find no number (steep paths of a few steps).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.method import Method
from phusong.coverage.propagation.area_geometry import Float32Array, Site, inner_samples
from phusong.coverage.propagation.area_setup import run_blocks
from phusong.coverage.propagation.area_vectors import load_step, load_terrain, store_sample
from phusong.coverage.propagation.itm import loss_over_link
from phusong.coverage.propagation.itm_conditions import Conditions, Polarization, checked_conditions
from phusong.coverage.propagation.itm_terrain import SCRATCH_LENGTH, analyse_link
from phusong.coverage.propagation.profile import Float64Array

SHORTEST_M = 250.0
LEAST_DISTANCE_M = 1.0
UNKNOWN_TOTAL_M = -1e9
"""A sum of heights under this has met ``area_geometry.UNKNOWN_M``, be its weight ever so small."""
_ROWS_A_TASK = 16
_CELL_TOLERANCE = 1e-9
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}


def fill_itm(
    loss_db: npt.NDArray[np.float32],
    *,
    ground_m: Float32Array,
    clutter_m: Float32Array,
    site: Site,
    frequencies_mhz: Sequence[float],
    radii_m: Sequence[float],
    method: Method,
    threads: int,
) -> None:
    """Fill in the ITM loss of several carriers over a window; the geometry of a path is worked out once.

    Parameters
    ----------
    loss_db : ndarray of float32, shape (carriers, rows, cols)
        Written in place; cells that nothing reaches keep what they hold.
    ground_m : ndarray of float32, shape (rows + 2, cols + 2)
        Heights above sea level of the window with one cell around it; ``area_geometry.UNKNOWN_M`` where
        unknown.
    clutter_m : ndarray of float32
        Clutter heights of the same shape, which count as ground between the terminals; empty for none.
    site : Site
        Antenna in cells of the padded window.
    frequencies_mhz, radii_m : sequence of float
        One radius a carrier.
    method : Method
        ITM settings, receiver height, refractivity.
    threads : int

    Raises
    ------
    ModelRangeError
        ``model_range`` for a carrier, height or condition out of range.
    """
    checked = [area_conditions(method, f, site.tx_height_m) for f in frequencies_mhz]
    cell_m = 1_000.0 * site.step_km
    frequencies = np.array(frequencies_mhz, dtype=np.float64)
    radii_cells = np.array(radii_m, dtype=np.float64) / cell_m + _CELL_TOLERANCE
    steps = np.arange(math.ceil(radii_cells.max()) + 3, dtype=np.float32)
    shared = (
        ground_m.ravel(),
        clutter_m.ravel(),
        ground_m.shape[1],
        steps,
        site,
        frequencies,
        radii_cells,
        checked[0],
        loss_db,
    )
    run_blocks(
        lambda begin, end: _itm_rows(begin, end, *shared),
        count=loss_db.shape[1],
        block=_ROWS_A_TASK,
        threads=threads,
    )


def area_conditions(method: Method, frequency_mhz: float, tx_height_m: float) -> Conditions:
    """Put together what a method asks of ITM for one carrier.

    Raises
    ------
    ModelRangeError
        ``model_range`` for a value out of range.
    """
    settings = method.itm
    epsilon, sigma = settings.ground_constants
    polarization: Polarization = "horizontal" if settings.polarization == "horizontal" else "vertical"
    return checked_conditions(
        frequency_mhz=frequency_mhz,
        tx_height_m=tx_height_m,
        rx_height_m=method.receiver_height_m,
        polarization=polarization,
        climate=settings.climate_code,
        n0=method.n0,
        epsilon=epsilon,
        sigma=sigma,
        mdvar=settings.mdvar,
        time_percentage=settings.time_percentage,
        location_percentage=settings.location_percentage,
        situation_percentage=settings.situation_percentage,
    )


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def _sample_evenly(  # noqa: PLR0917 - kernels take no keyword-only options
    ground: Float32Array,
    width: int,
    site: Site,
    row_step: float,
    col_step: float,
    last: int,
    steps: Float32Array,
    heights: Float64Array,
) -> float:
    """Interpolate the terrain at samples 0..last - 1; return the sum of their heights."""
    start = np.int32(site.row * width + site.col)
    total = 0.0
    across = np.int32(width)
    one = np.int32(1)
    row_part, col_part = site.row_part, site.col_part
    for i in range(last):
        k = np.float64(load_step(steps, i))
        r = row_part + k * row_step
        c = col_part + k * col_step
        r0 = np.floor(r)
        c0 = np.floor(c)
        down = r - r0
        right = c - c0
        corner = np.int32(start + np.int32(r0) * across + np.int32(c0))
        below = np.int32(corner + across)
        a = np.float64(load_terrain(ground, corner))
        b = np.float64(load_terrain(ground, np.int32(corner + one)))
        e = np.float64(load_terrain(ground, below))
        f = np.float64(load_terrain(ground, np.int32(below + one)))
        upper = a + right * (b - a)
        lower = e + right * (f - e)
        height = upper + down * (lower - upper)
        store_sample(heights, i, height)
        total += height
    return total


@njit(cache=True, error_model="numpy", nogil=True)
def _add_clutter(  # noqa: PLR0917 - kernels take no keyword-only options
    clutter: Float32Array,
    width: int,
    site: Site,
    row_step: float,
    col_step: float,
    last: int,
    heights: Float64Array,
) -> None:
    """Raise the samples between the terminals by the clutter of the cell they lie in."""
    row, col = site.row_part + 0.5, site.col_part + 0.5
    for i in range(1, last):
        r = site.row + math.floor(row + i * row_step)
        c = site.col + math.floor(col + i * col_step)
        heights[i] += clutter[r * width + c]


@njit(cache=True, error_model="numpy", nogil=True)
def _itm_rows(  # noqa: PLR0917 - kernels take no keyword-only options
    row_begin: int,
    row_end: int,
    ground: Float32Array,
    clutter: Float32Array,
    width: int,
    steps: Float32Array,
    site: Site,
    frequencies_mhz: Float64Array,
    radii_cells: Float64Array,
    given: Conditions,
    out: npt.NDArray[np.float32],
) -> None:
    """Fill rows of the loss of every carrier; nothing is allocated per pixel."""
    heights = np.empty(steps.size + 1)
    scratch = np.empty(SCRATCH_LENGTH)
    farthest = radii_cells.max()
    for y in range(row_begin, row_end):
        down = float(y + 1 - site.row) - site.row_part
        for x in range(out.shape[2]):
            right = float(x + 1 - site.col) - site.col_part
            cells = math.sqrt(down * down + right * right)
            end_m = float(ground[(y + 1) * width + x + 1])
            if cells > farthest or end_m < UNKNOWN_TOTAL_M:
                continue
            last = inner_samples(cells) + 1
            row_step, col_step = down / last, right / last
            total = _sample_evenly(ground, width, site, row_step, col_step, last, steps, heights)
            if total < UNKNOWN_TOTAL_M:
                continue
            heights[last] = end_m
            if clutter.size > 0:
                _add_clutter(clutter, width, site, row_step, col_step, last, heights)
            distance_m = 1_000.0 * cells * site.step_km
            _fill_pixel(
                heights[: last + 1],
                distance_m,
                cells,
                scratch,
                frequencies_mhz,
                radii_cells,
                given,
                out[:, y, x],
            )


@njit(cache=True, error_model="numpy", nogil=True)
def _fill_pixel(  # noqa: PLR0917 - kernels take no keyword-only options
    heights: Float64Array,
    distance_m: float,
    cells: float,
    scratch: Float64Array,
    frequencies_mhz: Float64Array,
    radii_cells: Float64Array,
    given: Conditions,
    out: npt.NDArray[np.float32],
) -> None:
    """Loss of every carrier over one sampled path."""
    last = heights.size - 1
    rise_m = heights[last] + given.rx_height_m - heights[0] - given.tx_height_m
    slant_m = max(math.hypot(distance_m, rise_m), LEAST_DISTANCE_M)
    spread_db = 20.0 * math.log10(1e-3 * slant_m) + 32.45
    is_short = distance_m < SHORTEST_M
    link = analyse_link(heights, max(distance_m, LEAST_DISTANCE_M) / last, given, scratch)
    for i in range(out.size):
        if cells > radii_cells[i]:
            continue
        free_db = spread_db + 20.0 * math.log10(frequencies_mhz[i])
        found_db = free_db
        if not is_short:
            found_db = loss_over_link(
                link,
                Conditions(
                    frequencies_mhz[i],
                    given.tx_height_m,
                    given.rx_height_m,
                    given.is_vertical,
                    given.climate,
                    given.n0,
                    given.epsilon,
                    given.sigma,
                    given.mdvar,
                    given.z_time,
                    given.z_location,
                    given.z_situation,
                ),
            ).loss_db
        out[i] = found_db if math.isfinite(found_db) else free_db
