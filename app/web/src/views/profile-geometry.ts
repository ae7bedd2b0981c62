/** Shapes of the profile: scales, ticks, and where the ground stands above the ray. */

import type { Profile } from "../contract";

export interface Scale {
  width: number;
  height: number;
  low_m: number;
  high_m: number;
  x(distance_m: number): number;
  y(height_m: number): number;
}

export interface Margin {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Head room above the terrain for the words about the worst obstacle, as a share of the height range. */
const HEAD_ROOM = 0.36;

export function profileScale(profile: Profile, width: number, height: number, margin: Margin): Scale {
  const heights = [...profile.ground_m, ...profile.sight_m].filter(Number.isFinite);
  const lowest = Math.min(...heights);
  const range = Math.max(20, Math.max(...heights) - lowest);
  const low_m = lowest - range * 0.12;
  const high_m = lowest + range * (1 + HEAD_ROOM);
  const length_m = profile.distance_m.at(-1) || 1;
  return {
    width,
    height,
    low_m,
    high_m,
    x: (distance_m) => round(margin.left + ((width - margin.left - margin.right) * distance_m) / length_m),
    y: (height_m) => round(margin.top + ((height - margin.top - margin.bottom) * (high_m - height_m)) / (high_m - low_m)),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function linePath(along: readonly number[], heights: readonly number[], scale: Scale): string {
  return along.map((value, index) => `${index ? "L" : "M"}${scale.x(value)} ${scale.y(heights[index] ?? 0)}`).join("");
}

/** The surface between two lines over the same distances. */
export function ribbonPath(along: readonly number[], upper: readonly number[], lower: readonly number[], scale: Scale): string {
  const back = along.map((value, index) => `L${scale.x(value)} ${scale.y(lower[index] ?? 0)}`).reverse();
  return `${linePath(along, upper, scale)}${back.join("")}Z`;
}

export interface Run {
  along: number[];
  upper: number[];
  lower: number[];
}

/** Stretches where the ground is above the ray, each closed by the points where they cross. */
export function blockedRuns(along: readonly number[], ground: readonly number[], sight: readonly number[]): Run[] {
  const runs: Run[] = [];
  let run: Run | null = null;
  const add = (to: Run, at: number, upper: number, lower: number): void => {
    to.along.push(at);
    to.upper.push(upper);
    to.lower.push(lower);
  };
  for (let index = 0; index < along.length; index += 1) {
    const excess = (ground[index] as number) - (sight[index] as number);
    const before = index ? (ground[index - 1] as number) - (sight[index - 1] as number) : excess;
    if (excess > 0 !== before > 0) {
      const share = before / (before - excess);
      const at = (along[index - 1] as number) + share * ((along[index] as number) - (along[index - 1] as number));
      const height = (sight[index - 1] as number) + share * ((sight[index] as number) - (sight[index - 1] as number));
      if (!run) runs.push((run = { along: [], upper: [], lower: [] }));
      add(run, at, height, height);
      if (excess <= 0) run = null;
    }
    if (excess > 0) {
      if (!run) runs.push((run = { along: [], upper: [], lower: [] }));
      add(run, along[index] as number, ground[index] as number, sight[index] as number);
    }
  }
  return runs;
}

/** Round values within a range, about as many as wanted. */
export function axisTicks(low: number, high: number, wanted: number): number[] {
  const rough = Math.max((high - low) / wanted, 1e-9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.99) ?? rough;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) ticks.push(Math.round(index * step * 1e6) / 1e6 + 0);
  return ticks;
}
