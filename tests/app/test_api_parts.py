"""Parts of the HTTP interface that can be tried without a request."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phusong.app.api.coordinates import parse_coordinates
from phusong.app.api.once import Once
from phusong.app.api.server import serve
from phusong.coverage.errors import NotFoundError, StudyError

from .fixture_study import write_study

BOUNDS = (104.3, 19.2, 106.1, 20.7)
SERVE = "import sys; from phusong.app.api.server import serve; serve(sys.argv[1], port=0, announce=print)"


class TestCoordinates:
    @pytest.mark.parametrize(
        ("typed", "place"),
        [
            ("19,8 105,7", (105.7, 19.8)),
            ("19.807, 105.776", (105.776, 19.807)),
            ("105.776 19.807", (105.776, 19.807)),
            ("105,776; 19,807", (105.776, 19.807)),
            ("19,807,105,776", (105.776, 19.807)),
            ("-33.4 -70.6", (-70.6, -33.4)),
            ("19°48'25\"N 105°46'30\"E", (105 + 46.5 / 60, 19 + 48 / 60 + 25 / 3600)),
            ("105°46.5'E, 19°48'25''N", (105 + 46.5 / 60, 19 + 48 / 60 + 25 / 3600)),
            ("19.8°B 105.7°Đ", (105.7, 19.8)),
            ("33°S 70°W", (-70.0, -33.0)),
        ],
    )
    def test_are_read_as_people_write_them(self, typed: str, place: tuple[float, float]) -> None:
        assert parse_coordinates(typed, bounds=BOUNDS) == pytest.approx(place)

    @pytest.mark.parametrize(
        "typed",
        ["", "19.8", "Bản 3", "200 300", "95°N 105°E", "19°N 20°N", "1e3 2", "nan nan", "19.8 105.7 3"],
    )
    def test_what_is_no_place_is_not_taken_for_one(self, typed: str) -> None:
        assert parse_coordinates(typed, bounds=BOUNDS) is None

    def test_the_study_decides_the_order_where_both_are_possible(self) -> None:
        near_the_equator = (9.0, 40.0, 12.0, 45.0)
        assert parse_coordinates("10 42", bounds=near_the_equator) == (10.0, 42.0)
        assert parse_coordinates("10 42", bounds=None) == (42.0, 10.0)

    @given(st.floats(104.3, 106.1), st.floats(19.2, 20.7), st.booleans(), st.booleans())
    def test_any_place_in_the_study_is_found_in_both_orders(
        self, lon: float, lat: float, lon_first: bool, comma: bool
    ) -> None:
        parts = [f"{lon:.6f}", f"{lat:.6f}"] if lon_first else [f"{lat:.6f}", f"{lon:.6f}"]
        typed = " ".join(part.replace(".", ",") if comma else part for part in parts)
        assert parse_coordinates(typed, bounds=BOUNDS) == pytest.approx((lon, lat), abs=1e-6)

    @given(st.text(max_size=60))
    def test_no_text_breaks_it(self, typed: str) -> None:
        place = parse_coordinates(typed, bounds=BOUNDS)
        assert place is None or (abs(place[0]) <= 180 and abs(place[1]) <= 90)


def test_a_part_is_made_once_however_many_ask() -> None:
    made: list[int] = []
    parts, barrier = Once(), threading.Barrier(8)

    def slowly() -> int:
        time.sleep(0.02)
        made.append(1)
        return 7

    def ask() -> None:
        barrier.wait()
        assert parts.get("part", slowly) == 7

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


class TestServe:
    def test_a_taken_port_is_named(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(StudyError) as caught:
                serve(study.path, port=port)
        assert caught.value.code == "port_taken"
        assert caught.value.parameters["port"] == port

    def test_a_host_that_is_not_ours_is_named(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        with pytest.raises(StudyError) as caught:
            serve(study.path, host="192.0.2.1", port=0)
        assert caught.value.code == "host_unusable"

    def test_a_folder_without_a_study_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError):
            serve(tmp_path, port=0)

    def test_it_says_where_it_listens_and_ends_quietly_when_interrupted(self, tmp_path: Path) -> None:
        study = write_study(tmp_path / "study", computed=False)
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(study.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONUNBUFFERED": "1"},
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            address = process.stdout.readline().strip()
            assert httpx.get(f"{address}/health").json()["status"] == "ok"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
            assert process.stderr.read() == ""
