"""Antenna files in the formats people have, and in the shapes they break them into."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point

from phusong.coverage.errors import LayerFileError, TableError
from phusong.geodata.antennafiles import read_antenna
from phusong.geodata.antennas import antenna_key, antenna_patterns, with_antennas
from phusong.geodata.importing import import_layer
from phusong.geodata.store.folder import FolderStore

NOW = "2026-11-21T00:00:00+00:00"
HEAD = ("NAME K80010", "MAKE Kathrein", "FREQUENCY 1850", "GAIN 15.85 dBd", "TILT ELECTRICAL")


def across(angle: int) -> float:
    return min(angle, 360 - angle) / 10


def down(angle: int, tilt: int = 6) -> float:
    return float(min((angle - tilt) % 360, (tilt - angle) % 360))


def planet(head=HEAD, horizontal=across, vertical=down, tail=()) -> list[str]:
    return [
        *head,
        "HORIZONTAL 360",
        *(f"{angle} {horizontal(angle):.2f}" for angle in range(360)),
        "VERTICAL 360",
        *(f"{angle} {vertical(angle):.2f}" for angle in range(360)),
        *tail,
    ]


def write(folder: Path, lines: list[str], name: str = "K80010_06T.msi", **options) -> Path:
    path = folder / name
    text = options.get("newline", "\n").join(lines) + options.get("newline", "\n")
    path.write_bytes(options.get("mark", b"") + text.encode(options.get("encoding", "utf-8")))
    return path


def test_a_planet_file_is_read_whole(tmp_path):
    antenna = read_antenna(write(tmp_path, planet()))
    assert antenna.findings == ()
    assert (antenna.name, antenna.frequency_mhz) == ("K80010", 1850.0)
    assert antenna.pattern.antenna_id == "K80010_06T"
    # 15.85 dBd is 18 dBi; the beam lies where the vertical plane is strongest.
    assert antenna.pattern.gain_dbi == pytest.approx(18.0)
    assert antenna.pattern.electrical_tilt_deg == 6.0
    assert antenna.pattern.horizontal_db[45] == antenna.pattern.horizontal_db[315] == 4.5
    assert antenna.pattern.vertical_db[90] == 84.0
    assert antenna.pattern.horizontal_beamwidth_deg == 60.0


@pytest.mark.parametrize(
    ("written", "gain_dbi"),
    [("15 dBi", 15.0), ("15dBi", 15.0), ("15", 17.15), ("15.0 DBD", 17.15), ("15,5 dBi", 15.5)],
)
def test_gain_is_in_dbd_unless_it_says_dbi(tmp_path, written, gain_dbi):
    head = [*HEAD[:3], f"GAIN {written}", *HEAD[4:]]
    assert read_antenna(write(tmp_path, planet(head))).pattern.gain_dbi == pytest.approx(gain_dbi)


@pytest.mark.parametrize(
    "options",
    [
        {"newline": "\r\n"},
        {"mark": b"\xef\xbb\xbf"},
        {"encoding": "utf-16"},
        {"encoding": "latin-1"},
        {"newline": "\r"},
    ],
)
def test_encodings_marks_and_line_ends_do_not_matter(tmp_path, options):
    lines = planet(("NAME K80010 65°", *HEAD[1:]))
    antenna = read_antenna(write(tmp_path, lines, **options))
    assert antenna.name == "K80010 65°"
    assert antenna.pattern.gain_dbi == pytest.approx(18.0)


def test_decimal_commas_tabs_and_lower_case_are_read(tmp_path):
    lines = [line.replace(".", ",").replace(" ", "\t") for line in planet()]
    lines[5] = "horizontal\t360"
    assert read_antenna(write(tmp_path, lines)).pattern.horizontal_db[45] == 4.5


def test_gains_below_the_greatest_are_attenuations(tmp_path):
    lines = planet(horizontal=lambda angle: -across(angle), vertical=lambda angle: -down(angle))
    assert read_antenna(write(tmp_path, lines)).pattern.vertical_db[90] == 84.0


def test_a_level_plane_through_a_tilted_beam_does_not_count_the_tilt_twice(tmp_path):
    lines = planet(horizontal=lambda angle: across(angle) + 6.0)
    assert min(read_antenna(write(tmp_path, lines)).pattern.horizontal_db) == 0.0


@pytest.mark.parametrize(("tilt", "told"), [("TILT 6", 6.0), ("ELECTRICAL_TILT 6.5", 6.5), ("MAKE x", 6.0)])
def test_tilt_is_as_written_where_the_beam_lies_there(tmp_path, tilt, told):
    antenna = read_antenna(write(tmp_path, planet([*HEAD[:4], tilt])))
    assert antenna.pattern.electrical_tilt_deg == told
    assert antenna.findings == ()


@pytest.mark.parametrize("tilt", ["TILT 6", "TILT ELECTRICAL"])
def test_a_plane_that_counts_upwards_is_turned_over(tmp_path, tilt):
    lines = planet([*HEAD[:4], tilt], vertical=lambda angle: down(angle, 354))
    antenna = read_antenna(write(tmp_path, lines))
    assert [finding.code for finding in antenna.findings] == ["antenna_upside_down"]
    assert antenna.pattern.vertical_db == tuple(down(angle) for angle in range(360))


def test_a_tilt_that_the_plane_does_not_hold_is_not_believed(tmp_path):
    antenna = read_antenna(write(tmp_path, planet([*HEAD[:4], "TILT 12"], vertical=lambda a: down(a, 0))))
    assert [finding.code for finding in antenna.findings] == ["antenna_tilt_differs"]
    assert antenna.pattern.electrical_tilt_deg == 0.0


def test_other_steps_are_interpolated(tmp_path):
    steps = range(0, 360, 5)
    lines = [
        *HEAD,
        *["HORIZONTAL 72", *(f"{angle}.0 {across(angle)}" for angle in steps)],
        *["VERTICAL 72", *(f"{angle}.0 {down(angle, 5)}" for angle in steps)],
    ]
    pattern = read_antenna(write(tmp_path, lines)).pattern
    assert np.allclose(pattern.horizontal_db, [across(angle) for angle in range(360)])
    assert pattern.vertical_db[357] == 8.0


@pytest.mark.parametrize("size", [720, 541])
def test_a_list_starts_up_and_runs_down(tmp_path, size):
    # Elevation +90 down to -90 in front (and on behind), as negative numbers with commas.
    vertical = [down((place - 90) % 360) for place in range(size - 360)]
    values = [*(across(angle) for angle in range(360)), *vertical]
    path = write(tmp_path, [f"-{value:.1f}".replace(".", ",") for value in values], "omni 9.ANT")
    pattern = read_antenna(path).pattern
    assert (pattern.antenna_id, pattern.gain_dbi, pattern.electrical_tilt_deg) == ("omni 9", None, 6.0)
    assert pattern.vertical_db[:91] == tuple(down(angle) for angle in range(91))
    assert pattern.vertical_db[270:] == tuple(down(angle) for angle in range(270, 360))


BROKEN = {
    "plane cut short": (lambda lines: lines[:200], "antenna_count", 6),
    "no vertical plane": (lambda lines: lines[:366], "missing_column", None),
    "no gain": (lambda lines: lines[:3] + lines[4:], "missing_value", None),
    "gain is a word": (lambda lines: [*lines[:3], "GAIN high", *lines[4:]], "not_a_number", 4),
    "gain is huge": (lambda lines: [*lines[:3], "GAIN 900 dBi", *lines[4:]], "out_of_range", 4),
    "value missing": (lambda lines: [*lines[:10], "4", *lines[11:]], "missing_value", 11),
    "value is a word": (lambda lines: [*lines[:10], "4 x", *lines[11:]], "not_a_number", 11),
    "value is nan": (lambda lines: [*lines[:10], "4 nan", *lines[11:]], "not_a_number", 11),
    "value is infinite": (lambda lines: [*lines[:10], "4 1e999", *lines[11:]], "out_of_range", 11),
    "value is huge": (lambda lines: [*lines[:10], "4 5000", *lines[11:]], "out_of_range", 11),
    "angle out of range": (lambda lines: [*lines[:10], "400 1", *lines[11:]], "out_of_range", 11),
    "angle twice": (lambda lines: [*lines[:10], "3 1", *lines[11:]], "not_unique", 11),
    "three numbers": (lambda lines: [*lines[:10], "4 1 1", *lines[11:]], "row_too_long", 11),
    "both signs": (lambda lines: [*lines[:10], "4 -20", *lines[11:]], "out_of_range", 11),
    "absurd count": (lambda lines: [*lines[:5], "HORIZONTAL 1e30", *lines[6:]], "out_of_range", 6),
    "negative count": (lambda lines: [*lines[:5], "HORIZONTAL -4", *lines[6:]], "out_of_range", 6),
    "two antennas": (lambda lines: lines + lines, "not_unique", 733),
    "no antenna at all": (lambda lines: ["hello"], "missing_value", None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_says_where_and_what(tmp_path, what):
    breaks, code, row = BROKEN[what]
    antenna = read_antenna(write(tmp_path, breaks(planet())))
    assert antenna.pattern is None
    found = [finding for finding in antenna.findings if (finding.code, finding.row) == (code, row)]
    assert found, antenna.findings
    assert found[0].file == "K80010_06T.msi"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["0"] * 300, "antenna_count"),
        (["0", "0 0", *["0"] * 718], "row_too_long"),
        (["x"] * 720, "not_a_number"),
    ],
)
def test_a_broken_list_is_refused(tmp_path, lines, code):
    antenna = read_antenna(write(tmp_path, lines, "a.ant"))
    assert antenna.pattern is None
    assert code in {finding.code for finding in antenna.findings}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.msi", b"", "file_empty"),
        ("a.msi", b"NAME\0\0x", "file_broken"),
        ("a.msi", b" " * 1_000_001, "file_broken"),
        ("a.pdf", b"%PDF", "file_format"),
    ],
)
def test_what_is_no_antenna_file_is_refused(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LayerFileError) as refusal:
        read_antenna(tmp_path / name)
    assert refusal.value.code == code


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(junk=st.binary(min_size=1, max_size=300), at=st.integers(0, 6_000))
def test_junk_in_a_file_is_told_or_read_but_never_crashes(tmp_path, junk, at):
    good = "\n".join(planet()).encode()
    path = tmp_path / "junk.msi"
    path.write_bytes(good[:at] + junk + good[at:])
    try:
        antenna = read_antenna(path)
    except LayerFileError as refusal:
        assert refusal.code == "file_broken"
    else:
        assert (antenna.pattern is None) == any(one.severity == "error" for one in antenna.findings)


@pytest.fixture
def study(tmp_path) -> FolderStore:
    return FolderStore.create(tmp_path / "study", name="Thử", epsg=32648)


def test_a_folder_becomes_the_layer(tmp_path, study):
    folder = tmp_path / "antennas" / "deep"
    folder.mkdir(parents=True)
    write(folder, planet())
    write(folder, ["0"] * 720, "dipole.ant")
    (folder / "readme.txt").write_text("not an antenna")
    report = import_layer(study, "antennas", [tmp_path / "antennas"], imported_at=NOW)
    assert (report.layer, report.rows, report.meta.source) == ("antennas", 2, "antennas")
    patterns = antenna_patterns(study)
    assert set(patterns) == {"k80010_06t", "k80010", "dipole"}
    assert patterns["k80010"].vertical_db == tuple(down(angle) for angle in range(360))
    assert patterns["dipole"].gain_dbi is None
    assert study.meta("antennas").rows == 2


def test_a_broken_file_among_good_ones_changes_nothing(tmp_path, study):
    good, bad = write(tmp_path, planet()), write(tmp_path, planet()[:50], "bad.msi")
    import_layer(study, "antennas", [good], imported_at=NOW)
    before = study.meta("antennas")
    with pytest.raises(TableError) as refusal:
        import_layer(study, "antennas", [good, bad], imported_at=NOW)
    assert {finding.file for finding in refusal.value.findings} == {"bad.msi"}
    assert study.meta("antennas") == before


def test_two_files_of_one_name_are_refused(tmp_path, study):
    (tmp_path / "b").mkdir()
    paths = [write(tmp_path, planet()), write(tmp_path / "b", planet(), "k80010_06t.MSI")]
    with pytest.raises(TableError) as refusal:
        import_layer(study, "antennas", paths, imported_at=NOW)
    assert [finding.code for finding in refusal.value.findings] == ["not_unique"]


def test_an_empty_folder_is_no_antenna(tmp_path, study):
    (tmp_path / "none").mkdir()
    with pytest.raises(LayerFileError, match="no_files"):
        import_layer(study, "antennas", [tmp_path / "none"], imported_at=NOW)


def _cells(**columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[Point(105.0, 20.0)] * 3, crs="EPSG:4326")


def test_an_antenna_tells_what_was_assumed_and_nothing_else(tmp_path, study):
    import_layer(study, "antennas", [write(tmp_path, planet())], imported_at=NOW)
    cells = _cells(
        antenna=["K80010_06t.msi", "k80010", "unheard of"],
        antenna_gain_dbi=[17.5, 17.5, 17.5],
        downtilt_deg=[4.0, 4.0, 4.0],
        assumed=["antenna_gain_dbi;downtilt_deg;power_dbm", "antenna_gain_dbi", "downtilt_deg"],
    )
    told = with_antennas(cells, antenna_patterns(study))
    assert list(told["antenna_gain_dbi"]) == [18.0, 18.0, 17.5]
    assert list(told["downtilt_deg"]) == [6.0, 4.0, 4.0]
    assert list(told["assumed"].fillna("")) == ["power_dbm", "", "downtilt_deg"]
    assert list(cells["antenna_gain_dbi"]) == [17.5, 17.5, 17.5]


def test_a_study_without_antennas_knows_none(study):
    assert dict(antenna_patterns(study)) == {}
    assert antenna_key("") == ""
