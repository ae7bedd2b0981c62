/** Requests of the signal view. */

import { get } from "../api";
import type { Cluster, CodeLayer, Distribution, Footprint, PathReading, PlaceReason, Properties, SiteReading } from "./contract";

interface Feature {
  properties: Properties;
  geometry: { coordinates: [number, number] };
}

export const fetchLayers = async (): Promise<CodeLayer[]> =>
  (await get<{ coverages: CodeLayer[] }>("coverages")).coverages.filter((layer) => layer.kind !== undefined);

export const fetchDistribution = (id: string): Promise<Distribution> => get(`coverages/${encodeURIComponent(id)}/distribution`);

export const fetchReason = (lon: number, lat: number): Promise<PlaceReason> => get("point/reason", { lon, lat });

export const fetchCluster = (village: string): Promise<Cluster> => get(`villages/${encodeURIComponent(village)}/cluster`);

export const fetchFootprint = (cell: string): Promise<Footprint> => get(`cells/${encodeURIComponent(cell)}/footprint`);

export interface PathWish {
  from: [lon: number, lat: number];
  to: [lon: number, lat: number];
  from_height_m: number;
  to_height_m: number;
  frequency_mhz: number;
}

export const fetchPath = ({ from, to, ...rest }: PathWish): Promise<PathReading> =>
  get("profile/points", { from_lon: from[0], from_lat: from[1], to_lon: to[0], to_lat: to[1], ...rest });

/** A site with all its cells. */
export async function fetchSite(id: string): Promise<SiteReading> {
  const [site, cells] = await Promise.all([
    get<Feature>(`collections/sites/items/${encodeURIComponent(id)}`),
    get<{ features: Feature[] }>("collections/cells/items", { site_id: id, limit: 1000 }),
  ]);
  const [lon, lat] = site.geometry.coordinates;
  return { site: { properties: site.properties, lon, lat }, cells: cells.features.map((feature) => feature.properties) };
}
