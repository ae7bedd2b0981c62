/** What the map has to show, gathered from the state and the loaded data. */

import { classes, communeRows, coverageName, isShown, ready, shortName, type Model } from "../model";
import type { NearestSite, Profile, Village } from "../contract";
import { distance } from "../format";
import { villageMasts } from "../lists/masts";
import type { State } from "../state";
import { t } from "../i18n";
import type { SignalScene } from "../signal/scene";
import type { Outline } from "./outline";

export interface Scene {
  state: State;
  model: Model;
  outline: Outline | null;
  /** False until the mask is there or known not to come: rasters reach beyond the province. */
  isMasked: boolean;
  /** RSRP layer to draw, or null. */
  coverage: string | null;
  /** commune code -> fill colour; communes without a share are missing. */
  fills: [code: string, colour: string][];
  missing: string[];
  names: GeoJSON.FeatureCollection;
  rays: GeoJSON.FeatureCollection;
  /** Only these villages, when a text narrows the list; otherwise null. */
  villageIds: string[] | null;
  signal: SignalScene;
}

const collection = (features: GeoJSON.Feature[]): GeoJSON.FeatureCollection => ({ type: "FeatureCollection", features });

function point(lon: number, lat: number, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
}

function names(model: Model): GeoJSON.FeatureCollection {
  const communes = ready(model.results)?.communes ?? [];
  return collection(
    communes.map((commune) => point(commune.lon, commune.lat, { name: shortName(commune), size: commune.area_km2 })),
  );
}

function ray(village: Village, site: NearestSite, chosen: boolean): GeoJSON.Feature {
  return {
    type: "Feature",
    properties: { kind: "ray", chosen },
    geometry: {
      type: "LineString",
      coordinates: [
        [village.lon, village.lat],
        [site.lon, site.lat],
      ],
    },
  };
}

/** The tag stands at six tenths of the way, nearer to the mast. */
const TAG_SHARE = 0.62;

/** Operators that share a mast share its ray. */
function tag(village: Village, site: NearestSite, all: readonly NearestSite[]): GeoJSON.Feature {
  const operators = [...new Set(all.filter((other) => other.site_id === site.site_id).map((other) => other.operator))];
  const lon = village.lon + (site.lon - village.lon) * TAG_SHARE;
  const lat = village.lat + (site.lat - village.lat) * TAG_SHARE;
  const name = t("map.operator_distance", { operator: operators.join(", "), distance: distance(site.distance_m) });
  return point(lon, lat, { kind: "tag", name });
}

/** Index of the profile's sample nearest to a distance. */
export function nearestIndex(distances: readonly number[], wanted: number): number {
  let best = 0;
  distances.forEach((value, index) => {
    if (Math.abs(value - wanted) < Math.abs((distances[best] as number) - wanted)) best = index;
  });
  return best;
}

function obstructionOf(profile: Profile | null): GeoJSON.Feature[] {
  if (!profile?.obstruction) return [];
  const index = nearestIndex(profile.distance_m, profile.obstruction.distance_m);
  const [lon, lat] = [profile.lon[index], profile.lat[index]];
  return lon === undefined || lat === undefined ? [] : [point(lon, lat, { kind: "obstruction" })];
}

function differentMasts(sites: readonly NearestSite[]): NearestSite[] {
  return sites.filter((site, index) => sites.findIndex((other) => other.site_id === site.site_id) === index);
}

function rays(model: Model, state: State): GeoJSON.FeatureCollection {
  const village = ready(model.village);
  if (state.view !== "villages" || !village) return collection([]);
  const profile = ready(model.profile);
  const masts = villageMasts(village.nearest, ready(model.reception)?.layers ?? []);
  const sites = differentMasts(masts);
  const chosen = profile?.site_id ?? sites[0]?.site_id;
  return collection([
    ...sites.map((site) => ray(village, site, site.site_id === chosen)),
    ...sites.map((site) => tag(village, site, masts)),
    ...obstructionOf(profile),
  ]);
}

export function sceneOf(model: Model, state: State, mask: { outline: Outline | null; isMasked: boolean }, villageIds: string[] | null, signal: SignalScene): Scene {
  const { colours } = classes(model, state);
  const rows = communeRows(model, state);
  const shown = rows.filter((row) => isShown(row, state));
  const fills = shown
    .filter((row) => row.band !== null)
    .map((row): [string, string] => [row.commune.commune_code, colours[row.band as number] as string]);
  const missing = rows.filter((row) => row.band === null).map((row) => row.commune.commune_code);
  const coverage = villageCoverage(model, state);
  return { state, model, ...mask, coverage, fills, missing, names: names(model), rays: rays(model, state), villageIds, signal };
}

/** Under the villages lies the signal they are judged by: 4G of all operators, faintly. */
function villageCoverage(model: Model, state: State): string | null {
  if (state.view !== "villages") return null;
  return coverageName(model, { ...state, tech: "4G", operator: "all" }) ?? coverageName(model, state);
}
