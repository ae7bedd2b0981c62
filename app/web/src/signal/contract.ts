/** What the server answers about signal layers, paths, places and cells. */

import type { Method, NearestSite, Profile, Reason } from "../contract";

export type Kind = "margin" | "server" | "sinr" | "throughput" | "operators" | "servers";
export const KINDS: readonly Kind[] = ["margin", "server", "sinr", "throughput", "operators", "servers"];

/** Codes from `code` to `last_code` and their colour; `tones` are used in turn where there are several. */
export interface CodeClass {
  code: number;
  last_code: number;
  colour: string;
  tones?: string[];
  operator?: string;
  from?: number | null;
  to?: number | null;
}

export interface CodeLayer {
  id: string;
  kind: Kind;
  technology: string;
  operator: string;
  title: string;
  about: string;
  unit: string | null;
  classes: CodeClass[];
  zero_code?: number;
  codes_per_db?: number;
  threshold_dbm?: number | null;
  required_dbm?: number | null;
}

/** Place k of each list holds what has code k or a higher one. */
export interface Distribution {
  id: string;
  people: number[] | null;
  households: number[] | null;
  area_km2: number[];
  totals: { people: number | null; households: number | null; area_km2: number };
  method: Method;
}

export interface PathEnd {
  lon: number;
  lat: number;
  height_m: number;
}

export interface PathReading extends Pick<Profile, "distance_m" | "ground_m" | "sight_m" | "fresnel_lower_m" | "fresnel_upper_m" | "lon" | "lat" | "loss_db" | "obstruction" | "frequency_mhz" | "method"> {
  without_obstacles_db: number;
  ends: [PathEnd, PathEnd];
}

export interface PlaceReason {
  is_served: boolean;
  technologies: string[];
  reason: Reason | null;
  nearest: NearestSite[];
  method: Method;
}

export interface Strongest {
  cell_id: string;
  site_id: string;
  operator: string;
  technology: string;
  frequency_mhz: number;
  rsrp_dbm: number;
  required_dbm: number;
  distance_m: number;
  lon: number;
  lat: number;
}

export interface Cluster {
  village_id: string;
  technologies: string[];
  households_unserved: number | null;
  people_unserved: number;
  unserved: GeoJSON.Geometry | null;
  cluster: GeoJSON.Geometry | null;
  households: number | null;
  people: number | null;
  place: { lon: number; lat: number } | null;
  strongest: Strongest | null;
  reason: Reason | null;
}

export type Properties = Record<string, string | number | boolean | null>;

export interface SiteReading {
  site: { properties: Properties; lon: number; lat: number };
  cells: Properties[];
}

export interface Footprint {
  cell_id: string;
  required_dbm: number;
  threshold_dbm: number;
  radius_m: number;
  model: string;
  directions: { azimuth_deg: number; served_to_m: number; ends_at_m: number; ended_by: string }[];
  shares: Record<string, number>;
  served_km2: number;
  farthest_km: number;
  is_radius_limited: boolean;
  outline: [number, number][];
  causes: Record<string, string>;
  lon: number;
  lat: number;
}
