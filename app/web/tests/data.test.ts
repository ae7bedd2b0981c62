import { describe, expect, it } from "vitest";
import type { Job } from "../src/data/contract";
import { methodChanges, targetChanges } from "../src/data/dialogs";
import { guessLayer } from "../src/data/guess";
import { remaining_s } from "../src/data/jobs";

const job = (progress: number, started: string | null = "2026-01-01T00:00:00Z"): Job => ({
  jobID: "1",
  processID: "compute",
  status: "running",
  message: "",
  started,
  progress,
  stage: null,
});
const after_s = (seconds: number): number => Date.parse("2026-01-01T00:00:00Z") + 1000 * seconds;

describe("the time a job needs yet", () => {
  it("grows with what is left", () => {
    expect(remaining_s(job(25), after_s(10))).toBe(30);
    expect(remaining_s(job(50), after_s(10))).toBe(10);
  });
  it("is not told before anybody can know it, nor at the end", () => {
    expect(remaining_s(job(2), after_s(10))).toBeNull();
    expect(remaining_s(job(50, null), after_s(10))).toBeNull();
    expect(remaining_s(job(100), after_s(10))).toBeNull();
  });
});

describe("the layer a file is meant to be", () => {
  const cases: [string, string | null][] = [
    ["Ranh giới xã 2025.gpkg", "communes"],
    ["Danh sách trạm BTS.xlsx", "sites"],
    ["thôn bản.csv", "villages"],
    ["Đường giao thông.shp", "roads"],
    ["vietnam.osm.pbf", "roads"],
    ["Copernicus_DSM_10_N19.tif", "terrain"],
    ["worldpop_2025.tif", "population"],
    ["K80010.msi", "antennas"],
    ["so lieu.csv", null],
  ];
  it.each(cases)("%s", (name, layer) => expect(guessLayer([name])).toBe(layer));
});

describe("what the settings form says", () => {
  const form = new FormData();
  const values = { "threshold.4G": "-105,5".replace(",", "."), "threshold.5G": "-110", location_probability: "90", load: "70", min_sinr_db: "", receiver_height_m: "1.5", served_share: "95", model: "p1812", "model.4G": "", "model.5G": "itm", indoor_class: "", "percent.4G": "95", "year.4G": "2030", "source.4G": "KH", "percent.5G": "", "year.5G": "2030" };
  for (const [name, value] of Object.entries(values)) form.set(name, value);
  it("is a change of the method in its own units", () => {
    expect(methodChanges(form, ["4G", "5G"])).toEqual({
      threshold_dbm: { "4G": -105.5, "5G": -110 },
      location_probability: 0.9,
      load: 0.7,
      min_sinr_db: null,
      receiver_height_m: 1.5,
      village_rule: { served_share: 0.95 },
      model: "p1812",
      models: { "5G": "itm" },
      indoor_class: null,
    });
  });
  it("leaves out targets without a share", () => {
    expect(targetChanges(form, ["4G", "5G"])).toEqual({ "4G": { percent: 95, year: 2030, source: "KH" } });
  });
});
