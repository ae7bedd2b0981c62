import { describe, expect, it } from "vitest";
import { isUnder, paddingBeside, type Corner, type Padding } from "../src/map/legendroom";

/** At zoom 1 the world is 1024 pixels wide; the view is as wide and centred on (0, 0). */
const CORNER: Corner = { right: 300, top: 900, mapWidth: 1024, mapHeight: 1024 };
const PADDING: Padding = { top: 10, right: 10, bottom: 10, left: 10 };

describe("room for the legend", () => {
  it("sees what lies in the corner of the legend, and only that", () => {
    const camera = { center: [0, 0] as [number, number], zoom: 1 };
    expect(isUnder(CORNER, camera, [[-170, -84]])).toBe(true);
    expect(isUnder(CORNER, camera, [[170, -84], [-170, 84], [0, 0]])).toBe(false);
  });

  it("keeps the padding where nothing is covered", () => {
    const camera = (): { center: [number, number]; zoom: number } => ({ center: [0, 0], zoom: 1 });
    expect(paddingBeside(CORNER, PADDING, camera, [[0, 0]])).toEqual(PADDING);
  });

  it("takes the side on which the province stays larger", () => {
    const zoomOf = (wins: keyof Padding) => (padding: Padding) => ({ center: [0, 0] as [number, number], zoom: padding[wins] > 10 ? 3 : padding === PADDING ? 1 : 2 });
    expect(paddingBeside(CORNER, PADDING, zoomOf("left"), [[-170, -84]])).toEqual({ ...PADDING, left: 312 });
    expect(paddingBeside(CORNER, PADDING, zoomOf("bottom"), [[-170, -84]])).toEqual({ ...PADDING, bottom: 136 });
  });
});
