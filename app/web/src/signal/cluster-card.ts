/** The part of a patchy village that nobody serves, and the mast that is strongest there. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Village } from "../contract";
import { dbm, distance, number } from "../format";
import { t } from "../i18n";
import { ready } from "../model";
import { reasonStretches } from "../views/reason";
import type { Cluster } from "./contract";

function sentence(village: Village, cluster: Cluster): TemplateResult | typeof nothing {
  if (!cluster.reason) return nothing;
  const subject = { status: "white" as const, reason: cluster.reason, best_rsrp_dbm: cluster.strongest?.rsrp_dbm ?? null, households_left_out: village.households_left_out };
  return html`<p data-testid="cluster-reason" data-code=${cluster.reason.code}>${reasonStretches(subject, cluster.strongest?.required_dbm ?? null).map(({ text, strong }) => (strong ? html`<b>${text}</b>` : text))}</p>`;
}

function strongest(app: App, cluster: Cluster): TemplateResult {
  const best = cluster.strongest;
  if (!best) return html`<p>${t("signals.cluster.nobody")}</p>`;
  const parts = { operator: best.operator, site: best.site_id, technology: best.technology, distance: distance(best.distance_m), rsrp: dbm(best.rsrp_dbm), required: dbm(best.required_dbm) };
  return html`<p data-testid="cluster-strongest" data-cell=${best.cell_id} data-value=${best.rsrp_dbm}>${t("signals.cluster.strongest", parts)}
    <button class="link" @click=${() => app.store.set({ cell: best.cell_id })}>${t("signals.cluster.profile")}</button></p>`;
}

export function clusterSection(app: App, village: Village): TemplateResult | typeof nothing {
  if (village.status !== "patchy") return nothing;
  const { cluster } = app.signal;
  if (cluster?.is === "failed") return html`<section class="panel-section"><p class="faint">${cluster.detail}</p></section>`;
  const found = ready(cluster);
  if (!found?.cluster) return nothing;
  const show = (): void => (found.place ? app.map?.goTo(found.place.lon, found.place.lat, 13.5) : undefined);
  return html`<section class="panel-section" data-testid="cluster"><p class="label">${t("signals.cluster.title")}</p>
    <p>${t("signals.cluster.homes", { n: number(found.households), people: number(found.people), count: Math.round(found.households ?? 0) })}</p>
    ${sentence(village, found)}${strongest(app, found)}
    <button class="link" data-testid="cluster-show" @click=${show}>${t("signals.cluster.show")}</button></section>`;
}
