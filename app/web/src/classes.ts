/** Classes of shares and of signal levels: edges, colours, counts. */

import type { Theme } from "./state";

const BELOW: Record<Theme, readonly string[]> = {
  light: ["#9A5B1E", "#D2A55A", "#F3E5C6"],
  dark: ["#D9954A", "#9A6A33", "#5C4E3E"],
};
const ABOVE: Record<Theme, readonly string[]> = {
  light: ["#CBE7E2", "#6AB8AC", "#1B7467"],
  dark: ["#27504D", "#2C8577", "#77D6C5"],
};
/** Four classes below a high target need one colour more between the two darkest. */
const HALFWAY: Record<Theme, string> = { light: "#B6803C", dark: "#B97F3E" };
const SEQUENTIAL = ["#EEF1F8", "#C9D3EE", "#98AADD", "#6780C8", "#3E57AE", "#233A86"];

/** Least level of each class, dBm, with its colour; the server's tiles use the same. */
export const RSRP_RAMP: readonly (readonly [dbm: number, colour: string])[] = [
  [-115, "#F6EAC6"],
  [-110, "#CDD48B"],
  [-105, "#93C48D"],
  [-100, "#58B49B"],
  [-95, "#2C939C"],
  [-88, "#266C93"],
  [-80, "#2C4784"],
  [-70, "#33266B"],
];

export interface Classes {
  /** Inner edges in per cent, ascending; class i is [edge[i-1], edge[i]). */
  edges: number[];
  colours: string[];
  target: number | null;
}

/** Six classes that turn at the target; without a target, one hue at 20, 40, 60, 80, 95 %. */
export function shareClasses(target: number | null, theme: Theme): Classes {
  if (target === null || target <= 0) {
    const colours = theme === "light" ? SEQUENTIAL : [...SEQUENTIAL].reverse();
    return { edges: [20, 40, 60, 80, 95], colours: [...colours], target: null };
  }
  const [low, mid, high] = BELOW[theme] as [string, string, string];
  if (target >= 90) {
    const colours = [low, HALFWAY[theme], mid, high, (ABOVE[theme] as string[])[2] as string];
    return { edges: [25, 50, 75, target], colours, target };
  }
  const rest = 100 - target;
  const edges = [target / 3, (2 * target) / 3, target, target + rest / 2, target + rest * 0.875].map(roundEdge);
  return { edges, colours: [low, mid, high, ...ABOVE[theme]], target };
}

function roundEdge(edge: number): number {
  return Math.round(edge * 10) / 10;
}

/** Tolerance of a comparison with an edge: 0.6 * 100 is not exactly 60 for every way a share comes about. */
const EDGE_TOLERANCE = 1e-9;

/** Index of the class a share (0..1) falls in; a share on an edge belongs to the class above it. */
export function classOf(share: number, edges: readonly number[]): number {
  return edges.filter((edge) => share * 100 >= edge - EDGE_TOLERANCE).length;
}

export function meetsTarget(share: number, targetPercent: number): boolean {
  return share * 100 >= targetPercent - EDGE_TOLERANCE;
}

/** Number of members in each class; members without a share are counted in none. */
export function countByClass(shares: readonly (number | null)[], classes: Classes): number[] {
  const counts = classes.colours.map(() => 0);
  for (const share of shares) {
    if (share === null) continue;
    const index = classOf(share, classes.edges);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** Colour of a level, or null below the first class. */
export function rsrpColour(dbm: number | null): string | null {
  if (dbm === null) return null;
  let colour: string | null = null;
  for (const [least, own] of RSRP_RAMP) if (dbm >= least) colour = own;
  return colour;
}
