/** Lengths and shapes on the globe. */

import type { Place } from "./desk";

const EARTH_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** Length of the great circle between two places, metres (mean radius of the earth, IUGG). */
export function apart_m([lon1, lat1]: Place, [lon2, lat2]: Place): number {
  const [a, b] = [lat1 * RADIANS, lat2 * RADIANS];
  const half = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(((lon2 - lon1) * RADIANS) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** Bearing from one place to another, degrees from north. */
export function bearingOf([lon1, lat1]: Place, [lon2, lat2]: Place): number {
  const east = (lon2 - lon1) * Math.cos(((lat1 + lat2) / 2) * RADIANS);
  return (Math.atan2(east, lat2 - lat1) / RADIANS + 360) % 360;
}

/** Angle between two directions, 0 to 180 degrees. */
export function angle(a_deg: number, b_deg: number): number {
  const turn = Math.abs(a_deg - b_deg) % 360;
  return Math.min(turn, 360 - turn);
}

export function length_m(places: readonly Place[]): number {
  return places.slice(1).reduce((sum, place, index) => sum + apart_m(places[index] as Place, place), 0);
}

/** Place at a distance and bearing, on the sphere. */
export function towards([lon, lat]: Place, bearing_deg: number, distance_m: number): Place {
  const [turn, arc, at] = [bearing_deg * RADIANS, distance_m / EARTH_M, lat * RADIANS];
  const there = Math.asin(Math.sin(at) * Math.cos(arc) + Math.cos(at) * Math.sin(arc) * Math.cos(turn));
  const east = Math.atan2(Math.sin(turn) * Math.sin(arc) * Math.cos(at), Math.cos(arc) - Math.sin(at) * Math.sin(there));
  return [lon + east / RADIANS, there / RADIANS];
}
