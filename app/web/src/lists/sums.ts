/** Figures of several communes or villages together: what is served and what there is are summed, shares divided anew. */

import type { Metric, Share, Village } from "../contract";
import { METRICS } from "../contract";
import { shareIn, type CommuneRow, type Model } from "../model";
import type { State } from "../state";

export type Sums = Partial<Record<Metric, Share>>;

/** Sum of shares; null where not one of them is known. */
export function sumOf(shares: readonly (Share | null)[]): Share | null {
  const known = shares.filter((share): share is Share => share !== null && share.share !== null);
  if (known.length === 0) return null;
  const served = known.reduce((sum, share) => sum + share.served, 0);
  const total = known.reduce((sum, share) => sum + share.total, 0);
  return { served, total, share: total > 0 ? served / total : null };
}

export function sumOfCommunes(rows: readonly CommuneRow[], model: Model, state: State): Sums {
  const sums: Sums = {};
  for (const metric of METRICS) {
    const sum = sumOf(rows.map((row) => shareIn(row.commune.shares, model, state, metric)));
    if (sum) sums[metric] = sum;
  }
  return sums;
}

function part(total: number | null, leftOut: number | null): Share | null {
  if (total === null || leftOut === null) return null;
  return { served: total - leftOut, total, share: total > 0 ? (total - leftOut) / total : null };
}

export function sumOfVillages(villages: readonly Village[]): Sums {
  const known = villages.filter((village) => village.status !== "unknown");
  const people = sumOf(known.map((village) => part(village.people, village.people_left_out)));
  const households = sumOf(known.map((village) => part(village.households, village.households_left_out)));
  const served = known.filter((village) => village.status === "served").length;
  return {
    ...(people ? { population: people } : {}),
    ...(households ? { households } : {}),
    ...(known.length ? { villages: { served, total: known.length, share: served / known.length } } : {}),
  };
}

/** What is chosen after a press on one row: shift takes the stretch between, Ctrl adds or takes away. */
export function pickedAfter(
  picked: readonly string[],
  keys: readonly string[],
  pressed: string,
  { anchor, shift }: { anchor: string | null; shift: boolean },
): string[] {
  if (!shift) return picked.includes(pressed) ? picked.filter((key) => key !== pressed) : [...picked, pressed];
  const to = keys.indexOf(pressed);
  const from = anchor === null ? to : keys.indexOf(anchor);
  if (to < 0) return [...picked];
  const [first, last] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
  return keys.slice(first, last + 1);
}
