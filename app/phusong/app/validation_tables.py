"""Compare the models without a terrain profile with reference tables, one case a row.

TR 38.901: columns ``scenario, h_bs_m, h_ut_m, d2d_m, los, f_hz, pathloss_db``. P.2109: frequency in GHz,
probability in per cent, building type 1 or 2, elevation angle in degrees, loss in dB.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from phusong.app.validation import ValidationReport, compare, read_cases
from phusong.coverage.propagation import p2109, tr38901

BUILDINGS: dict[int, p2109.Building] = {1: "traditional", 2: "thermally_efficient"}
SCENARIOS: dict[str, tr38901.Scenario] = {
    "RMa": "RMa",
    "UMa": "UMa",
    "UMi": "UMi",
    "InH-Office": "InH-Office",
}
P2109_COLUMNS = 5


class RowCase(NamedTuple):
    """One row: its name, the answer it should have and the one found."""

    name: str
    expected_db: float
    found_db: float


def validate_tr38901(cases_path: Path) -> ValidationReport:
    """Evaluate every TR 38.901 row found at a path and compare.

    Parameters
    ----------
    cases_path : Path
        A CSV file, or a folder holding such files.

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
    return _validate(cases_path, _tr38901_cases)


def validate_p2109(cases_path: Path) -> ValidationReport:
    """Evaluate every P.2109 row found at a path and compare.

    Parameters
    ----------
    cases_path : Path
        A CSV file, or a folder holding such files.

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
    return _validate(cases_path, _p2109_cases)


def _validate(cases_path: Path, read_file: Callable[[Path], Iterator[RowCase]]) -> ValidationReport:
    cases = list(read_cases(cases_path, (".csv",), read_file))
    return compare(
        cases_path,
        names=[case.name for case in cases],
        expected_db=[case.expected_db for case in cases],
        found_db=[case.found_db for case in cases],
    )


def _tr38901_cases(path: Path) -> Iterator[RowCase]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=1):
            found = tr38901.path_loss_db(
                float(row["d2d_m"]),
                scenario=SCENARIOS[row["scenario"]],
                frequency_mhz=1e-6 * float(row["f_hz"]),
                tx_height_m=float(row["h_bs_m"]),
                rx_height_m=float(row["h_ut_m"]),
                is_line_of_sight=int(row["los"]) == 1,
            )
            yield RowCase(f"{path.name}:{number}", float(row["pathloss_db"]), float(found))


def _p2109_cases(path: Path) -> Iterator[RowCase]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.reader(stream)
        next(rows, None)
        for number, row in enumerate(rows, start=1):
            frequency_ghz, percentage, building, elevation_deg, expected = map(float, row[:P2109_COLUMNS])
            found = p2109.entry_loss_db(
                frequency_mhz=1_000.0 * frequency_ghz,
                location_percentage=percentage,
                building=BUILDINGS[int(building)],
                elevation_deg=elevation_deg,
            )
            yield RowCase(f"{path.name}:{number}", expected, float(found))
