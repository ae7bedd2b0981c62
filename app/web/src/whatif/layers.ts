/** Layers of the what-if view: who is served today, what a plan changes, sites that go off air. */

import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import { address } from "../api";
import { ready } from "../model";
import { PALETTES } from "../map/palette";
import type { Scene } from "../map/scene";
import type { Drawn } from "./drawn";
import type { ChangeMap } from "./contract";

const MATRIX = "tiles/WebMercatorQuad/{z}/{y}/{x}";

/** Name of a change map's source: one a picture, so that the next is there before the last goes. */
const sourceName = (map: ChangeMap): string => `change-${map.href?.split("/").at(-1) ?? ""}`;

export function whatIfSources(scene: Scene, drawn: Drawn): Record<string, SourceSpecification> {
  const { technology, operator } = drawn.standing;
  const study = ready(scene.model.study);
  const run = ready(scene.model.results)?.run ?? "";
  const sources: Record<string, SourceSpecification> = {};
  if (technology !== "") {
    const path = `what-if/standing/${encodeURIComponent(technology)}/${encodeURIComponent(operator)}/${MATRIX}`;
    sources["standing"] = { type: "raster", tiles: [`${address(path)}?run=${run}`], tileSize: 256, ...(study?.bounds ? { bounds: study.bounds } : {}) };
  }
  for (const map of drawn.maps) {
    if (map.href) sources[sourceName(map)] = { type: "image", url: address(map.href), coordinates: map.corners as [[number, number], [number, number], [number, number], [number, number]] };
  }
  if (drawn.trail) {
    const coordinates = drawn.trail.map(({ lon, lat }) => [lon, lat]);
    sources["trail"] = { type: "geojson", data: { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } } };
  }
  return sources;
}

/** Rasters below the masks of what lies outside the province. */
export function whatIfGround({ state, isMasked }: Scene, drawn: Drawn): LayerSpecification[] {
  if (!isMasked) return [];
  const dark = state.theme === "dark";
  const flat = { "raster-fade-duration": 0, "raster-resampling": "nearest" } as const;
  return [
    { id: "standing", type: "raster", source: "standing", paint: { ...flat, "raster-opacity": dark ? 0.32 : 0.7 } },
    ...drawn.maps.map(
      (map): LayerSpecification => ({ id: sourceName(map), type: "raster", source: sourceName(map), paint: { ...flat, "raster-opacity": 0.92, ...(dark ? { "raster-brightness-min": 0.18 } : {}) } }),
    ),
  ];
}

export function whatIfMarks({ state }: Scene, drawn: Drawn): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  const ids = drawn.villages.map(([id]) => id);
  const layers: LayerSpecification[] = [
    { id: "trail", type: "line", source: "trail", paint: { "line-color": palette.ink, "line-width": 1.6, "line-dasharray": [3, 2.5] } },
    {
      id: "removed-sites",
      type: "circle",
      source: "sites",
      "source-layer": "sites",
      filter: ["in", ["get", "site_id"], ["literal", [...drawn.removed]]],
      paint: { "circle-radius": 10, "circle-opacity": 0, "circle-stroke-color": palette.bad, "circle-stroke-width": 2.4 },
    },
  ];
  if (ids.length === 0) return layers;
  const status = ["match", ["get", "village_id"], ...drawn.villages.flat(), "unknown"];
  layers.push({
    id: "changed-villages",
    type: "symbol",
    source: "villages",
    "source-layer": "villages",
    filter: ["in", ["get", "village_id"], ["literal", ids]],
    layout: { "icon-image": ["concat", status, `-${state.theme}`] as never, "icon-size": 1.15, "icon-allow-overlap": true, "icon-ignore-placement": true },
  });
  return layers;
}
