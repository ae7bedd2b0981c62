"""Why each village has its status, and which sites are nearest: paths computed one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyproj

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.levels import Level, Question, strongest_levels
from phusong.app.compute.links import Link, explain_links
from phusong.app.compute.progress import Progress
from phusong.app.compute.remembered import Answer, remember, remembered
from phusong.app.compute.served import required_dbm
from phusong.app.compute.signalmap import SignalMap
from phusong.app.compute.stacks import carrier_of
from phusong.coverage.nearest import Points, nearest_sites
from phusong.coverage.radio.cell import Cell
from phusong.coverage.reasons import PathEvidence, reason

Candidates = list[tuple[dict[str, Any], Link | None]]
"""Nearest site of each operator (a row of `nearest_sites`) with its strongest link."""


@dataclass(frozen=True, slots=True)
class _Masts:
    """Cells on air, by operator and place.

    Attributes
    ----------
    points : Points
        One entry for each operator on a mast.
    operators : tuple of str
    members : tuple of tuple of Cell
    marks : tuple of str
        Hash of each entry's members.
    """

    points: Points
    operators: tuple[str, ...]
    members: tuple[tuple[Cell, ...], ...]
    marks: tuple[str, ...]


def explain_villages(
    inputs: ComputeInputs,
    points: Points,
    *,
    centre_cell: npt.NDArray[np.signedinteger[Any]],
    statuses: Sequence[str],
    signal: SignalMap,
    progress: Progress,
) -> tuple[list[str | None], list[str]]:
    """Say for each village why it has its status and which sites are nearest.

    What was said before of the same village, the same masts and the same terrain is not worked out again.

    Parameters
    ----------
    points : Points
        Village centres.
    centre_cell : ndarray of int, shape (villages,)
        Flat index of the cell of the centre, -1 off the grid.
    statuses : sequence of str
    signal : SignalMap

    Returns
    -------
    reasons, nearest : list of str
        JSON text; a reason is None for a served village.
    """
    masts = _masts(inputs)
    found = nearest_sites(points, masts.points, operators=masts.operators)
    rows: dict[int, list[dict[str, Any]]] = {}
    for record in found.to_dict("records"):
        rows.setdefault(int(record["village"]), []).append(record)
    basis = _basis(inputs)
    told = remembered(inputs.store, basis)
    cases: dict[str, _Case] = {}
    order = []
    for village, status in enumerate(statuses):
        place = _Place(float(points.x_m[village]), float(points.y_m[village]), int(centre_cell[village]))
        case = _Case(place, status, rows.get(village, []), _best(inputs, signal, place, status))
        order.append(case.digest(masts))
        cases[order[-1]] = case
    answers = {key: told[key] for key in cases if key in told}
    answers |= _told(inputs, masts, {key: case for key, case in cases.items() if key not in told}, progress)
    if answers.keys() != told.keys():
        remember(inputs.store, basis, answers)
    return [answers[key][0] for key in order], [answers[key][1] for key in order]


def _told(
    inputs: ComputeInputs, masts: _Masts, cases: Mapping[str, _Case], progress: Progress
) -> dict[str, Answer]:
    """Explain cases, by key: those without signal one by one, of the others the nearest sites together."""
    dark = {key: case for key, case in cases.items() if case.status == "white"}
    others = {key: case for key, case in cases.items() if case.status != "white"}
    progress("villages", 0, len(cases))
    answers = dict(zip(others, _briefly(inputs, masts, list(others.values())), strict=True))
    for done, (key, case) in enumerate(dark.items(), start=len(others)):
        progress("villages", done, len(cases))
        answers[key] = _explain(inputs, masts, case)
    progress("villages", len(cases), len(cases))
    return answers


def _briefly(inputs: ComputeInputs, masts: _Masts, cases: Sequence[_Case]) -> list[Answer]:
    """Tell the nearest sites of cases whose reason needs no path."""
    questions = [
        Question(case.place.x_m, case.place.y_m, masts.members[int(row["site"])])
        for case in cases
        if case.place.cell >= 0
        for row in case.rows
    ]
    found = iter(strongest_levels(inputs, questions))
    answers = []
    for case in cases:
        is_placed = case.place.cell >= 0
        levels = [(row, next(found) if is_placed else None) for row in case.rows]
        told = reason(case.status, None, min_sinr_db=inputs.method.min_sinr_db)
        answers.append((None if told is None else _text(told.as_dict()), _nearest(levels, masts.points)))
    return answers


def _nearest(levels: Sequence[tuple[Mapping[str, Any], Level | Link | None]], sites: Points) -> str:
    return orjson.dumps([_described(row, level, sites) for row, level in levels]).decode()


class PlaceExplainer:
    """Says why a place has no signal, as it is said of villages.

    Parameters
    ----------
    inputs : ComputeInputs
    signal : SignalMap
        Of the run.
    """

    def __init__(self, inputs: ComputeInputs, signal: SignalMap) -> None:
        self._inputs, self._signal = inputs, signal
        self._masts = _masts(inputs)

    def explain(self, *, x_m: float, y_m: float, cell: int, is_served: bool) -> dict[str, Any]:
        """Return ``reason`` (None where served) and the ``nearest`` site of each operator.

        Parameters
        ----------
        x_m, y_m : float
            In the study CRS.
        cell : int
            Flat index of the cell of the grid, -1 off the grid.
        is_served : bool
        """
        to_degrees = pyproj.Transformer.from_crs(self._inputs.grid.epsg, 4326, always_xy=True)
        lon_deg, lat_deg = to_degrees.transform([x_m], [y_m])
        here = Points(
            x_m=np.array([x_m]), y_m=np.array([y_m]), lon_deg=np.array(lon_deg), lat_deg=np.array(lat_deg)
        )
        found = nearest_sites(here, self._masts.points, operators=self._masts.operators)
        place, status = _Place(x_m, y_m, cell), "served" if is_served else "white"
        best = _best(self._inputs, self._signal, place, status)
        told, nearest = _explain(
            self._inputs, self._masts, _Case(place, status, found.to_dict("records"), best)
        )
        return {"reason": None if told is None else orjson.loads(told), "nearest": orjson.loads(nearest)}


def _basis(inputs: ComputeInputs) -> str:
    hashes = {layer: inputs.layer_hashes.get(layer) for layer in ("terrain", "clutter")}
    return fingerprint(
        {"engine": engine_version(), "method": inputs.method.as_dict(), "layers": hashes, "form": 1}
    )


@dataclass(frozen=True, slots=True)
class _Best:
    """Strongest server at a village and its SINR."""

    cell: Cell
    sinr_db: float | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A village whose status is to be explained, with the nearest masts of each operator."""

    place: _Place
    status: str
    rows: list[dict[str, Any]]
    best: _Best | None

    def digest(self, masts: _Masts) -> str:
        """Hash of all that the explanation depends on, besides method and terrain."""
        marks = [masts.marks[int(row["site"])] for row in self.rows]
        best = (
            None if self.best is None else [self.best.cell.cell_id, asdict(self.best.cell), self.best.sinr_db]
        )
        return fingerprint([self.place.x_m, self.place.y_m, self.place.cell, self.status, marks, best])[:32]


