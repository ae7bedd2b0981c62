"""Compare the propagation models with reference cases kept in files.

ITU-R P.1812 cases come as JSON lines (one synthetic path a line), as the profiles of ITU-R Study Group 3 with
measured rows, or as the result logs published for those profiles.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from phusong.app.validation_golden import GroupReport
from phusong.coverage.errors import InputError, LayerFileError, NotFoundError
from phusong.coverage.propagation.p1812 import (
    FAR_FROM_COAST_KM,
    PathLossParts,
    Polarization,
    SmoothEarth,
    path_loss_parts,
)
from phusong.coverage.propagation.p1812_path import EARTH_RADIUS_KM
from phusong.coverage.propagation.profile import INLAND, Profile

POLARIZATIONS: dict[int, Polarization] = {1: "horizontal", 2: "vertical"}
_LOG_NUMBER = re.compile(r"_\d+(_log)?$")
_LOG_HEAD = "# Parameter"
_Case = TypeVar("_Case")


@dataclass(frozen=True, slots=True)
class P1812Case:
    """One path with the answer it should have.

    Attributes
    ----------
    name : str
        File and line, or file and measured row.
    profile : Profile
    options : mapping
        Keyword arguments of ``p1812.path_loss_parts``.
    expected_db : float
        Reference loss, main text.
    closed_form_db : float or None
        Reference loss with Attachment 4, where given.
    quantities : mapping of (str, str) to float
        Intermediate quantities of a result log by parameter and reference, e.g. ``("hst (m)", "Eq (85)")``.
    """

    name: str
    profile: Profile
    options: Mapping[str, Any]
    expected_db: float
    closed_form_db: float | None = None
    quantities: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def parts(self, *, smooth_earth: SmoothEarth = "profile") -> PathLossParts:
        """Evaluate the model on this case."""
        return path_loss_parts(self.profile, **self.options, smooth_earth=smooth_earth)


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """How far the model is from the reference.

    Attributes
    ----------
    cases : int
    max_abs_db, p99_abs_db : float
        Of the absolute differences in loss, main text.
    worst : str
        Name of the case with the greatest difference.
    worst_expected_db, worst_found_db : float
    closed_form_cases : int
    closed_form_max_abs_db : float or None
        The same for the cases that carry an answer by Attachment 4.
    groups : tuple of GroupReport
        One for each area, where whole areas were compared.
    """

    cases: int
    max_abs_db: float
    p99_abs_db: float
    worst: str
    worst_expected_db: float
    worst_found_db: float
    closed_form_cases: int
    closed_form_max_abs_db: float | None
    groups: tuple[GroupReport, ...] = ()


def validate_p1812(cases_path: Path) -> ValidationReport:
    """Evaluate every case found at a path and compare.

    Parameters
    ----------
    cases_path : Path
        A ``.jsonl`` or ``.jsonl.gz`` file; a folder of profiles, of result logs (their profiles in the
        sibling folder ``profiles``), or holding such folders and files; or one such CSV file.

    Returns
    -------
    ValidationReport

    Raises
    ------
    NotFoundError
        ``validation_path`` if there is nothing at the path.
    InputError
        ``validation_empty`` if no case is found there; ``validation_file`` for one that cannot be read.
    """
    cases = list(read_p1812_cases(cases_path))
    closed_db = [
        abs(case.parts(smooth_earth="closed_form").loss_db - case.closed_form_db)
        for case in cases
        if case.closed_form_db is not None
    ]
    return compare(
        cases_path,
        names=[case.name for case in cases],
        expected_db=[case.expected_db for case in cases],
        found_db=[case.parts().loss_db for case in cases],
        closed_form_db=closed_db,
    )


def compare(
    cases_path: Path,
    *,
    names: Sequence[str],
    expected_db: Sequence[float],
    found_db: Sequence[float],
    closed_form_db: Sequence[float] = (),
) -> ValidationReport:
    """Sum up how far results are from the reference.

    Parameters
    ----------
    cases_path : Path
        Where the cases came from.
    names, expected_db, found_db : sequence
        One each a case.
    closed_form_db : sequence of float
        Absolute differences by Attachment 4 of P.1812, where there are any.

    Returns
    -------
    ValidationReport

    Raises
    ------
    InputError
        ``validation_empty`` if there is no case.
    """
    if not names:
        raise InputError("validation_empty", path=str(cases_path))
    difference = np.abs(np.asarray(found_db) - np.asarray(expected_db))
    # a loss that is no number is the worst there can be, not one to pass over
    difference[np.isnan(difference)] = np.inf
    worst = int(np.argmax(difference))
    return ValidationReport(
        cases=len(names),
        max_abs_db=float(difference[worst]),
        p99_abs_db=float(np.sort(difference)[math.ceil(0.99 * len(names)) - 1]),
        worst=names[worst],
        worst_expected_db=float(expected_db[worst]),
        worst_found_db=float(found_db[worst]),
        closed_form_cases=len(closed_form_db),
        closed_form_max_abs_db=max(closed_form_db) if closed_form_db else None,
    )


def read_cases(
    path: Path, endings: tuple[str, ...], read_file: Callable[[Path], Iterator[_Case]]
) -> Iterator[_Case]:
    """Yield the cases of a file, or of the files below a folder in the order of their names.

    Parameters
    ----------
    path : Path
    endings : tuple of str
        How the names of case files in folders end.
    read_file : callable
        Yields the cases of one file.

    Raises
    ------
    NotFoundError
        ``validation_path`` if there is nothing at the path.
    LayerFileError
        ``validation_file`` for a file that cannot be read as cases.
    """
    if not path.exists():
        raise NotFoundError("validation_path", path=str(path))
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if entry.is_dir() or entry.name.endswith(endings):
                yield from read_cases(entry, endings, read_file)
        return
    try:
        yield from read_file(path)
    except (ValueError, KeyError, IndexError, TypeError, OSError) as error:
        raise LayerFileError("validation_file", file=str(path), detail=str(error)) from error


def read_p1812_cases(path: Path) -> Iterator[P1812Case]:
    """Yield the P.1812 cases at a path, in the order of file names; see `validate_p1812`.

    Raises
    ------
    NotFoundError
        ``validation_path`` if there is nothing at the path.
    LayerFileError
        ``validation_file`` for a file that cannot be read as cases.
    """
    yield from read_cases(path, (".csv", ".jsonl", ".jsonl.gz"), _file_cases)


def centre_latitude_deg(
    tx_lat: float, tx_lon: float, rx_lat: float, rx_lon: float, *, distance_km: float
) -> float:
    """Latitude half-way along a path that starts on the great circle towards the receiver.

    The reference calculations walk half the profile's own length (Earth radius 6371 km), also where
    that length disagrees with the coordinates.

    Examples
    --------
    >>> round(centre_latitude_deg(10.0, 105.0, 12.0, 105.0, distance_km=222.39), 3)
    11.0
    """
    tx, rx, turn = math.radians(tx_lat), math.radians(rx_lat), math.radians(rx_lon - tx_lon)
    east = math.sin(turn) * math.cos(rx)
    north = math.cos(tx) * math.sin(rx) - math.sin(tx) * math.cos(rx) * math.cos(turn)
    bearing = math.atan2(east, north)
    arc = 0.5 * distance_km / EARTH_RADIUS_KM
    sine = math.sin(tx) * math.cos(arc) + math.cos(tx) * math.sin(arc) * math.cos(bearing)
    return math.degrees(math.asin(sine))


def _file_cases(path: Path) -> Iterator[P1812Case]:
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _json_cases(path)
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        is_log = stream.readline().startswith(_LOG_HEAD)
    if is_log:
        yield _log_case(path)
    else:
        yield from _profile_cases(path)


def json_records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and record of every line of a JSON-lines file, packed with gzip or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield f"{path.name}:{number}", json.loads(line)


def _json_cases(path: Path) -> Iterator[P1812Case]:
    for name, record in json_records(path):
        closed = record.get("Lb_flag4_1")
        expected = record["Lb_flag4_0"] if "Lb_flag4_0" in record else record["Lb"]
        profile = _record_profile(record)
        yield P1812Case(
            name=name,
            profile=profile,
            options=_options(record, profile.length_km),
            expected_db=float(expected),
            closed_form_db=None if closed is None else float(closed),
        )


def _record_profile(record: Mapping[str, Any]) -> Profile:
    points = len(record["d"])
    zone = record.get("zone")
    return Profile(
        distance_km=np.asarray(record["d"], dtype=float),
        height_m=np.asarray(record["h"], dtype=float),
        clutter_height_m=np.asarray(record.get("R", np.zeros(points)), dtype=float),
        zone=np.full(points, INLAND) if zone is None else np.asarray(zone, dtype=int),
    )


def _options(record: Mapping[str, Any], length_km: float) -> dict[str, Any]:
    """Keyword arguments of the model from the reference's short names."""
    return {
        "frequency_mhz": 1000.0 * float(record["f"]),
        "tx_height_m": float(record["htg"]),
        "rx_height_m": float(record["hrg"]),
        "time_percentage": float(record["p"]),
        "location_percentage": float(record.get("pL", 50.0)),
        # the reference calculations know no location variability unless it is given
        "location_sigma_db": float(record.get("sigmaL", 0.0)),
        "polarization": POLARIZATIONS[int(record["pol"])],
        "delta_n": float(record["DN"]),
        "n0": float(record["N0"]),
        "latitude_deg": centre_latitude_deg(
            *(float(record[name]) for name in ("phi_t", "lam_t", "phi_r", "lam_r")), distance_km=length_km
        ),
        "tx_coast_distance_km": float(record.get("dct", FAR_FROM_COAST_KM)),
        "rx_coast_distance_km": float(record.get("dcr", FAR_FROM_COAST_KM)),
    }


