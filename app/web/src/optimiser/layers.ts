/** A plan on the map: candidates as faint dots, numbered picks, villages won, means for the rest, fibre by build. */

import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from "maplibre-gl";
import { PALETTES } from "../map/palette";
import { FONT } from "../map/points";
import type { Scene } from "../map/scene";
import type { FibrePlan, TechnologyPlan, TowerPlan } from "./contract";

/** What the map draws of the optimiser's answer. */
export interface DrawnPlan {
  towers: TowerPlan | null;
  residual: TechnologyPlan | null;
  fibre: FibrePlan | null;
  chosen: number | null;
}

type Features = GeoJSON.Feature[];

export const PICKS = "opt-picks";
export const MEANS_COLOURS: Record<string, string> = {
  mast: "#2846A8",
  colocation: "#0A7F8C",
  carrier: "#5B8DEF",
  sector: "#7CC4E8",
  repeater: "#8A3B8F",
  fibre: "#C25AA8",
  microwave: "#E39B2D",
  satellite: "#6B767A",
};
export const BUILD_COLOURS: Record<string, string> = { aerial: "#8A3B8F", duct: "#C47028", reused_duct: "#E39B2D", reused_fibre: "#6B767A", off_road: "#B3261E" };

function point(lon: number, lat: number, properties: Record<string, unknown>): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
}

function towerFeatures({ towers, chosen }: DrawnPlan): Features {
  if (!towers) return [];
  const { lon, lat } = towers.places ?? { lon: [], lat: [] };
  return [
    ...lon.map((one, at) => point(one, lat[at] as number, { kind: "candidate" })),
    // The most worth stands above the others where they lie on each other.
    ...[...towers.picks].reverse().map((pick) => point(pick.lon, pick.lat, { kind: "pick", number: pick.number, kept: pick.is_kept, chosen: pick.number === chosen, order: -pick.number })),
  ];
}

function meansFeatures({ residual }: DrawnPlan): Features {
  if (!residual) return [];
  return [
    ...residual.villages.map((village) => point(village.lon, village.lat, { kind: "means", means: village.means })),
    ...residual.sites.map((site, at) => point(site.lon, site.lat, { kind: "pick", number: at + 1, kept: false, chosen: false, order: -at })),
  ];
}

function fibreFeatures({ fibre }: DrawnPlan): Features {
  if (!fibre) return [];
  return [
    ...fibre.spans.map((span): GeoJSON.Feature => ({ type: "Feature", properties: { kind: "span", build: span.build }, geometry: { type: "LineString", coordinates: span.lonlat } })),
    ...fibre.targets.map((one) => point(one.lon, one.lat, { kind: "target", joined: one.joined })),
  ];
}

export function planSources(plan: DrawnPlan): Record<string, SourceSpecification> {
  const data: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [...towerFeatures(plan), ...meansFeatures(plan), ...fibreFeatures(plan)] };
  return { "opt-plan": { type: "geojson", data } };
}

const kind = (name: string): ExpressionSpecification => ["==", ["get", "kind"], name];
const matched = (property: string, colours: Record<string, string>): ExpressionSpecification =>
  ["match", ["get", property], ...Object.entries(colours).flat(), "#6B767A"] as unknown as ExpressionSpecification;

function won(scene: Scene, plan: DrawnPlan): LayerSpecification[] {
  const ids = plan.towers?.check.villages_won.map((village) => village.village_id) ?? [];
  if (ids.length === 0) return [];
  return [
    {
      id: "opt-won",
      type: "circle",
      source: "villages",
      "source-layer": "villages",
      filter: ["in", ["get", "village_id"], ["literal", ids]],
      paint: { "circle-radius": 4.5, "circle-color": PALETTES[scene.state.theme].served, "circle-stroke-color": PALETTES[scene.state.theme].casing, "circle-stroke-width": 1.6 },
    },
  ];
}

export function planLayers(scene: Scene, plan: DrawnPlan): LayerSpecification[] {
  const palette = PALETTES[scene.state.theme];
  const source = "opt-plan";
  const chosen: ExpressionSpecification = ["boolean", ["get", "chosen"], false];
  return [
    { id: "opt-candidates", type: "circle", source, filter: kind("candidate"), paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1, 12, 2.4], "circle-color": palette.ink, "circle-opacity": 0.32 } },
    { id: "opt-spans", type: "line", source, filter: kind("span"), layout: { "line-cap": "round" }, paint: { "line-color": matched("build", BUILD_COLOURS), "line-width": ["interpolate", ["linear"], ["zoom"], 8, 1.6, 13, 4] } },
    { id: "opt-targets", type: "circle", source, filter: kind("target"), paint: { "circle-radius": 3.4, "circle-color": ["case", ["boolean", ["get", "joined"], false], palette.served, palette.bad], "circle-stroke-color": palette.casing, "circle-stroke-width": 1.2 } },
    { id: "opt-means", type: "circle", source, filter: kind("means"), paint: { "circle-radius": 5, "circle-color": matched("means", MEANS_COLOURS), "circle-stroke-color": palette.casing, "circle-stroke-width": 1.6 } },
    ...won(scene, plan),
    {
      id: PICKS,
      type: "circle",
      source,
      filter: kind("pick"),
      paint: {
        "circle-radius": ["case", chosen, 13, 11],
        "circle-color": ["case", ["boolean", ["get", "kept"], false], palette.ink, palette.accent],
        "circle-stroke-color": ["case", chosen, palette.ink, palette.casing],
        "circle-stroke-width": ["case", chosen, 3.2, 2],
      },
    },
    {
      id: "opt-numbers",
      type: "symbol",
      source,
      filter: kind("pick"),
      layout: { "text-field": ["to-string", ["get", "number"]], "text-font": FONT, "text-size": 12, "text-allow-overlap": true, "text-ignore-placement": true, "symbol-sort-key": ["get", "order"] },
      paint: { "text-color": palette.casing },
    },
  ];
}
