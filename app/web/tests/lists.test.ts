import { describe, expect, it } from "vitest";
import type { Village } from "../src/contract";
import { isNarrowed } from "../src/lists/filters";
import { pickedAfter, sumOf, sumOfVillages } from "../src/lists/sums";
import { emptyModel, villageRows } from "../src/model";
import { outdated, strategyFor, surplus } from "../src/offline/strategy";
import { metresPerPixel, scaleBar } from "../src/paper/sheet";
import { DEFAULTS, fromQuery, toQuery } from "../src/state";

const village = (id: string, own: Partial<Village> = {}): Village => ({
  village_id: id, name: `Bản ${id}`, commune_code: "1", commune_name: "Xã A", status: "white", households: 10, people: 40, area_class: "III",
  is_especially_difficult: null, is_electrified: null, served_share_people: null, served_share_households: null, people_left_out: 40, households_left_out: 10,
  elevation_m: null, best_rsrp_dbm: null, reason: null, nearest: [], lon: 105, lat: 20, ...own,
});

describe("figures of several together", () => {
  it("divides summed coverage by summed denominators", () => {
    const sum = sumOf([{ served: 90, total: 100, share: 0.9 }, { served: 0, total: 900, share: 0 }, null]);
    expect(sum).toEqual({ served: 90, total: 1000, share: 0.09 });
  });

  it("knows nothing where nothing is known", () => expect(sumOf([null, { served: 0, total: 0, share: null }])).toBeNull());

  it("counts villages, households and people, leaving out those without data", () => {
    const sums = sumOfVillages([village("1"), village("2", { status: "served", people_left_out: 0, households_left_out: 0 }), village("3", { status: "unknown", people: null })]);
    expect(sums.villages).toEqual({ served: 1, total: 2, share: 0.5 });
    expect(sums.households).toEqual({ served: 10, total: 20, share: 0.5 });
    expect(sums.population).toEqual({ served: 40, total: 80, share: 0.5 });
  });
});

describe("choosing rows", () => {
  const keys = ["a", "b", "c", "d"];
  it("takes the stretch between with shift, either way", () => {
    expect(pickedAfter(["b"], keys, "d", { anchor: "b", shift: true })).toEqual(["b", "c", "d"]);
    expect(pickedAfter([], keys, "a", { anchor: "c", shift: true })).toEqual(["a", "b", "c"]);
  });
  it("adds and takes away one by one", () => {
    expect(pickedAfter(["a"], keys, "c", { anchor: "a", shift: false })).toEqual(["a", "c"]);
    expect(pickedAfter(["a", "c"], keys, "a", { anchor: "a", shift: false })).toEqual(["c"]);
  });
  it("begins anew where the first row is gone", () => expect(pickedAfter([], keys, "b", { anchor: "gone", shift: true })).toEqual(["b"]));
});

describe("the village list", () => {
  const model = emptyModel();
  model.villages.white = {
    is: "ready",
    value: [
      village("1", { name: "Bản Đa", households: 5 }),
      village("2", { name: "Bản Da", households: 5, area_class: "I" }),
      village("3", { name: "Bản Ế", households: null, reason: { code: "terrain" } }),
    ],
  };
  const ids = (change: object): string[] => villageRows(model, { ...DEFAULTS, ...change }).map((one) => one.village_id);

  it("stands by households, ties by name, missing last", () => expect(ids({})).toEqual(["2", "1", "3"]));
  it("turns round without turning the ties", () => expect(ids({ villageDescending: false })).toEqual(["3", "2", "1"]));
  it("is narrowed by area, reason and text", () => {
    expect(ids({ area: "I" })).toEqual(["2"]);
    expect(ids({ reason: "terrain" })).toEqual(["3"]);
    expect(ids({ query: "ban d" })).toEqual(["2", "1"]);
    expect(isNarrowed({ ...DEFAULTS, reason: "terrain" })).toBe(true);
    expect(isNarrowed(DEFAULTS)).toBe(false);
  });
  it("keeps codes as text in the address", () => {
    const state = { ...DEFAULTS, picked: ["00001", "00020"], area: "III", reason: "too_far", villageSort: "name" as const, point: "105.1,19.8" };
    expect(fromQuery(toQuery(state))).toEqual(state);
  });
});

describe("the scale bar", () => {
  it("is a round length that fits", () => {
    for (const per_px of [0.3, 7, 61, 480]) {
      const { length_m, width_px } = scaleBar(per_px, 110);
      expect(width_px).toBeLessThanOrEqual(110);
      expect(width_px).toBeGreaterThan(110 / 2.6);
      expect(["1", "2", "5"]).toContain(length_m.toExponential().charAt(0));
    }
  });
  it("measures the ground", () => expect(metresPerPixel(0, 0)).toBeCloseTo(78271.517, 2));
});

describe("what is kept for use without a network", () => {
  const scope = "http://localhost:8000/sub/";
  const of = (path: string, isPage = false, method = "GET"): string => strategyFor(method, scope + path, scope, isPage);
  it("tells requests apart", () => {
    expect(of("", true)).toBe("page");
    expect(of("?view=villages", true)).toBe("page");
    expect(of("assets/index-1.js")).toBe("asset");
    expect(of("results")).toBe("figure");
    expect(of("collections/villages/items?status=white")).toBe("figure");
    expect(of("collections/villages/tiles/WebMercatorQuad/9/1/2")).toBe("tile");
    expect(of("exports/villages.csv")).toBe("pass");
    expect(of("jobs/1/events")).toBe("pass");
    expect(of("resultsX")).toBe("pass");
    expect(of("results", false, "POST")).toBe("pass");
    expect(strategyFor("GET", "http://elsewhere/results", scope, false)).toBe("pass");
  });
  it("drops the oldest and what other versions left", () => {
    expect(surplus([1, 2, 3, 4], 3)).toEqual([1]);
    expect(surplus([1], 3)).toEqual([]);
    expect(outdated(["phusong-page-a", "phusong-page-b", "phusong-data"], "b")).toEqual(["phusong-page-a"]);
  });
});
