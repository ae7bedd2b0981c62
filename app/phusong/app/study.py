"""The composition root: one method a use case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phusong.app.compute.budgets import Budgets, load_budgets
from phusong.app.compute.inputs import DEFAULT_MODE
from phusong.app.compute.pools import open_pool
from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.published import current_run, load_results, load_villages, run_dir
from phusong.app.compute.rasters import LAYERS, ServiceRasters, service_rasters, services_of
from phusong.app.compute.reliability import area_reliability
from phusong.app.compute.run import ComputeReport, compute
from phusong.app.compute.shares import ALL_OPERATORS, ANY_TECHNOLOGY
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.whatif import Baseline, Change
from phusong.app.coveragefiles import export_coverages
from phusong.app.i18n import Language
from phusong.app.inspect import Inspector
from phusong.app.newmast import MastWish, new_mast
from phusong.app.standing import standing_of
from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.geodata.store.folder import DEFAULT_GRID_M, FolderStore

if TYPE_CHECKING:
    from phusong.app.fibre_planning import FibreRequest
    from phusong.app.planning.settings import TowerRequest
    from phusong.geodata.importing import ImportReport

# What one use case alone needs is imported there: readers of files and solvers take as long to load as a
# small change takes to compute.


@dataclass(frozen=True, slots=True)
class Study:
    """A study opened for work.

    Attributes
    ----------
    store : FolderStore
        Where its layers and results are.
    """

    store: FolderStore

    def import_layer(
        self,
        layer: str,
        files: Sequence[Path],
        *,
        imported_at: str,
        sheet: str | None = None,
        crs: str | None = None,
        overrides_crs: bool = False,
        column_map: Mapping[str, str] | None = None,
        progress: Progress = silent,
    ) -> ImportReport:
        """Bring files in as a layer; a refused file leaves the study as it was.

        Raises
        ------
        InputError
            When the file cannot be read or rows break the layer's contract.
        StudyError
            When the study is locked by another process.
        """
        from phusong.geodata.importing import import_layer  # noqa: PLC0415

        with self.store.lock():
            return import_layer(
                self.store,
                layer,
                list(files),
                sheet=sheet,
                crs=crs,
                overrides_crs=overrides_crs,
                column_map=column_map or {},
                imported_at=imported_at,
                progress=progress,
            )

    def compute(
        self, *, mode: str = DEFAULT_MODE, workers: int | str | None = None, progress: Progress = silent
    ) -> ComputeReport:
        """Compute coverage, shares and villages; does nothing when nothing changed.

        Parameters
        ----------
        mode : {"sweep", "exact"}
        workers : int, str or None
            Number of local processes, address of a Dask scheduler (``tcp://host:port``) whose workers see
            this folder at the same path, or None for threads of this process. Results are the same.

        Raises
        ------
        InputError
            When layers are missing, or no such workers can be had.
        StudyError
            When the study is locked, or workers are lost or unfit.
        """
        with self.store.lock(), open_pool(workers, store=self.store) as pool:
            return compute(self.store, mode=mode, pool=pool, progress=progress)

    def results(self) -> dict[str, Any]:
        """Shares by province and commune with the method record.

        Raises
        ------
        NotFoundError
            ``results_missing`` when nothing was computed yet.
        """
        return load_results(self.store)

    def villages(
        self, *, status: Sequence[str] | None = None, commune_code: str | None = None
    ) -> dict[str, Any]:
        """Settlements with status and reason, those with most households left out first."""
        return load_villages(self.store, status=status, commune_code=commune_code)

    def export_villages(
        self, path: Path, *, status: Sequence[str] | None, commune_code: str | None, language: Language
    ) -> int:
        """Write settlements to XLSX, CSV, GeoJSON or GPKG by the file's ending; return the number of rows."""
        from phusong.app.exporting import export_villages  # noqa: PLC0415

        return export_villages(
            self.results(),
            self.villages(status=status, commune_code=commune_code)["villages"],
            path,
            language=language,
        )

    def export_communes(self, path: Path, *, language: Language) -> int:
        """Write commune shares to XLSX or CSV; return the number of rows."""
        from phusong.app.exporting import export_communes  # noqa: PLC0415

        return export_communes(self.results(), path, language=language)

    def signal(self) -> SignalMap:
        """Signal of the current results: at points, in blocks.

        Raises
        ------
        NotFoundError
            ``results_missing`` when nothing was computed yet.
        """
        return SignalMap.load(self.store.results_dir, run_dir(self.store))

    def point(self, *, lon_deg: float, lat_deg: float) -> dict[str, Any]:
        """Tell what a terminal would find at a place, by operator and technology.

        Raises
        ------
        NotFoundError
            ``results_missing`` when nothing was computed yet.
        """
        frames = {"communes": self.store.table("communes")} if self.store.has("communes") else {}
        folder = run_dir(self.store)
        inspector = Inspector(
            self.store, run_dir=folder, results=self.results(), frames=frames, signal=self.signal()
        )
        return inspector.point(lon_deg=lon_deg, lat_deg=lat_deg)

    def coverage(
        self, technology: str, operator: str = ALL_OPERATORS, *, layers: Sequence[str] = tuple(LAYERS)
    ) -> ServiceRasters:
        """Rasters of one technology and operator (or ``all``), whole and in memory.

        Parameters
        ----------
        technology : str
        operator : str
        layers : sequence of str
            Names in `compute.rasters.LAYERS`; each takes 4 bytes a cell of the grid.

        Raises
        ------
        NotFoundError
            ``results_missing``; ``service_unknown`` where nobody like that is on air.
        InputError
            ``raster_unknown`` for a layer that there is not.
        """
        signal = self.signal()
        services = services_of(signal, technology, operator)
        return service_rasters(signal, services, budgets=self._budgets(), layers=layers)

    def export_coverages(
        self, folder: Path, *, layers: Sequence[str] = tuple(LAYERS), progress: Progress = silent
    ) -> list[Path]:
        """Write the rasters of every technology, by operator and together, as GeoTIFF; return the files.

        The list of cells that ``server-*.tif`` numbers is written beside them. One block of the grid is held
        at a time.

        Raises
        ------
        NotFoundError
            ``results_missing``.
        InputError
            ``raster_unknown`` for a layer that there is not.
        """
        return export_coverages(
            self.signal(),
            self.results(),
            folder,
            budgets=self._budgets(),
            layers=layers,
            grid=self.store.grid(),
            progress=progress,
        )

    def area_reliability(self, technology: str, operator: str = ALL_OPERATORS) -> dict[str, Any]:
        """Share of places, shadow fading included, at which the level holds, by commune and province.

        Raises
        ------
        NotFoundError
            ``results_missing``; ``service_unknown`` where nobody like that is on air.
        InputError
            ``results_stale`` where the layers have changed since.
        """
        signal = self.signal()
        services = services_of(signal, technology, operator)
        found = area_reliability(self.store, signal, services, budgets=self._budgets())
        return {"technology": technology, "operator": operator, **found}

    def _budgets(self) -> Budgets:
        return load_budgets(run_dir(self.store), self.results()["method"])

    def what_if(self, wish: MastWish | None = None, *, removed_sites: Sequence[str] = ()) -> dict[str, Any]:
        """Say what a new mast, or sites off air, would change; nothing is stored.

        Parameters
        ----------
        wish : MastWish, optional
            The new mast.
        removed_sites : sequence of str
            Sites that go off air.

        Returns
        -------
        dict
            ``mast`` with what was assumed, ``province`` and ``communes`` with shares before and after,
            ``villages`` whose status changes, ``method``, ``seconds`` the engine took.

        Raises
        ------
        NotFoundError
            ``results_missing``, ``site_unknown``.
        InputError
            ``results_stale``, ``whatif_nothing``, ``mast_outside`` and whatever is wrong with the wish.
        """
        base = Baseline(self.store)
        mast = None if wish is None else new_mast(base.inputs, wish)
        change = Change(added=() if mast is None else mast.cells, removed_sites=tuple(removed_sites))
        return {"mast": None if mast is None else mast.record(), **base.answer(change)}

    def plan_fibre(
        self,
        request: FibreRequest,
        *,
        out: Path | None = None,
        ofds: Path | None = None,
        progress: Progress = silent,
    ) -> dict[str, Any]:
        """Join villages or masts to the fibre network along roads; see `plan_study_fibre`."""
        from phusong.app.fibre_document import plan_study_fibre  # noqa: PLC0415

        return plan_study_fibre(self.store, request, out=out, ofds=ofds, progress=progress)

    def place_towers(
        self,
        request: TowerRequest,
        **options: Any,  # noqa: ANN401 - passed on
    ) -> dict[str, Any]:
        """Choose where to build towers and compute what they give; see `place_study_towers`."""
        from phusong.app.planning.writing import place_study_towers  # noqa: PLC0415

        return place_study_towers(self.store, request, **options)

    def set_target(self, technology: str, *, percent: float, year: int, source: str) -> None:
        """Set the target of a technology: the share, in per cent, that the study's plan asks for.

        Raises
        ------
        InputError
            ``target_range`` for a share outside 0 .. 100; ``technology_unknown``.
        """
        if technology not in (*TECHNOLOGIES, ANY_TECHNOLOGY):
            allowed = ", ".join((*TECHNOLOGIES, ANY_TECHNOLOGY))
            raise InputError("technology_unknown", value=technology, allowed=allowed)
        if not 0 < percent <= 100:
            raise InputError("target_range", value=percent, allowed="0 .. 100")
        with self.store.lock():
            targets = dict(self.store.settings().get("targets") or {})
            targets[technology] = {"percent": percent, "year": year, "source": source}
            self.store.update_settings(targets=targets)
            self.store.journal("target", technology=technology, percent=percent, year=year, source=source)

    def describe(self) -> dict[str, Any]:
        """Tell what the study holds and whether its results are current."""
        store = self.store
        metas = {layer: store.meta(layer) for layer in store.layer_names()}
        return {
            "name": store.name,
            "epsg": store.epsg,
            "grid_m": store.grid_m,
            "state": standing_of(store),
            "run": current_run(store),
            "synthetic_layers": [layer for layer, meta in metas.items() if meta.synthetic],
            "layers": {
                layer: {
                    "rows": meta.rows,
                    "synthetic": meta.synthetic,
                    "source": meta.source,
                    "sha256": meta.content_sha256,
                    "imported_at": meta.imported_at,
                }
                for layer, meta in metas.items()
            },
        }


def open_study(path: Path | str) -> Study:
    """Open a study folder.

    Raises
    ------
    NotFoundError, StudyError
        When the folder is no study or of another format version.
    """
    return Study(FolderStore.open(Path(path)))


def create_study(
    path: Path | str, *, name: str, epsg: int | None = None, grid_m: float | None = None
) -> Study:
    """Make an empty study folder."""
    return Study(FolderStore.create(Path(path), name=name, epsg=epsg, grid_m=grid_m or DEFAULT_GRID_M))
