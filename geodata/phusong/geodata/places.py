"""Places of interest: an id, and the commune each lies in."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from phusong.geodata.columns import plain_text
from phusong.geodata.completion import Completed, commune_at, communes_of, with_known_codes, with_minted_ids
from phusong.geodata.store.folder import FolderStore


def complete_places(frame: gpd.GeoDataFrame, store: FolderStore) -> Completed:
    """Mint missing ids and find the commune of places that do not name one.

    Parameters
    ----------
    frame : GeoDataFrame
        EPSG:4326.
    store : FolderStore
        Study that gets them.
    """
    table = with_minted_ids(frame, "place_id", "P")
    communes = communes_of(store)
    if communes is None:
        return Completed(table)
    table, findings = with_known_codes(table, communes)
    told = list(table["commune_code"]) if "commune_code" in table else [None] * len(table)
    located = commune_at(list(table.geometry), communes)
    codes = [plain_text(written) or found for written, found in zip(told, located, strict=True)]
    return Completed(table.assign(commune_code=pd.Series(codes, dtype=object)), tuple(findings))
