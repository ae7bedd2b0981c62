/** What was loaded from the server, and the figures the views draw from it. */

import { classOf, shareClasses, type Classes } from "./classes";
import type { Commune, PointReading, Profile, Results, Share, Shares, Status, Study, Target, Village } from "./contract";
import { collator, composed, plain } from "./format";
import type { State, VillageSort } from "./state";
import type { DrawnPlan } from "./optimiser/layers";
import type { Drawn } from "./whatif/drawn";

export type Loadable<T> =
  | { is: "waiting" }
  | { is: "ready"; value: T }
  | { is: "failed"; detail: string; status: number };

export const WAITING = { is: "waiting" } as const;

export function ready<T>(loadable: Loadable<T> | null | undefined): T | null {
  return loadable?.is === "ready" ? loadable.value : null;
}

export interface Model {
  study: Loadable<Study>;
  results: Loadable<Results>;
  villages: Partial<Record<Status, Loadable<Village[]>>>;
  village: Loadable<Village> | null;
  /** Levels at the chosen village. */
  reception: Loadable<PointReading> | null;
  profile: Loadable<Profile> | null;
  point: Loadable<PointReading> | null;
  pointAt: [lon: number, lat: number] | null;
  /** What the map draws of a plan. */
  whatif: Drawn | null;
  /** What the map draws of the optimiser's answer. */
  optimiser: DrawnPlan | null;
  /** Rows of a file that is looked at before it is imported. */
  preview: GeoJSON.FeatureCollection | null;
}

export function emptyModel(): Model {
  return {
    study: WAITING,
    results: WAITING,
    villages: {},
    village: null,
    reception: null,
    profile: null,
    point: null,
    pointAt: null,
    whatif: null,
    optimiser: null,
    preview: null,
  };
}

export function technologies(model: Model): string[] {
  return ready(model.results)?.technologies ?? ready(model.study)?.technologies ?? [];
}

export function operators(model: Model): string[] {
  const own = ready(model.results)?.operators ?? ready(model.study)?.operators ?? [];
  return ["all", ...own.filter((operator) => operator !== "all")];
}

/** The technology shown: the one asked for, else one with a target, else the first. */
export function technology(model: Model, state: State): string {
  const known = technologies(model);
  if (known.includes(state.tech)) return state.tech;
  const targets = ready(model.study)?.targets ?? {};
  return known.find((name) => targets[name]) ?? known[0] ?? "";
}

export function operator(model: Model, state: State): string {
  return operators(model).includes(state.operator) ? state.operator : "all";
}

export function target(model: Model, state: State): Target | null {
  return ready(model.study)?.targets?.[technology(model, state)] ?? null;
}

export function shareIn(shares: Shares, model: Model, state: State, metric = state.metric): Share | null {
  return shares[technology(model, state)]?.[operator(model, state)]?.[metric] ?? null;
}

export function classes(model: Model, state: State): Classes {
  return shareClasses(target(model, state)?.percent ?? null, state.theme);
}

/** Official name with its kind in front, in composed letters. */
export function communeName(commune: Pick<Commune, "name" | "kind">): string {
  const { name, kind } = commune;
  if (!kind || plain(name).startsWith(`${plain(kind)} `)) return composed(name);
  return composed(`${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`);
}

/** Name without its kind, for labels on a small map. */
export function shortName(commune: Pick<Commune, "name" | "kind">): string {
  const { name, kind } = commune;
  const whole = composed(name);
  return kind && plain(name).startsWith(`${plain(kind)} `) ? whole.slice(composed(kind).length + 1) : whole;
}

export interface CommuneRow {
  commune: Commune;
  name: string;
  share: Share | null;
  /** Class of the share, or null where there is none. */
  band: number | null;
  /** What is not served, in the unit of the metric. */
  uncovered: number | null;
  white: number;
  patchy: number;
}

