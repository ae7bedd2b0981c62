/** What the server tells of layers, uploads, jobs and settings. */

import type { Box } from "../contract";

export interface LayerInfo {
  id: string;
  rows: number;
  source: string;
  imported_at: string;
  synthetic: boolean;
  sha256: string;
  assumed: string[];
}

export interface Layers {
  layers: (LayerInfo & { previous: LayerInfo | null; earlier: LayerInfo[] })[];
  /** Taken out; they can be brought back. */
  removed: LayerInfo[];
  importable: { id: string; endings: string[] }[];
  largest_bytes: number;
}

export interface UploadedFile {
  name: string;
  bytes: number;
}

export interface Upload {
  id: string;
  layer: string;
  created: string;
  files: UploadedFile[];
  job: string | null;
}

export type Severity = "error" | "warning" | "assumed";

export interface FindingRow {
  code: string;
  file: string | null;
  sheet: string | null;
  row: number | null;
  column: string | null;
  value: string | null;
  allowed: string | null;
  severity: Severity;
  text: string;
}

export interface SourceInfo {
  file: string;
  sheet: string | null;
  rows: number;
  crs: string | null;
  headers: string[];
  /** Column of the layer -> header in the file. */
  columns: Record<string, string>;
}

export type Cell = string | number | boolean | null;

export interface Preview extends Upload {
  is_refused: boolean;
  rows: number;
  problem: { code: string; detail: string } | null;
  sheets: Record<string, string[]>;
  sources: SourceInfo[];
  targets: { name: string; is_required: boolean }[];
  findings: FindingRow[];
  counts: Record<Severity, number>;
  bounds: Box | null;
  first_rows: Record<string, Cell>[];
  sample: GeoJSON.FeatureCollection;
  replaces: LayerInfo[];
}

/** How the reader wants the files to be read. */
export interface Reading {
  sheet: string | null;
  crs: string | null;
  /** Header in the file -> column of the layer. */
  columns: Record<string, string>;
}

export const PLAIN_READING: Reading = { sheet: null, crs: null, columns: {} };

export type JobStatus = "accepted" | "running" | "successful" | "failed" | "dismissed";

export interface Job {
  jobID: string;
  processID: string;
  status: JobStatus;
  message: string;
  started: string | null;
  progress: number;
  stage: string | null;
}

export interface MethodRecord {
  [name: string]: unknown;
  model: string;
  models: Record<string, string>;
  threshold_dbm: Record<string, number>;
  location_probability: number;
  load: number;
  min_sinr_db: number | null;
  receiver_height_m: number;
  household_size: number;
  indoor_class: string | null;
  village_rule: { served_share: number; cluster_min_households: number; technologies: string[] };
}

export interface MethodAnswer {
  method: MethodRecord;
  defaults: MethodRecord;
  choices: Record<string, string[]>;
  is_grid_fixed: boolean;
}

export interface TargetRecord {
  percent: number;
  year: number;
  source: string;
}

export const isOver = (job: Job): boolean => ["successful", "failed", "dismissed"].includes(job.status);
