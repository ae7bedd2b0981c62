"""Sites of a list: status, and lists of technologies and azimuths in one cell."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from phusong.coverage.errors import Finding
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.tables import shown
from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed, is_filled
from phusong.geodata.sites import ON_AIR, split_azimuths, technology_words
from phusong.geodata.store.folder import FolderStore

OLD_TECHNOLOGIES = ("2G", "3G")
KNOWN_TECHNOLOGIES = (*OLD_TECHNOLOGIES, *TECHNOLOGIES)
LOST_SHOWN = 5


def complete_sites(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:
    """Fill the status, check the lists in cells, and tell which cells lose their mast.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    store : FolderStore
        Study that gets them.
    """
    filled = is_filled(frame, "status")
    status = [frame["status"].iloc[at] if is_there else ON_AIR for at, is_there in enumerate(filled)]
    table = frame.assign(status=pd.Series(status, dtype=object))
    findings = [*_technology_findings(table), *_azimuth_findings(table), *_lost_cells(table, store)]
    return Completed(table, tuple(findings), assumed=() if filled.all() else ("status",))


def _technology_findings(table: gpd.GeoDataFrame) -> list[Finding]:
    if "technologies" not in table:
        return []
    return [*_unknown_technologies(table), *_uncomputed_technologies(table)]


def _uncomputed_technologies(table: gpd.GeoDataFrame) -> list[Finding]:
    """Say of which sites nothing, and of how many only a part, is computed."""
    words = [set(technology_words(text)) for text in table["technologies"]]
    only_old = [row for row, own in enumerate(words, start=1) if own and own <= set(OLD_TECHNOLOGIES)]
    mixed = sum(bool(own & set(OLD_TECHNOLOGIES)) and not own <= set(OLD_TECHNOLOGIES) for own in words)
    findings = [
        Finding(
            code="technology_not_computed",
            row=row,
            column="technologies",
            value=shown(table["technologies"].iloc[row - 1]),
            allowed=", ".join(TECHNOLOGIES),
            severity="warning",
        )
        for row in only_old
    ]
    if mixed:
        computed = ", ".join(TECHNOLOGIES)
        findings.append(
            Finding(
                code="technologies_in_part",
                column="technologies",
                value=str(mixed),
                allowed=computed,
                severity="warning",
            )
        )
    return findings


def _unknown_technologies(table: gpd.GeoDataFrame) -> list[Finding]:
    return [
        Finding(
            code="not_allowed",
            row=position,
            column="technologies",
            value=shown(text),
            allowed=", ".join(KNOWN_TECHNOLOGIES),
        )
        for position, text in enumerate(table["technologies"], start=1)
        if plain_text(text) is not None and not set(technology_words(text)) <= set(KNOWN_TECHNOLOGIES)
    ]


def _azimuth_findings(table: gpd.GeoDataFrame) -> list[Finding]:
    if "azimuths_deg" not in table:
        return []
    findings = []
    for position, text in enumerate(table["azimuths_deg"], start=1):
        try:
            azimuths = split_azimuths(text)
        except ValueError:
            findings.append(
                Finding(code="not_a_number", row=position, column="azimuths_deg", value=shown(text))
            )
            continue
        if not all(0 <= azimuth <= 360 for azimuth in azimuths):
            findings.append(
                Finding(
                    code="out_of_range",
                    row=position,
                    column="azimuths_deg",
                    value=shown(text),
                    allowed="0 .. 360",
                )
            )
    return findings


def _lost_cells(table: gpd.GeoDataFrame, store: FolderStore) -> list[Finding]:
    if not store.has("cells") or "site_id" not in table:
        return []
    lost = sorted(
        set(store.table("cells")["site_id"].astype(str)) - set(table["site_id"].dropna().astype(str))
    )
    if not lost:
        return []
    more = f" (+{len(lost) - LOST_SHOWN})" if len(lost) > LOST_SHOWN else ""
    return [
        Finding(
            code="cells_without_site",
            column="site_id",
            value=", ".join(lost[:LOST_SHOWN]) + more,
            severity="warning",
        )
    ]
