"""Files as people offer them, and as nobody should."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
from rasterio.transform import from_origin
from shapely import LineString, Point, box

WEST, SOUTH, SIDE_DEG = 105.0, 20.0, 0.1
"""Two communes side by side: 00004 in the west, 14758 in the east."""


def communes() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"Mã xã": ["00004", "14758"], "Tên xã": ["Xã Na Mèo", "Phường Hàm Rồng"], "Dân số": [1000, 2000]},
        geometry=[
            box(WEST, SOUTH, WEST + SIDE_DEG, SOUTH + SIDE_DEG),
            box(WEST + SIDE_DEG, SOUTH, WEST + 2 * SIDE_DEG, SOUTH + SIDE_DEG),
        ],
        crs="EPSG:4326",
    )


def lines() -> gpd.GeoDataFrame:
    way = LineString([(WEST + 0.01, SOUTH + 0.05), (WEST + 0.19, SOUTH + 0.05)])
    return gpd.GeoDataFrame(
        {"name": ["T1"], "class": ["primary"], "kind": ["road"]}, geometry=[way], crs=4326
    )


def file_of(frame: gpd.GeoDataFrame, path: Path) -> bytes:
    """Bytes of a frame in the format of the path's ending."""
    if path.suffix == ".zip":
        shape = path.with_suffix(".shp")
        frame.to_file(shape, encoding="UTF-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in path.parent.glob(f"{path.stem}.*"):
                if part != path:
                    archive.write(part, part.name)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path.read_bytes()


SITES = [["Mã trạm", "Kinh độ", "Vĩ độ", "Nhà mạng", "Công nghệ"]] + [
    [
        f"T-{index:02d}",
        round(WEST + 0.01 + 0.015 * index, 6),
        round(SOUTH + 0.02 + 0.005 * index, 6),
        "VNPT",
        "4G",
    ]
    for index in range(12)
]


def workbook(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def text(rows: Sequence[Sequence[object]], *, separator: str = ",") -> bytes:
    return "\n".join(separator.join(str(cell) for cell in row) for row in rows).encode()


def raster(value: float | np.ndarray, *, count: int = 60, crs: str | None = "EPSG:4326") -> bytes:
    """A GeoTIFF over both communes and some more; a row of `count` values is repeated from north to south."""
    step = (2 * SIDE_DEG + 0.02) / count
    values = np.full((count, count), value, dtype="float32")
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=count,
            height=count,
            count=1,
            dtype="float32",
            crs=crs,
            transform=from_origin(WEST - 0.01, SOUTH + SIDE_DEG + 0.06, step, step),
        ) as target:
            target.write(values, 1)
        return bytes(memory.read())


def points(count: int) -> gpd.GeoDataFrame:
    """Villages in a row."""
    return gpd.GeoDataFrame(
        {"Tên thôn": [f"Thôn {index}" for index in range(count)], "Số hộ": [40] * count},
        geometry=[Point(WEST + 0.19 * (index + 1) / (count + 1), SOUTH + 0.05) for index in range(count)],
        crs=4326,
    )


def bomb() -> bytes:
    """A workbook of 60 kB that would unpack to 60 MB."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 60_000_000)
    return target.getvalue()


def escaping() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../../../etc/communes.shp", b"x")
    return target.getvalue()


def program() -> bytes:
    """The start of a Windows program."""
    return b"MZ" + struct.pack("<58xI", 0x80) + b"\0" * 4_000


PAGE = b"<!doctype html><html><body><script>alert(1)</script><p>404</p></body></html>"
REFERENCE = (
    b'<VRTDataset rasterXSize="1" rasterYSize="1"><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>'
)
