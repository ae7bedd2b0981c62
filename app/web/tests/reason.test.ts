import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { setLang } from "../src/i18n";
import { reasonStretches, type Subject } from "../src/views/reason";

const NBSP = "\u00a0";
const sentence = (subject: Partial<Subject>, threshold: number | null = -110): string =>
  reasonStretches({ status: "white", reason: null, best_rsrp_dbm: null, households_left_out: null, ...subject }, threshold)
    .map((stretch) => stretch.text)
    .join("")
    .replaceAll(NBSP, " ");

beforeAll(() => vi.stubGlobal("document", { documentElement: {} }));
beforeEach(() => setLang("vi"));

const ridge = { code: "terrain", operator: "VNPT", obstruction_db: 38.2, obstruction_distance_m: 1400, rsrp_without_terrain_dbm: -104 };

describe("the reason as a sentence", () => {
  it("names the ridge, its loss and what would be without it", () => {
    expect(sentence({ reason: ridge })).toBe("Bị núi che: −38 dB sau sườn núi cách thôn 1,4 km. Không có núi này, VNPT đạt −104 dBm, đủ sóng.");
  });

  it("does not promise coverage the counter-factual does not give", () => {
    expect(sentence({ reason: { ...ridge, rsrp_without_terrain_dbm: -115 } })).toContain("vẫn dưới ngưỡng −110 dBm");
    expect(sentence({ reason: ridge }, null)).not.toContain("đủ sóng");
  });

  it("asks for the margin of the location probability as well", () => {
    const reason = { ...ridge, rsrp_dbm: -142, deficit_db: 41 };
    expect(sentence({ reason })).toContain("VNPT đạt −104 dBm, vẫn dưới ngưỡng −101 dBm");
  });

  it("speaks English", () => {
    setLang("en");
    expect(sentence({ reason: { code: "too_far", operator: "Viettel", distance_m: 8230, rsrp_dbm: -131 } })).toBe(
      "Out of range: the nearest site is 8.2 km away, Viettel reaches only −131 dBm.",
    );
  });

  it("makes the cause stand out", () => {
    const stretches = reasonStretches({ status: "white", reason: { code: "weak", deficit_db: 6 }, best_rsrp_dbm: null, households_left_out: null }, -110);
    expect(stretches.find((stretch) => stretch.strong)?.text.replaceAll(NBSP, " ")).toBe("6 dB dưới ngưỡng");
  });

  it.each(["terrain", "too_far", "weak", "interference", "no_site", "no_data", "cluster"])("is whole for %s without any numbers", (code) => {
    const text = sentence({ reason: { code } });
    expect(text.length).toBeGreaterThan(10);
    expect(text).not.toMatch(/[{}]|undefined|null|NaN|reason\./);
    expect(text).toMatch(/\.$/);
  });

  it("says why a village is covered", () => {
    expect(sentence({ status: "served", best_rsrp_dbm: -87 })).toBe("Mức thu tốt nhất −87 dBm, trên ngưỡng −110 dBm.");
  });
});
