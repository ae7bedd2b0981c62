/** Roads, fibre, and the rays from a village to its sites. */

import type { LayerSpecification } from "maplibre-gl";
import { PALETTES } from "./palette";
import type { Scene } from "./scene";

function infrastructure({ state, model }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  const layers: LayerSpecification[] = [];
  if (state.layers.includes("roads")) {
    layers.push({
      id: "roads",
      type: "line",
      source: "roads",
      "source-layer": "roads",
      paint: { "line-color": palette.road, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.6, 13, 2] },
    });
  }
  // New cable means nothing without what it is joined to; that stands back then.
  const isJoined = Boolean(model.optimiser?.fibre);
  const colour = isJoined ? palette.boundary : palette.fibre;
  if (isJoined || state.layers.includes("fibre")) {
    layers.push({
      id: "fibre",
      type: "line",
      source: "fibre_routes",
      "source-layer": "fibre_routes",
      paint: { "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.9, 13, 2.2] },
    });
    layers.push({
      id: "fibre-nodes",
      type: "circle",
      source: "fibre_nodes",
      "source-layer": "fibre_nodes",
      minzoom: 9,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 2, 14, 5],
        "circle-color": palette.casing,
        "circle-stroke-color": colour,
        "circle-stroke-width": 1.8,
      },
    });
  }
  return layers;
}

function rayLayers({ state }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  const others = ["all", ["==", ["get", "kind"], "ray"], ["!", ["get", "chosen"]]] as const;
  const chosen = ["all", ["==", ["get", "kind"], "ray"], ["get", "chosen"]] as const;
  return [
    {
      id: "rays",
      type: "line",
      source: "rays",
      filter: others as never,
      paint: { "line-color": palette.ink, "line-width": 1.3, "line-dasharray": [4, 3] },
    },
    { id: "ray-halo", type: "line", source: "rays", filter: chosen as never, paint: { "line-color": palette.casing, "line-width": 5 } },
    { id: "ray", type: "line", source: "rays", filter: chosen as never, paint: { "line-color": palette.accent, "line-width": 2.2 } },
  ];
}

export function lineLayers(scene: Scene): LayerSpecification[] {
  return [...infrastructure(scene), ...rayLayers(scene)];
}
