/** What a point of the signal view receives. */

import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { App } from "../app";
import { rsrpColour } from "../classes";
import type { PointLevel } from "../contract";
import { composed, coordinates, dbm, metres, number } from "../format";
import { t } from "../i18n";
import { communeName, communeOf, ready } from "../model";
import { icon } from "./icons";
import { reasonStretches } from "./reason";

function levelRow(app: App, level: PointLevel): TemplateResult {
  const at = app.model.pointAt;
  const colour = rsrpColour(level.rsrp_dbm);
  const rate = level.throughput_mbit_s == null ? t("signal.served") : t("signals.rate", { n: number(level.throughput_mbit_s) });
  const verdict = level.rsrp_dbm === null ? t("signal.none") : level.is_served ? rate : t("signal.not_served");
  const cell = level.cell_id;
  return html`<tr data-testid="point-row"><th scope="row"><b>${level.operator}</b> <span class="faint">${level.technology}</span></th>
    <td class="figure"><i class="swatch ${colour ? "" : "hatched"}" style=${colour ? `background:${colour}` : ""}></i> <span data-value=${level.rsrp_dbm ?? ""}>${dbm(level.rsrp_dbm)}</span></td>
    <td class="figure ${level.is_served ? "good-text" : "bad-text"}">${verdict}</td>
    <td>${cell && at ? html`<button class="link" title=${t("signal.profile")} aria-label="${t("signal.profile")}: ${cell}" @click=${() => void app.profileToPoint(cell, at[0], at[1])}>${icon("profile", 16)}</button>` : nothing}</td></tr>`;
}

const TIP = { width: 336, gap: 18, margin: 10 } as const;

function place(app: App, [lon, lat]: [number, number]): Record<string, string> {
  const map = app.map?.map;
  if (!map || app.phone) return {};
  const { x, y } = map.project([lon, lat]);
  const { clientWidth, clientHeight } = map.getContainer();
  const left = x + TIP.gap + TIP.width + 50 < clientWidth ? x + TIP.gap : x - TIP.gap - TIP.width;
  return { left: `${Math.max(TIP.margin, left)}px`, top: `${Math.min(Math.max(TIP.margin, y - 40), clientHeight - 190)}px`, width: `${TIP.width}px` };
}

/** Why nobody serves the point, told as it is told of villages. */
function why(app: App, best_dbm: number | null): TemplateResult | typeof nothing {
  const found = ready(app.signal.reason);
  if (!found || found.is_served || !found.reason) return nothing;
  const subject = { status: "white" as const, reason: found.reason, best_rsrp_dbm: best_dbm, households_left_out: null };
  const stretches = reasonStretches(subject, ready(app.model.study)?.thresholds["4G"] ?? null);
  return html`<p class="point-why" data-testid="point-reason" data-code=${found.reason.code}><b>${t("signals.why")}.</b> ${stretches.map(({ text, strong }) => (strong ? html`<b>${text}</b>` : text))}</p>`;
}

/** What each operator delivers at the point clicked. */
export function pointTip(app: App): TemplateResult | typeof nothing {
  const { point, pointAt } = app.model;
  if (!point || !pointAt || app.state.view !== "signal") return nothing;
  const reading = ready(point);
  const commune = communeOf(app.model, reading?.commune_code ?? null);
  const name = commune ? communeName(commune) : composed(reading?.commune_name ?? coordinates(pointAt[1], pointAt[0]));
  const where = reading ? t("signal.place", { commune: name, elevation: metres(reading.elevation_m) }) : "";
  const body = reading
    ? html`<table class="table dense"><tbody>${reading.layers.map((level) => levelRow(app, level))}</tbody></table>${why(app, reading.layers.reduce<number | null>((best, level) => (level.rsrp_dbm === null ? best : Math.max(best ?? level.rsrp_dbm, level.rsrp_dbm)), null))}
      <p class="point-foot"><button class="link" @click=${() => app.setUi({ dialog: "method" })}>${t("signals.place_method")}</button></p>`
    : point.is === "failed"
      ? html`<p class="note bad-text" role="alert">${t("signal.failed", { detail: point.detail })}</p>`
      : html`<div class="bones"><i class="bone"></i><i class="bone"></i></div>`;
  return html`<section class="card floating point" data-testid="point-tip" style=${styleMap(place(app, pointAt))} aria-live="polite">
    <header class="card-head"><b>${t("signal.point")}</b><span>${where}</span>
      <button class="icon-button small" aria-label=${t("top.close")} @click=${() => app.closePoint()}>${icon("close", 14)}</button></header>${body}</section>`;
}

export function pointCross(app: App): TemplateResult | typeof nothing {
  const { pointAt } = app.model;
  if (!pointAt || app.state.view !== "signal" || !app.map) return nothing;
  const { x, y } = app.map.map.project(pointAt);
  return html`<svg class="cross" width="30" height="30" style=${styleMap({ left: `${x - 15}px`, top: `${y - 15}px` })} viewBox="0 0 30 30" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
    <circle cx="15" cy="15" r="6" /><path d="M15 1v6M15 23v6M1 15h6M23 15h6" /></svg>`;
}
