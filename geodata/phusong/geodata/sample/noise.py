"""Random fields and the resampling of coarse fields onto finer grids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy import sparse

from phusong.coverage.grids import Grid

Field = npt.NDArray[np.float32]


def coarser(grid: Grid, *, cell_m: float, margin_m: float = 0.0) -> Grid:
    """Return a coarser grid that covers another one, with a margin.

    Parameters
    ----------
    grid : Grid
    cell_m : float
        Cell size of the new grid.
    margin_m : float
        Width of the strip added on all sides.

    Examples
    --------
    >>> grid = Grid(width=100, height=50, cell_size_m=30.0, left_m=0.0, top_m=1500.0, epsg=32648)
    >>> coarser(grid, cell_m=300.0).shape
    (5, 10)
    """
    width = int(np.ceil((grid.width * grid.cell_size_m + 2 * margin_m) / cell_m))
    height = int(np.ceil((grid.height * grid.cell_size_m + 2 * margin_m) / cell_m))
    return replace(
        grid,
        width=max(width, 1),
        height=max(height, 1),
        cell_size_m=cell_m,
        left_m=grid.left_m - margin_m,
        top_m=grid.top_m + margin_m,
    )


def resample(values: npt.NDArray[np.floating], source: Grid, target: Grid, *, order: int = 3) -> Field:
    """Bring a field from one grid to another of the same CRS.

    Parameters
    ----------
    values : ndarray, shape source.shape
    order : int
        1 for linear, 3 for cubic convolution (Keys 1981, a = -1/2). Beyond the edge the last value holds.

    Returns
    -------
    ndarray of float32, shape target.shape
    """
    rows = (source.top_m - _centres_y(target)) / source.cell_size_m - 0.5
    cols = (_centres_x(target) - source.left_m) / source.cell_size_m - 0.5
    by_row = _weights(rows, source.height, order)
    by_col = _weights(cols, source.width, order)
    half = by_row @ values.astype(np.float32, copy=False)
    return np.ascontiguousarray((by_col @ half.T).T, dtype=np.float32)


def _centres_x(grid: Grid) -> npt.NDArray[np.float64]:
    return np.asarray(grid.left_m + (np.arange(grid.width) + 0.5) * grid.cell_size_m, dtype=np.float64)


def _centres_y(grid: Grid) -> npt.NDArray[np.float64]:
    return np.asarray(grid.top_m - (np.arange(grid.height) + 0.5) * grid.cell_size_m, dtype=np.float64)


def centres_m(grid: Grid) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return eastings (1, width) and northings (height, 1) of the cell centres."""
    return _centres_x(grid)[None, :], _centres_y(grid)[:, None]


def _weights(positions: npt.NDArray[np.float64], size: int, order: int) -> sparse.csr_array:
    base = np.floor(positions).astype(np.int64)
    part = positions - base
    if order == 1:
        taps = [(0, 1 - part), (1, part)]
    else:
        taps = [
            (-1, -0.5 * part + part**2 - 0.5 * part**3),
            (0, 1 - 2.5 * part**2 + 1.5 * part**3),
            (1, 0.5 * part + 2 * part**2 - 1.5 * part**3),
            (2, -0.5 * part**2 + 0.5 * part**3),
        ]
    row = np.concatenate([np.arange(positions.size)] * len(taps))
    col = np.concatenate([np.clip(base + offset, 0, size - 1) for offset, _ in taps])
    weight = np.concatenate([values for _, values in taps]).astype(np.float32)
    return sparse.coo_array((weight, (row, col)), shape=(positions.size, size)).tocsr()


def band_noise(rng: np.random.Generator, grid: Grid, *, wavelength_m: float) -> Field:
    """Random field with one dominant wavelength, the same in all directions; mean 0, standard deviation 1.

    White noise through a ring-shaped filter (a Gaussian in log wavelength, half an octave wide), made on a
    grid four times finer than the wavelength and brought to the grid asked for.

    Parameters
    ----------
    wavelength_m : float
        Dominant wavelength in metres.

    Returns
    -------
    ndarray of float32, shape grid.shape
    """
    step_m = max(wavelength_m / 4.0, grid.cell_size_m)
    own = coarser(grid, cell_m=step_m, margin_m=0.0 if step_m == grid.cell_size_m else 4 * step_m)
    shape = (
        scipy.fft.next_fast_len(own.height + 8, real=True),
        scipy.fft.next_fast_len(own.width + 8, real=True),
    )
    spectrum = scipy.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    frequency = np.hypot(
        np.fft.fftfreq(shape[0], step_m)[:, None], np.fft.rfftfreq(shape[1], step_m)[None, :]
    ).astype(np.float32)
    frequency[0, 0] = 1e-12
    octaves = np.log2(frequency * np.float32(wavelength_m))
    spectrum *= np.exp(-0.5 * (octaves / 0.5) ** 2)
    field = scipy.fft.irfft2(spectrum, s=shape)[: own.height, : own.width]
    field = (field - field.mean()) / max(float(field.std()), 1e-9)
    if own.shape == grid.shape and step_m == grid.cell_size_m:
        return np.ascontiguousarray(field, dtype=np.float32)
    return resample(field, own, grid)


def fractal_noise(
    rng: np.random.Generator,
    grid: Grid,
    *,
    longest_m: float,
    shortest_m: float,
    persistence: float = 0.5,
    ridged: bool = False,
) -> Field:
    """Sum of octaves of `band_noise`; mean about 0, standard deviation about 1.

    Parameters
    ----------
    longest_m, shortest_m : float
        Longest and shortest wavelength; each octave halves it.
    persistence : float
        Amplitude of an octave over that of the octave before.
    ridged : bool
        Fold each octave at zero, so that crests are sharp (ridged multifractal after Musgrave).

    Returns
    -------
    ndarray of float32, shape grid.shape
    """
    total = np.zeros(grid.shape, dtype=np.float32)
    amplitude, power, wavelength_m = 1.0, 0.0, longest_m
    while wavelength_m >= shortest_m * 0.999:
        octave = band_noise(rng, grid, wavelength_m=wavelength_m)
        if ridged:
            # |n| of a standard normal has mean 0.798 and standard deviation 0.603
            octave = (np.float32(0.798) - np.abs(octave)) / np.float32(0.603)
        total += np.float32(amplitude) * octave
        power += amplitude**2
        amplitude *= persistence
        wavelength_m /= 2.0
    return total / np.float32(max(np.sqrt(power), 1e-9))
