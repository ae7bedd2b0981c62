/** What a mast is assumed to cost where nobody has said. */

import type { Options } from "./contract";

/** Mast by its height, and the radio of one carrier; heights between are interpolated, beyond the last the slope goes on. */
export function assumedCost({ costs }: Pick<Options, "costs">, height_m: number): number {
  const known = costs.mast_mvnd;
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last) return costs.radio_mvnd;
  if (known.length === 1 || height_m <= first[0]) return first[1] + costs.radio_mvnd;
  const found = known.findIndex(([height]) => height_m <= height);
  const upper = found < 0 ? known.length - 1 : Math.max(found, 1);
  const [low, high] = [known[upper - 1] ?? first, known[upper] ?? last];
  const mast = low[1] + ((high[1] - low[1]) * (height_m - low[0])) / (high[0] - low[0]);
  return Math.round((mast + costs.radio_mvnd) * 10) / 10;
}

export function isAssumedCost(options: Pick<Options, "costs"> | null, height_m: number, cost_mvnd: number | null): boolean {
  return options !== null && cost_mvnd !== null && Math.abs(assumedCost(options, height_m) - cost_mvnd) < 0.06;
}
