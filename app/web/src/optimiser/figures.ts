/** Figures of a search and of its plan, and the geometry of their pictures; all of it without a page. */

import { MISSING, NBSP, number } from "../format";
import { t } from "../i18n";
import type { Pick, Step, Target, TowerPlan } from "./contract";

/** Million VND as people say it: thousands of millions from one on. */
export function money(mvnd: number | null | undefined, decimals = 2): string {
  if (mvnd === null || mvnd === undefined || !Number.isFinite(mvnd)) return MISSING;
  return `${number(mvnd / 1000, decimals)}${NBSP}${t("optimise.unit.billion")}`;
}

/** Million VND a household, person or village. */
export function moneyPer(mvnd: number | null | undefined, target: Target): string {
  if (mvnd === null || mvnd === undefined || !Number.isFinite(mvnd)) return MISSING;
  const decimals = mvnd < 10 ? 1 : 0;
  return `${number(mvnd, decimals)}${NBSP}${t(`optimise.unit.million_per.${target}`)}`;
}

export function amountOf(target: Target, value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  return `${number(value)}${NBSP}${t(`optimise.unit.${target}`, { count: Math.round(value) })}`;
}

/** How much better any plan could be, as a share of what this one brings; null while no bound is known. */
export function gapOf(value: number, bound: number | null): number | null {
  if (bound === null || !Number.isFinite(bound)) return null;
  const difference = Math.abs(bound - value);
  if (difference <= 1e-9 * Math.max(1, Math.abs(value))) return 0;
  return value === 0 ? null : difference / Math.abs(value);
}

export interface Quality {
  /** Brought by the plan, or its cost where cost is what is sought. */
  value: number;
  bound: number | null;
  gap: number | null;
  isProved: boolean;
}

/** Value and bound less what is served without any plan: both are what the plan brings. */
export function qualityOf(step: Step, before: number): Quality {
  const value = step.value - before;
  const bound = step.bound === null ? null : step.bound - before;
  const gap = gapOf(value, bound);
  return { value, bound, gap, isProved: gap === 0 };
}

export function qualityOfPlan(plan: TowerPlan): Quality {
  const before = plan.objective === "weight" ? plan.served.before : 0;
  const value = plan.value - before;
  const bound = plan.bound === null ? null : plan.bound - before;
  return { value, bound, gap: gapOf(value, bound), isProved: plan.status === "proved" };
}

/** Steps of the search alone: the first tells what stands, and is none. */
export function searched(steps: readonly Step[]): Step[] {
  return steps.filter((step) => step.stage !== "standing");
}

export function standingOf(steps: readonly Step[]): number {
  return steps.find((step) => step.stage === "standing")?.value ?? 0;
}

/** Cost of one more household, person or village: what the picks are numbered by. */
export function worth(pick: Pick): number | null {
  return pick.adds > 0 ? pick.cost_mvnd / pick.adds : null;
}

/** Straight between the corners of a curve; the last value goes on. */
export function along(xs: readonly number[], ys: readonly number[], x: number): number | null {
  if (xs.length === 0) return null;
  if (x <= (xs[0] as number)) return ys[0] as number;
  const at = xs.findIndex((one) => one >= x);
  if (at < 0) return ys.at(-1) as number;
  const [x0, x1, y0, y1] = [xs[at - 1] as number, xs[at] as number, ys[at - 1] as number, ys[at] as number];
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

export interface Curve {
  cost: number[];
  added: number[];
  planned: number;
  bound: { cost: number; most: number }[];
}

/** Coverage against money: the plan pick by pick, how it would go on, and what no plan exceeds. */
export function curveOf(plan: TowerPlan): Curve {
  const { before, total } = plan.served;
  const own = plan.explained?.curve;
  if (!own) {
    return { cost: plan.curve.map((one) => one.cost_mvnd), added: plan.curve.map((one) => one.served - before), planned: plan.picks.length, bound: [] };
  }
  const most = plan.explained?.curve_bound;
  const proved = plan.objective === "weight" && plan.request.budget_mvnd !== null ? plan.bound : null;
  const bound = (most?.cost ?? []).map((cost, at) => {
    const along = Math.min(most?.most[at] ?? total, total);
    // What holds for the whole budget holds for less of it.
    const whole = proved !== null && cost <= (plan.request.budget_mvnd ?? 0) ? proved : Infinity;
    return { cost, most: Math.min(along, whole) - before };
  });
  return { cost: [0, ...own.cost], added: [0, ...own.served.map((served) => served - own.start)], planned: own.is_planned.filter(Boolean).length, bound };
}

/** What so much more or less money would bring, along the curve; null where the curve ends. */
export function marginal(curve: Curve, mvnd: number): number | null {
  const here = curve.cost[curve.planned] ?? 0;
  const there = here + mvnd;
  if (there < 0 || there > (curve.cost.at(-1) ?? 0)) return null;
  const now = along(curve.cost, curve.added, here);
  const then = along(curve.cost, curve.added, there);
  return now === null || then === null ? null : then - now;
}

/** Round numbers for an axis from 0, at most `most` steps. */
export function ticks(top: number, most = 4): number[] {
  if (!(top > 0)) return [0];
  const rough = top / most;
  const scale = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * scale).find((one) => one >= rough) as number;
  const found: number[] = [];
  for (let k = 0; k * step <= top * 1.0001; k += 1) found.push(Number((k * step).toPrecision(12)));
  return found;
}

export interface Point {
  x: number;
  y: number;
}

export const pathOf = (points: readonly Point[]): string => points.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Steps hold until the next one: a path with corners. */
export function stairs(points: readonly Point[], end_x: number): Point[] {
  const corners: Point[] = [];
  points.forEach((point, at) => {
    const before = points[at - 1];
    if (before) corners.push({ x: point.x, y: before.y });
    corners.push(point);
  });
  const last = points.at(-1);
  if (last) corners.push({ x: end_x, y: last.y });
  return corners;
}
