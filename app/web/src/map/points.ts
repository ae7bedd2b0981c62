/** Villages, sites and sectors, and names. */

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type { Status } from "../contract";
import { PALETTES, type Palette } from "./palette";
import type { Scene } from "./scene";
import { operator, technology } from "../model";
import { OPENINGS_DEG, symbolName } from "./symbols";

const VILLAGES = { source: "villages", "source-layer": "villages" } as const;
const SITES = { source: "sites", "source-layer": "sites" } as const;
const CELLS = { source: "cells", "source-layer": "cells" } as const;

/** Names are drawn from the page's own font; there is no glyph server. */
export const FONT = ["Inter Variable"];

/** From these zooms on sites and villages stand on the map by themselves. */
const SITES_FROM_ZOOM = 10;
const MASTS_FROM_ZOOM = 11;
const VILLAGES_FROM_ZOOM = 8.5;
const ALL_VILLAGES_FROM_ZOOM = 11;

function villageFilter(scene: Scene, statuses: readonly Status[]): FilterSpecification {
  const parts: unknown[] = ["all", ["in", ["get", "status"], ["literal", [...statuses]]]];
  if (scene.state.within !== null && scene.state.view === "villages") {
    parts.push(["==", ["get", "commune_code"], scene.state.within]);
  }
  const changed = scene.model.whatif?.villages.map(([id]) => id) ?? [];
  if (changed.length) parts.push(["!", ["in", ["get", "village_id"], ["literal", changed]]]);
  if (scene.villageIds !== null) parts.push(["in", ["get", "village_id"], ["literal", scene.villageIds]]);
  return parts as unknown as FilterSpecification;
}

/** In the villages view the chips decide; elsewhere those without full signal are shown. */
function shownStatuses({ state }: Scene): Status[] {
  return state.view === "villages" ? [...state.statuses] : ["white", "patchy"];
}

function villageLayers(scene: Scene): LayerSpecification[] {
  const { state } = scene;
  if (!state.layers.includes("villages")) return [];
  const image: ExpressionSpecification = ["concat", ["get", "status"], `-${state.theme}`];
  const statuses = shownStatuses(scene);
  const size: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 8, 0.62, 10, 0.75, 12, 1];
  const layout = { "icon-image": image, "icon-size": size, "icon-allow-overlap": true, "icon-ignore-placement": false } as const;
  return [
    {
      id: "villages-rest",
      type: "symbol",
      ...VILLAGES,
      minzoom: ALL_VILLAGES_FROM_ZOOM,
      filter: ["==", ["get", "status"], statuses.includes("served") ? "" : "served"],
      layout,
    },
    {
      id: "villages",
      type: "symbol",
      ...VILLAGES,
      minzoom: state.view === "villages" ? 0 : VILLAGES_FROM_ZOOM,
      filter: villageFilter(scene, statuses),
      layout: { ...layout, "symbol-sort-key": ["match", ["get", "status"], "white", 4, "patchy", 3, "unknown", 2, 1] },
    },
  ];
}

/** Six hundred metres to scale up to zoom 13 at 20 degrees north, then growing slower than the map. */
const SECTOR_SIZE_AT_ZOOM_10 = 0.35;

/** In the signal view only the cells of the technology and operator shown. */
function shownCells({ state, model }: Scene): ExpressionSpecification {
  if (state.view !== "signal") return ["literal", true] as unknown as ExpressionSpecification;
  const [tech, who] = [technology(model, state), operator(model, state)];
  const parts: unknown[] = ["all", ["in", ["get", "technology"], ["literal", tech.split("+")]]];
  if (who !== "all") parts.push(["==", ["get", "operator"], who]);
  return parts as unknown as ExpressionSpecification;
}

function sectorLayers(scene: Scene): LayerSpecification[] {
  const { state } = scene;
  const from = state.view === "signal" ? SITES_FROM_ZOOM : 12.5;
  const size: ExpressionSpecification = ["interpolate", ["exponential", 2], ["zoom"], 10, SECTOR_SIZE_AT_ZOOM_10, 13, 8 * SECTOR_SIZE_AT_ZOOM_10, 16, 24 * SECTOR_SIZE_AT_ZOOM_10];
  const [first, ...wider] = OPENINGS_DEG.map((opening) => symbolName(`wedge-${opening}`, state.theme));
  const beam: ExpressionSpecification = ["to-number", ["get", "horizontal_beamwidth_deg"], 60];
  const image = ["step", beam, first, ...OPENINGS_DEG.slice(1).flatMap((opening, index) => [opening, wider[index]])] as unknown as ExpressionSpecification;
  const fixed = { "icon-size": size, "icon-allow-overlap": true, "icon-ignore-placement": true } as const;
  return [
    {
      id: "omni",
      type: "symbol",
      ...CELLS,
      minzoom: from,
      filter: ["all", ["!", ["has", "azimuth_deg"]], shownCells(scene)] as unknown as FilterSpecification,
      layout: { ...fixed, "icon-image": symbolName("omni", state.theme) },
    },
    {
      id: "sectors",
      type: "symbol",
      ...CELLS,
      minzoom: from,
      filter: ["all", ["has", "azimuth_deg"], shownCells(scene)] as unknown as FilterSpecification,
      layout: {
        ...fixed,
        "icon-image": image,
        "icon-rotate": ["to-number", ["get", "azimuth_deg"]],
        "icon-rotation-alignment": "map",
      },
    },
  ];
}

