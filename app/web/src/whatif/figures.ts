/** Figures of an answer for the technology and operator that are shown. */

import type { Metric } from "../contract";
import { number } from "../format";
import type { Column } from "./contract";

export type Delta = Record<Metric, number | null>;

const NONE: Delta = { population: null, households: null, villages: null, area: null };

/** Served more (or less) than by the network that stands. */
export function deltaOf(columns: readonly Column[], index: number, technology: string, operator: string): Delta {
  const [then, now] = [columns[0]?.shares[technology]?.[operator], columns[index]?.shares[technology]?.[operator]];
  if (!now) return then ? { population: 0, households: 0, villages: 0, area: 0 } : NONE;
  const more = (metric: Metric): number | null => {
    const [after, before] = [now[metric]?.served, then?.[metric]?.served ?? (then ? null : 0)];
    return after === null || after === undefined || before === null ? null : after - before;
  };
  return { population: more("population"), households: more("households"), villages: more("villages"), area: more("area") };
}

/** A difference with its sign; what rounds to nothing is ±0. */
export function signed(value: number | null | undefined, decimals = 0): string {
  const text = number(value, decimals);
  if (value === null || value === undefined || !Number.isFinite(value)) return text;
  if (!/[1-9]/.test(text)) return `±${number(0, decimals)}`;
  return value > 0 ? `+${text}` : text;
}

/** Cost of a household that is served more, in million đồng; null where nobody gains or a cost is unknown. */
export function costPerHousehold(column: Column | undefined, households: number | null): number | null {
  if (!column || !column.is_cost_complete || column.cost_mvnd === null || households === null || households < 0.5) return null;
  return column.cost_mvnd / households;
}
