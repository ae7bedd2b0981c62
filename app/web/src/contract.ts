/** The JSON the server answers with; field names are those of the HTTP interface. */

export type Metric = "area" | "population" | "households" | "villages";
export const METRICS: readonly Metric[] = ["population", "households", "villages", "area"];

export type Status = "white" | "patchy" | "served" | "unknown";
export const STATUSES: readonly Status[] = ["white", "patchy", "unknown", "served"];

export const REASONS = ["terrain", "too_far", "weak", "interference", "no_site", "no_data", "cluster"] as const;

export type Box = [west: number, south: number, east: number, north: number];

export interface Share {
  served: number;
  total: number;
  share: number | null;
}

/** technology -> operator (or "all") -> metric -> share */
export type Shares = Record<string, Record<string, Record<Metric, Share>>>;

interface Unit {
  name: string;
  area_km2: number;
  population: number | null;
  households: number | null;
  villages: number | null;
  villages_by_status: Partial<Record<Status, number>>;
  shares: Shares;
}

export type Province = Unit;

export interface Commune extends Unit {
  commune_code: string;
  kind: string | null;
  lon: number;
  lat: number;
  bbox: Box;
  centre: Record<string, boolean | null>;
}

export interface LayerRecord {
  sha256?: string;
  source?: string;
  synthetic?: boolean;
  rows?: number;
  imported_at?: string;
}

export interface Method {
  [field: string]: unknown;
  layers?: Record<string, LayerRecord>;
  synthetic_layers?: string[];
  assumed?: Record<string, string[]>;
  required_rsrp_dbm?: Record<string, number>;
  grid?: { cell_size_m?: number; width?: number; height?: number; epsg?: number };
  computed_on?: string;
}

export interface Results {
  run: string;
  computed_on: string;
  method: Method;
  technologies: string[];
  operators: string[];
  province: Province;
  communes: Commune[];
}

export interface Target {
  percent: number;
  year?: number;
  source?: string;
}

export interface Study {
  name: string;
  epsg: number | null;
  grid_m: number;
  bounds: Box | null;
  data_as_of: string | null;
  computed_on: string | null;
  state: "computed" | "stale" | "empty";
  technologies: string[];
  operators: string[];
  is_synthetic: boolean;
  synthetic_layers: string[];
  layers: Record<string, LayerRecord>;
  targets: Record<string, Target>;
  coverages: string[];
  thresholds: Record<string, number>;
}

export interface Reason {
  code: string;
  cell_id?: string | null;
  operator?: string | null;
  deficit_db?: number | null;
  obstruction_db?: number | null;
  obstruction_distance_m?: number | null;
  obstruction_excess_m?: number | null;
  rsrp_dbm?: number | null;
  rsrp_without_terrain_dbm?: number | null;
  distance_m?: number | null;
}

export interface NearestSite {
  operator: string;
  site_id: string;
  cell_id: string;
  technology: string;
  frequency_mhz: number | null;
  distance_m: number;
  bearing_deg: number;
  rsrp_dbm: number | null;
  lon: number;
  lat: number;
}

export interface VillageProperties {
  village_id: string;
  name: string;
  commune_code: string;
  commune_name: string | null;
  status: Status;
  households: number | null;
  people: number | null;
  area_class: string | null;
  is_especially_difficult: boolean | null;
  is_electrified: boolean | null;
  served_share_people: number | null;
  served_share_households: number | null;
  people_left_out: number | null;
  households_left_out: number | null;
  elevation_m: number | null;
  best_rsrp_dbm: number | null;
  reason: Reason | null;
  nearest: NearestSite[];
}

export interface Village extends VillageProperties {
  lon: number;
  lat: number;
}

export interface Profile {
  cell_id: string;
  site_id: string;
  operator: string;
  technology: string;
  frequency_mhz: number;
  antenna_height_m: number;
  receiver_height_m: number;
  distance_m: number[];
  ground_m: number[];
  sight_m: number[];
  fresnel_lower_m: number[];
  fresnel_upper_m: number[];
  lon: number[];
  lat: number[];
  loss_db: Record<string, number>;
  rsrp_dbm: number | null;
  threshold_dbm: number;
  is_served: boolean;
  obstruction: { distance_m: number; excess_m: number; loss_db: number } | null;
  method: Method;
}

export interface PointLevel {
  operator: string;
  technology: string;
  rsrp_dbm: number | null;
  sinr_db: number | null;
  is_served: boolean;
  throughput_mbit_s?: number | null;
  cell_id: string | null;
  /** Where the best server stands, seen from the place. */
  site_id?: string | null;
  frequency_mhz?: number | null;
  distance_m?: number | null;
  bearing_deg?: number | null;
  site_lon?: number | null;
  site_lat?: number | null;
}

export interface PointReading {
  lon: number;
  lat: number;
  elevation_m: number | null;
  commune_code: string | null;
  commune_name: string | null;
  layers: PointLevel[];
  method: Method;
}

export interface Hit {
  type: "commune" | "village" | "site" | "coordinate";
  id: string;
  name: string;
  context: string | null;
  lon: number;
  lat: number;
  bbox: Box | null;
  /** Name it bore before, where that is what was asked for. */
  former: string | null;
}
