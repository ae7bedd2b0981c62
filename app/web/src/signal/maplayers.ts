/** Map layers of what the signal view draws itself. */

import type { LayerSpecification } from "maplibre-gl";
import { PALETTES } from "../map/palette";
import { FONT } from "../map/points";
import { symbolName } from "../map/symbols";
import type { Scene } from "../map/scene";

export const DRAWN = "signal-drawn";
export const CODES_MAX_ZOOM = 14;

const only = (kind: string): never => ["==", ["get", "kind"], kind] as never;

/** Colours of what ends a footprint: radius stands out because it is no fact of nature. */
const CAUSE_COLOURS = { threshold: "#2C939C", terrain: "#9A4A06", radius: "#C25AA8", no_data: "#6B767A", grid_edge: "#6B767A" } as const;

export function signalLayers({ state }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  const causes = Object.entries(CAUSE_COLOURS).flat();
  return [
    { id: "reach", type: "fill", source: DRAWN, filter: only("reach"), paint: { "fill-color": palette.accent, "fill-opacity": 0.1 } },
    { id: "reach-radius", type: "line", source: DRAWN, filter: only("reach-radius"), paint: { "line-color": palette.ink, "line-width": 1, "line-dasharray": [2, 3], "line-opacity": 0.7 } },
    { id: "reach-casing", type: "line", source: DRAWN, filter: only("reach-edge"), layout: { "line-cap": "round" }, paint: { "line-color": palette.casing, "line-width": 5 } },
    {
      id: "reach-edge",
      type: "line",
      source: DRAWN,
      filter: only("reach-edge"),
      layout: { "line-cap": "round" },
      paint: { "line-color": ["match", ["get", "cause"], ...causes, palette.ink] as never, "line-width": 2.6 },
    },
    { id: "unserved", type: "fill", source: DRAWN, filter: only("unserved"), paint: { "fill-color": palette.bad, "fill-opacity": 0.28 } },
    { id: "cluster-casing", type: "line", source: DRAWN, filter: only("cluster"), paint: { "line-color": palette.casing, "line-width": 4.5 } },
    { id: "cluster", type: "line", source: DRAWN, filter: only("cluster"), paint: { "line-color": palette.bad, "line-width": 2 } },
    { id: "cluster-ray", type: "line", source: DRAWN, filter: only("cluster-ray"), paint: { "line-color": palette.bad, "line-width": 1.8, "line-dasharray": [3, 2] } },
    { id: "tool-casing", type: "line", source: DRAWN, filter: only("tool-line"), paint: { "line-color": palette.casing, "line-width": 5 } },
    { id: "tool-line", type: "line", source: DRAWN, filter: only("tool-line"), paint: { "line-color": palette.accent, "line-width": 2.2 } },
    {
      id: "tool-ends",
      type: "circle",
      source: DRAWN,
      filter: only("tool-end"),
      paint: { "circle-radius": 5, "circle-color": palette.casing, "circle-stroke-color": palette.accent, "circle-stroke-width": 2.4 },
    },
    {
      id: "tool-tags",
      type: "symbol",
      source: DRAWN,
      filter: only("tool-tag"),
      layout: {
        "text-field": ["get", "name"],
        "text-font": FONT,
        "text-size": 11.5,
        "icon-image": symbolName("pill", state.theme),
        "icon-text-fit": "both",
        "icon-text-fit-padding": [1, 2, 1, 2],
        "text-allow-overlap": true,
        "icon-allow-overlap": true,
      },
      paint: { "text-color": palette.label },
    },
  ];
}
