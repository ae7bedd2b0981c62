import { describe, expect, it } from "vitest";
import type { BoundaryFeature } from "../src/api";
import { outerRings, outlineOf } from "../src/map/outline";
import { axisTicks, blockedRuns } from "../src/views/profile-geometry";

const square = (x: number, y: number, clockwise = false): BoundaryFeature => {
  const ring = [
    [x, y],
    [x + 1, y],
    [x + 1, y + 1],
    [x, y + 1],
    [x, y],
  ];
  return { geometry: { type: "Polygon", coordinates: [clockwise ? [...ring].reverse() : ring] } };
};

describe("the province's edge", () => {
  it("is the outside of two neighbours, without their shared border, whichever way the files run", () => {
    for (const clockwise of [false, true]) {
      const rings = outerRings([square(0, 0), square(1, 0, clockwise)]);
      expect(rings).toHaveLength(1);
      expect(rings[0]).toHaveLength(7);
    }
  });

  it("keeps an island apart", () => expect(outerRings([square(0, 0), square(5, 5)])).toHaveLength(2));

  it("leaves the province out of the mask", () => {
    const mask = outlineOf([square(0, 0)])?.mask.geometry;
    expect(mask?.type === "Polygon" ? mask.coordinates.length : 0).toBe(2);
  });

  it("is nothing without communes", () => expect(outlineOf([])).toBeNull());
});

describe("blocked stretches of a path", () => {
  it("begin and end where ground and ray cross", () => {
    const [run] = blockedRuns([0, 1, 2, 3, 4], [0, 0, 10, 0, 0], [5, 5, 5, 5, 5]);
    expect(run?.along).toEqual([1.5, 2, 2.5]);
    expect(run?.upper).toEqual([5, 10, 5]);
    expect(run?.lower).toEqual([5, 5, 5]);
  });
  it("are none on a clear path", () => expect(blockedRuns([0, 1], [0, 0], [1, 1])).toEqual([]));
  it("are two behind two ridges", () => expect(blockedRuns([0, 1, 2, 3, 4], [0, 9, 0, 9, 0], [5, 5, 5, 5, 5])).toHaveLength(2));
});

describe("ticks of an axis", () => {
  it("are round and within the range", () => {
    expect(axisTicks(0, 4.79, 6)).toEqual([0, 1, 2, 3, 4]);
    expect(axisTicks(331, 640, 4)).toEqual([400, 500, 600]);
  });
});
