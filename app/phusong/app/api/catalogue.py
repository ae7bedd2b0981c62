"""Which collections there are and how each is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phusong.coverage.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of features.

    Attributes
    ----------
    id : str
        Name in addresses; also the layer of the study and the layer inside vector tiles.
    id_column : str
    tile_columns : tuple of str
        Properties carried in vector tiles.
    coarse_columns : tuple of str
        Those of them that are carried below zoom 9: by what features are known, drawn and filtered.
    is_coverage : bool
        Polygons that tile the plane.
    """

    id: str
    id_column: str
    tile_columns: tuple[str, ...]
    coarse_columns: tuple[str, ...]
    is_coverage: bool = False


_ALL = (
    Collection(
        "communes", "commune_code", ("commune_code", "name", "kind"), ("commune_code",), is_coverage=True
    ),
    Collection(
        "villages",
        "village_id",
        ("village_id", "name", "status", "households", "commune_code"),
        ("village_id", "status", "commune_code"),
    ),
    Collection(
        "sites",
        "site_id",
        ("site_id", "name", "operators", "technologies"),
        ("site_id", "operators", "technologies"),
    ),
    Collection(
        "cells",
        "cell_id",
        (
            "cell_id",
            "site_id",
            "operator",
            "technology",
            "frequency_mhz",
            "azimuth_deg",
            "horizontal_beamwidth_deg",
        ),
        ("cell_id", "operator", "technology"),
    ),
    Collection("places", "place_id", ("place_id", "name", "kind"), ("place_id", "kind")),
    Collection("roads", "road_id", ("class", "name"), ("class",)),
    Collection("fibre_routes", "route_id", ("route_id", "name", "kind", "operator"), ("route_id", "kind")),
    Collection("fibre_nodes", "node_id", ("node_id", "name", "kind", "operator"), ("node_id", "kind")),
)
COLLECTIONS: Mapping[str, Collection] = {collection.id: collection for collection in _ALL}


def collection_of(name: str) -> Collection:
    """Return a collection by name.

    Raises
    ------
    NotFoundError
        ``collection_unknown``.
    """
    if name not in COLLECTIONS:
        raise NotFoundError("collection_unknown", collection=name[:80], allowed=", ".join(COLLECTIONS))
    return COLLECTIONS[name]
