"""Thinned borders kept beside a study, so that a server that starts again need not make them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely

from phusong.coverage.errors import StudyError
from phusong.geodata.store.arrays import map_arrays, write_arrays
from phusong.geodata.tiles.paths import Geometries

_FORM = 1


class KeptShapes:
    """Geometries by zoom, in files named after what they were made of.

    Parameters
    ----------
    folder : Path
        Made when there is something to keep; files of other contents of the same name are removed then.
    name : str
    mark : str
        Hash of the layer's content.
    """

    def __init__(self, folder: Path, *, name: str, mark: str) -> None:
        self._folder = folder
        self._name = name
        self._beginning = f"{name}-{mark[:20]}-{_FORM}"

    def __call__(self, zoom: int, make: Callable[[], Geometries]) -> Geometries:
        """Return the geometries of a zoom, made if they are not kept."""
        path = self._folder / f"{self._beginning}-{zoom}.bin"
        try:
            return _read(path)
        except (FileNotFoundError, StudyError):
            shapes = make()
        _write(path, shapes)
        for outdated in self._folder.glob(f"{self._name}-*.bin"):
            if not outdated.name.startswith(f"{self._beginning}-"):
                outdated.unlink(missing_ok=True)
        return shapes


def _write(path: Path, shapes: Geometries) -> None:
    bodies = [bytes(body) for body in shapely.to_wkb(shapes)]
    ends = np.cumsum([len(body) for body in bodies], dtype=np.int64)
    write_arrays(path, {"ends": ends, "wkb": np.frombuffer(b"".join(bodies), dtype=np.uint8)})


def _read(path: Path) -> Geometries:
    kept = map_arrays(path)
    whole, ends = kept["wkb"].tobytes(), kept["ends"].tolist()
    bodies = [whole[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    return np.asarray(shapely.from_wkb(bodies), dtype=object)
