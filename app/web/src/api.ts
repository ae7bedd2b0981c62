/** Requests to the server. Every number on the page comes from here, never from pixels. */

import type { Hit, PointReading, Profile, Results, Study, Village, VillageProperties } from "./contract";
import { lang } from "./i18n";
import type { OuterEdge } from "./map/outline";

/** An RFC 9457 problem document, or a failure to reach the server at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** Absolute address below the page's own, so that a path prefix in front of the server is kept. */
export function address(path: string): string {
  return new URL(".", document.baseURI).href + path;
}

let pending = 0;

/** Number of requests under way. */
export function pendingRequests(): number {
  return pending;
}

export async function get<T>(path: string, parameters: Record<string, unknown> = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  pending += 1;
  try {
    const response = await fetch(address(path) + (query.size ? `?${query}` : ""), {
      headers: { Accept: "application/json, application/geo+json", "Accept-Language": lang() },
    }).catch(() => {
      throw new Problem(0, "offline", "");
    });
    if (!response.ok) throw await problemOf(response);
    return (await response.json()) as T;
  } finally {
    pending -= 1;
  }
}

/** A request that changes something or carries a body. */
export async function send<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  pending += 1;
  try {
    const response = await fetch(address(path), {
      method,
      headers: { Accept: "application/json", "Accept-Language": lang(), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new Problem(0, "offline", "");
    });
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? null : await response.json()) as T;
  } finally {
    pending -= 1;
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const text = body["detail"] ?? body["title"] ?? `${response.status} ${response.statusText}`;
  return new Problem(response.status, String(body["code"] ?? ""), String(text));
}

export const fetchStudy = (): Promise<Study> => get("study");
export const fetchResults = (): Promise<Results> => get("results");
export const fetchPoint = (lon: number, lat: number): Promise<PointReading> => get("point", { lon, lat });
export const fetchProfile = (cell_id: string, village_id: string): Promise<Profile> =>
  get("profile", { cell_id, village_id });
export const fetchProfileTo = (cell_id: string, lon: number, lat: number): Promise<Profile> =>
  get("profile", { cell_id, lon, lat });
export const fetchHits = async (q: string): Promise<Hit[]> =>
  (await get<{ results: Hit[] }>("search", { q, limit: 12 })).results;

interface PointFeature {
  properties: VillageProperties;
  geometry: { type: "Point"; coordinates: [number, number] };
}

interface FeaturePage<F> {
  features: F[];
  numberMatched?: number;
}

function villageOf(feature: PointFeature): Village {
  const { properties, geometry } = feature;
  const nearest = Array.isArray(properties.nearest) ? properties.nearest : [];
  return { ...properties, nearest, lon: geometry.coordinates[0], lat: geometry.coordinates[1] };
}

const PAGE_SIZE = 1000;

async function allFeatures<F>(path: string, parameters: Record<string, unknown>): Promise<F[]> {
  const features: F[] = [];
  for (;;) {
    const page = await get<FeaturePage<F>>(path, { ...parameters, limit: PAGE_SIZE, offset: features.length });
    features.push(...page.features);
    const matched = page.numberMatched ?? features.length;
    if (page.features.length === 0 || features.length >= matched) return features;
  }
}

export const fetchVillages = async (status: string): Promise<Village[]> =>
  (await allFeatures<PointFeature>("collections/villages/items", { status })).map(villageOf);

export const fetchVillage = async (id: string): Promise<Village> =>
  villageOf(await get(`collections/villages/items/${encodeURIComponent(id)}`));
export const fetchOutline = (): Promise<OuterEdge> => get("study/outline");

/** Address of an export file; the filter goes with it, so the file holds what is on the page. */
export function exportAddress(file: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams({ lang: lang() });
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return `${address(`exports/${file}`)}?${query}`;
}
