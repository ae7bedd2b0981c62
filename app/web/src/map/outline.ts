/** What the map draws of the province's outer edge. */

type Ring = GeoJSON.Position[];
export type OuterEdge = GeoJSON.Feature<GeoJSON.MultiPolygon>;

const WORLD: Ring = [
  [-180, -85],
  [180, -85],
  [180, 85],
  [-180, 85],
  [-180, -85],
];

export interface Outline {
  mask: GeoJSON.Feature;
  edge: GeoJSON.Feature;
}

/** Everything outside the province as one polygon, and the province's edge as lines. */
export function outlineOf({ geometry }: OuterEdge): Outline | null {
  const rings = geometry.coordinates.flatMap(([shell]) => (shell ? [shell] : []));
  if (rings.length === 0) return null;
  return {
    mask: { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [WORLD, ...rings] } },
    edge: { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: rings } },
  };
}