def _log_case(path: Path) -> P1812Case:
    """One result log; its first block are the inputs, the rest intermediate quantities."""
    quantities = {}
    inputs: dict[str, float] = {}
    for row in _rows(path)[1:]:
        if len(row) < 4 or not row[0] or not row[3]:
            continue
        quantities[row[0], row[1]] = float(row[3])
        inputs.setdefault(row[0].split(" (")[0], float(row[3]))
    stem = _LOG_NUMBER.sub("", path.stem)
    profile_path = path.parent.parent / "profiles" / f"{stem}.csv"
    profile, _, _ = _read_profile(profile_path)
    return P1812Case(
        name=f"{path.parent.name}/{path.name}",
        profile=profile,
        options=_options(inputs, profile.length_km),
        expected_db=quantities["Lb (dB)", "Eq (69)"],
        quantities=quantities,
    )


def _profile_cases(path: Path) -> Iterator[P1812Case]:
    """Yield the measured rows below a profile that carry a basic transmission loss."""
    profile, head, measured = _read_profile(path)
    for number, row in enumerate(measured, start=1):
        if not row.get("Basic transmission loss"):
            continue
        record = {
            "f": float(row["Frequency"]) / 1000.0,
            "p": row["Time percentage"],
            "htg": row["Tx antenna height"],
            "hrg": row["Rx antenna height"],
            "pol": row["Polarisation HVC:1 2 3"],
            "DN": head["Average annual values dN (N-units/km)"],
            "N0": head["Average annual sea-level surface refractivity No (N-units)"],
            "phi_t": head["Tx LAT"],
            "lam_t": head["Tx LON"],
            "phi_r": head["Rx LAT"],
            "lam_r": head["Rx LON"],
        }
        yield P1812Case(
            name=f"{path.name}:{number}",
            profile=profile,
            options=_options(record, profile.length_km),
            expected_db=float(row["Basic transmission loss"]),
        )


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8", errors="replace") as stream:
        return [[value.strip() for value in row] for row in csv.reader(stream)]


def _read_profile(path: Path) -> tuple[Profile, dict[str, str], list[dict[str, str]]]:
    """Profile, its head lines by name, and its measured rows by column name."""
    rows = _rows(path)
    starts = {row[0]: index for index, row in enumerate(rows) if row and row[0].startswith("{")}
    begin, end = starts["{Begin of Profile}"], starts["{End of Profile}"]
    points = np.array([[float(value) for value in row[:5]] for row in rows[begin + 2 : end]])
    head = {row[0].rstrip(":"): row[1] for row in rows[:begin] if len(row) > 1}
    profile = Profile(
        distance_km=points[:, 0],
        height_m=points[:, 1],
        clutter_height_m=points[:, 3],
        zone=points[:, 4].astype(int),
    )
    measured = starts.get("{Begin of Measurements}")
    if measured is None:
        return profile, head, []
    names = rows[measured - 2]
    stop = starts.get("{End of Measurements}", len(rows))
    return profile, head, [dict(zip(names, row, strict=False)) for row in rows[measured + 1 : stop]]