def _explain(inputs: ComputeInputs, masts: _Masts, case: _Case) -> Answer:
    links = _candidates(inputs, masts, case.place, case.rows)
    evidence = _evidence(inputs, case.place, links, case.best) if case.status == "white" else None
    told = reason(case.status, evidence, min_sinr_db=inputs.method.min_sinr_db)
    return None if told is None else _text(told.as_dict()), _nearest(links, masts.points)


def _best(inputs: ComputeInputs, signal: SignalMap, place: _Place, status: str) -> _Best | None:
    """Strongest server of the services that the village rule counts, where it matters."""
    if place.cell < 0 or status != "white":
        return None
    row, col = divmod(place.cell, inputs.grid.width)
    counted = inputs.method.village_rule.technologies
    found = [signal.point(service, row, col) for service in signal.services if service[1] in counted]
    known = [one for one in found if one.rsrp_dbm is not None]
    strongest = max(known, key=lambda one: one.rsrp_dbm or 0.0, default=None)
    if strongest is None or strongest.cell_index is None:
        return None
    return _Best(inputs.cells[strongest.cell_index], strongest.sinr_db)


@dataclass(frozen=True, slots=True)
class _Place:
    """Centre of a village: study CRS and flat cell index (-1 off the grid)."""

    x_m: float
    y_m: float
    cell: int


