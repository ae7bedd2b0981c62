"""Why a village has its status, in sentences: figures worked out by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from phusong.app.reasontext import reason_text, village_reason
from phusong.coverage.reasons import PathEvidence, reason

RIDGE: dict[str, Any] = {
    "code": "terrain",
    "cell_id": "S7-V41",
    "operator": "Viettel",
    "deficit_db": 12.4,
    "obstruction_db": 27.1,
    "obstruction_distance_m": 1_240.0,
    "obstruction_excess_m": 63.4,
    "rsrp_dbm": -120.6,
    "rsrp_without_terrain_dbm": -93.5,
    "distance_m": 5_260.0,
}


def test_a_ridge_is_told_with_the_mast_what_it_lacks_and_what_there_would_be() -> None:
    # needed is what there is and what it lacks: -120.6 + 12.4 = -108.2; without the ridge -93.5 is enough
    assert reason_text(RIDGE, "vi") == (
        "Bị núi che 27,1 dB, sườn núi cách 1,2 km, cao hơn tia thẳng 63 m."
        " Ô mạnh nhất: S7-V41 (Viettel), cách 5,3 km, mức thu −120,6 dBm,"
        " còn thiếu 12,4 dB mới đạt ngưỡng −108,2 dBm."
        " Không có núi này mức thu là −93,5 dBm, đủ sóng."
    )


def test_a_level_still_below_the_threshold_without_the_ridge_is_called_so() -> None:
    # 12.4 dB are missing and the ridge takes 8.0: 4.4 dB are still missing without it
    still = {**RIDGE, "obstruction_db": 8.0, "rsrp_without_terrain_dbm": -112.6}
    assert "mức thu là −112,6 dBm, vẫn dưới ngưỡng 4,4 dB." in reason_text(still, "vi")
    assert "still 4.4 dB below the threshold" in reason_text(still, "en")
    assert "đủ sóng" not in reason_text(still, "vi")


@pytest.mark.parametrize(
    ("code", "begins"),
    [("too_far", "Ngoài tầm phủ."), ("weak", "Thiếu công suất."), ("terrain", "Bị núi che")],
)
def test_every_cause_names_mast_distance_level_and_what_is_missing(code: str, begins: str) -> None:
    told = reason_text({**RIDGE, "code": code}, "vi")
    assert told.startswith(begins)
    for part in ("S7-V41", "Viettel", "5,3 km", "−120,6 dBm", "12,4 dB", "−108,2 dBm"):
        assert part in told


def test_a_drowned_signal_meets_its_threshold() -> None:
    told = reason_text({**RIDGE, "code": "interference", "deficit_db": 0.0, "rsrp_dbm": -100.0}, "vi")
    assert "Bị nhiễu" in told and "đạt ngưỡng −100,0 dBm" in told


def test_a_mast_too_far_to_compute_has_its_distance_alone() -> None:
    path = PathEvidence("S9", "VNPT", 41_000.0, 30_000.0, -103.0, None, -130.0)
    found = reason("white", path)
    assert found is not None
    assert reason_text(found.as_dict(), "vi") == "Ngoài tầm phủ. Trạm gần nhất: S9 (VNPT), cách 41,0 km."


@pytest.mark.parametrize("code", ["no_site", "no_data"])
def test_what_has_no_mast_names_none(code: str) -> None:
    told = reason_text({**dict.fromkeys(RIDGE), "code": code}, "vi")
    assert told.endswith(".") and "–" not in told and "{" not in told


def test_a_partly_covered_village_gives_the_cause_of_its_dark_part() -> None:
    village = {
        "status": "patchy",
        "is_centre_served": True,
        "reason": {**dict.fromkeys(RIDGE), "code": "cluster"},
        "cluster": {"households": 56.6, "reason": RIDGE},
    }
    told = village_reason(village, "vi")
    assert told.startswith("Trung tâm có sóng, còn một cụm 57 hộ chưa có. Bị núi che 27,1 dB")
    outside = village_reason({**village, "is_centre_served": False}, "vi")
    assert outside.startswith("Một phần thôn có sóng, trung tâm và một cụm 57 hộ chưa có.")
    uncounted = village_reason({**village, "cluster": {"households": None, "reason": RIDGE}}, "vi")
    assert "–" not in uncounted and "cụm dân cư" in uncounted


def test_without_a_look_at_its_dark_part_the_definition_remains() -> None:
    village = {"status": "patchy", "reason": {**dict.fromkeys(RIDGE), "code": "cluster"}, "cluster": None}
    assert village_reason(village, "vi") == "Trung tâm có sóng nhưng còn cụm dân cư chưa được phủ."
    assert village_reason({"status": "served", "reason": None}, "vi") == ""


def test_numbers_of_reasons_have_the_marks_of_their_language() -> None:
    assert re.search(r"\d\.\d", reason_text(RIDGE, "vi")) is None
    assert re.search(r"\d,\d", reason_text(RIDGE, "en")) is None
