import { describe, expect, it } from "vitest";
import { outlineOf, type OuterEdge } from "../src/map/outline";
import { axisTicks, blockedRuns } from "../src/views/profile-geometry";

const square = (x: number, y: number): GeoJSON.Position[][] => [
  [
    [x, y],
    [x + 1, y],
    [x + 1, y + 1],
    [x, y + 1],
    [x, y],
  ],
];
const edgeOf = (...coordinates: GeoJSON.Position[][][]): OuterEdge => ({ type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates } });

describe("the province's edge", () => {
  it("leaves the province and its islands out of the mask", () => {
    const mask = outlineOf(edgeOf(square(0, 0), square(5, 5)))?.mask.geometry;
    expect(mask?.type === "Polygon" ? mask.coordinates.slice(1) : []).toEqual([square(0, 0)[0], square(5, 5)[0]]);
  });

  it("is a line around each part", () => {
    const edge = outlineOf(edgeOf(square(0, 0), square(5, 5)))?.edge.geometry;
    expect(edge?.type === "MultiLineString" ? edge.coordinates.length : 0).toBe(2);
  });

  it("is nothing without communes", () => expect(outlineOf(edgeOf())).toBeNull());
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
