"""What settlements, roads and masts look at: the ground on the work grid, by commune."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from phusong.coverage.grids import Grid
from phusong.geodata.sample.drainage import grid_edges
from phusong.geodata.sample.noise import Field

Labels = npt.NDArray[np.int32]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Land:
    """Ground on the work grid.

    Attributes
    ----------
    grid : Grid
    height_m : ndarray of float32
    slope : ndarray of float32
        Rise over run.
    drained_m2 : ndarray of float32
        Area drained through each cell.
    to_stream_m : ndarray of float32
        Distance to the nearest stream that drains 1.5 km2 or more.
    rugged_m : ndarray of float32
        Standard deviation of the height within about 2 km.
    is_sea : ndarray of bool
    commune : ndarray of int32
        Index of the commune, -1 outside all.
    """

    grid: Grid
    height_m: Field
    slope: Field
    drained_m2: Field
    to_stream_m: Field
    rugged_m: Field
    is_sea: npt.NDArray[np.bool_]
    commune: Labels

    @property
    def is_mountain(self) -> npt.NDArray[np.bool_]:
        """Where relief shapes how people live."""
        return self.rugged_m > 34.0

    def at(self, field: npt.NDArray[np.generic], points: Points) -> npt.NDArray[np.generic]:
        """Read a field of this grid at points; points outside read the nearest cell."""
        rows, cols = cells_of(self.grid, points)
        return field[rows, cols]


def land_of(
    grid: Grid, height_m: Field, drained_m2: Field, is_sea: npt.NDArray[np.bool_], commune: Labels
) -> Land:
    """Derive slope, streams and ruggedness from heights.

    Parameters
    ----------
    grid : Grid
        Work grid.
    height_m, drained_m2, is_sea, commune : ndarray, shape grid.shape
    """
    cell_m = grid.cell_size_m
    size = max(3, round(4_000.0 / cell_m) | 1)
    mean = ndimage.uniform_filter(height_m.astype(np.float64), size)
    square = ndimage.uniform_filter(height_m.astype(np.float64) ** 2, size)
    rugged_m = np.sqrt(np.maximum(square - mean**2, 0.0))
    slope = np.hypot(*np.gradient(ndimage.gaussian_filter(height_m, 1.0), cell_m))
    streams = drained_m2 > 1.5e6
    far_m = np.full(grid.shape, 1e6)
    to_stream_m = ndimage.distance_transform_edt(~streams, sampling=cell_m) if streams.any() else far_m
    return Land(
        grid=grid,
        height_m=height_m,
        slope=slope.astype(np.float32),
        drained_m2=drained_m2,
        to_stream_m=to_stream_m.astype(np.float32),
        rugged_m=rugged_m.astype(np.float32),
        is_sea=is_sea,
        commune=commune,
    )


def cells_of(grid: Grid, points: Points) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the cells that hold points (n, 2), kept inside the grid."""
    cols = np.floor((points[:, 0] - grid.left_m) / grid.cell_size_m).astype(np.int64)
    rows = np.floor((grid.top_m - points[:, 1]) / grid.cell_size_m).astype(np.int64)
    return np.clip(rows, 0, grid.height - 1), np.clip(cols, 0, grid.width - 1)


def points_of(grid: Grid, flat: npt.NDArray[np.int64]) -> Points:
    """Centres (n, 2) of cells given by flat index."""
    rows, cols = np.divmod(flat, grid.width)
    return np.column_stack(
        [grid.left_m + (cols + 0.5) * grid.cell_size_m, grid.top_m - (rows + 0.5) * grid.cell_size_m]
    )


def label_cells(grid: Grid, areas: npt.NDArray[np.object_]) -> Labels:
    """Label the cells of a grid with the area that holds their centre, -1 outside all.

    Parameters
    ----------
    areas : ndarray of shapely polygons in the CRS of the grid
    """
    transform = from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m)
    shapes = [(area, index) for index, area in enumerate(areas)]
    return np.asarray(rasterize(shapes, out_shape=grid.shape, transform=transform, fill=-1, dtype="int32"))


def border_cells(grid: Grid, areas: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell which cells a border may cut, with a cell to spare on each side."""
    transform = from_origin(grid.left_m, grid.top_m, grid.cell_size_m, grid.cell_size_m)
    lines = [(line, 1) for line in shapely.boundary(areas)]
    cut = rasterize(lines, out_shape=grid.shape, transform=transform, fill=0, dtype="uint8", all_touched=True)
    return np.asarray(ndimage.binary_dilation(cut > 0, structure=np.ones((3, 3), bool)))


def cost_graph(cost: npt.NDArray[np.floating], *, cell_m: float) -> sparse.csr_array:
    """Graph of the cells of a grid; an edge costs its length times the mean cost of its ends.

    Parameters
    ----------
    cost : ndarray, shape (rows, cols)
        Cost a metre; infinite where there is no way.
    """
    flat = cost.ravel()
    tails, heads, lengths = grid_edges((cost.shape[0], cost.shape[1]))
    weight = 0.5 * (flat[tails] + flat[heads]) * lengths * cell_m
    keep = np.isfinite(weight)
    return sparse.coo_array((weight[keep], (tails[keep], heads[keep])), shape=(flat.size, flat.size)).tocsr()


@dataclass(frozen=True, slots=True)
class Reach:
    """Cheapest ways from the nearest of several sources.

    Attributes
    ----------
    cost : ndarray of float, shape (cells,)
    before : ndarray of int, shape (cells,)
        Cell before on the way from the source; negative at sources and where there is no way.
    source : ndarray of int, shape (cells,)
        Position in the list of sources; -1 where there is no way.
    """

    cost: npt.NDArray[np.float64]
    before: npt.NDArray[np.int64]
    source: npt.NDArray[np.int64]


def reach_from(graph: sparse.csr_array, sources: npt.NDArray[np.int64]) -> Reach:
    """Find the cheapest way to each cell from the nearest source (flat indices)."""
    cost, before, origin = csgraph.dijkstra(
        graph, directed=False, indices=sources, return_predecessors=True, min_only=True
    )
    rank = np.full(graph.shape[0] + 1, -1, dtype=np.int64)
    rank[sources] = np.arange(sources.size)
    origin = np.where(np.isfinite(cost), origin, -1).astype(np.int64)
    return Reach(cost, before.astype(np.int64), rank[origin])
