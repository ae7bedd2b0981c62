"""A scenario: what somebody would build, take away and change, and the data it was thought up on.

A scenario comes from a browser, a file or an optimiser, so every member is checked: what is not known is
refused, and the refusal names the member, the value and what is allowed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import orjson

from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.cell import CELL_RANGES
from phusong.geodata.checked_json import (
    Members,
    checked_number,
    checked_text,
    is_shallow,
    is_visible,
    refusal,
    shown,
)

FORMAT_VERSION = 1
LARGEST_DOCUMENT_BYTES = 8_000_000
MAX_ADDITIONS, MAX_NAMED, MAX_AZIMUTHS = 5_000, 20_000, 12
MAX_NAME, MAX_ID, MAX_NOTE = 80, 80, 8_000
MAX_DEPTH = 16
MAX_COST_MVND = 1e9
EDITABLE = ("antenna_height_m", "azimuth_deg", "downtilt_deg", "mechanical_tilt_deg", "power_dbm")
"""Values of a standing cell that a scenario may change."""


@dataclass(frozen=True, slots=True)
class Addition:
    """One carrier of a mast that does not stand yet, or of one that does.

    Attributes
    ----------
    site_id : str
        Mast it belongs to; several carriers may share one.
    lon_deg, lat_deg : float
        WGS 84.
    height_m : float
        Antenna above ground.
    band : str
        Name or 3GPP number of a band, or a frequency in MHz.
    azimuths_deg : tuple of float or None
        Sectors; empty for an omni antenna, None for the usual ones.
    power_dbm, downtilt_deg : float or None
    operator, technology : str or None
    cost_mvnd : float or None
        Cost in million Vietnamese đồng; None where nobody has said.
    source : str
        Where the place came from: ``hand``, ``existing``, ``hilltop`` …
    """

    site_id: str
    lon_deg: float
    lat_deg: float
    height_m: float
    band: str
    azimuths_deg: tuple[float, ...] | None = None
    power_dbm: float | None = None
    downtilt_deg: float | None = None
    operator: str | None = None
    technology: str | None = None
    cost_mvnd: float | None = None
    source: str = "hand"


@dataclass(frozen=True, slots=True)
class Edit:
    """A standing cell that is changed.

    Attributes
    ----------
    cell_id : str
    changes : mapping of str to float
        New values of columns in `EDITABLE`.
    cost_mvnd : float or None
    """

    cell_id: str
    changes: Mapping[str, float]
    cost_mvnd: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """What somebody would build, take away and change.

    Attributes
    ----------
    name : str
        As people gave it, NFC, without spaces at its ends.
    additions : tuple of Addition
    removed_sites, removed_cells : tuple of str
        What goes off air.
    edits : tuple of Edit
    note : str
    run : str or None
        Results it was made against.
    layers : mapping of str to str
        SHA-256 of the study's layers it was made against.
    plan : mapping or None
        What an optimiser said of it: value, bound, gap, curve …
    """

    name: str
    additions: tuple[Addition, ...] = ()
    removed_sites: tuple[str, ...] = ()
    removed_cells: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    note: str = ""
    run: str | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    plan: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the scenario as plain values; `scenario_from_dict` reads them back."""
        return {
            "format": FORMAT_VERSION,
            "name": self.name,
            "note": self.note,
            "additions": [asdict(one) for one in self.additions],
            "removed_sites": list(self.removed_sites),
            "removed_cells": list(self.removed_cells),
            "edits": [{**asdict(one), "changes": dict(one.changes)} for one in self.edits],
            "run": self.run,
            "layers": dict(self.layers),
            "plan": None if self.plan is None else dict(self.plan),
        }

    @property
    def is_empty(self) -> bool:
        """True where nothing is different from what stands."""
        return not (self.additions or self.removed_sites or self.removed_cells or self.edits)


def checked_name(text: object) -> str:
    """Return a name as it is kept.

    Raises
    ------
    InputError
        ``scenario_name``: no text, empty, longer than 80 letters, or with letters nobody can see.

    Examples
    --------
    >>> checked_name("  Phương án A ")
    'Phương án A'
    """
    allowed = f"1 .. {MAX_NAME}"
    if not isinstance(text, str):
        raise InputError("scenario_name", value=type(text).__name__, allowed=allowed)
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= MAX_NAME or not is_visible(name):
        raise InputError("scenario_name", value=shown(text), allowed=allowed)
    return name


def scenario_from_json(text: bytes) -> Scenario:
    """Read a scenario from JSON.

    Raises
    ------
    InputError
        ``scenario_json`` for what is no JSON, ``scenario_large``; see `scenario_from_dict`.
    """
    if len(text) > LARGEST_DOCUMENT_BYTES:
        raise InputError("scenario_large", allowed=LARGEST_DOCUMENT_BYTES)
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError("scenario_json", row=error.lineno, column=error.colno) from error
    return scenario_from_dict(record)


