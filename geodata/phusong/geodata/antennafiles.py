"""Antenna files as makers and planning tools write them: Planet (MSI, PLN) and lists of values (ANT).

A Planet file has a word and its value a line (NAME, FREQUENCY, GAIN, TILT, ...), then ``HORIZONTAL 360``
and ``VERTICAL 360`` with an angle and an attenuation a line. Angles of the vertical plane start at the
horizon in front and run downwards: 90 is straight down. Gain is in dBd unless dBi is written.

An ANT file has one value a line: 360 of the horizontal plane clockwise from boresight, then the vertical
plane from straight up over the horizon in front to straight down (181 values) and, in the longer form,
on behind and up again (360 values).

Values are attenuations whatever their sign: some programs write gains below the greatest, all negative.
Each plane is set to nothing at its strongest direction, because the attenuations of the planes add up: a
horizontal plane measured level through a tilted beam would count the tilt twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from phusong.coverage.errors import Finding, LayerFileError
from phusong.coverage.grids import FloatArray
from phusong.coverage.radio.cell import CELL_RANGES
from phusong.coverage.radio.tabulated import DEGREES, MAX_ATTENUATION_DB, AntennaPattern
from phusong.coverage.tables import shown
from phusong.geodata.antennas import ANTENNA_ENDINGS
from phusong.geodata.columns import plain_text
from phusong.geodata.readers import check_file

DIPOLE_GAIN_DBI = 2.15
MAX_BYTES = 1_000_000
FEWEST_VALUES = 36
MOST_VALUES = 3_600
ANT_VALUES = (720, 541)
MEASURED_NEAR_DEG = 2.0
"""A tilt written in a file is believed where the beam lies within this of it."""
PLANES = ("HORIZONTAL", "VERTICAL")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class ReadAntenna:
    """An antenna of a file.

    Attributes
    ----------
    file, name : str
    frequency_mhz : float or None
    pattern : AntennaPattern or None
        None where the findings hold an error.
    findings : tuple of Finding
    """

    file: str
    name: str
    frequency_mhz: float | None
    pattern: AntennaPattern | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Notes:
    """Findings about one file, collected while it is read."""

    file: str
    found: list[Finding] = field(default_factory=list)

    def add(
        self,
        code: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        allowed: str | None = None,
        severity: str = "error",
    ) -> None:
        told = None if value is None else shown(value)
        self.found.append(
            Finding(
                code=code,
                file=self.file,
                row=row,
                column=column,
                value=told,
                allowed=allowed,
                severity=severity,
            )
        )

    def number(self, row: int, column: str, text: str, allowed: tuple[float, float]) -> float:
        """Return a number of a file; NaN, with a finding, for what is none or out of range."""
        value = _number(text)
        if value is None:
            self.add("not_a_number", row=row, column=column, value=text)
            return math.nan
        if not allowed[0] <= value <= allowed[1]:
            self.add(
                "out_of_range",
                row=row,
                column=column,
                value=text,
                allowed=f"{allowed[0]:g} .. {allowed[1]:g}",
            )
            return math.nan
        return value

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.found)


def read_antenna(path: Path) -> ReadAntenna:
    """Read one antenna.

    Parameters
    ----------
    path : Path
        A file ending in .msi, .pln or .ant.

    Raises
    ------
    LayerFileError
        ``file_missing``, ``file_is_folder``, ``file_empty``, ``file_unreadable``, ``file_format`` or
        ``file_broken``. What single lines get wrong is told by the findings instead.
    """
    check_file(path)
    ending = path.suffix.lower()
    if ending not in ANTENNA_ENDINGS:
        raise LayerFileError("file_format", file=path.name, value=ending, allowed=" ".join(ANTENNA_ENDINGS))
    lines = [
        (row, line.split())
        for row, line in enumerate(re.split(r"\r\n|\r|\n", _decoded(path)), start=1)
        if line.strip()
    ]
    notes = _Notes(path.name)
    antenna_id = plain_text(path.stem) or path.name
    return _ant(antenna_id, lines, notes) if ending == ".ant" else _planet(antenna_id, lines, notes)


def _decoded(path: Path) -> str:
    """Text of a file in UTF-8, UTF-16 with its mark, or the single-byte code of older programs."""
    if path.stat().st_size > MAX_BYTES:
        raise LayerFileError("file_broken", file=path.name, detail=f"> {MAX_BYTES} B")
    content = path.read_bytes()
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "latin-1"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise LayerFileError("file_broken", file=path.name, detail="NUL")


def _number(text: str) -> float | None:
    plain = text.strip().replace("−", "-")
    plain = plain if "." in plain else plain.replace(",", ".", 1)
    return float(plain) if _NUMBER.fullmatch(plain) else None


_Lines = Sequence[tuple[int, list[str]]]


def _planet(antenna_id: str, lines: _Lines, notes: _Notes) -> ReadAntenna:
    words, planes = _sections(lines, notes)
    name = " ".join(words["NAME"][1]) if "NAME" in words else " ".join(lines[0][1]) if lines else antenna_id
    gain_dbi = _gain_dbi(words, notes)
    horizontal_db, vertical_db = (_plane(title, planes.get(title), notes) for title in PLANES)
    told_deg = _told_tilt_deg(words, notes)
    frequency_mhz = _frequency_mhz(words, notes)
    pattern = None
    if not notes.has_errors:
        is_electrical = "ELECTRICAL" in (text.upper() for text in words.get("TILT", (0, []))[1])
        upright_db, tilt_deg = _upright(vertical_db, told_deg, notes, is_electrical=is_electrical)
        pattern = _pattern(antenna_id, gain_dbi, tilt_deg, horizontal_db, upright_db)
    return ReadAntenna(notes.file, name[:80], frequency_mhz, pattern, tuple(notes.found))


_Words = dict[str, tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class _Section:
    """A plane of a file: its title line and the lines below it."""

    row: int
    told: list[str]
    body: list[tuple[int, list[str]]] = field(default_factory=list)

    @property
    def count(self) -> float | None:
        """Values that the title promises; None where it promises nothing that makes sense."""
        count = _number(self.told[0]) if self.told else float(DEGREES)
        return count if count is not None and FEWEST_VALUES <= count <= MOST_VALUES else None

    def takes(self, first: str) -> bool:
        """Tell whether a line belongs to the plane: while values are due anything does, then only numbers."""
        return len(self.body) < (self.count or DEGREES) or _number(first) is not None


def _sections(lines: _Lines, notes: _Notes) -> tuple[_Words, dict[str, _Section]]:
    """Part a file into its words and its planes."""
    words: _Words = {}
    planes: dict[str, _Section] = {}
    current: _Section | None = None
    for row, parts in lines:
        title = parts[0].upper()
        if title in PLANES:
            if title in planes:  # a file of several antennas
                notes.add("not_unique", row=row, column=title, value=" ".join(parts))
            current = planes[title] = _Section(row, parts[1:])
        elif current is not None and current.takes(parts[0]):
            current.body.append((row, parts))
        else:
            words.setdefault(title, (row, parts[1:]))
    return words, planes


def _gain_dbi(words: _Words, notes: _Notes) -> float | None:
    if "GAIN" not in words:
        notes.add("missing_value", column="GAIN", allowed="dBd, dBi")
        return None
    row, parts = words["GAIN"]
    text = " ".join(parts)
    found = re.fullmatch(r"(?P<number>[^a-zA-Z\s]+)\s*(?P<unit>dBi|dBd)?", text, re.IGNORECASE)
    if found is None:
        notes.add("not_a_number", row=row, column="GAIN", value=text, allowed="dBd, dBi")
        return None
    shift_db = 0.0 if (found["unit"] or "dBd").lower() == "dbi" else DIPOLE_GAIN_DBI
    low, high = CELL_RANGES["antenna_gain_dbi"]
    gain = notes.number(row, "GAIN", found["number"], (low - shift_db, high - shift_db))
    return round(gain + shift_db, 6)


def _told_tilt_deg(words: _Words, notes: _Notes) -> float | None:
    """Tilt as written; None where only its kind is, or nothing."""
    for title in ("ELECTRICAL_TILT", "TILT"):
        row, parts = words.get(title, (0, []))
        numbers = [text for text in parts if _number(text) is not None]
        if numbers and "MECHANICAL" not in (text.upper() for text in parts):
            tilt_deg = notes.number(row, title, numbers[0], CELL_RANGES["downtilt_deg"])
            return None if math.isnan(tilt_deg) else tilt_deg
    return None


def _frequency_mhz(words: _Words, notes: _Notes) -> float | None:
    """Frequency, the middle of a range; None where it cannot be read: nothing depends on it."""
    if "FREQUENCY" not in words:
        return None
    row, parts = words["FREQUENCY"]
    text = " ".join(parts)
    found = re.fullmatch(r"([\d.,]+)(?:\s*(?:-|to|\s)\s*([\d.,]+))?\s*([MG]Hz)?", text, re.IGNORECASE)
    ends = [] if found is None else [_number(end) for end in found.groups()[:2] if end]
    values = [end for end in ends if end is not None]
    if found is None or len(values) != len(ends) or not values:
        notes.add("not_a_number", row=row, column="FREQUENCY", value=text, severity="warning")
        return None
    return sum(values) / len(values) * (1e3 if (found[3] or "").lower() == "ghz" else 1.0)


def _plane(title: str, section: _Section | None, notes: _Notes) -> FloatArray:
    """Attenuation of a plane by whole degrees; NaN where it cannot be read."""
    unknown = np.full(DEGREES, np.nan)
    if section is None:
        notes.add("missing_column", column=title, allowed=f"{title} {DEGREES}")
        return unknown
    if section.count is None:
        allowed = f"{FEWEST_VALUES} .. {MOST_VALUES}"
        notes.add(
            "out_of_range", row=section.row, column=title, value=" ".join(section.told), allowed=allowed
        )
        return unknown
    angles_deg, values_db = _pairs(title, section.body, notes)
    if len(section.body) != section.count:
        allowed = f"{section.count:g}"
        notes.add("antenna_count", row=section.row, column=title, value=len(section.body), allowed=allowed)
        return unknown
    if np.isnan(angles_deg).any() or np.isnan(values_db).any():
        return unknown
    if not _are_distinct(angles_deg, title, section.body, notes):
        return unknown
    attenuation_db = _as_attenuation(values_db, title, [row for row, _ in section.body], notes)
    return np.interp(np.arange(DEGREES), angles_deg, attenuation_db, period=float(DEGREES))


def _pairs(title: str, body: _Lines, notes: _Notes) -> tuple[FloatArray, FloatArray]:
    angles_deg = np.full(len(body), np.nan)
    values_db = np.full(len(body), np.nan)
    for place, (row, parts) in enumerate(body):
        if len(parts) != 2:
            code = "missing_value" if len(parts) < 2 else "row_too_long"
            notes.add(code, row=row, column=title, value=" ".join(parts), allowed="2")
            continue
        angles_deg[place] = notes.number(row, title, parts[0], (0.0, 360.0))
        values_db[place] = notes.number(row, title, parts[1], (-MAX_ATTENUATION_DB, MAX_ATTENUATION_DB))
    return angles_deg, values_db


def _are_distinct(angles_deg: FloatArray, title: str, body: _Lines, notes: _Notes) -> bool:
    seen: set[float] = set()
    for angle_deg, (row, _) in zip(np.mod(angles_deg, 360.0).tolist(), body, strict=True):
        if angle_deg in seen:
            notes.add("not_unique", row=row, column=title, value=angle_deg)
        seen.add(angle_deg)
    return len(seen) == len(angles_deg)


def _as_attenuation(values_db: FloatArray, title: str, rows: Sequence[int], notes: _Notes) -> FloatArray:
    """Return attenuations of 0 or more; a plane of both signs is neither gains nor attenuations."""
    falling_db = -values_db if values_db.max() <= 0 else values_db
    for place in np.flatnonzero(falling_db < -1.0).tolist():  # a little gain above the nominal one does occur
        notes.add(
            "out_of_range", row=rows[place], column=title, value=float(values_db[place]), allowed=">= 0"
        )
    attenuation_db: FloatArray = falling_db - falling_db.min()
    return attenuation_db


def _upright(
    vertical_db: FloatArray, told_deg: float | None, notes: _Notes, *, is_electrical: bool
) -> tuple[FloatArray, float]:
    """Turn a plane that counts upwards over, and tell the tilt it holds.

    The tilt is where the beam lies; the tilt written in the file is finer, where it lies as near as steps of
    one degree allow.
    """
    beam_deg = _beam_deg(vertical_db)
    if told_deg is None:  # electrical tilt is downwards: nobody builds a mast antenna that looks up
        told_deg = -beam_deg if is_electrical and beam_deg <= -MEASURED_NEAR_DEG else beam_deg
    if abs(beam_deg - told_deg) <= MEASURED_NEAR_DEG:
        return vertical_db, told_deg
    if abs(beam_deg + told_deg) <= MEASURED_NEAR_DEG:
        notes.add(
            "antenna_upside_down",
            column="VERTICAL",
            value=beam_deg,
            allowed=f"{told_deg:g}",
            severity="warning",
        )
        return np.roll(vertical_db[::-1], 1), told_deg
    notes.add(
        "antenna_tilt_differs", column="TILT", value=told_deg, allowed=f"{beam_deg:g}", severity="warning"
    )
    return vertical_db, beam_deg


def _beam_deg(vertical_db: FloatArray) -> float:
    """Depression of the strongest direction in front; the nearest to the horizon of equal ones."""
    depressions = np.arange(-90, 91)
    front_db = vertical_db[depressions % DEGREES]
    strongest = depressions[front_db <= front_db.min() + 1e-9]
    return float(strongest[np.argmin(np.abs(strongest))])


def _ant(antenna_id: str, lines: _Lines, notes: _Notes) -> ReadAntenna:
    values_db = np.full(len(lines), np.nan)
    for place, (row, parts) in enumerate(lines):
        if len(parts) != 1:
            notes.add("row_too_long", row=row, value=" ".join(parts), allowed="1")
            continue
        values_db[place] = notes.number(row, "ANT", parts[0], (-MAX_ATTENUATION_DB, MAX_ATTENUATION_DB))
    if len(lines) not in ANT_VALUES:
        notes.add("antenna_count", value=len(lines), allowed=", ".join(map(str, ANT_VALUES)))
    pattern = None
    if not notes.has_errors:
        rows = [row for row, _ in lines]
        across_db = _as_attenuation(values_db[:DEGREES], PLANES[0], rows[:DEGREES], notes)
        around_db = _as_attenuation(values_db[DEGREES:], PLANES[1], rows[DEGREES:], notes)
    if not notes.has_errors:
        vertical_db = _from_horizon(around_db)
        pattern = _pattern(antenna_id, None, _beam_deg(vertical_db), across_db, vertical_db)
    return ReadAntenna(notes.file, antenna_id, None, pattern, tuple(notes.found))


def _from_horizon(around_db: FloatArray) -> FloatArray:
    """Turn a plane that starts straight up to start at the horizon in front; a missing back mirrors it."""
    if around_db.size < DEGREES:
        around_db = np.concatenate([around_db, around_db[-2:0:-1]])
    return np.roll(around_db, -90)


def _pattern(
    antenna_id: str,
    gain_dbi: float | None,
    tilt_deg: float,
    horizontal_db: FloatArray,
    vertical_db: FloatArray,
) -> AntennaPattern:
    across_db, down_db = (tuple(np.round(plane, 3).tolist()) for plane in (horizontal_db, vertical_db))
    return AntennaPattern(antenna_id, gain_dbi, tilt_deg, across_db, down_db)
