"""The columns of every layer: names, kinds, ranges, and what may stand in them.

Tables are in longitude and latitude (EPSG:4326); `phusong.coverage.tables` holds a table against these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.cell import CELL_RANGES, MIMO_LAYERS
from phusong.coverage.radio.stations import STATION_KINDS

MAX_TEXT = 4_000
SITE_STATUSES = ("on_air", "planned", "building", "off_air")
AREA_CLASSES = ("I", "II", "III")
LINE_KINDS = ("road", "rail", "waterway")
TOTAL_TILT_RANGE_DEG = tuple(
    sum(CELL_RANGES[name][end] for name in ("downtilt_deg", "mechanical_tilt_deg")) for end in (0, 1)
)
_POINT = ("Point",)
_LINE = ("LineString", "MultiLineString")
_AREA = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What may stand in a column.

    Attributes
    ----------
    name : str
    kind : {"text", "number", "count", "flag"}
        A count is a number stored as an integer where it can be.
    is_required : bool
        The column must be there and filled in every row; otherwise it may be absent or empty.
    is_unique : bool
    low, high : float or None
        Least and greatest number allowed.
    allowed : tuple of str or of int
        The only texts or numbers allowed; any when empty.
    """

    name: str
    kind: str = "text"
    is_required: bool = False
    is_unique: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] | tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRule:
    """The contract of a layer.

    Attributes
    ----------
    layer : str
    columns : tuple of ColumnRule
        In the order they are stored.
    geometries : tuple of str
        Types of geometry allowed.
    """

    layer: str
    columns: tuple[ColumnRule, ...]
    geometries: tuple[str, ...]

    def column(self, name: str) -> ColumnRule | None:
        """Return the rule of a column; None where the contract says nothing."""
        return next((rule for rule in self.columns if rule.name == name), None)


def _key(name: str) -> ColumnRule:
    return ColumnRule(name, is_required=True, is_unique=True)


def _count(name: str, high: float) -> ColumnRule:
    return ColumnRule(name, "count", low=0.0, high=high)


def _number(name: str, low: float, high: float, *, is_required: bool = False) -> ColumnRule:
    return ColumnRule(name, "number", is_required=is_required, low=low, high=high)


def _cell_number(name: str, *, is_required: bool = True) -> ColumnRule:
    low, high = CELL_RANGES[name]
    return _number(name, low, high, is_required=is_required)


_TEXT = ColumnRule
_COMMUNES = (
    _key("commune_code"),
    _TEXT("name", is_required=True),
    _TEXT("kind"),
    _number("area_official_km2", 0.0, 1e6),
    _count("population", 1e8),
    _count("households", 1e8),
    _TEXT("seat"),
    _TEXT("former_units"),
)
_SITES = (
    _key("site_id"),
    _TEXT("name"),
    _number("mast_height_m", 0.0, 700.0),
    _TEXT("owner"),
    ColumnRule("station_kind", allowed=STATION_KINDS),
    ColumnRule("status", allowed=SITE_STATUSES),
    ColumnRule("has_fibre", "flag"),
    _TEXT("operator"),
    _TEXT("technologies"),
    _cell_number("antenna_height_m", is_required=False),
    _cell_number("frequency_mhz", is_required=False),
    _TEXT("azimuths_deg"),
    _cell_number("power_dbm", is_required=False),
)
_CELLS = (
    _key("cell_id"),
    _TEXT("site_id", is_required=True),
    _TEXT("operator", is_required=True),
    ColumnRule("technology", is_required=True, allowed=TECHNOLOGIES),
    _cell_number("frequency_mhz"),
    _number("bandwidth_mhz", 1.4, 400.0, is_required=True),
    _cell_number("antenna_height_m"),
    _cell_number("azimuth_deg", is_required=False),
    _cell_number("downtilt_deg"),
    _cell_number("power_dbm"),
    _cell_number("antenna_gain_dbi"),
    _cell_number("horizontal_beamwidth_deg"),
    _cell_number("vertical_beamwidth_deg"),
    _TEXT("antenna"),
    _cell_number("mechanical_tilt_deg", is_required=False),
    # What a list may give in the place of the electrical tilt: both tilts together.
    _number("total_tilt_deg", *TOTAL_TILT_RANGE_DEG),
    ColumnRule("mimo_layers", "count", allowed=MIMO_LAYERS),
    ColumnRule("is_on_air", "flag", is_required=True),
    _TEXT("assumed"),
)
_VILLAGES = (
    _key("village_id"),
    _TEXT("name", is_required=True),
    _TEXT("commune_code", is_required=True),
    _number("households", 0.0, 1e6),
    _number("population", 0.0, 1e7),
    ColumnRule("area_class", allowed=AREA_CLASSES),
    ColumnRule("is_especially_difficult", "flag"),
    ColumnRule("is_electrified", "flag"),
)
_PLACES = (_key("place_id"), _TEXT("name"), _TEXT("kind", is_required=True), _TEXT("commune_code"))
_LINES = (
    _key("line_id"),
    ColumnRule("kind", is_required=True, allowed=LINE_KINDS),
    _TEXT("name"),
    _TEXT("class"),
)
_ROADS = (_key("road_id"), _TEXT("name"), _TEXT("class"))
_FIBRE_ROUTES = (_key("route_id"), _TEXT("name"), _TEXT("operator"), _TEXT("kind"))
_FIBRE_NODES = (
    _key("node_id"),
    _TEXT("name"),
    _TEXT("operator"),
    _TEXT("kind"),
    _number("capacity", 0.0, 1e9),
)

TABLES: Mapping[str, TableRule] = MappingProxyType(
    {
        rule.layer: rule
        for rule in (
            TableRule("communes", _COMMUNES, _AREA),
            TableRule("sites", _SITES, _POINT),
            TableRule("cells", _CELLS, _POINT),
            TableRule("villages", _VILLAGES, _POINT),
            TableRule("places", _PLACES, _POINT + _AREA),
            TableRule("lines", _LINES, _LINE),
            TableRule("roads", _ROADS, _LINE),
            TableRule("fibre_routes", _FIBRE_ROUTES, _LINE),
            TableRule("fibre_nodes", _FIBRE_NODES, _POINT),
        )
    }
)
"""Contract of each table layer."""


def table_rule(layer: str) -> TableRule:
    """Return the contract of a layer.

    Raises
    ------
    InputError
        ``layer_unknown``.
    """
    rule = TABLES.get(layer)
    if rule is None:
        raise InputError("layer_unknown", value=layer, allowed=", ".join(TABLES))
    return rule