def scenario_from_dict(record: object) -> Scenario:
    """Check plain values and return the scenario they describe.

    Raises
    ------
    InputError
        ``json_member`` names the member, its value and what is allowed; ``scenario_name``;
        ``scenario_version``; ``scenario_clash`` where the same thing is named twice.
    """
    members = Members("", record, allowed=_SCENARIO_MEMBERS)
    version = members.get("format", FORMAT_VERSION)
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise InputError("scenario_version", found=shown(version), allowed=FORMAT_VERSION)
    scenario = Scenario(
        name=checked_name(members.get("name")),
        additions=members.items("additions", _addition, most=MAX_ADDITIONS),
        removed_sites=members.items("removed_sites", _id, most=MAX_NAMED),
        removed_cells=members.items("removed_cells", _id, most=MAX_NAMED),
        edits=members.items("edits", _edit, most=MAX_NAMED),
        note=members.text("note", most=MAX_NOTE, default="") or "",
        run=members.text("run", most=MAX_ID),
        layers=_layers(members.get("layers", {})),
        plan=_plan(members.get("plan")),
    )
    _refuse_clashes(scenario)
    return scenario


_SCENARIO_MEMBERS = frozenset(Scenario.__dataclass_fields__) | {"format", "version", "saved_at"}
_ADDITION_MEMBERS = frozenset(Addition.__dataclass_fields__)
_ADDITION_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "lon_deg": (-180.0, 180.0),
        "lat_deg": (-90.0, 90.0),
        "height_m": CELL_RANGES["antenna_height_m"],
        "azimuth_deg": CELL_RANGES["azimuth_deg"],
        "power_dbm": CELL_RANGES["power_dbm"],
        "downtilt_deg": CELL_RANGES["downtilt_deg"],
        "cost_mvnd": (0.0, MAX_COST_MVND),
    }
)


def _addition(where: str, record: object) -> Addition:
    members = Members(where, record, allowed=_ADDITION_MEMBERS)
    technology = members.text("technology", most=8)
    if technology is not None and technology not in TECHNOLOGIES:
        raise refusal(f"{where}.technology", technology, ", ".join(TECHNOLOGIES))
    azimuths = (
        None
        if members.get("azimuths_deg") is None
        else members.items("azimuths_deg", _azimuth, most=MAX_AZIMUTHS)
    )
    return Addition(
        site_id=members.needed_text("site_id", most=MAX_ID),
        lon_deg=members.needed_number("lon_deg", _ADDITION_RANGES["lon_deg"]),
        lat_deg=members.needed_number("lat_deg", _ADDITION_RANGES["lat_deg"]),
        height_m=members.needed_number("height_m", _ADDITION_RANGES["height_m"]),
        band=members.needed_text("band", most=20),
        azimuths_deg=azimuths,
        power_dbm=members.number("power_dbm", _ADDITION_RANGES["power_dbm"]),
        downtilt_deg=members.number("downtilt_deg", _ADDITION_RANGES["downtilt_deg"]),
        operator=members.text("operator", most=MAX_ID),
        technology=technology,
        cost_mvnd=members.number("cost_mvnd", _ADDITION_RANGES["cost_mvnd"]),
        source=members.text("source", most=MAX_ID) or "hand",
    )


def _azimuth(where: str, value: object) -> float:
    return checked_number(where, value, _ADDITION_RANGES["azimuth_deg"])


def _id(where: str, value: object) -> str:
    return checked_text(where, value, most=MAX_ID, least=1)


def _edit(where: str, record: object) -> Edit:
    members = Members(where, record, allowed=frozenset({"cell_id", "changes", "cost_mvnd"}))
    changes = Members(f"{where}.changes", members.get("changes"), allowed=frozenset(EDITABLE))
    if not changes.record:
        raise refusal(f"{where}.changes", "{}", ", ".join(EDITABLE))
    return Edit(
        cell_id=members.needed_text("cell_id", most=MAX_ID),
        changes={
            name: checked_number(f"{where}.changes.{name}", value, CELL_RANGES[name])
            for name, value in sorted(changes.record.items())
        },
        cost_mvnd=members.number("cost_mvnd", _ADDITION_RANGES["cost_mvnd"]),
    )


def _layers(record: object) -> dict[str, str]:
    if not isinstance(record, Mapping) or len(record) > MAX_NAMED:
        raise refusal("layers", record, "{…}")
    return {
        _id("layers", name): checked_text(f"layers.{name}"[:120], digest, most=128)
        for name, digest in record.items()
    }


def _plan(record: object) -> Mapping[str, Any] | None:
    if record is None:
        return None
    if not isinstance(record, Mapping) or not is_shallow(record, MAX_DEPTH):
        raise refusal("plan", record, f"{{…}}, <= {MAX_DEPTH}")
    try:
        plan: Mapping[str, Any] = orjson.loads(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY))
    except (TypeError, orjson.JSONEncodeError) as error:
        raise refusal("plan", str(error), "JSON") from error
    return plan


def _refuse_clashes(scenario: Scenario) -> None:
    """Refuse a cell that is both changed and taken away, and anything named twice."""
    named = {
        "removed_sites": scenario.removed_sites,
        "removed_cells": scenario.removed_cells,
        "edits": tuple(one.cell_id for one in scenario.edits),
        "additions": tuple(_carrier_name(one) for one in scenario.additions),
    }
    for member, ids in named.items():
        if len(set(ids)) != len(ids):
            twice = next(one for one in ids if ids.count(one) > 1)
            raise InputError("scenario_clash", member=member, value=twice[:120])
    both = sorted(set(named["edits"]) & set(scenario.removed_cells))
    if both:
        raise InputError("scenario_clash", member="edits, removed_cells", value=both[0])


def _carrier_name(one: Addition) -> str:
    return f"{one.site_id} {one.operator or ''} {one.technology or ''} {one.band}"
