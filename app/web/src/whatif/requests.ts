/** What the what-if view asks the server. */

import { get, send } from "../api";
import type { Answer, Comparison, Options, SavedScenario, ScenarioSummary } from "./contract";
import type { Plan } from "./plan";

export interface MapWish {
  technology: string;
  operator: string;
  against: string | null;
}

const SCENARIOS = "scenarios";
const at = (name: string): string => `${SCENARIOS}/${encodeURIComponent(name)}`;

export const fetchOptions = (): Promise<Options> => get("what-if");
export const prepare = (): Promise<unknown> => get("what-if/readiness");

export const askWhatIf = (plan: Plan, map: MapWish, moving: string | null): Promise<Answer> =>
  send("POST", "processes/what-if/execution", { inputs: { ...plan, map, ...(moving === null ? {} : { moving }) } });

export const fetchScenarios = async (): Promise<ScenarioSummary[]> =>
  (await get<{ scenarios: ScenarioSummary[] }>(SCENARIOS)).scenarios;
export const fetchScenario = (name: string): Promise<SavedScenario> => get(at(name));

/** Keeps a scenario; a version says which one it changes, 0 that there is none of that name yet. */
export const keepScenario = (name: string, plan: Plan, version: number | null, note = ""): Promise<SavedScenario> =>
  send("PUT", at(name), { ...plan, note }, version === null ? {} : { "If-Match": `"${version}"` });
export const deleteScenario = (name: string): Promise<unknown> => send("DELETE", at(name));
export const restoreScenario = (name: string): Promise<SavedScenario> => send("POST", `${at(name)}/restoration`);

/** Compares scenarios kept by name or given whole with the network that stands. */
export const compareScenarios = (scenarios: (string | (Plan & { name: string }))[]): Promise<Comparison> =>
  send("POST", "processes/compare/execution", { inputs: { scenarios } }, { Prefer: "wait=60" });
