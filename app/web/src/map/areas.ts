/** Communes, signal, relief, the province's edge and what is selected. */

import type { ExpressionSpecification, FillLayerSpecification, LayerSpecification } from "maplibre-gl";
import { PALETTES } from "./palette";
import type { Scene } from "./scene";
import { symbolName } from "./symbols";

const COMMUNES = { source: "communes", "source-layer": "communes" } as const;
const CODE: ExpressionSpecification = ["get", "commune_code"];

function fillColour(scene: Scene): ExpressionSpecification | string {
  const pairs = scene.fills.flat();
  const land = PALETTES[scene.state.theme].land;
  if (pairs.length === 0) return land;
  return ["match", CODE, ...pairs, land] as unknown as ExpressionSpecification;
}

function choropleth(scene: Scene): LayerSpecification[] {
  if (scene.state.view !== "overview") return [];
  const hatch: FillLayerSpecification = {
    id: "missing",
    type: "fill",
    ...COMMUNES,
    filter: ["in", CODE, ["literal", scene.missing]],
    paint: { "fill-pattern": symbolName("hatch", scene.state.theme) },
  };
  return [{ id: "choropleth", type: "fill", ...COMMUNES, paint: { "fill-color": fillColour(scene) } }, hatch];
}

function rasterLayers({ state, coverage, isMasked, signal }: Scene): LayerSpecification[] {
  if (!isMasked) return [];
  const layers: LayerSpecification[] = [];
  if (signal.codes) {
    layers.push({
      id: "signal",
      type: "color-relief",
      source: signal.codes.id,
      paint: { "color-relief-opacity": 0.9, "color-relief-color": signal.codes.colour, resampling: "nearest" },
    });
  }
  if (coverage) {
    layers.push({
      id: "village-signal",
      type: "raster",
      source: coverage,
      paint: { "raster-opacity": 0.28, "raster-fade-duration": 0, "raster-resampling": "nearest" },
    });
  }
  if (state.layers.includes("hillshade")) {
    const opacity = state.view === "overview" ? 0.5 : 0.85;
    layers.push({ id: "hillshade", type: "raster", source: "hillshade", paint: { "raster-opacity": opacity, "raster-fade-duration": 0 } });
  }
  return layers;
}

function communeLines({ state }: Scene): LayerSpecification {
  const palette = PALETTES[state.theme];
  if (state.view === "overview") {
    return {
      id: "commune-lines",
      type: "line",
      ...COMMUNES,
      paint: { "line-color": palette.boundaryOnFill, "line-width": ["interpolate", ["linear"], ["zoom"], 7, 0.7, 11, 1.4] },
    };
  }
  return {
    id: "commune-lines-dashed",
    type: "line",
    ...COMMUNES,
    paint: { "line-color": palette.boundary, "line-width": 0.9, "line-dasharray": [4, 2] },
  };
}

export function areaLayers(scene: Scene): LayerSpecification[] {
  const { land } = PALETTES[scene.state.theme];
  return [
    { id: "land", type: "fill", ...COMMUNES, paint: { "fill-color": land } },
    ...choropleth(scene),
    ...rasterLayers(scene),
    communeLines(scene),
  ];
}

/** The province is an island: outside it nothing is drawn, so that nobody reads false zeros there. */
export function outsideLayers({ state }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  return [
    { id: "outside", type: "fill", source: "mask", paint: { "fill-color": palette.paper, "fill-antialias": false } },
    {
      id: "edge-shadow",
      type: "line",
      source: "edge",
      paint: { "line-color": palette.edge, "line-width": 7, "line-blur": 7, "line-opacity": 0.3 },
    },
    { id: "edge", type: "line", source: "edge", layout: { "line-join": "round" }, paint: { "line-color": palette.edge, "line-width": 1.1 } },
  ];
}

export function selectionLayers({ state }: Scene): LayerSpecification[] {
  const palette = PALETTES[state.theme];
  const chosen = state.view === "villages" ? state.within : state.commune;
  const together = state.view === "overview" ? state.picked : [];
  const only: ExpressionSpecification = ["in", CODE, ["literal", [chosen ?? "", ...together]]];
  const layout = { "line-join": "round" } as const;
  return [
    {
      id: "hover",
      type: "line",
      ...COMMUNES,
      layout,
      paint: {
        "line-color": palette.ink,
        "line-width": 1.4,
        "line-opacity": ["case", ["boolean", ["feature-state", "hover"], false], 1, 0],
      },
    },
    { id: "selection-casing", type: "line", ...COMMUNES, filter: only, layout, paint: { "line-color": palette.casing, "line-width": 5 } },
    { id: "selection", type: "line", ...COMMUNES, filter: only, layout, paint: { "line-color": palette.ink, "line-width": 2.4 } },
  ];
}
