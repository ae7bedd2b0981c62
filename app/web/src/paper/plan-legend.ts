/** What a print of a plan explains: the colours of what it changes, and its means. */

import type { App } from "../app";
import { t } from "../i18n";
import { BUILD_COLOURS, MEANS_COLOURS } from "../optimiser/layers";
import { wordOf } from "../optimiser/picks";
import { changeRows } from "../whatif/change-rows";
import type { LegendEntry, Sheet } from "./sheet";

type Legend = Pick<Sheet, "legendTitle" | "legend">;

/** As the page and the pictures of the engine draw them. */
const CHANGE_COLOURS: Record<string, string> = { standing: "#B4BBBF", new: "#3B4CC0", kept: "#8796DC", lost: "#C47028" };
const EXISTING_FIBRE = "#8B979B";
const PICK = "#2846A8";

function villages(): LegendEntry[] {
  return (["white", "patchy"] as const).map((status) => ({ status, label: t(`status.${status}`) }));
}

function changes(app: App): LegendEntry[] {
  return changeRows(app).map(([kind, label]) => ({ colour: CHANGE_COLOURS[kind] as string, label }));
}

function used(colours: Record<string, string>, names: readonly string[], group: string): LegendEntry[] {
  return Object.entries(colours).filter(([name]) => names.includes(name)).map(([name, colour]) => ({ colour, label: wordOf(group, name) }));
}

function planEntries({ optimiser }: App): LegendEntry[] {
  const { towers, residual, fibre, change } = optimiser;
  if (residual) return used(MEANS_COLOURS, residual.villages.map((one) => one.means), "means");
  if (fibre) return [{ colour: EXISTING_FIBRE, label: t("optimise.legend.fibre") }, ...used(BUILD_COLOURS, fibre.spans.map((one) => one.build), "fibre.item")];
  if (!towers) return [];
  const changed: LegendEntry[] = [
    { colour: CHANGE_COLOURS["standing"] as string, label: t("optimise.legend.standing", { technology: towers.builder.technology }) },
    { colour: CHANGE_COLOURS["new"] as string, label: t("optimise.legend.new") },
  ];
  return [...(change?.href ? changed : []), { colour: PICK, label: t("optimise.legend.picks") }];
}

/** Null in the views that show no plan. */
export function planLegend(app: App): Legend | null {
  if (app.state.view === "whatif") return { legendTitle: t("nav.whatif"), legend: [...changes(app), ...villages()] };
  if (app.state.view === "optimise") return { legendTitle: t("optimise.legend.title"), legend: [...planEntries(app), ...villages()] };
  return null;
}
