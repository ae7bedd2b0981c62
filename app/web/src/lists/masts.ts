/** Masts a village has to do with: the nearest of each operator, and those that are strongest at its centre. */

import type { NearestSite, PointLevel } from "../contract";

export interface VillageMast extends NearestSite {
  /** Whether no cell of its operator and technology is stronger at the village's centre. */
  isStrongest: boolean;
  isNearest: boolean;
}

function mastOf(level: PointLevel): VillageMast | null {
  const { cell_id, site_id, distance_m, bearing_deg, site_lon, site_lat } = level;
  if (!cell_id || !site_id || distance_m == null || bearing_deg == null || site_lon == null || site_lat == null) return null;
  return {
    operator: level.operator,
    technology: level.technology,
    site_id,
    cell_id,
    frequency_mhz: level.frequency_mhz ?? null,
    distance_m,
    bearing_deg,
    rsrp_dbm: level.rsrp_dbm,
    lon: site_lon,
    lat: site_lat,
    isStrongest: true,
    isNearest: false,
  };
}

/** Of several technologies of an operator, the one whose level is highest. */
function strongestOf(levels: readonly PointLevel[]): VillageMast[] {
  const best = new Map<string, VillageMast>();
  for (const level of levels) {
    const mast = mastOf(level);
    if (mast && (mast.rsrp_dbm ?? -Infinity) > (best.get(mast.operator)?.rsrp_dbm ?? -Infinity)) best.set(mast.operator, mast);
  }
  return [...best.values()];
}

/** The nearest masts as they were listed, each followed by the stronger one of its operator where that is another mast. */
export function villageMasts(nearest: readonly NearestSite[], levels: readonly PointLevel[]): VillageMast[] {
  const strongest = strongestOf(levels);
  const rows = nearest.map((site): VillageMast => {
    const own = strongest.find((mast) => mast.operator === site.operator);
    return { ...site, isNearest: true, isStrongest: own?.site_id === site.site_id };
  });
  const others = strongest.filter((mast) => !nearest.some((site) => site.operator === mast.operator && site.site_id === mast.site_id));
  return rows.flatMap((row) => [row, ...others.filter((mast) => mast.operator === row.operator)]).concat(others.filter((mast) => !rows.some((row) => row.operator === mast.operator)));
}
