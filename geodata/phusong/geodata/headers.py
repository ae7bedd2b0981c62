"""Which headers mean which column: English names and the plain Vietnamese words of site and village lists."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from phusong.coverage.contracts import TABLES
from phusong.coverage.errors import InputError
from phusong.geodata.names import without_accents

COORDINATES = ("lon", "lat", "x", "y")
FIBRE_TABLES = ("fibre_routes", "fibre_nodes")
_YEARLY = re.compile(r"(population|danso)20\d\d")

_PLACE: Mapping[str, tuple[str, ...]] = {
    "lon": ("lon", "longitude", "long", "lng", "Kinh độ", "Kinh độ (X)", "KĐ", "lon_deg"),
    "lat": ("lat", "latitude", "Vĩ độ", "Vĩ độ (Y)", "VĐ", "lat_deg"),
    "x": ("x", "easting", "Tọa độ X", "X (m)", "x_m", "VN2000 X", "Tọa độ VN2000 X"),
    "y": ("y", "northing", "Tọa độ Y", "Y (m)", "y_m", "VN2000 Y", "Tọa độ VN2000 Y"),
}
_COMMUNE_CODE = (
    "commune_code",
    "Mã xã",
    "Mã xã phường",
    "Mã xã/phường",
    "Mã phường xã",
    "Mã ĐVHC",
    "maxa",
    "ward_code",
    "Mã đơn vị hành chính",
)
_OPERATOR = (
    "operator",
    "Nhà mạng",
    "Doanh nghiệp",
    "DNVT",
    "Đơn vị",
    "Doanh nghiệp viễn thông",
    "Mạng",
    "carrier",
    "physicalInfrastructureProvider.name",
    "networkProviders.name",
    "Đơn vị quản lý",
    "Đơn vị khai thác",
)
_ANTENNA = {
    "antenna_height_m": (
        "antenna_height_m",
        "antenna_height",
        "Độ cao anten",
        "Độ cao ăng ten",
        "Chiều cao anten",
        "Chiều cao ăng ten",
        "height_m",
        "Độ cao",
    ),
    "frequency_mhz": ("frequency_mhz", "frequency", "Băng tần", "Tần số", "Tần số (MHz)", "band", "freq_mhz"),
    "power_dbm": ("power_dbm", "power", "Công suất", "Công suất phát", "Công suất (dBm)", "tx_power_dbm"),
}
_SITE_ID = (
    "site_id",
    "site",
    "Mã trạm",
    "Mã BTS",
    "Mã nhà trạm",
    "Mã vị trí",
    "Mã cột",
    "CSR",
    "bts_id",
    "station_id",
)

SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "communes": {
            "commune_code": (*_COMMUNE_CODE, "code", "Mã", "ma_xa_phuong", "ward_code"),
            "name": (
                "name",
                "Tên",
                "Tên xã",
                "Tên xã phường",
                "Tên xã/phường",
                "Tên ĐVHC",
                "Xã phường",
                "Xã/phường",
                "fullName",
                "full_name",
                "commune_name",
                "ten_xa",
            ),
            "kind": ("kind", "type", "Loại", "Loại hình", "Cấp", "fullName", "full_name"),
            "area_official_km2": (
                "area_official_km2",
                "area_km2",
                "areaKm2",
                "Diện tích",
                "Diện tích (km2)",
                "Diện tích tự nhiên",
            ),
            "population": ("population", "Dân số", "Số dân", "Số nhân khẩu", "Nhân khẩu", "Dân số (người)"),
            "households": ("households", "Số hộ", "Hộ", "Số hộ dân", "Số hộ gia đình", "Tổng số hộ"),
            "seat": ("seat", "Trụ sở", "Trung tâm hành chính", "trungtamhc", "Nơi đặt trụ sở"),
            "former_units": ("former_units", "Trước sáp nhập", "truocsapnhap", "Sáp nhập từ", "Đơn vị cũ"),
        },
        "sites": {
            **_PLACE,
            **_ANTENNA,
            "site_id": (*_SITE_ID, "id"),
            "name": ("name", "Tên trạm", "Tên vị trí", "Tên", "site_name", "station_name"),
            "mast_height_m": (
                "mast_height_m",
                "Chiều cao cột",
                "Độ cao cột",
                "mast_height",
                "tower_height",
                "Chiều cao cột (m)",
                "Cao cột",
            ),
            "owner": ("owner", "Đơn vị sở hữu", "Chủ sở hữu", "Chủ đầu tư", "Sở hữu"),
            "station_kind": (
                "station_kind",
                "station_type",
                "site_type",
                "Loại trạm",
                "Loại hình trạm",
                "Kiểu trạm",
            ),
            "status": ("status", "Tình trạng", "Trạng thái", "Hiện trạng"),
            "has_fibre": ("has_fibre", "fibre", "fiber", "has_fiber", "Có cáp quang", "Cáp quang"),
            "operator": _OPERATOR,
            "technologies": ("technologies", "technology", "Công nghệ", "tech", "Loại công nghệ"),
            "azimuths_deg": (
                "azimuths_deg",
                "azimuth_deg",
                "azimuths",
                "azimuth",
                "Hướng",
                "Góc phương vị",
                "Hướng anten",
                "Phương vị",
            ),
        },
        "cells": {
            **_PLACE,
            **_ANTENNA,
            "cell_id": (
                "cell_id",
                "Mã cell",
                "Cell",
                "cell_name",
                "Tên cell",
                "Mã sector",
                "sector",
                "sector_id",
            ),
            "site_id": _SITE_ID,
            "operator": _OPERATOR,
            "technology": ("technology", "technologies", "Công nghệ", "tech", "rat", "Loại công nghệ"),
            "bandwidth_mhz": ("bandwidth_mhz", "bandwidth", "Băng thông", "Độ rộng băng tần", "bw_mhz"),
            "azimuth_deg": ("azimuth_deg", "azimuth", "Hướng", "Góc phương vị", "Hướng anten", "Phương vị"),
            "downtilt_deg": (
                "downtilt_deg",
                "downtilt",
                "electrical_tilt_deg",
                "electrical_tilt",
                "etilt",
                "Tilt điện",
                "Góc nghiêng điện",
                "Góc cụp điện",
                "tilt",
                "tilt_deg",
                "Góc nghiêng",
                "Góc cụp",
            ),
            "total_tilt_deg": (
                "total_tilt_deg",
                "total_tilt",
                "Tổng tilt",
                "Tổng góc nghiêng",
                "Tổng góc cụp",
            ),
            "mechanical_tilt_deg": (
                "mechanical_tilt_deg",
                "mechanical_tilt",
                "mtilt",
                "Tilt cơ",
                "Góc nghiêng cơ",
                "Góc nghiêng cơ khí",
                "Góc cụp cơ",
            ),
            "antenna": (
                "antenna",
                "antenna_id",
                "antenna_type",
                "antenna_model",
                "Loại anten",
                "Loại ăng ten",
                "Mã anten",
                "Mã ăng ten",
                "Kiểu anten",
            ),
            "mimo_layers": ("mimo_layers", "mimo", "layers", "Cấu hình MIMO", "Số lớp MIMO", "Cấu hình"),
            "antenna_gain_dbi": (
                "antenna_gain_dbi",
                "antenna_gain",
                "gain",
                "gain_dbi",
                "Độ lợi",
                "Độ lợi anten",
                "Tăng ích",
                "Hệ số khuếch đại",
            ),
            "horizontal_beamwidth_deg": (
                "horizontal_beamwidth_deg",
                "horizontal_beamwidth",
                "beamwidth_deg",
                "beamwidth",
                "Độ rộng búp sóng ngang",
                "Búp sóng ngang",
            ),
            "vertical_beamwidth_deg": (
                "vertical_beamwidth_deg",
                "vertical_beamwidth",
                "Độ rộng búp sóng đứng",
                "Búp sóng đứng",
            ),
            "is_on_air": ("is_on_air", "on_air", "Đang phát sóng", "Phát sóng", "Đang hoạt động"),
            "assumed": ("assumed",),
        },
        "villages": {
            **_PLACE,
            "village_id": ("village_id", "Mã thôn", "Mã thôn bản", "Mã bản", "id"),
            "name": (
                "name",
                "Tên thôn",
                "Tên thôn bản",
                "Tên thôn, bản",
                "Thôn",
                "Thôn bản",
                "Thôn/bản",
                "Tên bản",
                "Bản",
                "Tên",
                "village_name",
                "Tổ dân phố",
                "Khu phố",
                "Thôn/bản/khu phố",
            ),
            "commune_code": _COMMUNE_CODE,
            "households": (
                "households",
                "Số hộ",
                "Hộ",
                "Số hộ dân",
                "Số hộ gia đình",
                "Tổng số hộ",
                "Hộ dân",
            ),
            "population": (
                "population",
                "Dân số",
                "Số dân",
                "Số nhân khẩu",
                "Nhân khẩu",
                "Số khẩu",
                "Khẩu",
                "people",
            ),
            "area_class": ("area_class", "Khu vực", "KV", "Phân loại khu vực", "Thuộc khu vực"),
            "is_especially_difficult": (
                "is_especially_difficult",
                "Đặc biệt khó khăn",
                "ĐBKK",
                "Thôn ĐBKK",
                "Thôn đặc biệt khó khăn",
            ),
            "is_electrified": ("is_electrified", "Có điện", "Điện lưới", "Có điện lưới", "electrified"),
        },
        "places": {
            **_PLACE,
            "place_id": ("place_id", "Mã địa điểm", "Mã", "id"),
            "name": ("name", "Tên", "Tên địa điểm", "Địa điểm", "place_name"),
            "kind": ("kind", "type", "Loại", "Loại hình", "Loại địa điểm", "amenity", "category"),
            "commune_code": _COMMUNE_CODE,
        },
        "lines": {
            "line_id": ("line_id", "Mã tuyến", "Mã", "id", "osm_id"),
            "kind": ("kind", "type", "Loại", "Loại tuyến"),
            "name": ("name", "Tên", "Tên tuyến", "Tên đường"),
            "class": ("class", "Cấp", "Cấp đường", "fclass", "highway"),
        },
        "roads": {
            "road_id": ("road_id", "Mã đường", "Mã tuyến", "Mã", "id", "osm_id", "osmid"),
            "name": ("name", "Tên", "Tên đường", "Tên tuyến", "ref"),
            "class": ("class", "Cấp", "Cấp đường", "Loại đường", "Loại", "fclass", "highway", "kind"),
        },
        "fibre_routes": {
            "route_id": ("route_id", "Mã tuyến", "Mã", "id"),
            "name": ("name", "Tên tuyến", "Tên"),
            "operator": _OPERATOR,
            "kind": ("kind", "Loại cáp", "Loại", "type", "deployment", "transmissionMedium"),
        },
        "fibre_nodes": {
            **_PLACE,
            "node_id": ("node_id", "Mã nút", "Mã tủ", "Mã hộp", "Mã tủ/hộp", "Mã", "id"),
            "name": ("name", "Tên nút", "Tên tủ", "Tên"),
            "operator": _OPERATOR,
            "kind": ("kind", "Loại", "Loại tủ", "type"),
            "capacity": ("capacity", "Dung lượng", "Số cổng", "ports"),
        },
    }
)
"""Headers that mean a column, best first, by layer."""


def header_key(header: str) -> str:
    """Return a header without accents, case, spaces and signs.

    Examples
    --------
    >>> header_key("Kinh độ"), header_key("ANTENNA_HEIGHT_M")
    ('kinhdo', 'antennaheightm')
    """
    folded = without_accents(unicodedata.normalize("NFC", header)).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _keys_of(header: str) -> tuple[str, ...]:
    """Keys of a header as written, and without the unit in parentheses."""
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", "", header)
    return tuple(dict.fromkeys(key for key in (header_key(header), header_key(bare)) if key))


def match_columns(
    layer: str, headers: Sequence[str], column_map: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Decide which header of a file stands for which column.

    Parameters
    ----------
    layer : str
        A key of `SYNONYMS`.
    headers : sequence of str
        Columns of the file.
    column_map : mapping of str to str, optional
        Header to column, as the person wants it; wins over the synonyms.

    Returns
    -------
    dict of str to str
        Header by column, for the columns that are there.

    Raises
    ------
    InputError
        ``column_unknown`` with the columns of the file, ``column_target`` with the columns of the layer.
    """
    chosen = _wanted(layer, headers, column_map or {})
    free = [header for header in headers if header not in chosen.values()]
    by_key: dict[str, str] = {}
    for header in free:
        for key in _keys_of(header):
            by_key.setdefault(key, header)
    for column, synonyms in SYNONYMS[layer].items():
        found = next((by_key[key] for key in map(header_key, synonyms) if key in by_key), None)
        if column not in chosen and found is not None:
            chosen[column] = found
    yearly = sorted(header for header in free if _YEARLY.fullmatch(header_key(header)))
    if "population" in SYNONYMS[layer] and "population" not in chosen and yearly:
        chosen["population"] = yearly[-1]
    return chosen


def _wanted(layer: str, headers: Sequence[str], column_map: Mapping[str, str]) -> dict[str, str]:
    targets = [column.name for column in TABLES[layer].columns] + list(COORDINATES)
    chosen: dict[str, str] = {}
    for source, target in column_map.items():
        if source not in headers:
            raise InputError("column_unknown", value=source, allowed=", ".join(headers))
        if target not in targets:
            raise InputError("column_target", value=target, allowed=", ".join(targets))
        chosen[target] = source
    return chosen


def is_known_header(layer: str, header: str, column_map: Mapping[str, str] | None = None) -> bool:
    """Tell whether a header names a column of a layer."""
    if header in (column_map or {}):
        return True
    known = {header_key(name) for synonyms in SYNONYMS[layer].values() for name in synonyms}
    return any(key in known or _YEARLY.fullmatch(key) for key in _keys_of(header))
