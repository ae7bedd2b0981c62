/** A small plan as a piece of the page's address, so that it can be shared before it is saved. */

import { EMPTY, isEmpty, type Addition, type Plan } from "./plan";

/** Longer pieces are cut by mail programs; such a plan is saved and shared by its name. */
export const LONGEST = 1500;
const VERSION = 1;

type Packed = [
  site: string, lon: number, lat: number, height: number, band: string, azimuths: number[] | null, power: number | null,
  tilt: number | null, operator: string | null, technology: string | null, cost: number | null, source: string,
];

function packed(one: Addition): Packed {
  return [
    one.site_id, one.lon_deg, one.lat_deg, one.height_m, one.band, one.azimuths_deg, one.power_dbm,
    one.downtilt_deg, one.operator, one.technology, one.cost_mvnd, one.source,
  ];
}

/** The plan as letters that need no escaping in an address; null where it is too long. */
export function encoded(plan: Plan): string | null {
  if (isEmpty(plan)) return null;
  const edits = plan.edits.map((one) => [one.cell_id, one.changes, one.cost_mvnd]);
  const text = JSON.stringify([VERSION, plan.additions.map(packed), plan.removed_sites, plan.removed_cells, edits]);
  const bytes = new TextEncoder().encode(text);
  const letters = btoa(String.fromCharCode(...bytes.subarray(0, LONGEST)));
  if (bytes.length > LONGEST || letters.length > LONGEST) return null;
  return letters.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The plan in letters from an address; null where they hold none. What it holds is checked by the server. */
export function decoded(letters: string): Plan | null {
  if (letters.length > LONGEST) return null;
  try {
    const binary = atob(letters.replace(/-/g, "+").replace(/_/g, "/"));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)));
    return unpacked(JSON.parse(text));
  } catch {
    return null;
  }
}

function unpacked(record: unknown): Plan | null {
  if (!Array.isArray(record) || record[0] !== VERSION || record.length !== 5) return null;
  const [, additions, sites, cells, edits] = record as unknown[];
  if (![additions, sites, cells, edits].every(Array.isArray)) return null;
  const masts = (additions as unknown[]).map(addition);
  if (masts.some((one) => one === null) || ![...(sites as unknown[]), ...(cells as unknown[])].every((name) => typeof name === "string")) return null;
  const changes = (edits as unknown[]).map((one) => (Array.isArray(one) && typeof one[0] === "string" ? { cell_id: one[0], changes: one[1] as Record<string, number>, cost_mvnd: numberOr(one[2]) } : null));
  if (changes.some((one) => one === null)) return null;
  return { ...EMPTY, additions: masts as Addition[], removed_sites: sites as string[], removed_cells: cells as string[], edits: changes as Plan["edits"] };
}

const numberOr = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const textOr = (value: unknown): string | null => (typeof value === "string" ? value : null);

function addition(record: unknown): Addition | null {
  if (!Array.isArray(record) || record.length !== 12) return null;
  const [site, lon, lat, height, band, azimuths, power, tilt, operator, technology, cost, source] = record as unknown[];
  const numbers = [lon, lat, height].every((value) => numberOr(value) !== null);
  const directions = azimuths === null || (Array.isArray(azimuths) && azimuths.every((value) => numberOr(value) !== null));
  if (typeof site !== "string" || typeof band !== "string" || !numbers || !directions) return null;
  return {
    site_id: site, lon_deg: lon as number, lat_deg: lat as number, height_m: height as number, band,
    azimuths_deg: azimuths as number[] | null, power_dbm: numberOr(power), downtilt_deg: numberOr(tilt),
    operator: textOr(operator), technology: textOr(technology), cost_mvnd: numberOr(cost), source: textOr(source) ?? "hand",
  };
}
