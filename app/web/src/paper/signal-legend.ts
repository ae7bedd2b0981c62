/** Legend of the layer shown in the signal view, as that view draws it. */

import type { App } from "../app";
import { t } from "../i18n";
import { edges, unitOf } from "../signal/panel";
import type { Sheet } from "./sheet";

/** Null where the view draws no layer of its own. */
export function signalLegend(app: App): Pick<Sheet, "legendTitle" | "legend"> | null {
  const layer = app.state.view === "signal" ? app.signal.layer() : null;
  if (!layer) return null;
  const shown = layer.classes.filter((_, index) => !app.state.off.includes(index));
  return { legendTitle: t(unitOf(layer)), legend: shown.map((one) => ({ colour: one.colour, label: edges(layer, one) })) };
}