function rowOf(commune: Commune, model: Model, state: State, edges: readonly number[]): CommuneRow {
  const share = shareIn(commune.shares, model, state);
  const known = share !== null && share.share !== null;
  return {
    commune,
    name: communeName(commune),
    share,
    band: known ? classOf(share.share as number, edges) : null,
    uncovered: known ? Math.max(0, share.total - share.served) : null,
    white: commune.villages_by_status?.white ?? 0,
    patchy: commune.villages_by_status?.patchy ?? 0,
  };
}

/** Every commune with the chosen share, whether filtered out or not. */
export function communeRows(model: Model, state: State): CommuneRow[] {
  const { edges } = classes(model, state);
  return (ready(model.results)?.communes ?? []).map((commune) => rowOf(commune, model, state, edges));
}

const SORTS: Record<State["sort"], (a: CommuneRow, b: CommuneRow) => number> = {
  name: (a, b) => collator.compare(a.name, b.name),
  share: (a, b) => (a.share?.share ?? -1) - (b.share?.share ?? -1),
  uncovered: (a, b) => (a.uncovered ?? -1) - (b.uncovered ?? -1),
  white: (a, b) => a.white - b.white || a.patchy - b.patchy,
};

export function isShown(row: CommuneRow, state: State): boolean {
  return row.band === null ? state.hidden.length === 0 : !state.hidden.includes(row.band);
}

/** The communes the filters leave, in the chosen order; ties stand in the order of their names. */
export function shownRows(rows: readonly CommuneRow[], state: State): CommuneRow[] {
  const asked = plain(state.query);
  const sign = state.descending ? -1 : 1;
  return rows
    .filter((row) => isShown(row, state) && plain(row.name).includes(asked))
    .sort((a, b) => sign * SORTS[state.sort](a, b) || collator.compare(a.name, b.name));
}

const nearest_m = (village: Village): number => village.nearest[0]?.distance_m ?? -1;
const STATUS_ORDER: readonly Status[] = ["white", "patchy", "unknown", "served"];

const VILLAGE_ORDERS: Record<VillageSort, (a: Village, b: Village) => number> = {
  households: (a, b) => (a.households ?? -1) - (b.households ?? -1),
  name: (a, b) => collator.compare(a.name, b.name),
  commune: (a, b) => collator.compare(a.commune_name ?? "", b.commune_name ?? ""),
  distance: (a, b) => nearest_m(a) - nearest_m(b),
  status: (a, b) => STATUS_ORDER.indexOf(a.status) - STATUS_ORDER.indexOf(b.status),
};

const byCode = (a: Village, b: Village): number => (a.village_id < b.village_id ? -1 : Number(a.village_id > b.village_id));

/** The villages the list shows, in its order; ties stand by name. The server's files hold the same. */
export function villageRows(model: Model, state: State): Village[] {
  const asked = plain(state.query);
  const order = VILLAGE_ORDERS[state.villageSort];
  const sign = state.villageDescending ? -1 : 1;
  return state.statuses
    .flatMap((status) => ready(model.villages[status]) ?? [])
    .filter((village) => state.within === null || village.commune_code === state.within)
    .filter((village) => state.area === "" || village.area_class?.toUpperCase() === state.area)
    .filter((village) => state.reason === "" || village.reason?.code === state.reason)
    .filter((village) => asked === "" || plain(`${village.name} ${village.commune_name ?? ""}`).includes(asked))
    .sort((a, b) => sign * order(a, b) || collator.compare(a.name, b.name) || byCode(a, b));
}

export function communeOf(model: Model, code: string | null): Commune | null {
  if (code === null) return null;
  return ready(model.results)?.communes.find((commune) => commune.commune_code === code) ?? null;
}

/** The name of the RSRP layer of a technology and operator among those the server has, or null. */
export function coverageName(model: Model, state: State): string | null {
  const bare = (text: string): string => plain(text).replace(/[^a-z0-9]/g, "");
  const wanted = bare(`rsrp${technology(model, state)}${operator(model, state)}`);
  return ready(model.study)?.coverages.find((name) => bare(name) === wanted) ?? null;
}
