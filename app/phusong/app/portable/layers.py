"""Layers of a portable map, with every text of the study made harmless before it becomes HTML."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import orjson
import shapely

from phusong.app.api.snapshot import HILLSHADE, Snapshot
from phusong.app.compute.shares import ALL_OPERATORS
from phusong.app.i18n import Language, translate
from phusong.app.i18n.numbers import number, percent
from phusong.app.layer_names import signal_layer
from phusong.app.portable.pictures import Picture, picture_of
from phusong.app.reasontext import village_reason
from phusong.geodata.tiles.colours import RSRP_COLOURS, RSRP_EDGES_DBM, Ramp, level_ramp, shade_ramp

DENOMINATORS = ("population", "households", "villages", "area")
SHARE_EDGES = (0.2, 0.4, 0.6, 0.8, 0.95)
SHARE_COLOURS = ("#EEF1F8", "#C9D3EE", "#98AADD", "#6780C8", "#3E57AE", "#233A86")
MISSING_COLOUR = "#B4BBBF"
STATUS_STYLES: Mapping[str, Mapping[str, Any]] = {
    "white": {"radius": 6, "color": "#B3261E", "weight": 3, "fillColor": "#FFFFFF", "fillOpacity": 0.6},
    "patchy": {"radius": 6, "color": "#9A5B00", "weight": 2, "fillColor": "#E08A00", "fillOpacity": 1.0},
    "served": {"radius": 3, "color": "#FFFFFF", "weight": 1, "fillColor": "#1B7467", "fillOpacity": 1.0},
    "unknown": {"radius": 5, "color": "#6B767A", "weight": 2, "dashArray": "2 3", "fillOpacity": 0.0},
}
SIMPLIFIED_M = 60.0
DEGREE_M = 111_320.0
Say = Callable[..., str]


def saying(language: Language) -> Say:
    """Return sentences of the catalogues in one language, fit to stand in HTML."""

    def say(key: str, **parameters: object) -> str:
        return html.escape(translate(key, language, **parameters))

    return say


def share_layer(snapshot: Snapshot, technology: str, *, language: Language) -> folium.GeoJson:
    """Draw communes by the share of people served, with the four denominators told where the pointer is."""
    say = saying(language)
    frame = snapshot.frame("communes")
    known = {one["commune_code"]: one for one in snapshot.results["communes"]}
    shapes = shapely.coverage_simplify(
        np.asarray(frame.geometry.array, dtype=object), SIMPLIFIED_M / DEGREE_M
    )
    features = []
    for code, name, shape in zip(frame["commune_code"], frame["name"], shapes, strict=True):
        shares = known.get(str(code), {}).get("shares", {}).get(technology, {}).get(ALL_OPERATORS, {})
        told = {item: percent(shares.get(item, {}).get("share"), language) for item in DENOMINATORS}
        lead = next((shares[item]["share"] for item in DENOMINATORS if _has(shares, item)), None)
        features.append(_feature(shape, {"name": html.escape(str(name)), **told, "share": lead}))
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=say("portable.shares", technology=technology),
        style_function=_share_style,
        tooltip=folium.GeoJsonTooltip(
            fields=["name", *DENOMINATORS],
            aliases=[technology, *(say(f"denominators.{item}") for item in DENOMINATORS)],
            sticky=True,
        ),
        overlay=False,
        show=technology == snapshot.results["technologies"][-1],
    )


def _has(shares: Mapping[str, Any], item: str) -> bool:
    return shares.get(item, {}).get("share") is not None


def _share_style(feature: Mapping[str, Any]) -> dict[str, Any]:
    share = feature["properties"]["share"]
    colour = (
        MISSING_COLOUR if share is None else SHARE_COLOURS[int(np.searchsorted(SHARE_EDGES, share, "right"))]
    )
    return {"color": "#FFFFFF", "weight": 1, "fillColor": colour, "fillOpacity": 0.75}


def _feature(shape: shapely.Geometry, properties: Mapping[str, Any]) -> dict[str, Any]:
    rounded = shapely.transform(shape, lambda degrees: np.round(degrees, 5))
    geometry = orjson.loads(shapely.to_geojson(rounded))
    return {"type": "Feature", "geometry": geometry, "properties": dict(properties)}


def village_layers(snapshot: Snapshot, *, language: Language) -> list[folium.GeoJson]:
    """Draw villages, one layer a status; those that have signal are hidden at first."""
    say = saying(language)
    listed = snapshot.villages(status=None, commune_code=None)
    layers = []
    for status, style in STATUS_STYLES.items():
        chosen = [one for one in listed if one["status"] == status and one.get("lon") is not None]
        if not chosen:
            continue
        features = [_village(one, language) for one in chosen]
        layers.append(
            folium.GeoJson(
                {"type": "FeatureCollection", "features": features},
                name=f"{say(f'status.{status}')} ({len(chosen)})",
                marker=folium.CircleMarker(**{"fill": True, **_marker(style)}),
                tooltip=folium.GeoJsonTooltip(
                    fields=["name", "commune", "households", "reason"],
                    aliases=[
                        say(f"status.{status}"),
                        say("columns.commune_name"),
                        say("columns.households"),
                        say("columns.reason_text"),
                    ],
                    sticky=True,
                    style="max-width:340px;white-space:normal",
                ),
                show=status != "served",
            )
        )
    return layers


def _marker(style: Mapping[str, Any]) -> dict[str, Any]:
    names = {"fillColor": "fill_color", "fillOpacity": "fill_opacity", "dashArray": "dash_array"}
    return {names.get(name, name): value for name, value in style.items()}


def _village(village: Mapping[str, Any], language: Language) -> dict[str, Any]:
    reason = village_reason(village, language) if village.get("reason") else "–"
    return _feature(
        shapely.Point(village["lon"], village["lat"]),
        {
            "name": html.escape(str(village["name"])),
            "commune": html.escape(str(village.get("commune_name") or "–")),
            "households": number(village.get("households"), language),
            "reason": html.escape(reason),
        },
    )


def site_layer(snapshot: Snapshot, *, language: Language) -> folium.GeoJson:
    """Draw sites with who sends what from them."""
    say = saying(language)
    frame: gpd.GeoDataFrame = snapshot.frame("sites")
    features = [
        _feature(
            row.geometry,
            {
                "name": html.escape(str(row.site_id)),
                "operators": html.escape(str(getattr(row, "operators", "") or "–")),
                "technologies": html.escape(str(getattr(row, "technologies", "") or "–")),
            },
        )
        for row in frame[~(frame.geometry.isna() | frame.geometry.is_empty)].itertuples()
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=f"{say('collections.sites')} ({len(features)})",
        marker=folium.CircleMarker(
            radius=3, color="#13262C", weight=1, fill=True, fill_color="#FFFFFF", fill_opacity=1.0
        ),
        tooltip=folium.GeoJsonTooltip(
            fields=["name", "operators", "technologies"],
            aliases=[say("collections.sites"), say("portable.operators"), say("portable.technologies")],
        ),
        show=False,
    )


def raster_layers(snapshot: Snapshot, *, language: Language) -> list[folium.raster_layers.ImageOverlay]:
    """Draw the relief, and the level of each technology by all operators together."""
    say = saying(language)
    bounds = snapshot.bounds()
    if bounds is None:
        return []
    drawn = []
    for technology in snapshot.results["technologies"]:
        name = f"rsrp-{signal_layer(technology, ALL_OPERATORS)}"
        if name in snapshot.coverages():
            picture = picture_of(snapshot.display(name), _signal_ramp(snapshot, technology), bounds)
            drawn.append(_overlay(picture, say("portable.signal", technology=technology), is_base=True))
    if HILLSHADE in snapshot.coverages():
        picture = picture_of(snapshot.display(HILLSHADE), shade_ramp(strength=0.45), bounds)
        drawn.append(_overlay(picture, say("portable.relief"), is_base=False))
    return [overlay for overlay in drawn if overlay is not None]


def _overlay(
    picture: Picture | None, name: str, *, is_base: bool
) -> folium.raster_layers.ImageOverlay | None:
    """Lay a picture on the map: in place of other pictures of coverage, or over them."""
    if picture is None:
        return None
    corners = [list(picture.south_west), list(picture.north_east)]
    return folium.raster_layers.ImageOverlay(
        picture.uri, bounds=corners, name=name, overlay=not is_base, show=not is_base, opacity=0.85
    )


def _signal_ramp(snapshot: Snapshot, technology: str) -> Ramp:
    method = snapshot.results["method"]
    levels = method.get("required_rsrp_dbm") or method["threshold_dbm"]
    threshold_dbm = float(levels.get(technology, min(levels.values())))
    return level_ramp(RSRP_EDGES_DBM, RSRP_COLOURS, threshold_dbm=threshold_dbm)


def legend_rows(*, language: Language) -> Sequence[tuple[str, str]]:
    """Colours of shares and of levels with what they stand for, in one language."""
    edges = (0.0, *SHARE_EDGES, 1.0)
    shares = [
        (colour, f"{percent(low, language, decimals=0)} – {percent(high, language, decimals=0)}")
        for colour, low, high in zip(SHARE_COLOURS, edges, edges[1:], strict=False)
    ]
    levels = [
        ("#{:02X}{:02X}{:02X}".format(*colour[:3]), f"≥ {number(edge, language)} dBm")
        for colour, edge in zip(RSRP_COLOURS, RSRP_EDGES_DBM, strict=True)
    ]
    return [*shares, *levels]
