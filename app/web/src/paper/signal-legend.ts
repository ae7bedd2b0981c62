/** Legend of the layer shown in the signal view, as that view draws it. */

import type { App } from "../app";
import type { Sheet } from "./sheet";

/** Null where the view draws no layer of its own. */
export function signalLegend(_app: App): Pick<Sheet, "legendTitle" | "legend"> | null {
  return null;
}
