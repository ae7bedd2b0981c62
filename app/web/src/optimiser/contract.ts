/** What the server says of plans: towers, the means for what is left, fibre. */

import type { Method } from "../contract";

export type Target = "villages" | "people" | "households";
export const TARGETS: readonly Target[] = ["villages", "people", "households"];

export interface Step {
  seconds: number;
  stage: string;
  value: number;
  bound: number | null;
  picks: number;
}

export const COST_PARTS = ["structure_mvnd", "radio_mvnd", "power_mvnd", "access_mvnd", "backhaul_mvnd"] as const;

export interface Pick {
  number: number;
  option: number;
  means: string;
  is_kept: boolean;
  source: string;
  name: string | null;
  lon: number;
  lat: number;
  commune_code: string | null;
  commune_name: string | null;
  operator: string;
  technology: string;
  band: string;
  frequency_mhz: number;
  height_m: number;
  azimuths_deg: number[];
  power_dbm: number;
  cost_mvnd: number;
  cost_parts: Record<(typeof COST_PARTS)[number], number>;
  backhaul: { means: string; cost_mvnd: number; length_m: number; to_site?: string | null };
  adds: number;
  adds_alone: number;
  adds_last: number;
  villages: string[];
}

export type LeftReason = "out_of_reach" | "partly" | "not_chosen";
export const LEFT_REASONS: readonly LeftReason[] = ["not_chosen", "partly", "out_of_reach"];

export interface LeftVillage {
  village_id: string;
  name: string;
  commune_code: string;
  households: number;
  reason: LeftReason;
  cheapest_mvnd: number | null;
  lon: number;
  lat: number;
}

export interface NamedOption {
  means: string;
  source: string;
  name: string | null;
  lon: number;
  lat: number;
  height_m: number;
  band: string;
  cost_mvnd: number;
  backhaul: string;
}

export interface Explained {
  curve: { site: number[]; is_planned: boolean[]; cost: number[]; served: number[]; marginal_cost: (number | null)[]; start: number; total: number };
  curve_bound: { cost: number[]; most: number[] };
  swaps: { out: number; in: number; served: number; cost_change: number; distance_m: number }[];
  other_plans: { without: number; chosen: number[]; new: number[]; value: number; cost: number; worse_by: number }[];
  next_best: { site: number; adds: number; cost_per_weight: number }[];
  options: Record<string, NamedOption>;
}

export interface TowerPlan {
  kind: "tower_plan";
  run: string;
  request: {
    budget_mvnd: number | null;
    sites: number | null;
    reach_percent: number | string | null;
    target: Target;
    kept: string[];
    time_limit_s: number;
    [name: string]: unknown;
  };
  builder: { operator: string; technology: string; bands: string[] };
  objective: "weight" | "cost";
  status: string;
  value: number;
  bound: number | null;
  gap: number | null;
  cost_mvnd: number;
  served: { target: Target; before: number; after: number; total: number; share_before: number | null; share_after: number | null };
  check: { claimed: number; together: number; engine: number; difference: number; served_jointly: number; rounds: number; claims_taken_back: number; villages_won: { village_id: string }[]; villages_lost: { village_id: string }[] };
  curve: { picks: number; cost_mvnd: number; served: number }[];
  picks: Pick[];
  /** Better answers and bounds on the way. */
  steps?: Step[];
  left_out: { by_reason: Record<LeftReason, number>; villages: LeftVillage[] };
  phases: {
    years: { budget_mvnd: number; cost_mvnd: number; served: number; picks: number[] }[];
    left_out: number[];
    targets: { technology: string; percent: number; year: number | null }[];
  } | null;
  candidates: { places: number; options: number; options_serving: number; without_backhaul: number; by_source: Record<string, number>; demand: number };
  seconds: Record<string, number>;
  explained?: Explained;
  places?: { lon: number[]; lat: number[]; source: string[] };
  method: Method & { placement: { assumed_costs: string[]; assumed: string[]; costs_mvnd: Record<string, unknown>; paths: string } };
}

export interface MeansVillage {
  village_id: string;
  name: string;
  commune_code: string;
  lon: number;
  lat: number;
  households: number;
  means: string;
  option: number | null;
  alone_means: string;
  alone_cost_mvnd: number;
  cost_by_means_mvnd: Record<string, number | null>;
  ground_means: string | null;
  break_even_households: number | null;
  to_fibre_m: number | null;
}

export interface MeansSite {
  option: number;
  means: string;
  lon: number;
  lat: number;
  height_m: number;
  band: string;
  cost_mvnd: number;
  villages: number;
  households: number;
  cost_per_household_mvnd: number | null;
}

export interface TechnologyPlan {
  run: string;
  builder: { operator: string; technology: string };
  villages: MeansVillage[];
  sites: MeansSite[];
  totals: Record<string, { villages: number; households: number }>;
  cost_mvnd: number;
  bound_mvnd: number;
  gap: number;
  status: string;
  satellite_only_cost_mvnd: number;
  terminal_mvnd_household: number;
  costs: { assumed: string[]; running: Record<string, number> };
  seconds: number;
}

export interface BillLine {
  item: string;
  quantity: number;
  unit: string;
  cost?: number;
  shared_km?: number;
}

export interface FibrePlan {
  kind: "fibre_plan";
  cost: number;
  bound: number;
  gap: number;
  status: string;
  seconds: number;
  targets_asked: number;
  targets_joined: number;
  households_joined: number | null;
  length_m: number;
  bill: { level: string; lines: BillLine[]; assumed: Record<string, number> };
  not_joined: { target_id: string; name: string; households: number | null; to_reachable_road_m: number | null; lon: number; lat: number }[];
  targets: { target_id: string; joined: boolean; lon: number; lat: number }[];
  nodes: { node_id: string; name: string; lon_deg: number; lat_deg: number; is_existing: boolean }[];
  spans: { span_id: string; lonlat: [number, number][]; length_m: number; build: string; is_existing: boolean; is_shared: boolean; cost: number }[];
}

export interface ProcessRecord {
  inputs: Record<string, { schema: { default?: unknown } }>;
}

export type Costs = Record<string, number | Record<string, number>>;
