/** The chosen village: facts, the reason in words, the nearest site of each operator. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Village } from "../contract";
import { bearing, composed, coordinates, dbm, distance, metres, number, percent } from "../format";
import { t } from "../i18n";
import { explain } from "../help/terms";
import { villageMasts, type VillageMast } from "../lists/masts";
import { communeName, communeOf, ready } from "../model";
import { bearingArrow, icon, statusSymbol } from "./icons";
import { clusterSection } from "../signal/cluster-card";
import { profileDock } from "./profile";
import { reasonStretches } from "./reason";

export function threshold(app: App): number | null {
  const thresholds = ready(app.model.study)?.thresholds ?? {};
  return thresholds["4G"] ?? Object.values(thresholds)[0] ?? null;
}

function tags(village: Village): TemplateResult {
  const isThird = village.area_class?.toUpperCase() === "III";
  return html`<span class="tag status-${village.status}">${statusSymbol(village.status)} ${t(`status.${village.status}`)}</span>
    ${village.area_class ? html`<span class="tag ${isThird ? "bad" : ""}">${t("village.class", { n: village.area_class })}</span>` : nothing}
    ${village.is_especially_difficult ? html`<span class="tag bad">${t("village.difficult")}</span>` : nothing}`;
}

function fact(value: string, label: string, testid: string, raw: number | string | null): TemplateResult {
  return html`<div><b class="display" data-testid=${testid} data-value=${raw ?? ""}>${value}</b><span>${label}</span></div>`;
}

function electricity(village: Village): string {
  if (village.is_electrified === null || village.is_electrified === undefined) return "–";
  return t(village.is_electrified ? "village.yes" : "village.no");
}

function facts(village: Village): TemplateResult {
  const share = village.served_share_people ?? village.served_share_households;
  return html`<div class="facts">
    ${fact(number(village.households), t("village.households"), "village-households", village.households)}
    ${fact(number(village.people), t("village.people"), "village-people", village.people)}
    ${fact(percent(share, 0), t("village.share"), "village-share", share)}
    ${fact(electricity(village), t("village.electricity"), "village-electricity", null)}</div>`;
}

function leftOut(village: Village): TemplateResult | typeof nothing {
  const { households_left_out: households, people_left_out: people } = village;
  // The sentence about a cluster has already named the households.
  if (village.status === "served" || !households || village.reason?.code === "cluster") return nothing;
  const parts = {
    households: t("villages.households", { count: households, n: number(households) }),
    people: t("commune.people", { count: people ?? 0, n: number(people) }),
  };
  return html`<p class="faint">${t("village.left_out", parts)}</p>`;
}

function reason(app: App, village: Village): TemplateResult {
  const stretches = reasonStretches(village, threshold(app));
  return html`<section class="reason status-${village.status}" data-testid="village-reason" data-code=${village.reason?.code ?? ""}>
    <h3>${t(`village.why.${village.status}`)}${village.reason?.code === "terrain" ? explain("obstruction", "card") : explain(village.status, "card")}</h3>
    <p>${stretches.map(({ text, strong }) => (strong ? html`<b>${text}</b>` : text))}</p>${leftOut(village)}</section>`;
}

/** What a mast is to the village, where that is more than the nearest. */
function role(site: VillageMast): TemplateResult | typeof nothing {
  return site.isStrongest ? html`<br /><span class="tag good" data-testid="strongest">${t(site.isNearest ? "village.nearest_strongest" : "village.strongest")}</span>` : nothing;
}

function siteRow(app: App, site: VillageMast): TemplateResult {
  const chosen = app.profileCell() === site.cell_id;
  const choose = (): void => app.store.set({ cell: site.cell_id });
  return html`<tr class=${chosen ? "is-chosen" : ""} data-testid="nearest-row" data-cell=${site.cell_id} @click=${choose}>
    <th scope="row"><button class="plain" aria-pressed=${chosen} title=${t("village.profile", { site: site.site_id })}><b>${site.operator}</b> <span class="faint">${site.site_id}</span></button>${role(site)}</th>
    <td class="figure">${distance(site.distance_m)}</td><td class="figure bearing">${bearingArrow(site.bearing_deg)} ${bearing(site.bearing_deg)}</td>
    <td class="figure">${dbm(site.rsrp_dbm)}</td></tr>`;
}

function nearest(app: App, village: Village): TemplateResult {
  const masts = villageMasts(village.nearest, ready(app.model.reception)?.layers ?? []);
  if (masts.length === 0) return html`<p class="note">${t("village.none")}</p>`;
  return html`<table class="table nearest"><thead><tr><th scope="col">${t("village.nearest")}</th><th class="figure" scope="col">${t("village.distance")}</th>
    <th class="figure" scope="col">${t("village.bearing")}</th><th class="figure" scope="col">${t("village.rsrp")}${explain("rsrp", "card")}</th></tr></thead>
    <tbody>${masts.map((site) => siteRow(app, site))}</tbody></table>`;
}

function placeLine(app: App, village: Village): string {
  const commune = communeOf(app.model, village.commune_code);
  const where = commune ? communeName(commune) : composed(village.commune_name ?? "");
  const height = village.elevation_m === null ? "" : t("village.elevation", { n: metres(village.elevation_m) });
  return [where, height, coordinates(village.lat, village.lon)].filter(Boolean).join(" · ");
}

function card(app: App, village: Village): TemplateResult {
  return html`<header class="village-head">
      <p class="tags">${tags(village)}<span class="grow"></span>
        <button class="icon-button small" aria-label=${t("top.close")} data-testid="village-close" @click=${() => app.selectVillage(null)}>${icon("close", 16)}</button></p>
      <h2 class="display">${composed(village.name)}</h2><p class="faint">${placeLine(app, village)}</p></header>
    <div class="panel-scroll">${facts(village)}${reason(app, village)}${clusterSection(app, village)}${app.phone ? profileDock(app) : nothing}${nearest(app, village)}
      ${village.best_rsrp_dbm === null ? nothing : html`<p class="note faint">${t("village.best", { rsrp: dbm(village.best_rsrp_dbm) })}</p>`}</div>
    <footer class="panel-foot actions"><button class="button" data-testid="village-zoom" @click=${() => app.zoomToChosen()}>${icon("extent", 16)} ${t("village.zoom")}</button>
      ${village.status === "served" ? nothing : html`<button class="button" data-testid="try-here" @click=${() => void app.whatif.tryFor(village)}>${icon("whatif", 16)} ${t("whatif.try_here")}</button>`}
      <button class="button" @click=${() => app.setUi({ dialog: "method" })}>${t("method.title")}</button></footer>`;
}

export function villageCard(app: App): TemplateResult | typeof nothing {
  const { village } = app.model;
  if (app.state.village === null || !village) return nothing;
  if (village.is === "failed") return html`<section class="panel"><p class="note bad-text" role="alert">${t("village.failed", { detail: village.detail })}</p></section>`;
  const content = village.is === "ready" ? card(app, village.value) : html`<div class="bones"><i class="bone w40"></i><i class="bone tall w60"></i><i class="bone row"></i><i class="bone row"></i></div>`;
  return html`<section class="panel" data-testid="village-card" aria-label=${village.is === "ready" ? composed(village.value.name) : t("village.loading")}>${content}</section>`;
}
