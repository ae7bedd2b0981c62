"""Settlements: the commune each lies in, and an id where the list has none."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from phusong.coverage.errors import Finding
from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed, commune_at, communes_of, is_filled, with_known_codes
from phusong.geodata.store.folder import FolderStore


def complete_villages(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:
    """Find the commune of settlements that do not name one, and mint missing ids.

    There is no official code below the commune, so a minted id is the commune's code and a running number
    of three digits.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    store : FolderStore
        Study that gets them.
    """
    communes = communes_of(store)
    table, findings = (frame, []) if communes is None else with_known_codes(frame, communes)
    if communes is not None:
        table, remarks = _with_communes(table, communes)
        findings += remarks
    return Completed(_with_ids(table), tuple(findings))


def _with_communes(
    table: gpd.GeoDataFrame, communes: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    located = commune_at(list(table.geometry), communes)
    known = set(communes["commune_code"].astype(str))
    told = list(table["commune_code"]) if "commune_code" in table else [None] * len(table)
    codes: list[str | None] = []
    findings: list[Finding] = []
    for position, (written, found) in enumerate(zip(told, located, strict=True), start=1):
        code = plain_text(written)
        codes.append(code or found)
        if code is None and found is None:
            findings.append(Finding(code="village_outside_communes", row=position, column="commune_code"))
        elif code in known and found is not None and found != code:
            findings.append(
                Finding(
                    code="village_in_other_commune",
                    row=position,
                    column="commune_code",
                    value=code,
                    allowed=found,
                    severity="warning",
                )
            )
    return table.assign(commune_code=pd.Series(codes, dtype=object)), findings


def _with_ids(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    filled = is_filled(table, "village_id")
    if filled.all() or "commune_code" not in table:
        return table
    ids = list(table["village_id"]) if "village_id" in table else [None] * len(table)
    taken = {str(one) for one, is_there in zip(ids, filled, strict=True) if is_there}
    running: dict[str, int] = {}
    for at, code in enumerate(table["commune_code"]):
        if filled[at] or plain_text(code) is None:
            continue
        ids[at] = _next_id(str(code), running, taken)
    return table.assign(village_id=pd.Series(ids, dtype=object))


def _next_id(code: str, running: dict[str, int], taken: set[str]) -> str:
    while True:
        running[code] = running.get(code, 0) + 1
        name = f"{code}-{running[code]:03d}"
        if name not in taken:
            return name
