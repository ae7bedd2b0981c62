/** The key of the map while a plan is shown. */

import { html, nothing, type TemplateResult } from "lit-html";
import { t } from "../i18n";
import { statusSymbol } from "../views/icons";
import type { Optimiser } from "./desk";
import { BUILD_COLOURS, MEANS_COLOURS } from "./layers";
import { wordOf } from "./picks";

function colours(all: Record<string, string>, used: ReadonlySet<string>, group: string): TemplateResult {
  return html`${Object.entries(all).filter(([name]) => used.has(name)).map(([name, colour]) => html`<li><i class="swatch" style="background:${colour}"></i>${wordOf(group, name)}</li>`)}`;
}

export function planLegend(desk: Optimiser): TemplateResult | typeof nothing {
  if (!desk.isActive || desk.app.phone) return nothing;
  const { towers, residual, fibre } = desk;
  const lines = towers
    ? html`${desk.change?.href ? html`<li><i class="swatch opt-old"></i>${t("optimise.legend.standing", { technology: towers.builder.technology })}</li><li><i class="swatch opt-new"></i>${t("optimise.legend.new")}</li>` : nothing}
        <li><span class="opt-badge small">1</span>${t("optimise.legend.picks")}</li>${towers.picks.some((pick) => pick.is_kept) ? html`<li><span class="opt-badge small is-kept">1</span>${t("optimise.legend.kept")}</li>` : nothing}
        <li><i class="opt-dot"></i>${t("optimise.legend.candidates")}</li>`
    : residual
      ? html`<li><span class="opt-badge small">1</span>${t("optimise.legend.sites")}</li>${colours(MEANS_COLOURS, new Set(residual.villages.map((one) => one.means)), "means")}`
      : fibre
        ? html`<li><i class="swatch opt-fibre"></i>${t("optimise.legend.fibre")}</li>${colours(BUILD_COLOURS, new Set(fibre.spans.map((one) => one.build)), "fibre.item")}`
        : nothing;
  return html`<section class="legend opt-legend" aria-label=${t("optimise.legend.title")}><ul>${lines}
    <li>${statusSymbol("white", 14)} ${t("status.white")} &nbsp; ${statusSymbol("patchy", 14)} ${t("status.patchy")}</li></ul></section>`;
}
