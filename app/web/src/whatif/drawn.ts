/** What the map draws of the plan in hand. */

import type { ChangeMap } from "./contract";
import type { WhatIf } from "./controller";
import { placeOf, type Place } from "./plan";

export interface Drawn {
  maps: ChangeMap[];
  /** From where a mast was moved to where it is. */
  trail: [from: Place, to: Place] | null;
  removed: readonly string[];
  /** Villages whose status is another one with the plan. */
  villages: [id: string, status: string][];
  standing: { technology: string; operator: string };
}

export function drawnOf(whatif: WhatIf, maps: ChangeMap[], standing: Drawn["standing"]): Drawn {
  const { old, plan, answer } = whatif;
  const to = old ? placeOf(plan, old.site) : null;
  const column = answer?.scenarios[1];
  const villages = [...(column?.gains ?? []), ...(column?.loses ?? [])].map(({ village_id, after }): [string, string] => [village_id, after]);
  return {
    maps,
    trail: old && to ? [old.place, to] : null,
    removed: plan.removed_sites,
    villages: whatif.isDragging ? [] : villages,
    standing,
  };
}
