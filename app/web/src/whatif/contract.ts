/** Answers of the server to what if, and scenarios as it keeps them. */

import type { Metric, Method, Share, Shares, Status } from "../contract";
import type { Plan } from "./plan";

export interface BandOption {
  technology: string;
  band: string;
  numbers: string[];
  on_air: string[];
  holders: string[];
  power_dbm: number;
  downtilt_deg: number;
  height_m: number;
  azimuths_deg: number[];
}

export interface Options {
  technologies: string[];
  operators: string[];
  bands: BandOption[];
  ranges: Record<"antenna_height_m" | "azimuth_deg" | "downtilt_deg" | "power_dbm", [low: number, high: number]>;
  most_sectors: number;
  costs: { mast_mvnd: [height_m: number, cost_mvnd: number][]; radio_mvnd: number };
}

export interface ChangedVillage {
  village_id: string;
  name: string;
  commune_code: string;
  households: number | null;
  before: Status;
  after: Status;
}

export interface Column {
  key: string;
  name: string | null;
  figures: Record<Metric, Share>;
  delta: Record<Metric, number | null>;
  shares: Shares;
  villages_by_status: Partial<Record<Status, number>>;
  gains: ChangedVillage[];
  loses: ChangedVillage[];
  loses_all: ChangedVillage[];
  masts: number;
  new_cells: number;
  removed_sites: string[];
  cost_mvnd: number | null;
  is_cost_complete: boolean;
  cost_per_household_mvnd: number | null;
  assumed: string[];
  layers_changed: string[];
}

export interface Comparison {
  run: string;
  method: Method;
  province: string;
  scenarios: Column[];
  best: Record<string, string[]>;
}

export interface ChangeMap {
  technology: string;
  operator: string;
  against: string | null;
  href: string | null;
  corners: [lon: number, lat: number][];
  cells: Record<"new" | "kept" | "lost", number>;
  area_km2: Record<"new" | "kept" | "lost", number>;
}

export interface ExactAnswer extends Comparison {
  is_preview: false;
  mark: string;
  seconds: number;
  map?: ChangeMap;
}

export interface QuickAnswer {
  is_preview: true;
  mark: string;
  seconds: number;
  technology: string;
  operator: string;
  delta: Record<"population" | "households" | "area", number | null>;
  grid_m: number;
  map?: ChangeMap;
}

export type Answer = ExactAnswer | QuickAnswer;

export interface ScenarioSummary {
  name: string;
  version: number;
  saved_at: string;
  masts: number;
  removed: number;
  edited: number;
  cost_mvnd: number;
  is_cost_complete: boolean;
  note: string;
  layers_changed: string[];
  has_plan: boolean;
}

export interface SavedScenario extends ScenarioSummary {
  versions: number[];
  scenario: Plan & { name: string; note: string };
}
