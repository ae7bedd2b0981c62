"""Path loss from one place, at several heights, to chosen pixels, each with its own profile (exact mode).

What `area.path_loss_area` gives in exact mode at the same pixels, without the pixels in between: the profile
of a pixel is sampled once for all heights, because it depends on the two ends' places alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from phusong.coverage.grids import Raster
from phusong.coverage.method import Method
from phusong.coverage.propagation.area import LATITUDE_DEG, path_loss_area
from phusong.coverage.propagation.area_batch import BATCH
from phusong.coverage.propagation.area_carriers import (
    MEDIAN_PERCENTAGE,
    SHORTEST_KM,
    Carriers,
    Climate,
)
from phusong.coverage.propagation.area_finish import Land, finish_batch, make_finish
from phusong.coverage.propagation.area_full import make_scratch
from phusong.coverage.propagation.area_geometry import (
    UNKNOWN_BELOW_M,
    UNKNOWN_M,
    Float32Array,
    Site,
    Tables,
    inner_samples,
)
from phusong.coverage.propagation.area_kernel import fill_near, sample_path
from phusong.coverage.propagation.area_path import area_path
from phusong.coverage.propagation.area_setup import (
    Window,
    carrier_constants,
    ground_at,
    sample_tables,
    site_climate,
)
from phusong.coverage.propagation.p1812 import check_ranges

Int64Array = npt.NDArray[np.int64]
FIELDS = 10
"""Numbers kept of a path: nine of `AreaPath` and the distance."""
UNKNOWN_KM = np.float32(-1.0)
"""Stands for the distance of a path that nothing is known of."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Pixels of the study grid in their order by row and column.

    Attributes
    ----------
    row, col : ndarray of int64, shape (pixels,)
    """

    row: Int64Array
    col: Int64Array


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The ground around a place, ready for any number of questions.

    Attributes
    ----------
    terrain : Raster
    clutter : Raster or None
    method : Method
        Its ``model`` is used as it stands.
    x_m, y_m : float
        Antennas, in the grid's CRS.
    radius_m : float
        Farthest pixel of any carrier.
    window : Window
    land : Land or None
        None where whole areas must be predicted.
    """

    terrain: Raster
    clutter: Raster | None
    method: Method
    x_m: float
    y_m: float
    radius_m: float
    window: Window
    land: Land | None

    def losses(
        self,
        pixels: Pixels,
        *,
        heights_m: Sequence[float],
        frequencies_mhz: Sequence[float],
        radii_m: Sequence[float],
    ) -> Float32Array:
        """Predict the loss from antennas at several heights to some pixels.

        Parameters
        ----------
        pixels : Pixels
        heights_m : sequence of float
            Above ground.
        frequencies_mhz, radii_m : sequence of float
            Carriers, and the farthest pixel each is worked out for.

        Returns
        -------
        ndarray of float32, shape (heights, carriers, pixels)
            That of `path_loss_area` in exact mode at each pixel, but for the last bit of a float32; NaN
            beyond the radius and where terrain on the path is unknown.

        Raises
        ------
        ModelRangeError
            ``model_range``.
        """
        loss_db = np.full((len(heights_m), len(frequencies_mhz), pixels.row.size), np.nan, dtype=np.float32)
        if self.land is None:
            self._fill_areas(loss_db, pixels, heights_m, frequencies_mhz, radii_m)
            return loss_db
        for height_m in heights_m:
            ends = {"tx_height_m": height_m, "rx_height_m": self.method.receiver_height_m}
            for frequency_mhz in frequencies_mhz:
                check_ranges({"frequency_mhz": frequency_mhz, **ends})
        near = self._inside(pixels)
        carriers = [
            carrier_constants(
                [frequency_mhz],
                [radius_m],
                cell_size_m=self.terrain.grid.cell_size_m,
                method=self.method,
                latitude_deg=LATITUDE_DEG,
            )
            for frequency_mhz, radius_m in zip(frequencies_mhz, radii_m, strict=True)
        ]
        loss_db[:, :, near] = self._found(self.land, pixels, near, heights_m, carriers)
        return loss_db

    def _found(
        self,
        land: Land,
        pixels: Pixels,
        near: Int64Array,
        heights_m: Sequence[float],
        carriers: Sequence[Carriers],
    ) -> Float32Array:
        window = self.window
        corner = (pixels.row[near] - window.row0 + 1) * land.cols + pixels.col[near] - window.col0 + 1
        tables = sample_tables(max(float(one.radius_cells[0]) for one in carriers), land.site)
        paths = np.empty((len(heights_m), FIELDS, near.size), dtype=np.float32)
        cells = np.empty(near.size)
        farthest = max(float(one.radius_cells[0]) for one in carriers)
        _trace(land, np.array(heights_m, dtype=np.float64), corner, tables, farthest, paths, cells)
        climate = site_climate(self.method, LATITUDE_DEG)
        found = np.full((len(heights_m), len(carriers), near.size), np.nan, dtype=np.float32)
        for place, height_m in enumerate(heights_m):
            own = land._replace(site=land.site._replace(tx_height_m=float(height_m)))
            for number, carrier in enumerate(carriers):
                _finish(own, corner, cells, paths[place], tables, carrier, climate, found[place, number])
        return found

    def _inside(self, pixels: Pixels) -> Int64Array:
        row, col = pixels.row - self.window.row0, pixels.col - self.window.col0
        inside = (row >= 0) & (row < self.window.rows) & (col >= 0) & (col < self.window.cols)
        return np.flatnonzero(inside).astype(np.int64)

    def _fill_areas(
        self,
        loss_db: Float32Array,
        pixels: Pixels,
        heights_m: Sequence[float],
        frequencies_mhz: Sequence[float],
        radii_m: Sequence[float],
    ) -> None:
        """Take the pixels out of whole areas, where there is no kernel for single pixels."""
        for place, height_m in enumerate(heights_m):
            area = path_loss_area(
                self.terrain,
                x_m=self.x_m,
                y_m=self.y_m,
                antenna_height_m=height_m,
                frequencies_mhz=frequencies_mhz,
                radii_m=radii_m,
                method=self.method,
                clutter=self.clutter,
                threads=1,
                mode="exact",
            )
            row, col = pixels.row - area.row0, pixels.col - area.col0
            rows, cols = area.loss_db.shape[1:]
            inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
            loss_db[place][:, inside] = area.loss_db[:, row[inside], col[inside]]


