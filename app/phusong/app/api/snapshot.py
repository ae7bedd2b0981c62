"""A study as it stands after one computation, read-only; everything an answer needs hangs on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyproj

from phusong.app.api.answers import encode
from phusong.app.api.catalogue import COLLECTIONS, Collection, collection_of
from phusong.app.api.features import Features
from phusong.app.api.finder import Finder
from phusong.app.api.keptshapes import KeptShapes
from phusong.app.api.once import Once, Part
from phusong.app.compute.budgets import load_budgets
from phusong.app.compute.evidence import PlaceExplainer
from phusong.app.compute.fingerprint import fingerprint
from phusong.app.compute.inputs import cells_table
from phusong.app.compute.maps import relief_path
from phusong.app.compute.previous import OVERVIEWS_FILE
from phusong.app.compute.published import current_run, load_villages, run_arrays, village_frame
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.compute.signalmap import Service, SignalMap
from phusong.app.compute.whatif import Baseline
from phusong.app.inspect import Inspector
from phusong.app.layer_names import signal_layer
from phusong.app.leveltiles import LevelBlocks, LevelTiles
from phusong.app.outlines import outline_geojson
from phusong.app.signallayers import LayerName, SignalLayers, layer_names
from phusong.app.signaltiles import CodeShelf, SignalTiles
from phusong.app.study import Study
from phusong.coverage.errors import NotFoundError
from phusong.coverage.villages import STATUSES
from phusong.geodata.crs import GEOGRAPHIC_EPSG, transformed_bounds
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.tiles.contours import ContourTiles
from phusong.geodata.tiles.display import Display
from phusong.geodata.tiles.hillshade import build_hillshade
from phusong.geodata.tiles.mvt import VectorSource

HILLSHADE = "hillshade"
Stamp = tuple[tuple[str, int, int, int], ...]


class Snapshot:
    """What a study holds at one moment.

    Parameters
    ----------
    study : Study
        Opened for this snapshot.
    stamp : tuple
        State of the files it was made from.
    """

    def __init__(self, study: Study, stamp: Stamp) -> None:
        self.store: FolderStore = study.store
        self.stamp = stamp
        self.run = current_run(self.store)
        self.description: Mapping[str, Any] = study.describe()
        self._results = _load_results(self.store, self.run)
        self.tag = fingerprint({"study": self.description, "run": self.run, "version": version("phusong")})[
            :20
        ]
        self._parts = Once()

    @property
    def has_results(self) -> bool:
        """Tell whether anything was computed."""
        return self._results is not None

    @property
    def results(self) -> Mapping[str, Any]:
        """The results document.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        """
        if self._results is None:
            raise NotFoundError("results_missing", study=self.store.name)
        return self._results

    @property
    def results_bytes(self) -> bytes:
        """The results document as JSON, with the ``state`` of the study: whether they are current."""
        results = {**self.results, "state": self.description["state"]}
        return self.part("results", lambda: encode(results))

    def part(self, name: str, make: Callable[[], Part]) -> Part:
        """Return something made once for this snapshot."""
        return self._parts.get(name, make)

    def villages(self, *, status: Sequence[str] | None, commune_code: str | None) -> list[dict[str, Any]]:
        """Settlements with status and reason as plain records, those with most households left out first.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        """
        record = load_villages(self.store, status=status, commune_code=commune_code)
        return list(record["villages"])

    def commune(self, code: str) -> Mapping[str, Any]:
        """Results of one commune.

        Raises
        ------
        NotFoundError
            ``results_missing`` or ``commune_unknown``.
        """
        communes = self.results["communes"]
        by_code = self._parts.get("communes", lambda: {one["commune_code"]: one for one in communes})
        if code not in by_code:
            raise NotFoundError("commune_unknown", commune_code=code[:80])
        return by_code[code]

    def frame(self, collection: str) -> gpd.GeoDataFrame:
        """Table of a collection, EPSG:4326, with the columns that features show."""
        return self._parts.get(f"frame {collection}", lambda: self._read(collection_of(collection)))

    def features(self, collection: str) -> Features:
        """Features of a collection."""
        spec = collection_of(collection)
        return self._parts.get(
            f"features {collection}",
            lambda: Features(collection, self.frame(collection), id_column=spec.id_column),
        )

    def vectors(self, collection: str) -> VectorSource:
        """Vector tiles of a collection."""
        spec = collection_of(collection)
        return self._parts.get(
            f"vectors {collection}",
            lambda: VectorSource(
                spec.id,
                _worst_first(self.frame(spec.id)),
                columns=spec.tile_columns,
                coarse_columns=spec.coarse_columns,
                is_coverage=spec.is_coverage,
                is_stacked=spec.id == "cells",
                **self._keeping(spec),
            ),
        )

    def _keeping(self, spec: Collection) -> dict[str, Any]:
        if not spec.is_coverage:
            return {}
        mark = self.store.meta(spec.id).content_sha256
        return {"keep": KeptShapes(self.store.cache_dir / "display" / "shapes", name=spec.id, mark=mark)}

    def check_drawable(self, collection: str) -> None:
        """Refuse a collection that the study does not have.

        Raises
        ------
        NotFoundError
            ``collection_unknown``, ``layer_missing``.
        """
        spec = collection_of(collection)
        if spec not in self._parts.get("collections", self.collections):
            raise NotFoundError("layer_missing", layer=spec.id)

    def collections(self) -> list[Collection]:
        """List the collections the study has something for."""
        has_cells = self.store.has("sites") or self.store.has("cells")
        return [
            one
            for one in COLLECTIONS.values()
            if (has_cells if one.id == "cells" else self.store.has(one.id))
        ]

    def coverages(self) -> list[str]:
        """Layers drawn as pictures."""
        levels = sorted(self._level_layers())
        return [*levels, HILLSHADE] if self.store.has("terrain") else levels

    def signal_layers(self) -> dict[str, LayerName]:
        """Layers of signal drawn from codes, by id."""
        return self._parts.get(
            "signal layers", lambda: layer_names(self.signal().services) if self.run else {}
        )

    def shelf(self) -> CodeShelf:
        """Codes of the layers of signal.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        """
        return self._parts.get("shelf", self._make_shelf)

    def _make_shelf(self) -> CodeShelf:
        budgets = load_budgets(self._run_dir(), self.results["method"])
        folder = self.store.cache_dir / "display"
        for outdated in folder.glob("signal-*"):  # of older versions
            shutil.rmtree(outdated, ignore_errors=True)
        return CodeShelf(SignalLayers(self.signal(), budgets), folder / "codes", run=str(self.run))

    def explainer(self) -> PlaceExplainer:
        """Reasons at places.

        Raises
        ------
        NotFoundError, InputError
            As `baseline`.
        """
        return self._parts.get("explainer", lambda: PlaceExplainer(self.baseline().inputs, self.signal()))

    def display(self, coverage: str) -> Display | LevelTiles | SignalTiles:
        """Display raster of a coverage.

        Raises
        ------
        NotFoundError
            ``coverage_unknown``.
        """
        layers = self.signal_layers()
        if coverage in layers:
            return self._parts.get(
                f"display {coverage}",
                lambda: SignalTiles(self.shelf(), name=layers[coverage], grid=self.store.grid()),
            )
        known = self._parts.get("coverages", self.coverages)
        if coverage not in known:
            raise NotFoundError(
                "coverage_unknown", coverage=coverage[:80], allowed=", ".join([*known, *layers])
            )
        if coverage == HILLSHADE:
            return self._parts.get("display hillshade", self._relief)
        return self._parts.get(f"display {coverage}", lambda: self._level_tiles(coverage))

    def signal(self) -> SignalMap:
        """Signal of the run.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        """
        return self._parts.get("signal", lambda: SignalMap.load(self.store.results_dir, self._run_dir()))

    def _level_layers(self) -> dict[str, list[Service]]:
        """Services drawn together, by the name of the layer."""
        layers: dict[str, list[Service]] = {}
        for operator, technology in self.signal().services if self.run else ():
            for who in (operator, ALL_OPERATORS):
                layers.setdefault(f"rsrp-{signal_layer(technology, who)}", []).append((operator, technology))
        return layers

    def _level_tiles(self, coverage: str) -> LevelTiles:
        return LevelTiles(
            self._parts.get("level blocks", self._make_level_blocks),
            layer=coverage.removeprefix("rsrp-"),
            services=self._level_layers()[coverage],
            grid=self.store.grid(),
        )

    def _make_level_blocks(self) -> LevelBlocks:
        return LevelBlocks(self.signal(), run_arrays(self.store, OVERVIEWS_FILE))

    def _relief(self) -> Display:
        path = relief_path(self.store.cache_dir, self.store.meta("terrain").content_sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            build_hillshade(Path(self.store.raster_path("terrain")), path)
        return Display(path)

    def outline(self) -> bytes:
        """Outer edge of the communes as GeoJSON.

        Raises
        ------
        NotFoundError
            ``layer_missing``.
        """
        return self.part("outline", lambda: outline_geojson(self.store, self.frame("communes")))

    def contours(self) -> ContourTiles:
        """Contour lines of the terrain.

        Raises
        ------
        NotFoundError
            ``layer_missing``.
        """
        if not self.store.has("terrain"):
            raise NotFoundError("layer_missing", layer="terrain")
        return self._parts.get("contours", lambda: ContourTiles(self.store.raster_path("terrain")))

    def finder(self) -> Finder:
        """Search over names."""
        frames = {
            name: self.frame(name) for name in ("communes", "villages", "sites") if self.store.has(name)
        }
        return self._parts.get("finder", lambda: Finder(frames, bounds=self.bounds(), epsg=self.store.epsg))

    def inspector(self) -> Inspector:
        """Levels and profiles at places."""
        return self._parts.get("inspector", self._make_inspector)

    def baseline(self) -> Baseline:
        """Results held ready for questions of what if.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        InputError
            ``results_stale``.
        """
        return self._parts.get("baseline", lambda: Baseline(self.store))

    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of the study in degrees; None when nothing is located."""
        if self.store.has("communes"):
            west, south, east, north = (float(edge) for edge in self.frame("communes").total_bounds)
            return west, south, east, north
        if any(self.store.has(name) for name in ("terrain", "sites")) and self.store.epsg is not None:
            grid = self.store.grid()
            return transformed_bounds(grid.bounds, pyproj.CRS.from_epsg(grid.epsg), GEOGRAPHIC_EPSG)
        return None

    def _make_inspector(self) -> Inspector:
        results = self.results
        present = {one.id for one in self.collections()}
        wanted = present & {"communes", "villages", "cells"}
        frames = {name: self.frame(name) for name in wanted}
        return Inspector(
            self.store, run_dir=self._run_dir(), results=results, frames=frames, signal=self.signal()
        )

    def _run_dir(self) -> Path:
        return self.store.results_dir / str(self.run)

    def _read(self, collection: Collection) -> gpd.GeoDataFrame:
        if collection not in self.collections():
            raise NotFoundError("layer_missing", layer=collection.id)
        if collection.id == "villages":
            assessed = self.run is not None and (self._run_dir() / "villages.parquet").exists()
            return village_frame(self.store) if assessed else self.store.table("villages")
        if collection.id == "cells":
            return cells_table(self.store)[0]
        frame = self.store.table(collection.id)
        return self._with_services(frame) if collection.id == "sites" else frame

    def _with_services(self, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Add who sends what from each site, as lists joined by semicolons."""
        cells = self.frame("cells")
        joined = {
            target: _names_by_site(cells, source)
            for source, target in (("operator", "operators"), ("technology", "technologies"))
        }
        return sites.assign(**{name: sites["site_id"].map(texts) for name, texts in joined.items()})


def _names_by_site(cells: gpd.GeoDataFrame, column: str) -> dict[str, str]:
    """Different names in a column by site, sorted and joined by semicolons; empty where there is none."""
    names: dict[str, set[str]] = {}
    for site, name in zip(cells["site_id"].tolist(), cells[column].tolist(), strict=True):
        own = names.setdefault(site, set())
        if not pd.isna(name):
            own.add(str(name))
    return {site: ";".join(sorted(own)) for site, own in names.items()}


def _worst_first(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Order villages by status: where points are thinned no covered one may hide an uncovered one."""
    if "status" not in frame or not set(frame["status"].dropna()) <= set(STATUSES):
        return frame
    rank = frame["status"].map({status: place for place, status in enumerate(STATUSES)})
    return frame.iloc[np.argsort(rank.fillna(len(STATUSES)).to_numpy(), kind="stable")]


def _load_results(store: FolderStore, run: str | None) -> Mapping[str, Any] | None:
    if run is None:
        return None
    record: dict[str, Any] = orjson.loads((store.results_dir / run / "results.json").read_bytes())
    return record
