"""What could be built at each place: means, heights and bands, as cells of the engine."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyproj

from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.signalmap import SignalMap
from phusong.app.newmast import MastWish, new_mast
from phusong.app.planning.candidates import Places
from phusong.app.planning.demand import Demand
from phusong.app.planning.settings import TowerRequest
from phusong.coverage.radio.bands import BANDS, Band, band_of
from phusong.coverage.radio.cell import Cell
from phusong.coverage.radio.stations import cell_defaults

DEFAULT_TECHNOLOGY = "4G"
DEFAULT_BANDS = {"4G": ("700", "1800"), "5G": ("700", "2600")}
"""Built in where the operator sends in no band of the technology yet."""
MOST_BANDS = 2
SECTOR_APART_DEG = 40.0
"""A new sector looks at least so far aside of those that the carrier has."""
LOWEST_M = 8.0


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that could be built.

    Attributes
    ----------
    place : int
    means : str
        Of `MEANS`.
    height_m : float
        Of the antennas above ground.
    band : str
    cells : tuple of Cell
        All of one carrier and one height.
    """

    place: int
    means: str
    height_m: float
    band: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Builder:
    """Who builds what.

    Attributes
    ----------
    operator, technology : str
    bands : tuple of str
    """

    operator: str
    technology: str
    bands: tuple[str, ...]


def builder_of(inputs: ComputeInputs, request: TowerRequest) -> Builder:
    """Fill in what the request leaves open.

    Raises
    ------
    InputError
        ``operator_unknown``, ``operator_needed``, ``band_unknown`` as `newmast.new_mast`.
    """
    technology = request.technology or DEFAULT_TECHNOLOGY
    bands = request.bands
    operator = _template(inputs, request.operator, technology, "1800", 30.0).cells_operator
    if bands is None:
        sent = Counter(
            band.name
            for cell in inputs.cells
            if (cell.operator, cell.technology) == (operator, technology)
            and (band := band_of(cell.frequency_mhz)) is not None
        )
        usual = [name for name, _ in sent.most_common(MOST_BANDS)]
        bands = tuple(sorted(usual, key=_order)) or DEFAULT_BANDS[technology]
    for band_name in bands:
        _template(inputs, operator, technology, band_name, 30.0)
    return Builder(operator, technology, tuple(dict.fromkeys(bands)))


def _order(name: str) -> float:
    return next((band.downlink_low_mhz for band in BANDS if band.name == name), math.inf)


@dataclass(frozen=True, slots=True)
class _Template:
    """Cells of a new mast somewhere, to be moved."""

    cells: tuple[Cell, ...]

    @property
    def cells_operator(self) -> str:
        return self.cells[0].operator

    def moved(
        self, x_m: float, y_m: float, *, towards_deg: float, height_m: float | None = None
    ) -> tuple[Cell, ...]:
        """Return the cells at another place; the first sector looks one way, the others keep their angles."""
        lead = self.cells[0].azimuth_deg or 0.0
        return tuple(
            replace(
                cell,
                x_m=x_m,
                y_m=y_m,
                antenna_height_m=cell.antenna_height_m if height_m is None else height_m,
                azimuth_deg=None
                if cell.azimuth_deg is None
                else (cell.azimuth_deg - lead + towards_deg) % 360.0,
            )
            for cell in self.cells
        )


