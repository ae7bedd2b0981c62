"""The method record that is printed with every figure.

Defaults follow ``domain`` practice: outdoor coverage is RSRP >= -110 dBm at 1.5 m with a location
probability of 90 % at 50 % load. No Vietnamese text fixes an RSRP threshold, so each is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from phusong.coverage.errors import InputError
from phusong.coverage.propagation.itm_settings import ItmSettings, check_choice

MODELS = ("p1812", "itm", "tr38901_rma", "tr38901_uma", "tr38901_umi", "free_space", "fixed_radius")
TECHNOLOGIES = ("4G", "5G")
BANDS = ("low", "mid", "high")
TERMINAL_CLUTTERS = ("p2108",)
INDOOR_CLASSES = ("traditional", "thermally_efficient")


@dataclass(frozen=True, slots=True)
class VillageRule:
    """When a settlement counts as served.

    Attributes
    ----------
    served_share : float
        Share of households that must be served for *đủ sóng*.
    cluster_min_households : float
        An unserved cluster of at least this many households makes a village *lõm sóng*.
    technologies : tuple of str
        Any of these technologies, by any operator, counts as a signal.
    """

    served_share: float = 0.95
    cluster_min_households: float = 10.0
    technologies: tuple[str, ...] = TECHNOLOGIES


@dataclass(frozen=True, slots=True)
class Method:
    """Everything a coverage figure depends on besides the layers.

    Attributes
    ----------
    model : str
        ``"p1812"`` (ITU-R P.1812-8), ``"itm"`` (Longley-Rice), ``"tr38901_rma"``, ``"tr38901_uma"``,
        ``"tr38901_umi"`` (3GPP TR 38.901), ``"free_space"`` (ITU-R P.525) or ``"fixed_radius"``.
    models : mapping of str to str
        Models that stand in for `model`, by technology (``4G``, ``5G``) or by band (``low``, ``mid``,
        ``high``, edges as in `max_radius_km`). Where both apply the technology decides: see `model_for`.
    grid_m : float
        Cell size of the study grid.
    receiver_height_m : float
        Height of the terminal above ground.
    time_percentage : float
        Share of the average year for which the loss is not exceeded, per cent (P.1812).
    location_probability : float
        Share of places in a cell at which the level must hold, 0..1.
    location_sigma_db : float or None
        Standard deviation of the location variability; None takes P.1812-8 section 4.8.
    threshold_dbm : mapping of str to float
        Least RSRP (SS-RSRP) by technology.
    min_sinr_db : float or None
        Least SINR at the given load; None switches the interference criterion off.
    load : float
        Load of interfering cells, 0..1.
    noise_figure_db : float
        Noise figure of the terminal.
    max_radius_km : mapping of str to float
        Largest distance computed, by upper frequency edge: ``low`` (< 1 GHz), ``mid`` (< 3 GHz), ``high``.
    delta_n, n0 : float
        Median lapse rate of refractivity (N-units/km) and sea-level refractivity (N-units); the ITU maps
        may not be redistributed, so these are regional defaults for northern and central Viet Nam.
    household_size : float
        People a household where no household count is known; used only as an assumption that is marked.
    village_rule : VillageRule
    itm : ItmSettings
        Climate, ground and shares, where the model is ``"itm"``.
    terminal_clutter : str or None
        ``"p2108"`` adds the statistical clutter loss of ITU-R P.2108 at the terminal where the model meets no
        clutter on its way; see ``propagation.terminal``.
    terminal_clutter_percentage : float
        Share of locations for which that loss is not exceeded, per cent.
    indoor_class : str or None
        ``"traditional"`` or ``"thermally_efficient"``: served means inside such buildings (ITU-R P.2109).
    indoor_percentage : float
        Share of places inside for which the entry loss is not exceeded, per cent.
    """

    id: str = "phusong-outdoor"
    version: str = "1"
    model: str = "p1812"
    grid_m: float = 30.0
    receiver_height_m: float = 1.5
    time_percentage: float = 50.0
    location_probability: float = 0.9
    location_sigma_db: float | None = None
    threshold_dbm: Mapping[str, float] = field(default_factory=lambda: {"4G": -110.0, "5G": -110.0})
    min_sinr_db: float | None = -6.0
    load: float = 0.5
    noise_figure_db: float = 7.0
    max_radius_km: Mapping[str, float] = field(
        default_factory=lambda: {"low": 20.0, "mid": 12.0, "high": 8.0}
    )
    fixed_radius_km: float = 4.0
    delta_n: float = 50.0
    n0: float = 370.0
    household_size: float = 3.9
    village_rule: VillageRule = field(default_factory=VillageRule)
    models: Mapping[str, str] = field(default_factory=dict)
    itm: ItmSettings = field(default_factory=ItmSettings)
    terminal_clutter: str | None = None
    terminal_clutter_percentage: float = 50.0
    indoor_class: str | None = None
    indoor_percentage: float = 50.0

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            _check_range(name, getattr(self, name), low, high)
        if self.model not in MODELS:
            raise InputError("method_model", value=str(self.model), allowed=", ".join(MODELS))
        _check_choices(self)
        _check_parts(self)

    def radius_m(self, frequency_mhz: float) -> float:
        """Largest distance computed for a carrier, in metres."""
        return self.max_radius_km[_band(frequency_mhz)] * 1_000

    def model_for(self, technology: str, frequency_mhz: float) -> str:
        """Return the model of a carrier: that of its technology, else of its band, else `model`.

        Examples
        --------
        >>> method = Method(models={"high": "tr38901_uma", "4G": "itm"})
        >>> method.model_for("5G", 3_500.0), method.model_for("4G", 3_500.0), method.model_for("5G", 700.0)
        ('tr38901_uma', 'itm', 'p1812')
        """
        by_band = self.models.get(_band(frequency_mhz), self.model)
        return self.models.get(technology, by_band)

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values, for JSON."""
        record = asdict(self)
        record["threshold_dbm"] = dict(self.threshold_dbm)
        record["max_radius_km"] = dict(self.max_radius_km)
        record["models"] = dict(self.models)
        record["village_rule"]["technologies"] = list(self.village_rule.technologies)
        return record


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("grid_m", 1.0, 2_000.0),
    ("receiver_height_m", 0.5, 100.0),
    ("time_percentage", 1.0, 50.0),
    ("location_probability", 0.01, 0.99),
    ("load", 0.0, 1.0),
    ("noise_figure_db", 0.0, 30.0),
    ("fixed_radius_km", 0.05, 100.0),
    ("delta_n", -100.0, 156.0),
    ("n0", 100.0, 600.0),
    ("household_size", 1.0, 20.0),
    ("terminal_clutter_percentage", 0.01, 99.99),
    ("indoor_percentage", 0.01, 99.99),
)


