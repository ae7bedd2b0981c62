"""Compare ITM with the answers of the NTIA.

Cases come as JSON lines (one path a line), or as the NTIA's table of point-to-point runs, whose profiles
stand line by line in ``pfls.csv`` beside it. A profile is number of steps, step in metres, heights. A folder
of area predictions by another program (``validation_golden``) is compared by received power.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phusong.app.validation import ValidationReport, compare, json_records, read_cases
from phusong.app.validation_golden import GoldenCell, GroupReport, golden_cells, is_golden
from phusong.coverage.propagation.itm import ItmParts, path_loss_parts
from phusong.coverage.propagation.itm_conditions import Polarization
from phusong.coverage.propagation.profile import Profile

PROFILES_NAME = "pfls.csv"
GOLDEN_EVERY = 40
CLOSE_DB = 3.0
POLARIZATIONS: dict[int, Polarization] = {0: "horizontal", 1: "vertical"}


@dataclass(frozen=True, slots=True)
class ItmCase:
    """One path with the answer it should have.

    Attributes
    ----------
    name : str
        File and line.
    profile : Profile
    options : mapping
        Keyword arguments of ``itm.path_loss_parts``.
    expected_db : float
        Reference loss.
    """

    name: str
    profile: Profile
    options: Mapping[str, Any]
    expected_db: float

    def parts(self) -> ItmParts:
        """Evaluate the model on this case."""
        return path_loss_parts(self.profile, **self.options)


def validate_itm(cases_path: Path) -> ValidationReport:
    """Evaluate every point-to-point case found at a path and compare.

    Parameters
    ----------
    cases_path : Path
        A ``.jsonl`` or ``.jsonl.gz`` file, a table of runs, or a folder holding such files. Tables of the
        area mode are passed over: that is another model. Of a folder of area predictions one cell in
        ``GOLDEN_EVERY`` is compared.

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
    if is_golden(cases_path):
        return compare_golden(cases_path, every=GOLDEN_EVERY)
    cases = list(read_itm_cases(cases_path))
    return compare(
        cases_path,
        names=[case.name for case in cases],
        expected_db=[case.expected_db for case in cases],
        found_db=[case.parts().loss_db for case in cases],
    )


def compare_golden(folder: Path, *, every: int) -> ValidationReport:
    """Compare cells of area predictions, all together and area by area; see ``validation_golden``.

    Raises
    ------
    NotFoundError
        ``validation_path`` where a request or the terrain is missing.
    """
    cells = list(golden_cells(folder, every=every))
    report = compare(
        folder,
        names=[cell.name for cell in cells],
        expected_db=[cell.expected_dbm for cell in cells],
        found_db=[cell.found_dbm for cell in cells],
    )
    names = sorted({cell.case for cell in cells})
    return replace(report, groups=tuple(_group(name, cells) for name in names))


def _group(name: str, cells: Sequence[GoldenCell]) -> GroupReport:
    off_db = np.array([cell.found_dbm - cell.expected_dbm for cell in cells if cell.case == name])
    share = float(np.mean(np.abs(off_db) <= CLOSE_DB))
    return GroupReport(name, off_db.size, float(np.median(off_db)), share)


def read_itm_cases(path: Path) -> Iterator[ItmCase]:
    """Yield the ITM cases at a path, in the order of file names; see `validate_itm`."""
    yield from read_cases(path, (".csv", ".jsonl", ".jsonl.gz"), _file_cases)


def _file_cases(path: Path) -> Iterator[ItmCase]:
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        for name, record in json_records(path):
            yield _case(name, record, record["pfl"])
        return
    with path.open(newline="", encoding="utf-8-sig") as stream:
        table = csv.DictReader(stream)
        columns = table.fieldnames or []
        if "A__db" not in columns or "delta_h__meter" in columns:
            return
        profiles = _profiles(path.with_name(PROFILES_NAME))
        for number, row in enumerate(table, start=1):
            yield _case(f"{path.name}:{number}", row, profiles[number - 1])


def _profiles(path: Path) -> list[list[float]]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [[float(value) for value in line.split(",") if value.strip()] for line in lines if line.strip()]


def _case(name: str, record: Mapping[str, Any], numbers: Sequence[float]) -> ItmCase:
    steps, step_m = int(numbers[0]), float(numbers[1])
    profile = Profile(
        distance_km=1e-3 * step_m * np.arange(steps + 1, dtype=np.float64),
        height_m=np.asarray(numbers[2 : steps + 3], dtype=float),
    )
    options = {
        "frequency_mhz": float(record["f__mhz"]),
        "tx_height_m": float(record["h_tx__meter"]),
        "rx_height_m": float(record["h_rx__meter"]),
        "polarization": POLARIZATIONS[int(record["pol"])],
        "climate": int(record["climate"]),
        "n0": float(record["N_0"]),
        "epsilon": float(record["epsilon"]),
        "sigma": float(record["sigma"]),
        "mdvar": int(record["mdvar"]),
        "time_percentage": float(record["time"]),
        "location_percentage": float(record["location"]),
        "situation_percentage": float(record["situation"]),
    }
    return ItmCase(name, profile, options, float(record["A__db"]))
