import { describe, expect, it } from "vitest";
import type { TowerPlan } from "../src/optimiser/contract";
import { along, curveOf, gapOf, marginal, qualityOf, searched, stairs, standingOf, ticks } from "../src/optimiser/figures";
import { costNames, FORM, givenCosts, inputsOf, numbersIn, usualCost } from "../src/optimiser/request";

const USUAL = { mast_mvnd: { "15": 250, "30": 500 }, radio_mvnd: 400 };

describe("the question", () => {
  it("sends one goal and leaves out what is left open", () => {
    const inputs = inputsOf({ ...FORM, goal: "sites", sites: 3 }, USUAL);
    expect(inputs).toMatchObject({ sites: 3, target: "households", heights: [15, 30, 42], explain: true });
    expect(Object.keys(inputs)).not.toContain("budget_mvnd");
    expect(Object.keys(inputs)).not.toContain("costs");
    expect(Object.keys(inputs)).not.toContain("operator");
  });
  it("reads yearly budgets in thousands of millions", () => {
    expect(inputsOf({ ...FORM, yearly: "3; 2,5 1" }, USUAL)["yearly_budgets"]).toEqual([3000, 2500, 1000]);
  });
  it("keeps decimal commas apart from those that part numbers", () => {
    expect(numbersIn("15, 30, 42")).toEqual([15, 30, 42]);
    expect(numbersIn("1,5; 2")).toEqual([1.5, 2]);
    expect(numbersIn("x")).toEqual([]);
  });
  it("changes one height of a mast and keeps the others", () => {
    expect(givenCosts({ "mast_mvnd.30": 600, radio_mvnd: 1 }, USUAL)).toEqual({ mast_mvnd: { "15": 250, "30": 600 }, radio_mvnd: 1 });
    expect(costNames(USUAL)).toEqual(["mast_mvnd.15", "mast_mvnd.30", "radio_mvnd"]);
    expect(usualCost(USUAL, "mast_mvnd.30")).toBe(500);
  });
});

describe("the quality of an answer", () => {
  const steps = [
    { seconds: 0, stage: "standing", value: 100, bound: null, picks: 0 },
    { seconds: 1, stage: "greedy", value: 150, bound: 200, picks: 4 },
  ];
  it("counts from what is served already", () => {
    expect(qualityOf(searched(steps)[0]!, standingOf(steps))).toEqual({ value: 50, bound: 100, gap: 1, isProved: false });
  });
  it("calls proved only what has no gap", () => {
    expect(gapOf(10, 10)).toBe(0);
    expect(gapOf(10, 10.5)).toBeCloseTo(0.05);
    expect(gapOf(10, null)).toBeNull();
    expect(gapOf(0, 5)).toBeNull();
  });
});

describe("the cost curve", () => {
  const plan = {
    objective: "weight",
    bound: 160,
    served: { before: 100, total: 200 },
    request: { budget_mvnd: 3000 },
    explained: {
      curve: { site: [0, 1, 2], is_planned: [true, true, false], cost: [1000, 3000, 4000], served: [130, 150, 155], marginal_cost: [], start: 100, total: 200 },
      curve_bound: { cost: [0, 3000, 4000], most: [100, 190, 500] },
    },
  } as unknown as TowerPlan;
  it("starts at nothing and is bounded by what is proved", () => {
    const curve = curveOf(plan);
    expect(curve.cost).toEqual([0, 1000, 3000, 4000]);
    expect(curve.added).toEqual([0, 30, 50, 55]);
    expect(curve.bound).toEqual([
      { cost: 0, most: 0 },
      { cost: 3000, most: 60 },
      { cost: 4000, most: 100 },
    ]);
  });
  it("tells what a thousand million more or less would bring", () => {
    const curve = curveOf(plan);
    expect(marginal(curve, 1000)).toBe(5);
    expect(marginal(curve, -1000)).toBe(-10);
    expect(marginal(curve, 5000)).toBeNull();
  });
  it("goes straight between corners", () => {
    expect(along([0, 10], [0, 5], 4)).toBe(2);
    expect(along([], [], 1)).toBeNull();
    expect(along([0, 10], [0, 5], 99)).toBe(5);
  });
});

describe("pictures", () => {
  it("has round ticks from nought", () => {
    expect(ticks(7680, 4)).toEqual([0, 2000, 4000, 6000]);
    expect(ticks(0)).toEqual([0]);
  });
  it("holds a value until the next", () => {
    expect(stairs([{ x: 0, y: 1 }, { x: 2, y: 3 }], 5)).toEqual([{ x: 0, y: 1 }, { x: 2, y: 1 }, { x: 2, y: 3 }, { x: 5, y: 3 }]);
  });
});