def surroundings(
    terrain: Raster,
    *,
    x_m: float,
    y_m: float,
    radius_m: float,
    method: Method,
    clutter: Raster | None = None,
) -> Surroundings:
    """Cut out the ground around a place.

    Parameters
    ----------
    terrain : Raster
        Ground heights in metres; NaN where unknown.
    x_m, y_m : float
        In the grid's CRS.
    radius_m : float
        Farthest pixel that will be asked for.
    method : Method
    clutter : Raster, optional
        On the grid of the terrain.

    Raises
    ------
    GridError
        ``transmitter_ground_unknown``.
    """
    window = Window(terrain.grid, *terrain.grid.disc_window(x_m, y_m, radius_m), x_m, y_m)
    ground_m = ground_at(terrain, x_m, y_m)
    land = None
    if method.model == "p1812" and method.time_percentage == MEDIAN_PERCENTAGE:
        ground = window.padded(terrain.values, less=ground_m, unknown=UNKNOWN_M)
        cover = np.empty((0, 0), dtype=np.float32)
        if clutter is not None:
            cover = window.padded(clutter.values, less=0.0, unknown=np.float32(0.0))
        rows, cols = ground.shape
        land = Land(ground.reshape(-1), cover.reshape(-1), rows, cols, window.site(1.0, method))
    return Surroundings(terrain, clutter, method, x_m, y_m, radius_m, window, land)


@njit(cache=True, error_model="numpy", nogil=True)
def _raised(site: Site, height_m: float) -> Site:
    return Site(
        site.row,
        site.col,
        site.row_part,
        site.col_part,
        height_m,
        site.rx_height_m,
        site.radius_km,
        site.step_km,
    )


