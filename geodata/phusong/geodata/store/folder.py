"""A study as a folder: GeoParquet layers, COG rasters, a SQLite journal, results and caches.

A layer is a data file named by the hash of its content and a small record beside it that names the data
file. The record is replaced last, in one rename: a write killed at any moment leaves the old layer.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import orjson
import pandas as pd
from rasterio.errors import RasterioIOError

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.coverage.grids import Grid, Raster
from phusong.coverage.method import Method, method_from_dict
from phusong.geodata.crs import check_metric_epsg
from phusong.geodata.store import history, journal
from phusong.geodata.store.atomic import replacing, write_bytes_atomic
from phusong.geodata.store.meta import LayerMeta, file_sha256, meta_from_json
from phusong.geodata.store.rasters import read_raster, unknown_value, write_cog
from phusong.geodata.store.studygrid import grid_from_layers

Content = TypeVar("Content")

FORMAT_VERSION = 1
RASTER_LAYERS = ("terrain", "population", "clutter")
DEFAULT_GRID_M = 30.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A study in a folder.

    Attributes
    ----------
    path : Path
        The folder.
    clock : callable
        Gives the time of journal entries.
    """

    path: Path
    clock: journal.Clock = _now

    @classmethod
    def create(
        cls, path: Path, *, name: str, epsg: int | None = None, grid_m: float = DEFAULT_GRID_M
    ) -> FolderStore:
        """Make an empty study.

        Raises
        ------
        StudyError
            ``study_exists`` when the folder holds anything.
        InputError
            For a CRS that is not metric or a cell size out of range.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise StudyError("study_exists", path=str(path))
        if epsg is not None:
            check_metric_epsg(epsg)
        if not name.strip():
            raise InputError("study_name_empty")
        store = cls(path)
        path.mkdir(parents=True, exist_ok=True)
        store.set_method(replace(Method(), grid_m=grid_m))
        settings = {"format": FORMAT_VERSION, "name": name.strip(), "epsg": epsg, "created_at": store.clock()}
        write_bytes_atomic(path / "study.json", orjson.dumps(settings, option=orjson.OPT_INDENT_2))
        store.journal("created", name=name)
        return store

    @classmethod
    def open(cls, path: Path) -> FolderStore:
        """Open a study.

        Raises
        ------
        NotFoundError
            ``study_missing`` when the folder is no study.
        StudyError
            ``study_broken`` or ``study_version``.
        """
        if not (path / "study.json").is_file():
            raise NotFoundError("study_missing", path=str(path))
        store = cls(path)
        version = store.settings().get("format")
        if version != FORMAT_VERSION:
            raise StudyError("study_version", path=str(path), found=str(version), allowed=FORMAT_VERSION)
        return store

    def settings(self) -> dict[str, Any]:
        """Name, CRS and format of the study."""
        try:
            record = orjson.loads((self.path / "study.json").read_bytes())
        except orjson.JSONDecodeError as error:
            raise StudyError("study_broken", path=str(self.path / "study.json")) from error
        if not isinstance(record, dict):
            raise StudyError("study_broken", path=str(self.path / "study.json"))
        return record

    def update_settings(self, **changes: object) -> None:
        """Change settings of the study."""
        record = {**self.settings(), **changes}
        write_bytes_atomic(self.path / "study.json", orjson.dumps(record, option=orjson.OPT_INDENT_2))

    @property
    def name(self) -> str:
        """Name shown to people."""
        return str(self.settings()["name"])

    @property
    def epsg(self) -> int | None:
        """EPSG code of the metric CRS; None until the first layer with a place."""
        epsg = self.settings()["epsg"]
        return None if epsg is None else int(epsg)

    def set_epsg(self, epsg: int) -> None:
        """Fix the metric CRS; a study that has one keeps it."""
        if self.epsg is None:
            check_metric_epsg(epsg)
            self.update_settings(epsg=epsg)

    @property
    def grid_m(self) -> float:
        """Cell size of the study grid in metres."""
        return float(self.method().grid_m)

    def method(self) -> Method:
        """Read the method of the study."""
        try:
            return method_from_dict(orjson.loads((self.path / "method.json").read_bytes()))
        except (orjson.JSONDecodeError, TypeError, FileNotFoundError) as error:
            raise StudyError("study_broken", path=str(self.path / "method.json")) from error

    def set_method(self, method: Method) -> None:
        """Replace the method; the grid's cell size is fixed once a raster lies on it.

        Raises
        ------
        InputError
            ``grid_fixed`` when rasters lie on a grid of another cell size.
        """
        rasters = [layer for layer in RASTER_LAYERS if self.has(layer)]
        if rasters and method.grid_m != self.grid_m:
            raise InputError("grid_fixed", value=method.grid_m, allowed=self.grid_m)
        write_bytes_atomic(
            self.path / "method.json", orjson.dumps(method.as_dict(), option=orjson.OPT_INDENT_2)
        )

    @property
    def results_dir(self) -> Path:
        """Where results are."""
        return self.path / "results"

    @property
    def cache_dir(self) -> Path:
        """Where intermediate results are; may be deleted at any time when nothing runs."""
        return self.path / "cache"

    def layer_names(self) -> list[str]:
        """Layers the study has, sorted."""
        records = (self.path / "layers").glob("*.json")
        # A write killed half way leaves a hidden file behind, and glob does not pass over those.
        return sorted(record.stem for record in records if not record.name.startswith("."))

    def has(self, layer: str) -> bool:
        """Tell whether the study has a layer."""
        return self._record_path(layer).is_file()

    def meta(self, layer: str) -> LayerMeta:
        """Where a layer came from."""
        return meta_from_json(orjson.dumps(self._record(layer)))

    def table(self, layer: str) -> gpd.GeoDataFrame:
        """Read a table, longitude and latitude (EPSG:4326)."""
        return self._read(layer, gpd.read_parquet)

    def put_table(self, layer: str, frame: gpd.GeoDataFrame, meta: LayerMeta) -> LayerMeta:
        """Replace a table; returns the record with the content's hash.

        Raises
        ------
        InputError
            ``layer_crs`` when the frame is not in EPSG:4326.
        """
        if frame.crs is None or frame.crs.to_epsg() != 4326:
            raise InputError("layer_crs", layer=layer)
        staged = self._staging(layer, ".parquet")
        with replacing(staged) as partial:
            frame.to_parquet(partial, compression="zstd", index=False)
        return self._commit(layer, staged, replace(meta, rows=len(frame)))

    def records(self, layer: str) -> pd.DataFrame:
        """Read a table without shapes, such as the antennas."""
        return self._read(layer, pd.read_parquet)

    def put_records(self, layer: str, frame: pd.DataFrame, meta: LayerMeta) -> LayerMeta:
        """Replace a table without shapes; returns the record with the content's hash."""
        staged = self._staging(layer, ".parquet")
        with replacing(staged) as partial:
            frame.to_parquet(partial, compression="zstd", index=False)
        return self._commit(layer, staged, replace(meta, rows=len(frame)))

    def raster_path(self, layer: str) -> Path:
        """File of a raster."""
        return self._data_path(layer)

    def raster(self, layer: str) -> Raster:
        """Read a whole raster."""
        return self._read(layer, read_raster)

    def put_raster(self, layer: str, raster: Raster, meta: LayerMeta) -> LayerMeta:
        """Replace a raster; returns the record with the content's hash.

        Unknown is NaN; in a raster of integers it is the least number of its type.
        """
        staged = self._staging(layer, ".tif")
        nodata = unknown_value(raster.values.dtype)
        write_cog(staged, raster.values, grid=raster.grid, nodata=nodata, tags={"unit": raster.unit})
        return self._commit(layer, staged, meta)

    def remove(self, layer: str) -> None:
        """Take a layer out; it is kept as an earlier version, which `restore` brings back."""
        data = self._data_path(layer)
        history.keep_version(data.parent, layer, self._record(layer))
        self._record_path(layer).unlink()
        data.unlink(missing_ok=True)
        self.journal("removed", layer=layer)

    def earlier(self, layer: str) -> list[LayerMeta]:
        """Where the versions that can be brought back came from, the newest first."""
        present = self._record(layer) if self.has(layer) else {}
        kept = history.other_versions(self.path / "layers", layer, present)
        return [meta_from_json(orjson.dumps(dict(version.record))) for version in kept]

    def restore(self, layer: str, *, sha256: str | None = None) -> LayerMeta:
        """Bring back the version before the present one, or the one named; the present one is kept too.

        Raises
        ------
        NotFoundError
            ``layer_history`` where no earlier version is kept, or not the one named.
        """
        present = self._record(layer) if self.has(layer) else {}
        kept_before = history.other_versions(self.path / "layers", layer, present)
        wanted = (one for one in kept_before if sha256 in (None, one.record.get("content_sha256")))
        version = next(wanted, None)
        if version is None:
            raise NotFoundError("layer_history", layer=layer)
        staged = self._staging(layer, version.data.suffix)
        with replacing(staged) as partial:
            shutil.copyfile(version.data, partial)
        kept = self._commit(layer, staged, meta_from_json(orjson.dumps(dict(version.record))))
        history.drop_version(version)
        return kept

    def grid(self) -> Grid:
        """Return the study grid (see `grid_from_layers`)."""
        return grid_from_layers(self)

    def journal(self, event: str, **detail: object) -> None:
        """Record a write."""
        journal.append(self.path / "study.sqlite", happened_at=self.clock(), event=event, detail=detail)

    def journal_entries(self) -> list[dict[str, Any]]:
        """All records of writes, oldest first."""
        return journal.entries(self.path / "study.sqlite")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the study for writing.

        Raises
        ------
        StudyError
            ``study_locked`` at once when another process holds it.
        """
        with (self.path / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StudyError("study_locked", path=str(self.path)) from error
            self._sweep()
            yield

    def _record_path(self, layer: str) -> Path:
        return self.path / "layers" / f"{layer}.json"

    def _record(self, layer: str) -> dict[str, Any]:
        path = self._record_path(layer)
        try:
            record = orjson.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError("layer_missing", layer=layer) from error
        except orjson.JSONDecodeError as error:
            raise StudyError("study_broken", path=str(path)) from error
        if not isinstance(record, dict) or "file" not in record:
            raise StudyError("study_broken", path=str(path))
        return record

    def _data_path(self, layer: str) -> Path:
        return self.path / "layers" / str(self._record(layer)["file"])

    def _read(self, layer: str, read: Callable[[Path], Content]) -> Content:
        """Read a layer's data; starts again when a writer has replaced it in the meantime."""
        data = self._data_path(layer)
        while True:
            try:
                return read(data)
            except (OSError, RasterioIOError) as error:
                now = self._data_path(layer)
                if now == data:
                    raise StudyError("study_broken", path=str(data)) from error
                data = now

    def _sweep(self) -> None:
        """Remove what killed writers left; only for who holds the lock."""
        for pattern in (".*.part.*", "*.new.*"):
            for left in (self.path / "layers").glob(pattern):
                left.unlink(missing_ok=True)

    def _staging(self, layer: str, ending: str) -> Path:
        return self.path / "layers" / f"{layer}.new{ending}"

    def _commit(self, layer: str, staged: Path, meta: LayerMeta) -> LayerMeta:
        """Name the data by its hash, then replace the record that names it."""
        digest = file_sha256(staged)
        data = staged.with_name(f"{layer}-{digest[:12]}{staged.suffix}")
        if self.has(layer):
            history.keep_version(data.parent, layer, self._record(layer))
        staged.replace(data)
        kept = replace(meta, layer=layer, content_sha256=digest)
        record: Mapping[str, Any] = {**orjson.loads(kept.to_json()), "file": data.name}
        write_bytes_atomic(self._record_path(layer), orjson.dumps(record, option=orjson.OPT_INDENT_2))
        for old in data.parent.glob(f"{layer}-*"):
            if old != data:
                old.unlink(missing_ok=True)
        self.journal("layer", layer=layer, source=kept.source, sha256=digest, rows=kept.rows)
        return kept
