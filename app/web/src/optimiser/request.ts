/** The question as the form has it, and as the server takes it. */

import type { Costs, Target } from "./contract";

export type Goal = "budget" | "sites" | "reach";
export const GOALS: readonly Goal[] = ["budget", "sites", "reach"];
export const MEANS = ["mast", "colocation", "carrier", "sector", "repeater"] as const;

export interface Form {
  target: Target;
  goal: Goal;
  budget_mvnd: number;
  sites: number;
  reach_percent: number;
  technology: string;
  operator: string;
  bands: string[];
  heights: string;
  means: string[];
  /** Masts that stand and public land only. */
  isPublicOnly: boolean;
  hasSatellite: boolean;
  min_distance_m: number;
  per_commune: number | null;
  yearly: string;
  time_limit_s: number;
  /** Scenario that is to be finished. */
  finish: string | null;
  /** Costs that the reader has set; the others are assumed. */
  costs: Record<string, number>;
}

export const FORM: Form = {
  target: "households",
  goal: "budget",
  budget_mvnd: 20_000,
  sites: 10,
  reach_percent: 95,
  technology: "",
  operator: "",
  bands: [],
  heights: "15, 30, 42",
  means: [...MEANS],
  isPublicOnly: false,
  hasSatellite: false,
  min_distance_m: 0,
  per_commune: null,
  yearly: "",
  time_limit_s: 60,
  finish: null,
  costs: {},
};

export const MOST_BUDGET_MVND = 100_000;

/** Numbers in a text, whatever parts them; "1,5" is one number only where no space follows the comma. */
export function numbersIn(text: string): number[] {
  return text
    .split(/[;\s]+|,\s+|,$/)
    .map((part) => part.trim().replace(",", "."))
    .filter((part) => part !== "")
    .map(Number)
    .filter((value) => Number.isFinite(value));
}

/** Costs with those the reader has set put in; a mast's height stands behind a dot. */
export function givenCosts(given: Record<string, number>, usual: Costs): Costs {
  const costs: Costs = {};
  for (const [name, value] of Object.entries(given)) {
    const [whole, part] = name.split(".");
    const base = usual[whole as string];
    if (part === undefined) costs[name] = value;
    else costs[whole as string] = { ...(typeof base === "object" ? base : {}), ...((costs[whole as string] as Record<string, number>) ?? {}), [part]: value };
  }
  return costs;
}

function goalOf(form: Form): Record<string, unknown> {
  if (form.goal === "budget") return { budget_mvnd: form.budget_mvnd };
  if (form.goal === "sites") return { sites: form.sites };
  return { reach: form.reach_percent };
}

/** Inputs of the process "optimise"; what is left open is not sent. */
export function inputsOf(form: Form, usual: Costs): Record<string, unknown> {
  const heights = numbersIn(form.heights);
  const yearly = numbersIn(form.yearly).map((billions) => billions * 1000);
  const costs = givenCosts(form.costs, usual);
  return {
    ...goalOf(form),
    target: form.target,
    means: form.means,
    time_limit_s: form.time_limit_s,
    explain: true,
    ...(form.technology ? { technology: form.technology } : {}),
    ...(form.operator ? { operator: form.operator } : {}),
    ...(heights.length ? { heights } : {}),
    ...(form.bands.length ? { bands: form.bands } : {}),
    ...(form.isPublicOnly ? { sources: ["site", "public"] } : {}),
    ...(form.hasSatellite ? { has_satellite: true } : {}),
    ...(form.min_distance_m > 0 ? { min_distance_m: form.min_distance_m } : {}),
    ...(form.per_commune === null ? {} : { per_commune: form.per_commune }),
    ...(yearly.length ? { yearly_budgets: yearly } : {}),
    ...(Object.keys(costs).length ? { costs } : {}),
    ...(form.finish ? { finish: form.finish } : {}),
  };
}

/** Names of single costs; the heights of masts stand behind a dot. */
export function costNames(usual: Costs): string[] {
  return Object.entries(usual).flatMap(([name, value]) => (typeof value === "object" ? Object.keys(value).map((part) => `${name}.${part}`) : [name]));
}

export function usualCost(usual: Costs, name: string): number | null {
  const [whole, part] = name.split(".");
  const value = usual[whole as string];
  if (typeof value === "number") return value;
  return part === undefined ? null : (value?.[part] ?? null);
}
