/** A plan: masts that would be built and sites that would go off air. Every edit makes a new plan. */

export interface Place {
  lon: number;
  lat: number;
}

/** One carrier of a mast that does not stand yet; the names are those of the interface. */
export interface Addition {
  site_id: string;
  lon_deg: number;
  lat_deg: number;
  height_m: number;
  band: string;
  azimuths_deg: number[] | null;
  power_dbm: number | null;
  downtilt_deg: number | null;
  operator: string | null;
  technology: string | null;
  cost_mvnd: number | null;
  source: string;
}

export interface CellEdit {
  cell_id: string;
  changes: Record<string, number>;
  cost_mvnd: number | null;
}

export interface Plan {
  additions: readonly Addition[];
  removed_sites: readonly string[];
  removed_cells: readonly string[];
  edits: readonly CellEdit[];
}

export const EMPTY: Plan = { additions: [], removed_sites: [], removed_cells: [], edits: [] };

export function isEmpty(plan: Plan): boolean {
  return plan.additions.length + plan.removed_sites.length + plan.removed_cells.length + plan.edits.length === 0;
}

/** Names of the masts of a plan, each once, in the order they were put. */
export function mastsOf(plan: Plan): string[] {
  return [...new Set(plan.additions.map((one) => one.site_id))];
}

export function carriersOf(plan: Plan, site: string): Addition[] {
  return plan.additions.filter((one) => one.site_id === site);
}

/** Places to a tenth of a metre: what an address can hold is what is computed. */
const PLACES = 1e6;
const rounded = (degrees: number): number => Math.round(degrees * PLACES) / PLACES;

/** A name no mast of the plan has: T1, T2 … */
export function freeName(plan: Plan): string {
  const taken = new Set(plan.additions.map((one) => one.site_id));
  let number = 1;
  while (taken.has(`T${number}`)) number += 1;
  return `T${number}`;
}

export function withMast(plan: Plan, addition: Addition): Plan {
  const placed = { ...addition, lon_deg: rounded(addition.lon_deg), lat_deg: rounded(addition.lat_deg) };
  return { ...plan, additions: [...plan.additions, placed] };
}

/** All carriers of a mast stand at the same place. */
export function movedTo(plan: Plan, site: string, { lon, lat }: Place): Plan {
  return { ...plan, additions: plan.additions.map((one) => (one.site_id === site ? { ...one, lon_deg: rounded(lon), lat_deg: rounded(lat) } : one)) };
}

/** Changes one carrier of a mast, told by its place among them. */
export function changed(plan: Plan, site: string, carrier: number, change: Partial<Addition>): Plan {
  let place = -1;
  const additions = plan.additions.map((one) => {
    if (one.site_id !== site) return one;
    place += 1;
    return place === carrier ? { ...one, ...change } : one;
  });
  return { ...plan, additions };
}

export function withoutMast(plan: Plan, site: string): Plan {
  return { ...plan, additions: plan.additions.filter((one) => one.site_id !== site) };
}

export function withoutSite(plan: Plan, site: string): Plan {
  return plan.removed_sites.includes(site) ? plan : { ...plan, removed_sites: [...plan.removed_sites, site] };
}

export function withSite(plan: Plan, site: string): Plan {
  return { ...plan, removed_sites: plan.removed_sites.filter((other) => other !== site) };
}

/** Where a mast of the plan stands, or null. */
export function placeOf(plan: Plan, site: string): Place | null {
  const own = plan.additions.find((one) => one.site_id === site);
  return own ? { lon: own.lon_deg, lat: own.lat_deg } : null;
}

/** The plan in a scenario of the server, whatever else that holds. */
export function planOf(record: Partial<Plan>): Plan {
  return {
    additions: record.additions ?? [],
    removed_sites: record.removed_sites ?? [],
    removed_cells: record.removed_cells ?? [],
    edits: record.edits ?? [],
  };
}
