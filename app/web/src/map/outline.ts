/** The province's outer edge from the boundaries of its communes. */

import type { BoundaryFeature } from "../api";
import type { Box } from "../contract";

type Position = [number, number];
type Ring = Position[];

/** Twice the signed area in square degrees: positive where the ring runs against the clock. */
function turn(ring: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let index = 1; index < ring.length; index += 1) {
    const [a, b] = [ring[index - 1] as number[], ring[index] as number[]];
    sum += (a[0] as number) * (b[1] as number) - (b[0] as number) * (a[1] as number);
  }
  return sum;
}

/** Rings with shells against the clock and holes with it, whichever way the file had them. */
function ringsOf({ geometry }: BoundaryFeature): number[][][] {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.flatMap((rings) => rings.map((ring, index) => (turn(ring) > 0 === (index === 0) ? ring : [...ring].reverse())));
}

const nameOf = (position: readonly number[]): string => `${position[0]},${position[1]}`;

/** Directed edges that no neighbour runs in the other direction: the outer edge. */
function outerEdges(features: readonly BoundaryFeature[]): Map<string, Position[]> {
  const seen = new Map<string, [from: Position, to: Position]>();
  for (const ring of features.flatMap(ringsOf)) {
    for (let index = 1; index < ring.length; index += 1) {
      const [from, to] = [ring[index - 1] as Position, ring[index] as Position];
      const opposite = `${nameOf(to)} ${nameOf(from)}`;
      if (!seen.delete(opposite)) seen.set(`${nameOf(from)} ${nameOf(to)}`, [from, to]);
    }
  }
  const next = new Map<string, Position[]>();
  for (const [from, to] of seen.values()) {
    const targets = next.get(nameOf(from));
    if (targets) targets.push(to);
    else next.set(nameOf(from), [to]);
  }
  return next;
}

function walk(start: string, next: Map<string, Position[]>): Ring {
  const ring: Ring = [];
  let at = start;
  for (;;) {
    const to = next.get(at)?.pop();
    if (!to) return ring;
    ring.push(to);
    at = nameOf(to);
    if (at === start) return [...ring, ring[0] as Position];
  }
}

/**
 * Closed rings around the communes. Neighbours share their border point by point and run it in opposite
 * directions, so shared edges cancel and what remains is the outside. Slivers shorter than four points are dropped.
 */
export function outerRings(features: readonly BoundaryFeature[]): Ring[] {
  const next = outerEdges(features);
  const rings: Ring[] = [];
  for (const start of next.keys()) {
    while (next.get(start)?.length) rings.push(walk(start, next));
  }
  return rings.filter((ring) => ring.length >= 4 && nameOf(ring[0] as Position) === nameOf(ring.at(-1) as Position));
}

const WORLD: Ring = [
  [-180, -85],
  [180, -85],
  [180, 85],
  [-180, 85],
  [-180, -85],
];

function box(ring: Ring): Box {
  const lons = ring.map((position) => position[0]);
  const lats = ring.map((position) => position[1]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** Rings under this share of the whole's extent are slivers between neighbours, not islands. */
const SLIVER_SHARE = 1e-5;

function extent(ring: Ring): number {
  const [west, south, east, north] = box(ring);
  return (east - west) * (north - south);
}

export interface Outline {
  mask: GeoJSON.Feature;
  edge: GeoJSON.Feature;
}

/** Everything outside the province as one polygon, and the province's edge as lines. */
export function outlineOf(features: readonly BoundaryFeature[]): Outline | null {
  const all = outerRings(features);
  const largest = all.reduce((most, ring) => Math.max(most, extent(ring)), 0);
  const rings = all.filter((ring) => turn(ring) > 0 && extent(ring) >= largest * SLIVER_SHARE);
  if (rings.length === 0) return null;
  return {
    mask: { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [WORLD, ...rings] } },
    edge: { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: rings } },
  };
}
