import { describe, expect, it } from "vitest";
import { classOf, countByClass, meetsTarget, rsrpColour, shareClasses } from "../src/classes";

describe("classes of shares", () => {
  it("turn at a target of 60 %", () => {
    const { edges, colours } = shareClasses(60, "light");
    expect(edges).toEqual([20, 40, 60, 80, 95]);
    expect(colours).toEqual(["#9A5B1E", "#D2A55A", "#F3E5C6", "#CBE7E2", "#6AB8AC", "#1B7467"]);
  });

  it("move with the target and stay ascending", () => {
    for (let target = 5; target < 90; target += 1) {
      const { edges, colours } = shareClasses(target, "dark");
      expect(edges).toContain(target);
      expect([...edges].sort((a, b) => a - b)).toEqual(edges);
      expect(new Set(edges).size).toBe(5);
      expect(colours).toHaveLength(6);
    }
  });

  it.each([95, 100])("have four classes below a target of %d %%", (target) => {
    const { edges, colours } = shareClasses(target, "light");
    expect(edges).toEqual([25, 50, 75, target]);
    expect(colours).toHaveLength(5);
    expect(classOf(1, edges)).toBe(4);
  });

  it("use one hue without a target", () => {
    expect(shareClasses(null, "light").colours[0]).toBe("#EEF1F8");
    expect(shareClasses(null, "light").target).toBeNull();
  });

  it("put a share on an edge into the class above it, however the share was computed", () => {
    const edges = [20, 40, 60, 80, 95];
    expect(classOf(0.6, edges)).toBe(3);
    expect(classOf(0.1 + 0.2 + 0.3, edges)).toBe(3);
    expect(classOf(3 / 5, edges)).toBe(3);
    expect(classOf(0.5999, edges)).toBe(2);
    expect(classOf(0, edges)).toBe(0);
    expect(classOf(1, edges)).toBe(5);
  });

  it("agree with the verdict on every share", () => {
    const { edges } = shareClasses(60, "light");
    for (let people = 0; people <= 1000; people += 1) {
      expect(meetsTarget(people / 1000, 60)).toBe(classOf(people / 1000, edges) >= 3);
    }
  });

  it("count every member with a share exactly once", () => {
    const counts = countByClass([0, 0.2, 0.59, 0.6, 0.95, 1, null], shareClasses(60, "light"));
    expect(counts).toEqual([1, 1, 1, 1, 0, 2]);
  });
});

describe("classes of levels", () => {
  it("start at their lower edge", () => {
    expect(rsrpColour(-110)).toBe("#CDD48B");
    expect(rsrpColour(-110.1)).toBe("#F6EAC6");
    expect(rsrpColour(-60)).toBe("#33266B");
  });
  it("draw nothing below the first, nor where there is no level", () => {
    expect(rsrpColour(-116)).toBeNull();
    expect(rsrpColour(null)).toBeNull();
  });
});