def _masts(inputs: ComputeInputs) -> _Masts:
    places: dict[tuple[float, float, str], list[Cell]] = {}
    for cell in inputs.cells:
        places.setdefault((cell.x_m, cell.y_m, cell.operator), []).append(cell)
    x_m = np.array([x for x, _, _ in places], dtype=np.float64)
    y_m = np.array([y for _, y, _ in places], dtype=np.float64)
    back = pyproj.Transformer.from_crs(inputs.grid.epsg, 4326, always_xy=True)
    lon_deg, lat_deg = back.transform(x_m, y_m)
    return _Masts(
        Points(x_m=x_m, y_m=y_m, lon_deg=np.asarray(lon_deg), lat_deg=np.asarray(lat_deg)),
        tuple(operator for _, _, operator in places),
        tuple(tuple(cells) for cells in places.values()),
        tuple(fingerprint(cells)[:32] for cells in places.values()),
    )


def _candidates(
    inputs: ComputeInputs, masts: _Masts, place: _Place, rows: list[dict[str, Any]]
) -> Candidates:
    if place.cell < 0:
        return [(row, None) for row in rows]
    return [(row, _strongest(inputs, masts.members[int(row["site"])], place)) for row in rows]


def _strongest(inputs: ComputeInputs, cells: Sequence[Cell], place: _Place) -> Link | None:
    links = explain_links(
        inputs.terrain, cells, x_m=place.x_m, y_m=place.y_m, method=inputs.method, clutter=inputs.clutter
    )
    known = [link for link in links if math.isfinite(link.rsrp_dbm)]
    return max(known, key=lambda link: link.rsrp_dbm, default=None)


def _evidence(
    inputs: ComputeInputs, place: _Place, links: Candidates, best: _Best | None
) -> PathEvidence | None:
    """Return the path that came closest to serving: the best server's, or that of a nearest site."""
    known = [link for _, link in links if link is not None]
    sinr_db = None
    if best is not None:
        own = _strongest(inputs, [best.cell], place)
        if own is not None and all(own.rsrp_dbm >= link.rsrp_dbm for link in known):
            known, sinr_db = [own], best.sinr_db
    if not known:
        return None
    return _path_evidence(inputs, place, max(known, key=lambda link: link.rsrp_dbm), sinr_db)


def _path_evidence(inputs: ComputeInputs, place: _Place, link: Link, sinr_db: float | None) -> PathEvidence:
    cell, obstruction = link.cell, link.path.obstruction
    return PathEvidence(
        cell_id=cell.cell_id,
        operator=cell.operator,
        distance_m=math.hypot(place.x_m - cell.x_m, place.y_m - cell.y_m),
        radius_m=inputs.method.radius_m(cell.frequency_mhz),
        required_dbm=required_dbm(inputs.method, carrier_of(cell), has_clutter=inputs.clutter is not None),
        rsrp_dbm=link.rsrp_dbm,
        free_space_rsrp_dbm=link.free_space_rsrp_dbm,
        obstruction_db=link.obstruction_db,
        obstruction_distance_m=None if obstruction is None else obstruction.distance_m,
        obstruction_excess_m=None if obstruction is None else obstruction.excess_m,
        sinr_db=sinr_db,
    )


def _text(record: Mapping[str, str | float | None]) -> str:
    rounded = {name: round(value, 1) if isinstance(value, float) else value for name, value in record.items()}
    return orjson.dumps(rounded).decode()


def _described(row: Mapping[str, Any], link: Level | Link | None, sites: Points) -> dict[str, Any]:
    site = int(row["site"])
    place = {
        "operator": row["operator"],
        "distance_m": round(float(row["distance_m"]), 1),
        "bearing_deg": round(float(row["bearing_deg"]), 1),
        "lon": round(float(sites.lon_deg[site]), 7),
        "lat": round(float(sites.lat_deg[site]), 7),
    }
    if link is None:
        unknown = ("site_id", "cell_id", "technology", "frequency_mhz", "rsrp_dbm")
        return {**place, **dict.fromkeys(unknown)}
    cell = link.cell
    return {
        **place,
        "site_id": cell.site_id,
        "cell_id": cell.cell_id,
        "technology": cell.technology,
        "frequency_mhz": cell.frequency_mhz,
        "rsrp_dbm": round(link.rsrp_dbm, 1),
    }
