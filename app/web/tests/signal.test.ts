import { describe, expect, it } from "vitest";
import type { CodeLayer } from "../src/signal/contract";
import { angle, apart_m, bearingOf, towards } from "../src/signal/geometry";
import { CLEAR, codeColours, firstCode, reliefColour } from "../src/signal/recolour";
import { reachedAt } from "../src/signal/slider";

const MARGIN: CodeLayer = {
  id: "margin-4G-all",
  kind: "margin",
  technology: "4G",
  operator: "all",
  title: "",
  about: "",
  unit: "dB",
  zero_code: 128,
  codes_per_db: 2,
  threshold_dbm: -110,
  required_dbm: -108,
  classes: [
    { code: 128, last_code: 139, colour: "#111111" },
    { code: 140, last_code: 255, colour: "#222222" },
  ],
};
const CLASSES: CodeLayer = { ...MARGIN, kind: "server", zero_code: undefined as never, classes: [{ code: 1, last_code: 2, colour: "#AAAAAA", tones: ["#AAAAAA", "#BBBBBB"] }, { code: 3, last_code: 3, colour: "#CCCCCC" }] };

describe("colours of codes", () => {
  it("nothing is drawn below the threshold, wherever it stands", () => {
    for (const above of [-20, -3, 0, 7, 40]) {
      const colours = codeColours(MARGIN, above, []);
      expect(colours.findIndex((colour) => colour !== CLEAR)).toBe(128 + 2 * above);
      expect(colours[0]).toBe(CLEAR);
    }
  });

  it("a hidden class is clear, others keep their colour", () => {
    const colours = codeColours(MARGIN, 0, [0]);
    expect(colours[130]).toBe(CLEAR);
    expect(colours[140]).toBe("#222222");
  });

  it("tones take turns within a class and codes of no class are clear", () => {
    const layer = { ...CLASSES };
    delete (layer as { zero_code?: number }).zero_code;
    expect(codeColours(layer, 0, []).slice(0, 5)).toEqual([CLEAR, "#AAAAAA", "#BBBBBB", "#CCCCCC", CLEAR]);
  });

  it("every whole code meets a stop or lies between two of its own colour", () => {
    const colours = codeColours(MARGIN, 3, [1]);
    const [, , , ...stops] = reliefColour(colours) as unknown as (number | string)[];
    const at = stops.filter((_, index) => index % 2 === 0) as number[];
    const colour = stops.filter((_, index) => index % 2 === 1);
    colours.forEach((wanted, code) => {
      const low = at.filter((stop) => stop <= code).length - 1;
      const high = at.findIndex((stop) => stop >= code);
      expect([colour[low], colour[high]]).toEqual([wanted, wanted]);
    });
  });
});

describe("figures at a threshold", () => {
  const people = Array.from({ length: 256 }, (_, code) => 1000 - code);
  const found = { id: "", people, households: null, area_km2: people, totals: { people: 2000, households: null, area_km2: 1000 }, method: {} };

  it("are read at the code the map is cut at", () => {
    expect(firstCode(MARGIN, 5)).toBe(138);
    expect(reachedAt(MARGIN, found, 5)).toMatchObject({ people: 862, people_share: 0.431, households: null, area_share: 0.862 });
  });
});

describe("places on the globe", () => {
  it("a degree of latitude is 111.2 km and a path out and back ends where it began", () => {
    expect(apart_m([105, 20], [105, 21])).toBeCloseTo(111_195, 0);
    const there = towards([105, 20], 60, 5000);
    expect(apart_m([105, 20], there)).toBeCloseTo(5000, 3);
    expect(bearingOf([105, 20], there)).toBeCloseTo(60, 0);
  });

  it("angles go the short way round", () => {
    expect([angle(350, 10), angle(10, 350), angle(0, 180), angle(90, 90)]).toEqual([20, 20, 180, 0]);
  });
});
