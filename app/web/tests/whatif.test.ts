import { describe, expect, it } from "vitest";
import { decoded, encoded, LONGEST } from "../src/whatif/codec";
import { bestOf } from "../src/whatif/comparison";
import { assumedCost, isAssumedCost } from "../src/whatif/cost";
import { costPerHousehold, deltaOf, signed } from "../src/whatif/figures";
import { apart_m, azimuthsIn, bearingOnScreen, handleAt, movedBy } from "../src/whatif/geometry";
import { began, edited, redone, settled, undone } from "../src/whatif/history";
import { Latest } from "../src/whatif/latest";
import { changed, EMPTY, freeName, isEmpty, mastsOf, movedTo, placeOf, withMast, withoutMast, withoutSite, withSite, type Addition, type Plan } from "../src/whatif/plan";
import type { Column } from "../src/whatif/contract";

const MAST: Addition = {
  site_id: "T1", lon_deg: 105.123456, lat_deg: 20.1, height_m: 36, band: "900", azimuths_deg: [0, 120, 240], power_dbm: 46,
  downtilt_deg: 3, operator: "Viettel", technology: "4G", cost_mvnd: 1025, source: "hand",
};
const PLAN: Plan = { ...EMPTY, additions: [MAST, { ...MAST, site_id: "Bản Ế", azimuths_deg: [], operator: null }], removed_sites: ["S-1"], edits: [{ cell_id: "c", changes: { power_dbm: 40 }, cost_mvnd: null }] };

describe("undo and redo", () => {
  it("go back and forth through every edit", () => {
    let history = edited(edited(began("a"), "b"), "c");
    history = undone(undone(history));
    expect(history.present).toBe("a");
    expect(undone(history)).toBe(history);
    history = redone(history);
    expect(history.present).toBe("b");
    expect(redone(redone(redone(history))).present).toBe("c");
  });

  it("an edit after undo forgets what was undone", () => {
    const history = edited(undone(edited(began("a"), "b")), "c");
    expect(redone(history)).toBe(history);
    expect(undone(history).present).toBe("a");
  });

  it("the run of a slider is one step, the next run another", () => {
    let history = edited(edited(edited(began(1), 2, "height"), 3, "height"), 4, "height");
    expect(undone(history).present).toBe(1);
    history = edited(settled(history), 5, "height");
    expect(undone(history).present).toBe(4);
  });

  it("what changes nothing is no step", () => {
    const history = began(EMPTY);
    expect(edited(history, EMPTY)).toBe(history);
  });
});

describe("a plan in the address", () => {
  it("comes back as it went, letters and all", () => expect(decoded(encoded(PLAN) as string)).toEqual(PLAN));

  it("needs no escaping", () => expect(encoded(PLAN)).toMatch(/^[A-Za-z0-9_-]+$/));

  it("is left out where there is nothing, or too much", () => {
    expect(encoded(EMPTY)).toBeNull();
    const many = { ...EMPTY, additions: Array.from({ length: 60 }, (_, n) => ({ ...MAST, site_id: `T${n}` })) };
    expect(encoded(many)).toBeNull();
  });

  it.each(["", "!", "AAAA", btoa("null"), btoa("[1]"), btoa("[2,[],[],[],[]]"), btoa('[1,[["x"]],[],[],[]]'), btoa('[1,[],[7],[],[]]'), btoa('[1,{},[],[],[]]'), "A".repeat(LONGEST + 1)])(
    "letters that hold no plan are none: %s",
    (letters) => expect(decoded(letters)).toBeNull(),
  );
});

describe("edits of a plan", () => {
  it("leave the plan before as it was", () => {
    const before = JSON.stringify(PLAN);
    movedTo(PLAN, "T1", { lon: 1, lat: 2 });
    changed(PLAN, "T1", 0, { height_m: 99 });
    withoutMast(PLAN, "T1");
    expect(JSON.stringify(PLAN)).toBe(before);
  });

  it("move every carrier of a mast, and change only the one meant", () => {
    const two = withMast(withMast(EMPTY, MAST), { ...MAST, band: "1800" });
    expect(movedTo(two, "T1", { lon: 1, lat: 2 }).additions.map((one) => one.lon_deg)).toEqual([1, 1]);
    expect(changed(two, "T1", 1, { height_m: 50 }).additions.map((one) => one.height_m)).toEqual([36, 50]);
    expect(mastsOf(two)).toEqual(["T1"]);
  });

  it("name masts freely and find them", () => {
    expect(freeName(PLAN)).toBe("T2");
    expect(placeOf(PLAN, "T1")).toEqual({ lon: 105.123456, lat: 20.1 });
    expect(placeOf(PLAN, "nobody")).toBeNull();
  });

  it("a site goes off air once and comes back", () => {
    const off = withoutSite(withoutSite(EMPTY, "S"), "S");
    expect(off.removed_sites).toEqual(["S"]);
    expect(isEmpty(withSite(off, "S"))).toBe(true);
  });
});