def _band(frequency_mhz: float) -> str:
    """Name of the band a carrier lies in: under 1 GHz, under 3 GHz, or above."""
    if frequency_mhz < 1_000:
        return "low"
    return "mid" if frequency_mhz < 3_000 else "high"


def _check_choices(method: Method) -> None:
    for name, kind in (("models", Mapping), ("itm", ItmSettings)):
        value = getattr(method, name)
        if not isinstance(value, kind):
            raise InputError("method_choice", name=name, value=str(value), allowed="{…}")
    for key, model in method.models.items():
        check_choice("models", key, TECHNOLOGIES + BANDS)
        check_choice(f"models.{key}", model, MODELS)
    if method.terminal_clutter is not None:
        check_choice("terminal_clutter", method.terminal_clutter, TERMINAL_CLUTTERS)
    if method.indoor_class is not None:
        check_choice("indoor_class", method.indoor_class, INDOOR_CLASSES)


def _check_parts(method: Method) -> None:
    """Check the numbers that lie inside a field or may be left out."""
    for technology, level_dbm in method.threshold_dbm.items():
        check_choice("threshold_dbm", technology, TECHNOLOGIES)
        _check_range(f"threshold_dbm.{technology}", level_dbm, -200.0, 0.0)
    for band, radius_km in method.max_radius_km.items():
        check_choice("max_radius_km", band, BANDS)
        _check_range(f"max_radius_km.{band}", radius_km, 0.05, 100.0)
    for name, low, high in (("location_sigma_db", 0.0, 30.0), ("min_sinr_db", -30.0, 50.0)):
        if getattr(method, name) is not None:
            _check_range(name, getattr(method, name), low, high)
    rule = method.village_rule
    _check_range("village_rule.served_share", rule.served_share, 0.0, 1.0)
    _check_range("village_rule.cluster_min_households", rule.cluster_min_households, 0.0, 1e6)


def _check_range(name: str, value: object, low: float, high: float) -> None:
    if not (isinstance(value, int | float) and low <= value <= high):  # NaN compares false
        raise InputError("method_range", name=name, value=str(value), allowed=f"{low} .. {high}")


def method_from_dict(record: Mapping[str, Any]) -> Method:
    """Read a method record; unknown names are refused, missing ones take the defaults.

    Raises
    ------
    InputError
        For an unknown name or a value out of range.

    Examples
    --------
    >>> method_from_dict({"load": 0.7}).load
    0.7
    """
    known = {item.name for item in fields(Method)}
    unknown = sorted(set(record) - known)
    if unknown:
        raise InputError("method_unknown", name=", ".join(unknown), allowed=", ".join(sorted(known)))
    values = dict(record)
    if isinstance(values.get("village_rule"), Mapping):
        rule = dict(values["village_rule"])
        if "technologies" in rule:
            rule["technologies"] = tuple(rule["technologies"])
        values["village_rule"] = replace(VillageRule(), **rule)
    if isinstance(values.get("itm"), Mapping):
        values["itm"] = _itm_from_dict(values["itm"])
    for name in ("threshold_dbm", "max_radius_km"):
        if name in values:
            values[name] = {**getattr(Method(), name), **values[name]}
    return Method(**values)


def _itm_from_dict(record: Mapping[str, Any]) -> ItmSettings:
    known = [item.name for item in fields(ItmSettings)]
    unknown = sorted(set(record) - set(known))
    if unknown:
        told = ", ".join(f"itm.{name}" for name in unknown)
        raise InputError("method_unknown", name=told, allowed=", ".join(sorted(known)))
    return ItmSettings(**record)