def _template(
    inputs: ComputeInputs, operator: str | None, technology: str, band: str, height_m: float
) -> _Template:
    left, bottom, right, top = inputs.grid.bounds
    to_degrees = pyproj.Transformer.from_crs(inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = to_degrees.transform((left + right) / 2.0, (bottom + top) / 2.0)
    wish = MastWish(
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        height_m=height_m,
        band=band,
        operator=operator,
        technology=technology,
    )
    return _Template(new_mast(inputs, wish).cells)


def build_options(
    inputs: ComputeInputs,
    places: Places,
    demand: Demand,
    *,
    builder: Builder,
    request: TowerRequest,
    signal: SignalMap,
) -> list[Option]:
    """List what could be built at every place, place by place.

    Raises
    ------
    InputError
        ``cell_range`` for a height no cell may have.
    """
    maker = _Maker(inputs, places, demand, builder=builder, request=request, signal=signal)
    return [option for place in range(places.x_m.size) for option in maker.at(place)]


class _Maker:
    """Makes options from templates."""

    def __init__(
        self,
        inputs: ComputeInputs,
        places: Places,
        demand: Demand,
        *,
        builder: Builder,
        request: TowerRequest,
        signal: SignalMap,
    ) -> None:
        self._inputs, self._places, self._demand = inputs, places, demand
        self._builder, self._request, self._signal = builder, request, signal
        self._templates = {
            (band, height_m): _template(inputs, builder.operator, builder.technology, band, height_m)
            for band in builder.bands
            for height_m in request.heights_m
        }
        self._on_site: dict[str, list[Cell]] = {}
        for cell in inputs.cells:
            self._on_site.setdefault(cell.site_id, []).append(cell)
        self._tops = _mast_tops(inputs)

    def at(self, place: int) -> Iterator[Option]:
        """Options at a place."""
        means = self._request.means
        if self._places.source[place] == "site":
            own = [cell for cell in self._cells(place) if cell.operator == self._builder.operator]
            if own:
                if "carrier" in means:
                    yield from self._carriers(place, own)
                if "sector" in means:
                    yield from self._sectors(place, own)
            elif "colocation" in means:
                yield from self._colocations(place)
            return
        if "mast" in means:
            for (band, height_m), template in self._templates.items():
                yield Option(place, "mast", height_m, band, self._moved(template, place))
        if "repeater" in means:
            yield from self._repeaters(place)

    def _cells(self, place: int) -> list[Cell]:
        return self._on_site[str(self._places.name[place])]

    def _moved(self, template: _Template, place: int, height_m: float | None = None) -> tuple[Cell, ...]:
        x_m, y_m = float(self._places.x_m[place]), float(self._places.y_m[place])
        return template.moved(x_m, y_m, towards_deg=self._towards_deg(place), height_m=height_m)

    def _towards_deg(self, place: int) -> float:
        """Bearing of the nearest unserved demand, to ten degrees: the first sector looks there."""
        east_m = self._demand.x_m - self._places.x_m[place]
        north_m = self._demand.y_m - self._places.y_m[place]
        nearest = int(np.argmin(east_m**2 + north_m**2))
        bearing_deg = math.degrees(math.atan2(east_m[nearest], north_m[nearest]))
        return round(bearing_deg / 10.0) * 10.0 % 360.0

    def _colocations(self, place: int) -> Iterator[Option]:
        top_m = self._tops.get(str(self._places.name[place])) or max(
            cell.antenna_height_m for cell in self._cells(place)
        )
        height_m = max(top_m - self._request.candidates.below_top_m, LOWEST_M)
        for band in self._builder.bands:
            template = self._templates[band, self._request.heights_m[0]]
            yield Option(place, "colocation", height_m, band, self._moved(template, place, height_m))

    def _carriers(self, place: int, own: Sequence[Cell]) -> Iterator[Option]:
        sent = {_band(cell) for cell in own if cell.technology == self._builder.technology}
        height_m = max(cell.antenna_height_m for cell in own)
        azimuths_deg = _azimuths(own)
        for band in self._builder.bands:
            template = self._templates[band, self._request.heights_m[0]]
            if _band(template.cells[0]) in sent:
                continue
            cells = self._moved(template, place, height_m)
            if azimuths_deg:
                lead = replace(cells[0], azimuth_deg=azimuths_deg[0])
                cells = tuple(
                    replace(lead, cell_id=f"{lead.cell_id}-{k}", azimuth_deg=azimuth_deg)
                    for k, azimuth_deg in enumerate(azimuths_deg)
                )
            yield Option(place, "carrier", height_m, band, cells)

    def _sectors(self, place: int, own: Sequence[Cell]) -> Iterator[Option]:
        towards_deg = self._towards_deg(place)
        by_carrier: dict[float, list[Cell]] = {}
        for cell in own:
            if cell.technology == self._builder.technology and cell.azimuth_deg is not None:
                by_carrier.setdefault(cell.frequency_mhz, []).append(cell)
        for frequency_mhz, cells in sorted(by_carrier.items()):
            aside = [abs((cell.azimuth_deg or 0.0) - towards_deg + 180.0) % 360.0 - 180.0 for cell in cells]
            if min(map(abs, aside)) < SECTOR_APART_DEG:
                continue
            sector = replace(cells[0], cell_id="new", azimuth_deg=towards_deg)
            band = _band(sector) or f"{frequency_mhz:g}"
            yield Option(place, "sector", sector.antenna_height_m, band, (sector,))

    def _repeaters(self, place: int) -> Iterator[Option]:
        settings = self._request.candidates
        if self._places.to_demand_m[place] > settings.repeater_reach_m:
            return
        x_m, y_m = float(self._places.x_m[place]), float(self._places.y_m[place])
        row, col = self._inputs.grid.row_col(x_m, y_m)
        found = self._signal.point((self._builder.operator, self._builder.technology), row, col)
        if found.rsrp_dbm is None or found.carrier is None or found.rsrp_dbm < settings.donor_dbm:
            return
        donor = self._inputs.cells[found.cell_index or 0]
        usual = cell_defaults(donor.technology, frequency_mhz=donor.frequency_mhz, kind="repeater")
        cell = replace(
            donor,
            cell_id="new",
            site_id="new",
            x_m=x_m,
            y_m=y_m,
            antenna_height_m=usual.antenna_height_m,
            azimuth_deg=self._towards_deg(place),
            downtilt_deg=usual.downtilt_deg,
            power_dbm=usual.power_dbm,
            antenna_gain_dbi=usual.antenna_gain_dbi,
            horizontal_beamwidth_deg=usual.horizontal_beamwidth_deg,
            vertical_beamwidth_deg=usual.vertical_beamwidth_deg,
            antenna=None,
            pattern=None,
            mechanical_tilt_deg=0.0,
            mimo_layers=usual.mimo_layers,
        )
        band = _band(cell) or f"{cell.frequency_mhz:g}"
        yield Option(place, "repeater", usual.antenna_height_m, band, (cell,))


def _band(cell: Cell) -> str | None:
    found: Band | None = band_of(cell.frequency_mhz)
    return None if found is None else found.name


def _azimuths(own: Sequence[Cell]) -> list[float]:
    """Directions of the carrier with most sectors; empty for omni antennas."""
    by_carrier: dict[float, list[float]] = {}
    for cell in own:
        if cell.azimuth_deg is not None:
            by_carrier.setdefault(cell.frequency_mhz, []).append(cell.azimuth_deg)
    return max(by_carrier.values(), key=len, default=[])


def _mast_tops(inputs: ComputeInputs) -> dict[str, float]:
    """Heights of masts that the site list tells."""
    sites = inputs.store.table("sites")
    if "mast_height_m" not in sites:
        return {}
    known = sites[sites["mast_height_m"].notna()]
    return dict(zip(known["site_id"].astype(str), known["mast_height_m"].astype(float), strict=True))