function siteLayers(scene: Scene): LayerSpecification[] {
  const { state } = scene;
  if (!state.layers.includes("sites")) return [];
  const palette = PALETTES[state.theme];
  const asDots = state.view === "signal";
  return [
    ...sectorLayers(scene),
    {
      id: "site-dots",
      type: "circle",
      ...SITES,
      minzoom: asDots ? 8.5 : SITES_FROM_ZOOM,
      ...(asDots ? {} : { maxzoom: MASTS_FROM_ZOOM }),
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 8.5, 1.2, 12, 2.6],
        "circle-color": palette.ink,
        "circle-stroke-color": palette.casing,
        "circle-stroke-width": 1,
      },
    },
    {
      id: "masts",
      type: "symbol",
      ...SITES,
      minzoom: asDots ? 24 : MASTS_FROM_ZOOM,
      layout: { "icon-image": symbolName("mast", state.theme), "icon-size": 0.8, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
  ];
}

/** A thin ring around the village under the pointer, on the map or in the list. */
function pointedVillage({ state }: Scene): LayerSpecification {
  const isPointed: ExpressionSpecification = ["boolean", ["feature-state", "hover"], false];
  return {
    id: "pointed-village",
    type: "circle",
    ...VILLAGES,
    paint: {
      "circle-radius": 11,
      "circle-opacity": 0,
      "circle-stroke-color": PALETTES[state.theme].ink,
      "circle-stroke-width": 1.4,
      "circle-stroke-opacity": ["case", isPointed, 1, 0],
    },
  };
}

function chosenVillage(scene: Scene): LayerSpecification[] {
  const { state } = scene;
  if (state.view !== "villages") return [];
  return [pointedVillage(scene), ...rings(scene)];
}

function rings({ state }: Scene): LayerSpecification[] {
  if (state.village === null && state.picked.length === 0) return [];
  const palette = PALETTES[state.theme];
  const chosen = state.village === null ? state.picked : [state.village, ...state.picked];
  const filter: FilterSpecification = ["in", ["get", "village_id"], ["literal", chosen]];
  const ring = (id: string, colour: string, width: number): LayerSpecification => ({
    id,
    type: "circle",
    ...VILLAGES,
    filter,
    paint: { "circle-radius": 15, "circle-opacity": 0, "circle-stroke-color": colour, "circle-stroke-width": width },
  });
  return [ring("chosen-halo", palette.casing, 4.5), ring("chosen", palette.ink, 2)];
}

function rayMarks({ state }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  return [
    {
      id: "obstruction",
      type: "symbol",
      source: "rays",
      filter: ["==", ["get", "kind"], "obstruction"],
      minzoom: 10,
      layout: { "icon-image": symbolName("obstruction", state.theme), "icon-allow-overlap": true },
    },
    {
      id: "ray-tags",
      type: "symbol",
      source: "rays",
      filter: ["==", ["get", "kind"], "tag"],
      minzoom: 9.5,
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": 11.5,
        "icon-image": symbolName("pill", state.theme),
        "icon-text-fit": "both",
        "icon-text-fit-padding": [1, 2, 1, 2],
        "text-padding": 4,
      },
      paint: { "text-color": palette.label },
    },
  ];
}

export function pointLayers(scene: Scene): LayerSpecification[] {
  return [...siteLayers(scene), ...villageLayers(scene), ...chosenVillage(scene), ...rayMarks(scene)];
}

function labelPaint(palette: Palette): Record<string, unknown> {
  return { "text-color": palette.label, "text-halo-color": palette.halo, "text-halo-width": 1.6 };
}

/** The chosen village is named whatever its state, further out because of its ring. */
function chosenName({ state }: Scene, paint: Record<string, unknown>): LayerSpecification {
  return {
    id: "chosen-name",
    type: "symbol",
    ...VILLAGES,
    filter: ["==", ["get", "village_id"], state.village ?? ""],
    layout: {
      "text-field": ["get", "name"],
      "text-font": FONT,
      "text-size": 13,
      "text-variable-anchor": ["left", "right", "bottom", "top"],
      "text-radial-offset": 1.5,
      "text-allow-overlap": true,
    },
    paint,
  } as LayerSpecification;
}

/** Names of places in smaller, lighter letters than those of villages. */
function placeNames({ state }: Scene, paint: Record<string, unknown>): LayerSpecification[] {
  if (!state.layers.includes("places")) return [];
  const layer = {
    id: "place-names",
    type: "symbol",
    source: "places",
    "source-layer": "places",
    minzoom: 11.5,
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 11, "text-padding": 6 },
    paint: { ...paint, "text-color": PALETTES[state.theme].unknown },
  };
  return [layer as unknown as LayerSpecification];
}

export function labelLayers(scene: Scene): LayerSpecification[] {
  const { state } = scene;
  if (!state.layers.includes("labels")) return [];
  const paint = labelPaint(PALETTES[state.theme]);
  return [
    {
      id: "village-names",
      type: "symbol",
      ...VILLAGES,
      minzoom: ALL_VILLAGES_FROM_ZOOM,
      filter: ["all", ["in", ["get", "status"], ["literal", ["white", "patchy"]]], ["!=", ["get", "village_id"], state.village ?? ""]],
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": 11.5,
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 0.95,
        "text-padding": 5,
      },
      paint,
    },
    chosenName(scene, paint),
    ...placeNames(scene, paint),
    {
      id: "commune-names",
      type: "symbol",
      source: "names",
      maxzoom: 13,
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": ["interpolate", ["linear"], ["zoom"], 8, 11, 11, 12.5],
        "text-padding": ["interpolate", ["linear"], ["zoom"], 8, 10, 11, 5],
        "symbol-sort-key": ["-", 0, ["get", "size"]],
      },
      paint,
    },
  ] as LayerSpecification[];
}
