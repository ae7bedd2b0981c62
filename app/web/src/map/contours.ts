/** Contour lines of the study's terrain: part of the ground, drawn where relief is drawn. */

import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import { address } from "../api";
import { ready } from "../model";
import { PALETTES } from "./palette";
import type { Scene } from "./scene";

const SOURCE = "contours";
/** As the server cuts them: every 100 m from the first zoom on, every 20 m from the second. */
const INDEX_FROM_ZOOM = 11;
const ALL_FROM_ZOOM = 12.5;
const FINEST_TILES = 14;

export function contourSources({ model, state }: Scene): Record<string, SourceSpecification> {
  const study = ready(model.study);
  if (!study?.layers["terrain"] || !state.layers.includes("hillshade")) return {};
  const run = ready(model.results)?.run ?? "";
  return {
    [SOURCE]: {
      type: "vector",
      tiles: [`${address("contours/tiles/WebMercatorQuad/{z}/{y}/{x}")}?run=${run}`],
      minzoom: INDEX_FROM_ZOOM,
      maxzoom: FINEST_TILES,
      ...(study.bounds ? { bounds: study.bounds } : {}),
    },
  };
}

export function contourLayers({ state }: Scene): LayerSpecification[] {
  if (!state.layers.includes("hillshade")) return [];
  const colour = PALETTES[state.theme].ink;
  const line = { type: "line", source: SOURCE, "source-layer": SOURCE } as const;
  return [
    {
      ...line,
      id: "contours",
      minzoom: ALL_FROM_ZOOM,
      filter: ["!", ["get", "is_index"]],
      paint: { "line-color": colour, "line-width": 0.5, "line-opacity": 0.22 },
    },
    {
      ...line,
      id: "contours-index",
      minzoom: INDEX_FROM_ZOOM,
      filter: ["get", "is_index"],
      paint: { "line-color": colour, "line-width": 0.8, "line-opacity": 0.34 },
    },
  ];
}
