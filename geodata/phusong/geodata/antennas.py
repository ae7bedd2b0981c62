"""Measured antennas of a study: brought in from files, kept as a layer, found by the name cells give."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from phusong.coverage.errors import Finding, LayerFileError, TableError
from phusong.coverage.radio.tabulated import AntennaPattern
from phusong.geodata.columns import plain_text
from phusong.geodata.reports import ImportReport, Progress, no_progress
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta, file_sha256

if TYPE_CHECKING:
    from phusong.geodata.antennafiles import ReadAntenna

LAYER = "antennas"
ANTENNA_ENDINGS = (".msi", ".pln", ".ant")
MAX_FINDINGS = 1_000
_TOLD_BY_ANTENNA = MappingProxyType(
    {
        "antenna_gain_dbi": "gain_dbi",
        "downtilt_deg": "electrical_tilt_deg",
        "horizontal_beamwidth_deg": "horizontal_beamwidth_deg",
        "vertical_beamwidth_deg": "vertical_beamwidth_deg",
    }
)
"""What a measured antenna says better than a default, by column of the cells."""


def import_antennas(
    store: FolderStore,
    paths: Sequence[Path],
    *,
    crs: str | None = None,  # noqa: ARG001 - all importers are called alike; an antenna has no place
    imported_at: str,
    progress: Progress = no_progress,
) -> ImportReport:
    """Make antenna files the antennas of a study; an antenna is known by the name of its file.

    Parameters
    ----------
    store : FolderStore
    paths : sequence of Path
        Files ending in .msi, .pln or .ant, or folders of such files (searched to any depth).
    crs : str or None
        Not used.
    imported_at : str
        ISO 8601, UTC.
    progress : callable

    Raises
    ------
    LayerFileError
        ``no_files``, or a file that cannot be read at all.
    TableError
        With the file, line, value and what is allowed of everything found wrong.
    """
    # Every computation looks antennas up, and only this needs what reads files.
    from phusong.geodata.antennafiles import read_antenna  # noqa: PLC0415

    files = antenna_files(paths)
    antennas = []
    for done, path in enumerate(files):
        progress("import", done, len(files))
        antennas.append(read_antenna(path))
    findings = [finding for antenna in antennas for finding in antenna.findings] + _twice(antennas)
    if any(finding.severity == "error" for finding in findings):
        raise TableError(LAYER, _capped(sorted(findings, key=lambda one: one.severity != "error")))
    digests = [file_sha256(path) for path in files]
    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    meta = LayerMeta(
        layer=LAYER,
        source=", ".join(path.name for path in paths),
        source_sha256=digest,
        imported_at=imported_at,
    )
    kept = store.put_records(LAYER, _frame(antennas), meta)
    progress("import", len(files), len(files))
    return ImportReport(LAYER, len(antennas), _capped(findings), kept)


def antenna_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files given and those in the folders given.

    Raises
    ------
    LayerFileError
        ``no_files`` when there are none.
    """
    files: list[Path] = []
    for path in paths:
        inner = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [one for one in inner if one == path or one.suffix.lower() in ANTENNA_ENDINGS]
    if not files:
        raise LayerFileError("no_files")
    return files


def _twice(antennas: Sequence[ReadAntenna]) -> list[Finding]:
    seen: set[str] = set()
    findings = []
    for antenna in antennas:
        key = antenna_key(antenna.file)
        if key in seen:
            findings.append(
                Finding(code="not_unique", file=antenna.file, column="antenna_id", value=antenna.file)
            )
        seen.add(key)
    return findings


