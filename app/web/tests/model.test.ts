import { describe, expect, it } from "vitest";
import type { Commune, Results, Study, Village } from "../src/contract";
import { communeName, communeRows, coverageName, emptyModel, shortName, shownRows, technology, villageRows, type Model } from "../src/model";
import { DEFAULTS } from "../src/state";

const commune = (code: string, name: string, served: number, total: number): Commune =>
  ({
    commune_code: code,
    name,
    kind: "xã",
    villages_by_status: { white: 1 },
    shares: { "5G": { all: { population: { served, total, share: total ? served / total : null } } } },
  }) as unknown as Commune;

function model(): Model {
  const results = {
    technologies: ["4G", "5G"],
    operators: ["all", "Viettel"],
    communes: [commune("001", "Xã Cẩm Tú", 180, 1000), commune("002", "Xã Đồng Tiến", 900, 1000), commune("003", "Xã Ba", 600, 1000), commune("004", "Xã Không", 0, 0)],
  } as unknown as Results;
  const study = { targets: { "5G": { percent: 60 } }, coverages: ["rsrp-4G-all", "rsrp-5G-viettel"] } as unknown as Study;
  return { ...emptyModel(), study: { is: "ready", value: study }, results: { is: "ready", value: results } };
}

describe("commune table", () => {
  it("shows first where most are left out", () => {
    const rows = shownRows(communeRows(model(), DEFAULTS), DEFAULTS);
    expect(rows.map((row) => row.commune.commune_code)).toEqual(["001", "003", "002", "004"]);
    expect(rows[0]?.uncovered).toBe(820);
  });

  it("filters by class, and counts a share on the target as met", () => {
    const state = { ...DEFAULTS, hidden: [3, 4, 5] };
    expect(shownRows(communeRows(model(), state), state).map((row) => row.commune.commune_code)).toEqual(["001"]);
  });

  it("finds names typed without accents", () => {
    const state = { ...DEFAULTS, query: "dong tien" };
    expect(shownRows(communeRows(model(), state), state)).toHaveLength(1);
  });

  it("says nothing of a commune without a denominator", () => {
    const row = communeRows(model(), DEFAULTS).find((one) => one.commune.commune_code === "004");
    expect(row?.band).toBeNull();
    expect(row?.uncovered).toBeNull();
  });
});

describe("choices", () => {
  it("start with the technology that has a target", () => expect(technology(model(), DEFAULTS)).toBe("5G"));
  it("fall back from what the study lacks", () => expect(technology(model(), { ...DEFAULTS, tech: "6G" })).toBe("5G"));
  it("find the signal layer by technology and operator, or none", () => {
    expect(coverageName(model(), { ...DEFAULTS, operator: "Viettel" })).toBe("rsrp-5G-viettel");
    expect(coverageName(model(), { ...DEFAULTS, tech: "4G" })).toBe("rsrp-4G-all");
    expect(coverageName(model(), DEFAULTS)).toBeNull();
  });
});

describe("names", () => {
  it("carry their kind once", () => {
    expect(communeName({ name: "Cẩm Tú", kind: "xã" })).toBe("Xã Cẩm Tú");
    expect(communeName({ name: "Xã Cẩm Tú", kind: "xã" })).toBe("Xã Cẩm Tú");
    expect(shortName({ name: "Xã Cẩm Tú", kind: "xã" })).toBe("Cẩm Tú");
    expect(shortName({ name: "Cẩm Tú", kind: null })).toBe("Cẩm Tú");
  });
});

describe("village list", () => {
  it("holds the chosen states, most households first, by commune and text", () => {
    const village = (village_id: string, name: string, households: number, commune_code = "001"): Village => ({ village_id, name, households, commune_code }) as unknown as Village;
    const full = { ...model(), villages: { white: { is: "ready" as const, value: [village("a", "Bản Mường Ế", 10), village("b", "Thôn Hai", 90, "002")] } } };
    const ids = (change: Partial<typeof DEFAULTS>): string[] => villageRows(full, { ...DEFAULTS, ...change }).map((row) => row.village_id);
    expect(ids({})).toEqual(["b", "a"]);
    expect(ids({ within: "001" })).toEqual(["a"]);
    expect(ids({ query: "muong e" })).toEqual(["a"]);
    expect(ids({ statuses: ["patchy"] })).toEqual([]);
  });
});
