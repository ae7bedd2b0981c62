"""Path loss from one mast to every pixel around it by a sweep: radials that share their work.

Exact mode (`area.path_loss_area`) gives every pixel a profile of its own; here a pixel takes the profile of
the nearest radial, at most half a radial's spacing away, with its own distance and height as the receiver.
What the samples before a pixel decide is carried along the radial: prefixes on the transmitter's side, and
tangents to an upper hull on the receiver's. To first order, how far the pixel lies beside its radial is made
up for. Over mountains the modes differ by under 0.3 dB (standard deviation); single pixels at the edge of a
shadow by up to some 20 dB.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from phusong.coverage.propagation.area_carriers import MEDIAN_PERCENTAGE
from phusong.coverage.propagation.area_full_tail import ranges_of
from phusong.coverage.propagation.area_geometry import Site
from phusong.coverage.propagation.area_laying import Lay, lay_out
from phusong.coverage.propagation.area_setup import AreaRequest, run_blocks, sample_tables
from phusong.coverage.propagation.p1812_path import BETA_EARTH_RADIUS_KM
from phusong.coverage.propagation.sweep_full import sweep_full_radials
from phusong.coverage.propagation.sweep_kernel import sweep_radials
from phusong.coverage.propagation.sweep_radials import BoolArray, Fan, fan_edges
from phusong.coverage.propagation.sweep_trace import Lookup

RADIALS_PER_EDGE = 1.5
"""Radials per cell along the edge of a large disc."""
MORE_EDGE_CELLS = 50.0
"""Added to the radius when radials are counted: small discs, where every path is short and every ridge near,
need more of them a cell."""
_RADIALS_A_TASK = 256
_ALL = np.empty((0, 0), dtype=np.bool_)
_PART = 2.0**20
"""Positions are whole multiples of a cell over this number: sums of them are exact, so no pixel falls between
two fans."""


def fill_sweep(request: AreaRequest, *, radials_per_edge: float = RADIALS_PER_EDGE) -> None:
    """Fill in the loss of several carriers by radials.

    Clutter on the way and percentages of time other than 50 take up to twice as long (see `sweep_full`).

    Parameters
    ----------
    request : AreaRequest
        Its ``loss_db`` is written in place: NaN beyond the radius, outside the grid, and beyond unknown
        terrain on the radial.
    radials_per_edge : float
        Radials per cell along the edge of the largest disc, more for a small one.
    """
    carriers, loss = request.carriers(), request.loss_db
    site, lay = _on_lattice(request.site()), lay_out(request, is_across=True)
    radius_cells = float(carriers.radius_cells.max())
    tables = sample_tables(radius_cells, site)
    per_step = (1.0 / np.maximum(np.arange(tables.step.size), 1.0)).astype(np.float32)
    lookup = Lookup(tables, per_step)
    wanted = request.wanted_pixels()
    _fill_centre(loss, lay.ground, site, carriers.free_db, wanted)
    edges = fan_edges(radius_cells + MORE_EDGE_CELLS, radials_per_edge)
    climate, out = request.climate(), loss.reshape(-1)
    fans, radials = _fans(lay, site, wanted), edges.size - 1

    ranges = ranges_of(tables, site, climate)
    is_plain = request.clutter is None and climate.time_percentage == MEDIAN_PERCENTAGE
    upright, across = lay.clutter.reshape(-1), lay.clutter_across.reshape(-1)
    covers = upright, upright, across, across
    beta_tables = sample_tables(radius_cells, site._replace(radius_km=BETA_EARTH_RADIUS_KM))

    def sweep(begin: int, end: int) -> None:
        for number in range(begin // radials, -(-end // radials)):
            fan = fans[number]
            part = max(begin - number * radials, 0), min(end - number * radials, radials)
            if is_plain:
                sweep_radials(*part, edges, fan, lookup, carriers, climate, out)
                continue
            cover = covers[number]
            sweep_full_radials(*part, edges, fan, cover, lookup, beta_tables, carriers, climate, ranges, out)

    run_blocks(sweep, count=len(fans) * radials, block=_RADIALS_A_TASK, threads=request.threads)


def _on_lattice(site: Site) -> Site:
    """Round the site's place by half a millionth of a cell."""
    return site._replace(
        row_part=round(site.row_part * _PART) / _PART, col_part=round(site.col_part * _PART) / _PART
    )


def _fans(lay: Lay, site: Site, wanted: BoolArray = _ALL) -> list[Fan]:
    """Four quarters of the plane: east and west on the window, south and north on its transposed copy."""
    rows, cols = lay.ground.shape
    turned = site._replace(row=site.col, col=site.row, row_part=site.col_part, col_part=site.row_part)
    upright, across = lay.ground.reshape(-1), lay.ground_across.reshape(-1)
    asked, asked_across = wanted.reshape(-1), np.ascontiguousarray(wanted.T).reshape(-1)
    width = cols - 2
    return [
        Fan(upright, rows, cols, site, 1.0, 1.0, width, 1, asked),
        Fan(upright, rows, cols, site, -1.0, -1.0, width, 1, asked),
        Fan(across, cols, rows, turned, 1.0, -1.0, 1, width, asked_across),
        Fan(across, cols, rows, turned, -1.0, 1.0, 1, width, asked_across),
    ]


def _fill_centre(
    loss: npt.NDArray[np.float32],
    ground: npt.NDArray[np.float32],
    site: Site,
    free_db: npt.NDArray[np.float64],
    wanted: BoolArray,
) -> None:
    """Fill in the pixel the site is exactly at the centre of, if any and if wanted: no fan has it."""
    if site.row_part % 1.0 or site.col_part % 1.0:
        return
    row, col = site.row + round(site.row_part), site.col + round(site.col_part)
    if not (1 <= row <= loss.shape[1] and 1 <= col <= loss.shape[2]):
        return
    if wanted.size and not wanted[row, col]:
        return
    rise_km = 0.001 * (float(ground[row, col]) + site.rx_height_m - site.tx_height_m)
    loss[:, row - 1, col - 1] = free_db + 10.0 * math.log10(1e-6 + rise_km**2)