def _capped(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    if len(findings) <= MAX_FINDINGS:
        return tuple(findings)
    rest = Finding(
        code="more_findings",
        value=str(len(findings) - MAX_FINDINGS),
        severity=findings[MAX_FINDINGS].severity,
    )
    return (*findings[:MAX_FINDINGS], rest)


def _frame(antennas: Sequence[ReadAntenna]) -> pd.DataFrame:
    known = [(antenna, antenna.pattern) for antenna in antennas if antenna.pattern is not None]
    return pd.DataFrame(
        {
            "antenna_id": [pattern.antenna_id for _, pattern in known],
            "name": [antenna.name for antenna, _ in known],
            "frequency_mhz": pd.Series([antenna.frequency_mhz for antenna, _ in known], dtype="float64"),
            "gain_dbi": pd.Series([pattern.gain_dbi for _, pattern in known], dtype="float64"),
            "electrical_tilt_deg": [pattern.electrical_tilt_deg for _, pattern in known],
            "horizontal_db": [list(pattern.horizontal_db) for _, pattern in known],
            "vertical_db": [list(pattern.vertical_db) for _, pattern in known],
        }
    )


def antenna_key(name: str) -> str:
    """Return a name by which antennas are compared: without case, outer spaces and ending.

    Examples
    --------
    >>> antenna_key(" K80010_06T.MSI "), antenna_key("K80010_06t")
    ('k80010_06t', 'k80010_06t')
    """
    key = (plain_text(name) or "").casefold()
    ending = next((one for one in ANTENNA_ENDINGS if key.endswith(one)), "")
    return key.removesuffix(ending)


def antenna_patterns(store: FolderStore) -> Mapping[str, AntennaPattern]:
    """Return the measured antennas of a study by `antenna_key` of their id, and of a name no other has.

    Parameters
    ----------
    store : FolderStore
        With or without the layer ``antennas``.
    """
    if not store.has(LAYER):
        return MappingProxyType({})
    rows = store.records(LAYER).to_dict("records")
    names = [antenna_key(str(row["name"])) for row in rows]
    found = {
        key: _pattern(row) for key, row in zip(names, rows, strict=True) if key and names.count(key) == 1
    }
    return MappingProxyType({**found, **{antenna_key(str(row["antenna_id"])): _pattern(row) for row in rows}})


def _pattern(row: Mapping[Any, Any]) -> AntennaPattern:
    gain_dbi = float(row["gain_dbi"])
    return AntennaPattern(
        antenna_id=str(row["antenna_id"]),
        gain_dbi=None if math.isnan(gain_dbi) else gain_dbi,
        electrical_tilt_deg=float(row["electrical_tilt_deg"]),
        horizontal_db=tuple(map(float, row["horizontal_db"])),
        vertical_db=tuple(map(float, row["vertical_db"])),
    )


def pattern_of(name: object, patterns: Mapping[str, AntennaPattern]) -> AntennaPattern | None:
    """Return the measured antenna a cell names; None where it names none, or none that is known."""
    text = plain_text(name)
    return None if text is None else patterns.get(antenna_key(text))


def with_antenna_values(row: Mapping[str, Any], pattern: AntennaPattern) -> dict[str, Any]:
    """Return a cell with what its antenna tells in the place of assumed gain, tilt and beamwidths.

    Parameters
    ----------
    row : mapping
        Columns of the cells table; ``assumed`` names those that hold defaults.
    pattern : AntennaPattern
        The antenna the cell names.
    """
    assumed = [name for name in str(plain_text(row.get("assumed")) or "").split(";") if name]
    told = {
        column: getattr(pattern, attribute)
        for column, attribute in _TOLD_BY_ANTENNA.items()
        if column in assumed and getattr(pattern, attribute) is not None
    }
    left = [name for name in assumed if name not in told]
    return {**row, **told, "assumed": ";".join(left) or None}


def with_antennas(cells: gpd.GeoDataFrame, patterns: Mapping[str, AntennaPattern]) -> gpd.GeoDataFrame:
    """Return a cells table with what measured antennas tell in the place of defaults.

    Antennas may come into a study after the cells that name them, so this is done whenever cells are used.

    Parameters
    ----------
    cells : GeoDataFrame
        The cells table.
    patterns : mapping of str to AntennaPattern
        As from `antenna_patterns`.
    """
    if "antenna" not in cells or not patterns:
        return cells
    records = []
    for row in cells.drop(columns="geometry").to_dict("records"):
        pattern = pattern_of(row["antenna"], patterns)
        records.append(row if pattern is None else with_antenna_values(row, pattern))
    table = pd.DataFrame(records, columns=cells.columns.drop("geometry"), index=cells.index)
    return gpd.GeoDataFrame(table, geometry=cells.geometry, crs=cells.crs)
