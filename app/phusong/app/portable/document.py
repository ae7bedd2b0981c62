"""The portable map as a file: map, legend, method and every script and style inside it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure
from jinja2 import Template

from phusong.app.api.snapshot import Snapshot
from phusong.app.i18n import Language
from phusong.app.i18n.numbers import number, percent
from phusong.app.portable.layers import (
    legend_rows,
    raster_layers,
    saying,
    share_layer,
    site_layer,
    village_layers,
)
from phusong.coverage.errors import NotFoundError
from phusong.geodata.store.atomic import write_bytes_atomic

ASSETS = Path(__file__).resolve().parents[1] / "static" / "portable"
STYLE = Path(__file__).with_name("page.css")


class _Verbatim(Element):
    """Text that goes into the page as it is: scripts and names may hold what a template would read."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def write_portable_map(snapshot: Snapshot, path: Path, *, language: Language) -> int:
    """Write the map of a computed study to one HTML file that needs nothing else.

    Parameters
    ----------
    snapshot : Snapshot
    path : Path
        Replaced at once when the map is complete.
    language : {"vi", "en"}

    Returns
    -------
    int
        Size of the file in bytes.

    Raises
    ------
    NotFoundError
        ``results_missing``; ``page_unbuilt`` where the scripts to put inside were never built.
    """
    content = portable_map(snapshot, language=language).encode()
    write_bytes_atomic(path, content)
    return len(content)


def portable_map(snapshot: Snapshot, *, language: Language) -> str:
    """Return the map as HTML (see `write_portable_map`)."""
    results = snapshot.results
    chart = folium.Map(tiles=None, control_scale=True, prefer_canvas=True)
    chart.default_js, chart.default_css = [], []  # they lie on other people's servers
    for overlay in raster_layers(snapshot, language=language):
        overlay.add_to(chart)
    present = {one.id for one in snapshot.collections()}
    if "communes" in present:
        for technology in results["technologies"]:
            share_layer(snapshot, technology, language=language).add_to(chart)
    if "sites" in present:
        site_layer(snapshot, language=language).add_to(chart)
    if "villages" in present:
        for layer in village_layers(snapshot, language=language):
            layer.add_to(chart)
    folium.LayerControl(collapsed=False).add_to(chart)
    bounds = snapshot.bounds()
    if bounds is not None:
        west, south, east, north = bounds
        chart.fit_bounds([[south, west], [north, east]])
    return _whole(chart, results, language)


def _whole(chart: folium.Map, results: Mapping[str, Any], language: Language) -> str:
    figure = chart.get_root()
    if not isinstance(figure, Figure):  # a map made alone stands in a figure of its own
        raise TypeError(figure)
    for name, wrap in (("leaflet.css", "style"), ("leaflet.js", "script")):
        figure.header.add_child(_Verbatim(f"<{wrap}>{_asset(name)}</{wrap}>"), index=0)
    figure.header.add_child(_Verbatim(f"<style>{STYLE.read_text(encoding='utf-8')}</style>"))
    title = html.escape(str(results["province"]["name"]))
    figure.header.add_child(_Verbatim(f'<title>{title}</title><link rel="icon" href="data:,">'))
    for part in (_title(results, language), _legend(language), _method(results, language)):
        figure.html.add_child(_Verbatim(part))
    rendered: str = figure.render()
    return rendered.replace("<html>", f'<html lang="{language}">', 1)


def _asset(name: str) -> str:
    try:
        text = (ASSETS / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError("page_unbuilt") from error
    # The style names pictures beside itself that are not there; the script asks for none by itself.
    return text.replace("//# sourceMappingURL=leaflet.js.map", "")


def _title(results: Mapping[str, Any], language: Language) -> str:
    say = saying(language)
    province, method = results["province"], results["method"]
    head = say("portable.head", computed_on=str(results["computed_on"])[:10])
    figures = " · ".join(
        f"{html.escape(technology)} {_share(province, technology, language)}"
        for technology in results["technologies"]
    )
    warning = ""
    if method["synthetic_layers"]:
        told = say("cli.results.synthetic", layers=", ".join(method["synthetic_layers"]))
        warning = f'<p class="warn">{told}</p>'
    name = html.escape(str(province["name"]))
    return (
        f'<section id="title" class="sheet"><h1>{name}</h1><p>{figures}</p><p>{head}</p>{warning}</section>'
    )


def _share(province: Mapping[str, Any], technology: str, language: Language) -> str:
    shares = province["shares"][technology]["all"]
    say = saying(language)
    for item in ("population", "area"):
        share = shares[item]["share"]
        if share is not None:
            return f"{percent(share, language)} {say(f'denominators.{item}').lower()}"
    return "–"


def _legend(language: Language) -> str:
    say = saying(language)
    rows = "".join(
        f'<div><i style="background:{colour}"></i>{html.escape(text)}</div>'
        for colour, text in legend_rows(language=language)
    )
    return f'<details id="legend" class="sheet"><summary>{say("portable.legend")}</summary>{rows}</details>'


def _method(results: Mapping[str, Any], language: Language) -> str:
    say = saying(language)
    method = results["method"]
    told = say(
        "cli.results.method",
        model=method["model"],
        grid_m=method["grid"]["cell_size_m"],
        receiver_height_m=number(method["receiver_height_m"], language, decimals=1),
        threshold=", ".join(
            f"{name} {number(level, language)}" for name, level in method["threshold_dbm"].items()
        ),
        probability=percent(method["location_probability"], language, decimals=0),
        load=percent(method["load"], language, decimals=0),
        computed_on=method["computed_on"],
    )
    layers = "".join(
        f"<div>{html.escape(layer)}: {html.escape(str(record['sha256'])[:12])}</div>"
        for layer, record in method["layers"].items()
    )
    assumed = "; ".join(f"{layer}: {', '.join(names)}" for layer, names in method["assumed"].items())
    more = f"<div>{say('cli.results.assumed', columns=assumed)}</div>" if assumed else ""
    run = html.escape(str(results["run"]))
    return (
        f'<details id="method" class="sheet"><summary>{say("portable.method")} {run}</summary>'
        f"<p>{told}</p>{more}{layers}</details>"
    )
