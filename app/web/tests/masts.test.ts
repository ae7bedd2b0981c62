import { describe, expect, it } from "vitest";
import type { NearestSite, PointLevel } from "../src/contract";
import { villageMasts } from "../src/lists/masts";

function near(operator: string, site_id: string, rsrp_dbm: number): NearestSite {
  return { operator, site_id, cell_id: `${site_id}-1`, technology: "4G", frequency_mhz: 900, distance_m: 1000, bearing_deg: 10, rsrp_dbm, lon: 105, lat: 20 };
}

function level(operator: string, technology: string, site_id: string | null, rsrp_dbm: number | null): PointLevel {
  const place = site_id === null ? {} : { distance_m: 5000, bearing_deg: 90, site_lon: 105.1, site_lat: 20.1, frequency_mhz: 900 };
  return { operator, technology, rsrp_dbm, sinr_db: 3, is_served: true, cell_id: site_id === null ? null : `${site_id}-1`, site_id, ...place };
}

const shown = (nearest: NearestSite[], levels: PointLevel[]): string[] =>
  villageMasts(nearest, levels).map(({ site_id, isNearest, isStrongest }) => `${site_id}${isNearest ? " near" : ""}${isStrongest ? " strong" : ""}`);

describe("masts of a village", () => {
  it("marks the nearest where it is the strongest too", () => {
    expect(shown([near("VNPT", "A", -100)], [level("VNPT", "4G", "A", -100)])).toEqual(["A near strong"]);
  });

  it("adds the mast that serves although another is nearer, below that one", () => {
    const nearest = [near("VNPT", "A", -120), near("Viettel", "B", -110)];
    expect(shown(nearest, [level("VNPT", "4G", "C", -95), level("Viettel", "4G", "B", -110)])).toEqual(["A near", "C strong", "B near strong"]);
  });

  it("takes the technology with the highest level", () => {
    const levels = [level("VNPT", "4G", "A", -100), level("VNPT", "5G", "D", -90)];
    expect(shown([near("VNPT", "A", -100)], levels)).toEqual(["A near", "D strong"]);
  });

  it("lists only the nearest where nothing is received or known", () => {
    expect(shown([near("VNPT", "A", -130)], [level("VNPT", "4G", null, null)])).toEqual(["A near"]);
    expect(shown([near("VNPT", "A", -130)], [])).toEqual(["A near"]);
  });

  it("lists who is received though none of its masts is listed as near", () => {
    expect(shown([], [level("VNPT", "4G", "E", -100)])).toEqual(["E strong"]);
  });
});
