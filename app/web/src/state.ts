/** What the page shows, kept in its address so that a link shows the same. */

import type { Metric, Status } from "./contract";
import { METRICS, REASONS, STATUSES } from "./contract";
import type { Lang } from "./i18n";
import { KINDS, type Kind } from "./signal/contract";

export type Theme = "light" | "dark";
export type View = "overview" | "villages" | "signal" | "whatif" | "optimise" | "data";
export const VIEWS: readonly View[] = ["overview", "villages", "signal", "whatif", "optimise", "data"];

export type SortKey = "name" | "share" | "uncovered" | "white";
export type VillageSort = "households" | "name" | "commune" | "distance" | "status";
export const VILLAGE_SORTS: readonly VillageSort[] = ["households", "name", "commune", "distance", "status"];
export const AREA_CLASSES = ["I", "II", "III"] as const;
export type Stop = "low" | "half" | "full";
export const LAYERS = ["sites", "villages", "fibre", "roads", "places", "hillshade", "labels"] as const;
export type LayerName = (typeof LAYERS)[number];

export interface State {
  view: View;
  tech: string;
  operator: string;
  metric: Metric;
  /** Indices of the classes of shares that are hidden. */
  hidden: number[];
  query: string;
  sort: SortKey;
  descending: boolean;
  commune: string | null;
  village: string | null;
  statuses: Status[];
  villageSort: VillageSort;
  villageDescending: boolean;
  /** Class of area the village list is narrowed to, or "". */
  area: string;
  /** Code of the reason the village list is narrowed to, or "". */
  reason: string;
  /** Communes or villages chosen together. */
  picked: string[];
  /** Point read in the signal view, "lon,lat". */
  point: string | null;
  /** Commune the village list is narrowed to. */
  within: string | null;
  cell: string | null;
  /** Site whose card is open in the signal view. */
  site: string | null;
  /** What the signal view shows. */
  kind: Kind;
  /** Threshold of the signal view, dB over that of the method. */
  above: number;
  /** Indices of the classes of signal that are hidden. */
  off: number[];
  layers: LayerName[];
  /** Name of the scenario in hand. */
  scenario: string | null;
  /** Job whose plan the optimiser shows. */
  job: string | null;
  /** A plan that is not kept under that name, in letters (`whatif/codec`). */
  plan: string | null;
  lang: Lang;
  theme: Theme;
  at: string | null;
}

export const DEFAULTS: State = {
  view: "overview",
  tech: "",
  operator: "all",
  metric: "population",
  hidden: [],
  query: "",
  sort: "uncovered",
  descending: true,
  commune: null,
  village: null,
  statuses: ["white", "patchy"],
  villageSort: "households",
  villageDescending: true,
  area: "",
  reason: "",
  picked: [],
  point: null,
  within: null,
  cell: null,
  site: null,
  kind: "margin",
  above: 0,
  off: [],
  layers: ["sites", "villages", "hillshade", "labels"],
  job: null,
  scenario: null,
  plan: null,
  lang: "vi",
  theme: "light",
  at: null,
};

type Key = keyof State;
const KEYS = Object.keys(DEFAULTS) as Key[];

const ALLOWED: Partial<Record<Key, readonly string[]>> = {
  view: VIEWS,
  metric: METRICS,
  sort: ["name", "share", "uncovered", "white"],
  lang: ["vi", "en"],
  theme: ["light", "dark"],
  statuses: STATUSES,
  layers: LAYERS,
  kind: KINDS,
  villageSort: VILLAGE_SORTS,
  area: ["", ...AREA_CLASSES],
  reason: ["", ...REASONS],
};

/** Lists of codes, which are text even where they look like numbers. */
const TEXT_LISTS: ReadonlySet<Key> = new Set<Key>(["picked"]);

/** State as an address query; what equals the default is left out. */
export function toQuery(state: State): string {
  const query = new URLSearchParams();
  for (const key of KEYS) {
    const text = String(state[key] ?? "");
    if (text !== String(DEFAULTS[key] ?? "")) query.set(key, text);
  }
  return query.toString();
}

function listOf(key: Key, text: string): unknown[] {
  const parts = text === "" ? [] : text.split(",");
  const allowed = ALLOWED[key];
  if (TEXT_LISTS.has(key)) return parts;
  if (allowed) return parts.filter((part) => allowed.includes(part));
  return parts.map(Number).filter((part) => Number.isInteger(part));
}

function valueOf(key: Key, text: string): unknown {
  const fallback = DEFAULTS[key];
  if (Array.isArray(fallback)) return listOf(key, text);
  if (typeof fallback === "boolean") return text === "true";
  if (typeof fallback === "number") return Number.isInteger(Number(text)) && Math.abs(Number(text)) <= 60 ? Number(text) : fallback;
  const allowed = ALLOWED[key];
  if (allowed && !allowed.includes(text)) return fallback;
  return text === "" && fallback === null ? null : text;
}

/** State from an address query; what is unknown or not allowed falls back to the default. */
export function fromQuery(search: string, base: State = DEFAULTS): State {
  const query = new URLSearchParams(search);
  const state: Record<string, unknown> = { ...base };
  for (const key of KEYS) {
    const text = query.get(key);
    if (text !== null) state[key] = valueOf(key, text);
  }
  return state as unknown as State;
}

type Listener = (state: State, before: State) => void;

/** Holds the state, tells listeners of each change, and writes it into the page's address. */
export class Store {
  private readonly listeners: Listener[] = [];

  constructor(private current: State) {}

  get state(): State {
    return this.current;
  }

  set(change: Partial<State>): void {
    const before = this.current;
    this.current = { ...before, ...change };
    const query = toQuery(this.current);
    history.replaceState(null, "", query ? `?${query}` : location.pathname);
    for (const listener of this.listeners) listener(this.current, before);
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }
}
