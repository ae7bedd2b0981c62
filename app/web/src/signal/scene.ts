/** What the signal view adds to the map. */

import type { ExpressionSpecification } from "maplibre-gl";
import { ready } from "../model";
import type { App } from "../app";
import { apart_m, towards } from "./geometry";
import { codeColours, reliefColour } from "./recolour";
import { distance } from "../format";

export interface SignalScene {
  /** Layer of codes to draw and its colours. */
  codes: { id: string; colour: ExpressionSpecification } | null;
  drawn: GeoJSON.FeatureCollection;
  /** A tool waits for clicks, whatever lies under them. */
  picks: boolean;
}

export const EMPTY_SCENE: SignalScene = { codes: null, drawn: { type: "FeatureCollection", features: [] }, picks: false };

const feature = (kind: string, geometry: GeoJSON.Geometry, more: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature => ({
  type: "Feature",
  properties: { kind, ...more },
  geometry,
});

function tool({ signal }: App): GeoJSON.Feature[] {
  const { places } = signal;
  if (signal.tool === null || places.length === 0) return [];
  const dots = places.map((coordinates) => feature("tool-end", { type: "Point", coordinates }));
  if (places.length < 2) return dots;
  const tags = places.slice(1).map((place, index) => {
    const before = places[index] as [number, number];
    const coordinates = [(before[0] + place[0]) / 2, (before[1] + place[1]) / 2];
    return feature("tool-tag", { type: "Point", coordinates }, { name: distance(apart_m(before, place)) });
  });
  return [feature("tool-line", { type: "LineString", coordinates: places }), ...dots, ...tags];
}

/** The outline in stretches, each with what ends service there. */
function footprint({ signal }: App): GeoJSON.Feature[] {
  const reach = ready(signal.footprint);
  if (!reach) return [];
  const { outline, directions } = reach;
  const centre: [number, number] = [reach.lon, reach.lat];
  const stretches = outline.map((place, index) => {
    const next = (index + 1) % outline.length;
    return feature("reach-edge", { type: "LineString", coordinates: [place, outline[next] ?? place] }, { cause: directions[index]?.ended_by ?? "" });
  });
  const circle = Array.from({ length: 73 }, (_, step) => towards(centre, step * 5, reach.radius_m));
  return [
    feature("reach", { type: "Polygon", coordinates: [[...outline, outline[0] ?? centre]] }),
    feature("reach-radius", { type: "LineString", coordinates: circle }),
    ...stretches,
  ];
}

function cluster({ signal, state }: App): GeoJSON.Feature[] {
  const found = state.view === "villages" ? ready(signal.cluster) : null;
  if (!found?.unserved || !found.cluster || !found.place) return [];
  const here: [number, number] = [found.place.lon, found.place.lat];
  const ray: GeoJSON.Feature[] = found.strongest
    ? [feature("cluster-ray", { type: "LineString", coordinates: [here, [found.strongest.lon, found.strongest.lat]] })]
    : [];
  return [feature("unserved", found.unserved), feature("cluster", found.cluster), ...ray];
}

export function signalScene(app: App): SignalScene {
  const layer = app.state.view === "signal" ? app.signal.layer() : null;
  const codes = layer ? { id: layer.id, colour: reliefColour(codeColours(layer, app.state.above, app.state.off)) } : null;
  const features = app.state.view === "signal" ? [...footprint(app), ...tool(app)] : cluster(app);
  return { codes, drawn: { type: "FeatureCollection", features }, picks: app.state.view === "signal" && app.signal.tool !== null };
}