@njit(cache=True, error_model="numpy", nogil=True)
def _trace(  # noqa: PLR0917 - kernels take no keyword-only options
    land: Land,
    heights_m: npt.NDArray[np.float64],
    corner: Int64Array,
    tables: Tables,
    farthest: float,
    paths: Float32Array,
    cells_out: npt.NDArray[np.float64],
) -> None:
    """Work out the geometry of every path at every height.

    Parameters
    ----------
    paths : ndarray of float32, shape (heights, FIELDS, pixels)
        The last field, the distance, is negative where nothing is known, and the only one beside the rise on
        paths under the Recommendation's shortest.
    """
    base = land.site
    scratch = make_scratch(tables.step.size, land.clutter.size > 0)
    for k in range(corner.size):
        paths[:, FIELDS - 1, k] = UNKNOWN_KM
        row, col = corner[k] // land.cols, corner[k] % land.cols
        down, right = float(row - base.row) - base.row_part, float(col - base.col) - base.col_part
        cells = math.sqrt(down * down + right * right)
        cells_out[k] = cells
        end_m = float(land.ground[corner[k]])
        if cells > farthest or end_m < UNKNOWN_BELOW_M:
            continue
        total, moment = sample_path(scratch, tables, land, corner[k], cells)
        if total < UNKNOWN_BELOW_M:
            continue
        d, count = cells * base.step_km, inner_samples(cells)
        for h in range(heights_m.size):
            site = _raised(base, heights_m[h])
            paths[h, FIELDS - 1, k] = d
            if d >= SHORTEST_KM:
                path = area_path(
                    scratch.heights, scratch.surface, tables, site, count, d, end_m, total, moment
                )
                paths[h, 0, k], paths[h, 1, k], paths[h, 2, k] = path.rise_m, path.nu_m, path.smooth_nu_m
                paths[h, 3, k], paths[h, 4, k] = path.effective_tx_m, path.effective_rx_m
                paths[h, 5, k], paths[h, 6, k] = path.tx_slope, path.rx_slope
                paths[h, 7, k], paths[h, 8, k] = path.tx_km, path.rx_km


@njit(cache=True, error_model="numpy", nogil=True)
def _finish(  # noqa: PLR0917 - kernels take no keyword-only options
    land: Land,
    corner: Int64Array,
    cells: npt.NDArray[np.float64],
    paths: Float32Array,
    tables: Tables,
    carriers: Carriers,
    climate: Climate,
    out: Float32Array,
) -> None:
    """Turn the geometry of paths into losses of one carrier, a batch at a time."""
    work, site = make_finish(1, tables.step.size, land.clutter.size > 0), land.site
    batch, filled = work.batch, 0
    for k in range(corner.size + 1):
        if filled == BATCH or k == corner.size:
            finish_batch(work, tables, land, filled, carriers, climate, True, out)
            filled = 0
        if k == corner.size:
            break
        if paths[FIELDS - 1, k] < 0.0 or cells[k] > carriers.radius_cells[0]:
            continue
        d = cells[k] * site.step_km
        if d < SHORTEST_KM:
            rise_m = float(land.ground[corner[k]]) + site.rx_height_m - site.tx_height_m
            fill_near(carriers, d, rise_m, cells[k], k, 0, out)
            continue
        batch.distance_km[filled], batch.rise_m[filled] = d, paths[0, k]
        batch.nu_m[filled], batch.smooth_nu_m[filled] = paths[1, k], paths[2, k]
        batch.tx_m[filled], batch.rx_m[filled] = paths[3, k], paths[4, k]
        batch.tx_slope[filled], batch.rx_slope[filled] = paths[5, k], paths[6, k]
        batch.tx_km[filled], batch.rx_km[filled] = paths[7, k], paths[8, k]
        batch.target[filled], batch.corner[filled], batch.cells[filled] = k, corner[k], cells[k]
        filled += 1
