/** Geometry of masts on the map: metres, bearings, handles. */

import type { Place } from "./plan";

/** Metres of one degree of latitude on a sphere of the mean radius. */
const METRES_A_DEGREE = 111_194.93;
const DEGREES = 180 / Math.PI;

export function movedBy({ lon, lat }: Place, east_m: number, north_m: number): Place {
  const across = METRES_A_DEGREE * Math.cos(lat / DEGREES);
  return { lon: lon + east_m / across, lat: lat + north_m / METRES_A_DEGREE };
}

export function apart_m(a: Place, b: Place): number {
  const across = METRES_A_DEGREE * Math.cos(((a.lat + b.lat) / 2) / DEGREES);
  return Math.hypot((b.lon - a.lon) * across, (b.lat - a.lat) * METRES_A_DEGREE);
}

/** Degrees from north, with the clock, of a point on the screen seen from another. */
export function bearingOnScreen(dx_px: number, dy_px: number): number {
  return (Math.round(Math.atan2(dx_px, -dy_px) * DEGREES) + 360) % 360;
}

/** Where a handle stands that looks in a direction, from the middle of the mast. */
export function handleAt(bearing_deg: number, radius_px: number): { x: number; y: number } {
  const angle = bearing_deg / DEGREES;
  return { x: Math.sin(angle) * radius_px, y: -Math.cos(angle) * radius_px };
}

/** Azimuths typed in a row: "20, 140 260". Null for what is none. */
export function azimuthsIn(text: string, most: number): number[] | null {
  const parts = text.split(/[\s,;°·]+/).filter((part) => part !== "");
  const values = parts.map(Number);
  if (values.length > most || values.some((value) => !Number.isFinite(value) || value < 0 || value > 360)) return null;
  return values.map((value) => value % 360);
}

/** The path of a sector on the screen: an opening about a direction. */
export function wedgePath(bearing_deg: number, radius_px: number, opening_deg = 60): string {
  const from = handleAt(bearing_deg - opening_deg / 2, radius_px);
  const to = handleAt(bearing_deg + opening_deg / 2, radius_px);
  const at = ({ x, y }: { x: number; y: number }): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M0 0L${at(from)}A${radius_px} ${radius_px} 0 0 1 ${at(to)}Z`;
}
