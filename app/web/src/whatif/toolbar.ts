/** What lies over the map in the what-if view: tools, legend, the offer to put a mast, a chosen standing site. */

import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { App } from "../app";
import { coordinates } from "../format";
import { t } from "../i18n";
import { icon, statusSymbol } from "../views/icons";
import { changeRows } from "./change-rows";

type Content = TemplateResult | typeof nothing;

function tool(name: "undo" | "redo", label: string, isOn: boolean, act: () => void): TemplateResult {
  return html`<button class="icon-button" data-testid=${name} title=${label} aria-label=${label} ?disabled=${!isOn} @click=${act}>${icon(name, 18)}</button>`;
}

export function toolbar(app: App): Content {
  const { whatif } = app;
  if (!whatif.isActive) return nothing;
  const { history, scenarios } = whatif;
  return html`<div class="whatif-tools" role="toolbar" aria-label=${t("whatif.tools")}>
    <button class="quiet ${whatif.isArmed ? "is-chosen" : ""}" data-testid="place-mast" aria-pressed=${whatif.isArmed} title="${t("whatif.place")} (M)" @click=${() => whatif.arm()}>${icon("whatif", 18)} ${t("whatif.place")}</button>
    ${tool("undo", `${t("whatif.undo")} (Ctrl+Z)`, history.past.length > 0, () => whatif.undo())}
    ${tool("redo", `${t("whatif.redo")} (Ctrl+Shift+Z)`, history.future.length > 0, () => whatif.redo())}
    ${app.phone ? nothing : html`<button class="quiet ${scenarios.isComparing ? "is-chosen" : ""}" data-testid="compare" aria-pressed=${scenarios.isComparing} @click=${() => scenarios.toggleCompare()}>${t("whatif.compare")}</button>`}
  </div>
  ${whatif.isArmed ? html`<p class="whatif-hint" role="status" data-testid="place-hint">${t("whatif.place_hint")}</p>` : nothing}
  ${whatIfLegend(app)}${spotCard(app)}${siteCard(app)}`;
}

function whatIfLegend(app: App): Content {
  const { whatif } = app;
  if (app.phone && whatif.shown === null) return nothing;
  return html`<div class="legend whatif-legend" data-testid="whatif-legend">
    ${changeRows(app).map(([kind, word]) => html`<p><i class="swatch ${kind}"></i>${word}</p>`)}
    ${app.phone ? nothing : html`<p>${statusSymbol("served", 16)} ${t("whatif.legend.village")}</p>`}</div>`;
}

function spotCard(app: App): Content {
  const { spot } = app.whatif;
  if (!spot || !app.map) return nothing;
  const { x, y } = app.map.map.project([spot.lon, spot.lat]);
  const at = app.phone ? {} : { left: `${x + 12}px`, top: `${y - 20}px` };
  return html`<div class="card floating spot" style=${styleMap(at)} data-testid="spot">
    <p class="faint">${coordinates(spot.lat, spot.lon)}</p>
    <button class="button is-primary" data-testid="place-here" @click=${() => app.whatif.put(spot)}>${icon("whatif", 16)} ${t("whatif.place_here")}</button></div>`;
}

function siteCard(app: App): Content {
  const { whatif } = app;
  const { site } = whatif;
  if (site === null) return nothing;
  const isOff = whatif.plan.removed_sites.includes(site);
  const act = (): void => (isOff ? whatif.switchOn(site) : whatif.switchOff(site));
  return html`<section class="card floating point whatif-site" data-testid="site-card" aria-label=${t("whatif.site", { name: site })}>
    <div class="card-head"><b>${t("whatif.site", { name: site })}</b>
      <button class="icon-button small" aria-label=${t("top.close")} @click=${() => whatif.chooseSite(null)}>${icon("close", 16)}</button></div>
    <p class="faint">${t(isOff ? "whatif.site_off" : "whatif.site_on")}</p>
    <button class="button" data-testid="site-switch" @click=${act}>${t(isOff ? "whatif.switch_on" : "whatif.switch_off")}</button></section>`;
}