describe("geometry", () => {
  it("moves by metres", () => {
    const from = { lon: 105, lat: 20 };
    expect(apart_m(from, movedBy(from, 100, 0))).toBeCloseTo(100, 3);
    expect(apart_m(from, movedBy(from, 0, -10))).toBeCloseTo(10, 3);
    expect(movedBy(from, 0, 111194.93).lat).toBeCloseTo(21, 9);
  });

  it.each([[0, -5, 0], [5, 0, 90], [0, 5, 180], [-5, 0, 270]])("bearing of (%d, %d) is %d", (x, y, bearing) => {
    expect(bearingOnScreen(x, y)).toBe(bearing);
    const at = handleAt(bearing, 5);
    expect([at.x, at.y].map((value) => Math.round(value) + 0)).toEqual([x + 0, y + 0]);
  });

  it("reads azimuths as they are typed", () => {
    expect(azimuthsIn("20 · 140, 260", 12)).toEqual([20, 140, 260]);
    expect(azimuthsIn("360", 12)).toEqual([0]);
    expect(azimuthsIn("", 12)).toEqual([]);
    expect(azimuthsIn("north", 12)).toBeNull();
    expect(azimuthsIn("-1", 12)).toBeNull();
    expect(azimuthsIn("1 2 3", 2)).toBeNull();
  });
});

describe("costs", () => {
  const options = { costs: { mast_mvnd: [[15, 250], [30, 500], [42, 750]] as [number, number][], radio_mvnd: 400 } };

  it.each([[15, 650], [10, 650], [30, 900], [36, 1025], [42, 1150], [54, 1400]])("a mast of %d m is assumed to cost %d", (height, cost) => {
    expect(assumedCost(options, height)).toBeCloseTo(cost, 6);
  });

  it("tell an assumed one from one that was given", () => {
    expect(isAssumedCost(options, 36, 1025)).toBe(true);
    expect(isAssumedCost(options, 36, 900)).toBe(false);
    expect(isAssumedCost(options, 36, null)).toBe(false);
  });
});

describe("figures", () => {
  const column = (people: number, more: Partial<Column> = {}): Column =>
    ({ shares: { "4G": { all: { population: { served: people }, households: { served: 10 }, villages: { served: null }, area: { served: 1 } } } }, is_cost_complete: true, cost_mvnd: 100, ...more }) as unknown as Column;

  it("are differences of what is served; what nobody knows stays unknown", () => {
    const delta = deltaOf([column(100), column(130)], 1, "4G", "all");
    expect(delta.population).toBe(30);
    expect(delta.villages).toBeNull();
  });

  it("bear their sign", () => {
    expect(signed(4658)).toBe("+4.658");
    expect(signed(-3)).toBe("−3");
    expect(signed(0.2)).toBe("±0");
    expect(signed(null)).toBe("–");
  });

  it("cost of a household is unknown where nobody gains or a cost is missing", () => {
    expect(costPerHousehold(column(1), 50)).toBe(2);
    expect(costPerHousehold(column(1), 0)).toBeNull();
    expect(costPerHousehold(column(1, { is_cost_complete: false }), 50)).toBeNull();
  });

  it("the best of a row is shared by ties; where all are equal none is best", () => {
    expect(bestOf([1, 3, 3], "more")).toEqual([false, true, true]);
    expect(bestOf([null, 3, 2], "less")).toEqual([false, false, true]);
    expect(bestOf([null, 2, 2], "less")).toEqual([false, false, false]);
    expect(bestOf([1, null], "more")).toEqual([false, false]);
  });
});

describe("asking", () => {
  it("asks one at a time, and of those that wait only the latest", async () => {
    const asked: number[] = [];
    let rests = 0;
    const releases: (() => void)[] = [];
    const latest = new Latest<number>(
      (question) => {
        asked.push(question);
        return new Promise((resolve) => releases.push(resolve));
      },
      () => (rests += 1),
    );
    [1, 2, 3, 4].forEach((question) => latest.put(question));
    expect(asked).toEqual([1]);
    releases.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
    expect(asked).toEqual([1, 4]);
    releases.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
    expect([latest.busy, rests]).toEqual([false, 1]);
  });
});
